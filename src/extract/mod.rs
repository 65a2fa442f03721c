//! Bytes and URL in, article out. Pure: no clock, no network.
//!
//! bytes -> `charset` -> text -> `dom` -> one tree -> `metadata`, `publishers`, `body`, `dates`, `language` -> `Article`

mod body;
pub mod charset;
mod dates;
mod dom;
mod function_words;
mod language;
mod metadata;
mod mojibake;
mod patterns;
mod publishers;
mod words;

use crate::record::Article;
use arc_swap::ArcSwap;
pub use body::BlockTrace;
use jiff::Timestamp;
pub use publishers::Publishers;
use std::sync::Arc;
use url::Url;

/// A fetched page, decoded to text.
pub struct Page<'a> {
    /// Final URL, after redirects.
    pub url: &'a Url,
    pub html: &'a str,
    pub headers: &'a PageHeaders,
    /// When the page was fetched, where that is known: what it dates after that is the date of something else.
    pub fetched_at: Option<Timestamp>,
}

/// The response headers that say something about the article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageHeaders {
    /// `Link`, one entry a header line.
    pub link: Vec<String>,
    /// `X-Robots-Tag`, one entry a header line.
    pub x_robots_tag: Vec<String>,
    /// `tdm-reservation`.
    pub tdm_reservation: Option<String>,
    /// What the site's `/.well-known/tdmrep.json` says of the page's path.
    pub tdm_file: Option<bool>,
    /// The name that the request was made under: robots directives may be addressed to it.
    pub agent: Option<String>,
    pub content_language: Option<String>,
}

/// The engine with its publisher rules; none by default.
#[derive(Default)]
pub struct Extractor {
    publishers: ArcSwap<Publishers>,
}

impl Extractor {
    /// The engine with the publisher rules that are part of the binary (`config/publishers`).
    pub fn bundled() -> Extractor {
        Extractor::with(Publishers::bundled())
    }

    pub fn with(publishers: Publishers) -> Extractor {
        Extractor { publishers: ArcSwap::from_pointee(publishers) }
    }

    pub fn publishers(&self) -> Arc<Publishers> {
        self.publishers.load_full()
    }

    /// Pages from now on are read with these rules.
    pub fn use_publishers(&self, publishers: Publishers) {
        self.publishers.store(Arc::new(publishers));
    }

    /// Gives what the page has; what it lacks is `None` or empty. Never panics, whatever the page.
    pub fn extract(&self, page: &Page<'_>) -> Article {
        let publishers = self.publishers.load();
        let dom = dom::Dom::parse_with(&mojibake::repaired(page.html), publishers.attributes());
        let evidence = metadata::Evidence::gather(&dom, page.url);
        let mut article = metadata::read(&dom, &evidence, page);
        let rule = publishers.rule(page.url, || dates::declared_day(&evidence));
        article.publisher.country = rule.and_then(|r| r.country.clone());
        let found = body::extract(&dom, &evidence, &article, rule.map(|r| r.verdict(&dom)).as_ref());
        article.blocks = found.blocks;
        article.confidence = found.confidence;
        article.warnings.extend(found.warnings);
        if let Some(source) = found.source {
            article.sources.insert("body".into(), source.into());
        }
        let headline = metadata::headline(&dom, &evidence, article.title.as_deref());
        let place = dates::Place { headline, body: found.place }.settled();
        dates::read(&dom, &evidence, &place, page, &mut article);
        language::read(&evidence, page.headers, &mut article);
        article
    }

    /// The page's text blocks with the features the chooser weighs: for fitting it, and for explaining a choice.
    pub fn trace(&self, page: &Page<'_>) -> Vec<BlockTrace> {
        let dom = dom::Dom::parse(&mojibake::repaired(page.html));
        let evidence = metadata::Evidence::gather(&dom, page.url);
        let article = metadata::read(&dom, &evidence, page);
        body::trace(&dom, &evidence, article.title.as_deref())
    }
}
