//! The loops around the pipeline on Kafka: intake, watermark, transaction, delay, restore, rebalance, drain.
