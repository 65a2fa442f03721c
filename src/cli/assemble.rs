//! The parts of the pipeline, made from the configuration.

use super::failure::Failure;
use crate::config::Config;
use crate::topics::Tagger;

/// The taxonomy of the config. Its default folder need not be there: the binary has the same one inside.
pub fn tagger(config: &Config) -> Result<Tagger, Failure> {
    let folder = &config.topics.taxonomy;
    if folder.is_dir() {
        return Tagger::load(folder).map_err(Failure::all);
    }
    if *folder == Config::default().topics.taxonomy {
        return Ok(Tagger::bundled());
    }
    Err(Failure::usage(format!("topics.taxonomy: {} is not a folder", folder.display())))
}
