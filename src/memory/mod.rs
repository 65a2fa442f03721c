//! The two tables, pages and seen: entries, claims, expiry and their changelog encoding. Pure.
//!
//! Nothing is remembered before the commit: a batch of candidates works on `Claims` over the table, and only after
//! the transaction that carries its changelog records is committed are the changes applied.

mod entry;
#[cfg(test)]
mod model_test;
mod packed;
mod pages;
mod seen;

pub use entry::{BadChangelog, SeenEntry};
pub use pages::{HostRecord, PageRecord, PagesKey, PagesTable, PagesValue, page_key};
pub use seen::{Claims, SeenChange, SeenTable};
