//! The two dates, each from the first source that has it.

use super::parse::{Reading, first_date};
use super::url_date;
use super::visible::{self, Search};
use crate::extract::dom::Dom;
use crate::extract::metadata::Evidence;
use crate::record::{Article, DateTime, Precision, Published, Zone};
use url::Url;

const PUBLISHED_METAS: [&str; 29] = [
    "article:published_time",
    "article:published",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "date_published",
    "publish_date",
    "publish-date",
    "publishdate",
    "published_date",
    "published-date",
    "pubdate",
    "publication_date",
    "publicationdate",
    "parsely-pub-date",
    "sailthru.date",
    "article.published",
    "article_date_original",
    "originalpublicationdate",
    "cxenseparse:recs:publishtime",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.created",
    "published",
    "published_at",
    "pub_date",
    "rnews:datepublished",
    "citation_date",
];
const LESS_SURE_METAS: [&str; 8] = [
    "dc.date",
    "dcterms.date",
    "date",
    "dc.date.publication",
    "article:post_date",
    "created",
    "timestamp",
    "displaydate",
];
const MODIFIED_METAS: [&str; 12] = [
    "article:modified_time",
    "og:updated_time",
    "article:modified",
    "datemodified",
    "date_modified",
    "lastmod",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
    "modified",
    "updated",
    "article:updated_time",
];

type Found = Option<(Published, &'static str)>;

pub fn read(dom: &Dom, evidence: &Evidence, url: &Url, article: &mut Article) {
    let language = evidence.html_lang.as_deref().map(|l| l.get(..2).unwrap_or(l).to_ascii_lowercase());
    let region = evidence.html_lang.as_deref().unwrap_or_default().to_ascii_lowercase();
    let month_first = region.ends_with("-us") || region == "en" || evidence.html_lang.is_none();
    let reading = Reading { language: language.as_deref(), month_first };
    let modified = modified(dom, evidence, reading);
    let published = published(dom, evidence, url, reading).or(modified.map(|(m, _)| (m, "modified")));
    if let Some((date, source)) = published {
        article.published = Some(sharpened(dom, evidence, date, reading));
        article.sources.insert("published_at".into(), source.into());
    }
    if let Some((date, source)) = modified {
        article.modified = Some(date);
        article.sources.insert("modified_at".into(), source.into());
    }
}

fn published(dom: &Dom, evidence: &Evidence, url: &Url, reading: Reading<'_>) -> Found {
    let json = |key| json_date(evidence, key, reading).map(|d| (d, "json_ld"));
    let day_of_url = url_date::day(url);
    let (article, page) = (Search::Article, Search::Page);
    json("datePublished")
        .or_else(|| meta_date(evidence, &PUBLISHED_METAS, reading))
        .or_else(|| Some((visible::by_itemprop(dom, evidence, "datePublished", reading)?, "microdata")))
        .or_else(|| json("dateCreated"))
        .or_else(|| json("uploadDate"))
        .or_else(|| day_of_url.map(|day| (of_day(day), "url")))
        .or_else(|| Some((visible::by_time(dom, evidence, article, reading)?, "time")))
        .or_else(|| Some((visible::in_scripts(dom, evidence, reading)?, "script_json")))
        .or_else(|| Some((visible::by_name(dom, evidence, article, reading)?, "text")))
        .or_else(|| meta_date(evidence, &LESS_SURE_METAS, reading))
        .or_else(|| Some((visible::near_headline(dom, evidence, article, reading)?, "text")))
        .or_else(|| Some((visible::by_time(dom, evidence, page, reading)?, "time")))
        .or_else(|| Some((visible::by_name(dom, evidence, page, reading)?, "text")))
        .or_else(|| Some((visible::near_headline(dom, evidence, page, reading)?, "text")))
}

/// A day alone is sharpened by a moment of that day, a moment in UTC by the same moment with its offset.
fn sharpened(dom: &Dom, evidence: &Evidence, found: Published, reading: Reading<'_>) -> Published {
    if found.precision == Precision::Day {
        let moment = visible::by_time(dom, evidence, Search::Article, reading);
        return moment
            .filter(|m| m.precision != Precision::Day && m.at.civil.date() == found.at.civil.date())
            .unwrap_or(found);
    }
    let in_utc = found.zone == Zone::Declared && found.at.offset.is_zero();
    let local = if in_utc { visible::local_telling(dom, evidence, found, reading) } else { None };
    local.unwrap_or(found)
}

fn of_day(day: jiff::civil::Date) -> Published {
    Published { at: DateTime::midnight_utc(day), precision: Precision::Day, zone: Zone::Assumed }
}

fn modified(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Found {
    json_date(evidence, "dateModified", reading)
        .map(|d| (d, "json_ld"))
        .or_else(|| meta_date(evidence, &MODIFIED_METAS, reading))
        .or_else(|| Some((visible::by_itemprop(dom, evidence, "dateModified", reading)?, "microdata")))
}

fn json_date(evidence: &Evidence, key: &str, reading: Reading<'_>) -> Option<Published> {
    first_date(&evidence.json_ld.text(key)?, reading)
}

fn meta_date(evidence: &Evidence, names: &[&str], reading: Reading<'_>) -> Found {
    names.iter().find_map(|name| {
        let (_, content) = evidence.meta(&[name])?;
        Some((first_date(content, reading)?, "meta"))
    })
}
