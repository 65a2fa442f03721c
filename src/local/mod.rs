//! The same pipeline on files and standard streams, without Kafka.
