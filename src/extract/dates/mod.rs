//! When the article was published and changed.
//!
//! | published | modified |
//! | --- | --- |
//! | `json_ld` datePublished | `json_ld` dateModified |
//! | `meta` article:published_time and the like | `meta` article:modified_time and the like |
//! | `microdata`, `time` | `microdata`, `time` |
//! | `url` day | |
//! | shown beside the headline (`shown`), less sure `meta`, shown elsewhere, `script_json` | |
//! | `modified`, a change that is shown, any date that is shown, the lead picture's path | |
//!
//! Then `sharpen` adds the time of day and the zone that another telling of the same day or moment has.

mod marks;
mod metas;
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
