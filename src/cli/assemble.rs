//! The parts of the pipeline, made from the configuration.

use super::failure::Failure;
use crate::config::Config;
use crate::extract::Extractor;
use crate::fetch::Fetcher;
use crate::pipeline::{Pipeline, Settings};
use crate::topics::Tagger;

/// The three steps.
pub fn pipeline(config: &Config) -> Result<Pipeline, Failure> {
    Ok(Pipeline::new(Extractor::bundled(), tagger(config)?, Settings::from(config)))
}

/// The fetcher on the real network.
pub fn fetcher(config: &Config) -> Result<Fetcher, Failure> {
    Fetcher::new(config.fetch.clone()).map_err(Failure::usage)
}

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
