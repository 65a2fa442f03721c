//! The fields beside the body. Each field's sources are tried in one fixed order, and the one that gave it is noted.
//!
//! | field | order |
//! | --- | --- |
//! | short_links | `link_shortlink`, `http_link`, `short_link_box`, `own_url` |
//! | canonical_urls | `link_canonical`, `json_ld`, `og_url` |
//! | title | by agreement of `h1`, `json_ld`, `og`, `title_tag` (see `title`) |
//! | description, section, keywords | `json_ld`/`meta` in the order of their readers |
//! | authors | `json_ld`, `meta`, `microdata`, `byline` |

mod authors;
mod byline;
mod clean;
mod evidence;
mod fields;
mod hints;
mod images;
mod json_ld;
mod json_repair;
mod links;
mod names;
mod rights;
mod title;

use super::Page;
use super::dom::Dom;
use crate::record::Article;
pub use clean::plain;
pub use evidence::Evidence;
pub use title::headline;

/// Everything but body, dates and language.
pub fn read(dom: &Dom, evidence: &Evidence, page: &Page<'_>) -> Article {
    let mut article = Article {
        short_links: links::short_links(dom, evidence, &page.headers.link),
        canonical_urls: links::canonical_urls(evidence),
        rights: rights::read(evidence, page.headers),
        images: images::read(evidence),
        is_accessible_for_free: fields::is_accessible_for_free(evidence),
        ..Article::default()
    };
    article.publisher = fields::publisher(evidence);
    let sources = &mut article.sources;
    let mut keep = |field: &str, found: Option<(String, &'static str)>| {
        let (value, source) = found?;
        sources.insert(field.to_owned(), source.to_owned());
        Some(value)
    };
    article.title = keep("title", title::read(dom, evidence));
    article.description = keep("description", fields::description(evidence));
    article.section = keep("section", fields::section(dom, evidence));
    if let Some((keywords, source)) = fields::keywords(evidence) {
        article.keywords = keywords;
        article.sources.insert("keywords".into(), source.into());
    }
    if let Some((authors, source)) = authors::read(dom, evidence, article.publisher.name.as_deref()) {
        article.authors = authors;
        article.sources.insert("authors".into(), source.into());
    }
    for (field, names) in [("short_link", &article.short_links), ("canonical_url", &article.canonical_urls)] {
        if let Some(first) = names.first() {
            article.sources.insert(field.into(), first.from.clone());
        }
    }
    if evidence.json_ld.broken {
        article.warnings.push("json_ld_broken".into());
    } else if evidence.json_ld.repaired {
        article.warnings.push("json_ld_repaired".into());
    }
    article
}
