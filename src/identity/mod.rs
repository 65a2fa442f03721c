//! Names of articles: URL normalization, the site, short links, canonical URLs and the ladder (DESIGN §2). Pure.
//!
//! Text -> normalized URL -> site; a page's declared names -> the ladder -> article id and aliases.

mod fingerprint;
mod ladder;
mod name;
mod normalize;
mod site;

pub use fingerprint::{Fingerprint, SAME_TEXT_MAX_DISTANCE, fingerprint};
pub use ladder::{Declared, Ladder, Rung, RungKind, is_listing, ladder};
pub use name::{AliasKey, ArticleId};
pub use normalize::{NotAUrl, TrackingParameters, normalize};
pub use site::{partition_of_site, site_of, site_of_host};
