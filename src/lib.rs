//! newswire: a streaming news-ingestion worker.

pub mod cli;
pub mod config;
pub mod extract;
pub mod fetch;
pub mod identity;
pub mod local;
pub mod memory;
pub mod pipeline;
pub mod publish;
pub mod record;
pub mod schedule;
pub mod telemetry;
pub mod topics;
pub mod worker;
