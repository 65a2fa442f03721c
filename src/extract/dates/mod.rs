//! When the article was published and changed.
//!
//! | published | modified |
//! | --- | --- |
//! | `json_ld` datePublished | `json_ld` dateModified |
//! | `meta` article:published_time and the like | `meta` article:modified_time and the like |
//! | `microdata`, `time` | `microdata`, `time` |
//! | `url` day | |
//! | shown beside the headline (`shown`), `script_json`, less sure `meta`, shown elsewhere, `modified` | |
//!
//! Then `sharpen` adds the time of day and the zone that another telling of the same day or moment has.

mod marks;
mod months;
mod parse;
mod read;
mod sharpen;
mod shown;
mod url_date;
mod visible;
mod zones;

pub use read::{declared_day, read};
pub use shown::Place;
