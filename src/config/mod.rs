//! Settings: built-in defaults < file < environment < flags; every problem reported at once, each with its place.
//!
//! ```text
//! newswire.toml ─┐
//! NEWSWIRE_…    ─┼─► leaves (path, value, origin) ─► each tried alone ─► merged ─► Config ─► checked as a whole
//! --set …       ─┘
//! ```

mod check;
mod data;
mod kafka;
mod layers;
mod load;
mod publish;
mod show;
mod telemetry;
mod tree;

pub use check::check_for_run;
pub use data::{ExtractSettings, IdentitySettings, TopicsSettings};
pub use kafka::{KafkaTopics, Settings as KafkaSettings};
pub use layers::Origin;
pub use load::{Loaded, Problem, Sources, load};
pub use publish::{DedupSettings, MemorySettings, PublishSettings, Updates};
pub use telemetry::{LogFormat, Settings as TelemetrySettings};

use serde::{Deserialize, Serialize};

/// The file with every key, its default and why: part of the binary, and the start of any configuration.
pub const DEFAULT_FILE: &str = include_str!("../../config/newswire.toml");

/// Everything that can be set (DESIGN §9). Each section is the `Settings` of the step it configures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub kafka: KafkaSettings,
    pub fetch: crate::fetch::Settings,
    pub identity: IdentitySettings,
    pub publish: PublishSettings,
    pub memory: MemorySettings,
    pub dedup: DedupSettings,
    pub extract: ExtractSettings,
    pub topics: TopicsSettings,
    pub rights: crate::publish::RightsSettings,
    pub telemetry: TelemetrySettings,
}

#[cfg(test)]
mod tests;
