//! Logs, metrics and health: what the worker tells about itself. No page text and no secret is in any of it.

mod board;
mod health;
mod logs;
mod mask;
pub mod metrics;
mod outcome;
mod process;
mod repeats;
mod spans;
mod status_page;
mod trace;

pub use board::{
    BackOff, Headline, back_offs, headline, in_flight, lag, partitions, received, restored, restoring,
    table_size, taken, taxonomy,
};
pub use health::{HealthServer, Readiness};
pub use logs::start_logs;
pub use mask::masked_url;
pub use metrics::{
    commit, commit_failed, identity_conflict, latency, parked, redelivered, reloaded, stage_duration,
};
pub use outcome::report;
pub use spans::{export as export_spans, span};
