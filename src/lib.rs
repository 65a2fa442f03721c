//! newswire: a Kafka topic of URLs in; a Kafka topic of clean, deduplicated, topic-tagged news articles out.
//!
//! | module | takes | gives | pure |
//! | --- | --- | --- | --- |
//! | [`pipeline`] | a URL record, a job, a candidate | a job, a candidate, an event; or where it stops | |
//! | [`record`] | | what travels, its JSON, the event's JSON Schema | yes |
//! | [`identity`] | URLs, declared names, text | normalized URL, site, ladder, article id, fingerprints | yes |
//! | [`schedule`] | the time, hosts | when a host may be asked again | yes |
//! | [`fetch`] | a job | a page, or why there is none | |
//! | [`extract`] | text, URL | an article | yes |
//! | [`topics`] | title, body | topics with their evidence | yes |
//! | [`publish`] | a candidate, memory | a judgement, the event | yes |
//! | [`memory`] | changelog records | the tables `seen` and `pages`, a batch's claims | yes |
//! | [`worker`] | Kafka | the loops around the pipeline | |
//! | [`local`] | files, standard streams | the same without Kafka | |
//! | [`telemetry`] | endings, states | logs, metrics, health, status page, spans | |
//! | [`config`] | defaults, file, environment, flags | settings, or every problem at once | |
//! | [`cli`] | arguments | an exit code | |

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
