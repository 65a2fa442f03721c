//! When the article was published and changed.
//!
//! | published | modified |
//! | --- | --- |
//! | `json_ld` datePublished | `json_ld` dateModified |
//! | `meta` article:published_time and the like | `meta` article:modified_time and the like |
//! | `microdata`, `time` | `microdata`, `time` |
//! | `url` day, sharpened by a time elsewhere | |
//! | `text` near the headline, then `modified` | |

mod months;
mod parse;
mod read;
mod url_date;
mod visible;
mod zones;

pub use read::read;
