//! Logs, metrics and health: what the worker tells about itself. No page text and no secret is in any of it.

mod health;
mod logs;
mod mask;
pub mod metrics;
mod outcome;
mod trace;

pub use health::{HealthServer, Readiness};
pub use logs::start_logs;
pub use mask::masked_url;
pub use metrics::{
    assigned_partitions, commit, commit_failed, hosts_backed_off, identity_conflict, in_flight, parked,
    received, redelivered, stage_duration, table_size,
};
pub use outcome::report;
pub use trace::trace_id_of;
