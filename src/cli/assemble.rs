//! The parts of the pipeline, made from the configuration.

use super::failure::Failure;
use super::reload::Reloadable;
use crate::config::Config;
use crate::extract::{Extractor, Publishers};
use crate::fetch::Fetcher;
use crate::pipeline::{Pipeline, Settings};
use crate::telemetry;
use crate::topics::Tagger;
use std::sync::Arc;

/// The three steps.
pub fn pipeline(config: &Config) -> Result<Pipeline, Failure> {
    Ok(Pipeline::new(extractor(config)?, tagger(config)?, Settings::from(config)))
}

/// The fetcher on the real network.
pub fn fetcher(config: &Config) -> Result<Fetcher, Failure> {
    Fetcher::new(config.fetch.clone()).map_err(Failure::usage)
}

/// The engine with the publisher rules of the config. Their default folder need not be there either.
pub fn extractor(config: &Config) -> Result<Extractor, Failure> {
    let folder = &config.extract.publishers;
    if folder.is_dir() {
        return Publishers::load(folder).map(Extractor::with).map_err(Failure::Usage);
    }
    if *folder == Config::default().extract.publishers {
        return Ok(Extractor::bundled());
    }
    Err(Failure::usage(format!("extract.publishers: {} is not a folder", folder.display())))
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
    let all = [taxonomy(config, pipeline), publishers(config, pipeline)];
    all.into_iter().filter(|thing| thing.folder.is_dir()).collect()
}

fn taxonomy(config: &Config, pipeline: &Arc<Pipeline>) -> Reloadable {
    let folder = config.topics.taxonomy.clone();
    let (pipeline, from) = (pipeline.clone(), folder.clone());
    let reload = move || {
        let tagger = Tagger::load(&from)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let version = tagger.version().to_owned();
        pipeline.tagger.store(Arc::new(tagger));
        telemetry::taxonomy(&version);
        Ok(version)
    };
    Reloadable { what: "taxonomy", folder, reload: Box::new(reload) }
}

fn publishers(config: &Config, pipeline: &Arc<Pipeline>) -> Reloadable {
    let folder = config.extract.publishers.clone();
    let (pipeline, from) = (pipeline.clone(), folder.clone());
    let reload = move || {
        let rules = Publishers::load(&from)?;
        let version = format!("{} rules", rules.len());
        pipeline.extractor.use_publishers(rules);
        Ok(version)
    };
    Reloadable { what: "publishers", folder, reload: Box::new(reload) }
}
