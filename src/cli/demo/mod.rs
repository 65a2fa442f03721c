//! `newswire demo`: a small bundled news site on loopback, ingested through the whole pipeline.

mod server;
mod site;

pub use server::DemoServer;
pub use site::url_records;
