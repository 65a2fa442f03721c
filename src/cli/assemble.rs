//! The parts of the pipeline, made from the configuration.

use super::failure::Failure;
use super::reload::Reloadable;
use crate::config::Config;
use crate::extract::Extractor;
use crate::fetch::Fetcher;
use crate::pipeline::{Pipeline, Settings};
use crate::telemetry;
use crate::topics::Tagger;
use std::sync::Arc;

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

/// What can be read again while the worker runs. What is only in the binary does not change.
pub fn reloadables(config: &Config, pipeline: &Arc<Pipeline>) -> Vec<Reloadable> {
    let folder = config.topics.taxonomy.clone();
    if !folder.is_dir() {
        return Vec::new();
    }
    let (pipeline, from) = (pipeline.clone(), folder.clone());
    let reload = move || {
        let tagger = Tagger::load(&from)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let version = tagger.version().to_owned();
        pipeline.tagger.store(Arc::new(tagger));
        telemetry::taxonomy(&version);
        Ok(version)
    };
    vec![Reloadable { what: "taxonomy", folder, reload: Box::new(reload) }]
}
