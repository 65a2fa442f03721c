//! What extraction reads off one page.

use super::{DateTime, Precision, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One article as read off its page. Absent is `None` or empty; nothing here is guessed beyond what `sources` tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// What the page calls itself by `rel=shortlink`, the `Link` header, the "Short link" box, absolute URLs
    /// in the order of the ladder (DESIGN §2). Not yet judged: `identity` refuses what is no identity.
    pub short_links: Vec<DeclaredName>,
    /// `rel=canonical`, JSON-LD, `og:url`, absolute URLs in ladder order, not yet judged.
    pub canonical_urls: Vec<DeclaredName>,
    pub publisher: Publisher,
    pub title: Option<String>,
    pub description: Option<String>,
    pub section: Option<String>,
    pub keywords: Vec<String>,
    /// The body, in reading order.
    pub blocks: Vec<Block>,
    pub authors: Vec<Author>,
    /// BCP 47.
    pub language: Option<String>,
    pub language_source: Option<LanguageSource>,
    pub published: Option<Published>,
    pub modified: Option<Published>,
    pub images: Vec<Image>,
    pub is_accessible_for_free: Option<bool>,
    pub rights: Rights,
    /// 0 to 1: the agreement of the body candidates.
    pub confidence: f64,
    /// Field name (as in the event) -> where it came from, e.g. `title: json_ld`.
    pub sources: BTreeMap<String, String>,
    /// Short fixed words, some with a count: `replaced_characters:3`.
    pub warnings: Vec<String>,
}

impl Article {
    /// The event's `body`: block texts joined by a blank line, headings included, captions excluded.
    pub fn body(&self) -> String {
        let texts: Vec<&str> =
            self.blocks.iter().filter(|b| b.kind != BlockKind::Caption).map(|b| b.text.as_str()).collect();
        texts.join("\n\n")
    }
}

/// A URL by which a page names itself, and where on the page it stood (`link_shortlink`, `http_link`, `short_link_box`,
/// `link_canonical`, `json_ld`, `og_url`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredName {
    pub url: String,
    pub from: String,
}

/// One block of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    pub kind: BlockKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    Paragraph,
    Heading,
    Quote,
    ListItem,
    Caption,
    TableRow,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    pub name: String,
    pub url: Option<String>,
    pub kind: AuthorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    Person,
    Organization,
}

/// The publication that the page belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Publisher {
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2, lower case.
    pub country: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LanguageSource {
    Declared,
    Detected,
}

/// A date of the page with how exactly it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub at: DateTime,
    pub precision: Precision,
    pub zone: Zone,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Image {
    pub url: String,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    pub caption: Option<String>,
}

/// What the publisher allows, as the page, its headers and robots.txt say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rights {
    pub robots_allowed: bool,
    /// Lower-case directives of meta robots and `X-Robots-Tag`: `noindex`, `noarchive`, …
    pub robots_meta: Vec<String>,
    /// TDMRep: true = reserved, false = declared free, null = nothing said.
    pub tdm_opt_out: Option<bool>,
}

impl Default for Rights {
    fn default() -> Rights {
        Rights { robots_allowed: true, robots_meta: Vec::new(), tdm_opt_out: None }
    }
}
