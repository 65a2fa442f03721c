//! `[identity]`, `[extract]` and `[topics]` of the config: what is added to the built-in lists, and where the publisher
//! rules and the taxonomy are.

use crate::identity::TrackingParameters;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[identity]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySettings {
    /// Query parameters that only track, beside the built-in list (`utm_*`, `fbclid`, …); `*` ends a prefix.
    pub tracking_parameters: Vec<String>,
}

impl IdentitySettings {
    /// The list in force: the built-in one and these.
    pub fn tracking(&self) -> TrackingParameters {
        TrackingParameters::with(&self.tracking_parameters)
    }
}

/// `[extract]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractSettings {
    /// Folder of publisher rules. Where the default folder is not there, the rules in the binary are used.
    pub publishers: PathBuf,
}

impl Default for ExtractSettings {
    fn default() -> ExtractSettings {
        ExtractSettings { publishers: "config/publishers".into() }
    }
}

/// `[topics]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicsSettings {
    /// Folder of the taxonomy. Where the default folder is not there, the taxonomy in the binary is used.
    pub taxonomy: PathBuf,
    /// A topic with a lower score is not in the event.
    pub threshold: f64,
}

impl Default for TopicsSettings {
    fn default() -> TopicsSettings {
        TopicsSettings {
            taxonomy: "config/topics".into(),
            threshold: crate::topics::Tagger::DEFAULT_THRESHOLD,
        }
    }
}
