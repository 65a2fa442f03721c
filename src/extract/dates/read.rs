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
    if !in_utc {
        return found;
    }
    let local = visible::local_telling(dom, evidence, found, reading);
    local.or_else(|| by_the_clock_shown(dom, evidence, found, reading)).unwrap_or(found)
}

/// A moment in UTC beside a clock time shown without its zone tells the zone: `06:35Z` and "10:35 p.m." of the day
/// before are eight hours apart. Only whole half hours count, so that the time of something else is not taken for it.
fn by_the_clock_shown(
    dom: &Dom,
    evidence: &Evidence,
    found: Published,
    reading: Reading<'_>,
) -> Option<Published> {
    const HALF_HOUR: i64 = 30 * 60;
    const FARTHEST_ZONE: i64 = 14 * 3600;
    let shown = visible::by_time(dom, evidence, Search::Article, reading)
        .filter(|s| s.precision != Precision::Day)
        .or_else(|| visible::by_name(dom, evidence, Search::Article, reading))
        .filter(|s| s.precision == Precision::Minute && s.zone == Zone::Assumed)?;
    let minute = |at: DateTime| Some(at.timestamp()?.as_second().div_euclid(60) * 60);
    let apart = minute(shown.at)? - minute(found.at)?;
    if apart == 0 || apart % HALF_HOUR != 0 || apart.abs() > FARTHEST_ZONE {
        return None;
    }
    let offset = jiff::tz::Offset::from_seconds(i32::try_from(apart).ok()?).ok()?;
    let civil = offset.to_datetime(found.at.timestamp()?);
    Some(Published { at: DateTime { civil, offset }, ..found })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, url: &str, expected: &str) {
        let dom = Dom::parse(html);
        let url = Url::parse(url).unwrap();
        let mut article = Article::default();
        read(&dom, &Evidence::gather(&dom, &url), &url, &mut article);
        let source = article.sources.get("published_at").cloned().unwrap_or_default();
        let told = article.published.map(|p| format!("{} {source}", p.at)).unwrap_or_default();
        assert_eq!(told, expected, "{html}");
    }

    const META: &str = "<meta property=article:published_time content='2025-03-12T03:35:10Z'>";

    #[test]
    fn a_moment_in_utc_is_given_its_zone_where_the_page_tells_it() {
        check(META, "https://a.example/", "2025-03-12T03:35:10Z meta");
        let time = format!("{META}<body><time datetime='2025-03-11T20:35:10-07:00'>last night</time>");
        check(&time, "https://a.example/", "2025-03-11T20:35:10-07:00 meta");
        let clock = format!("{META}<body><p class=date>March 11, 2025 at 8:35 pm</p>");
        check(&clock, "https://a.example/", "2025-03-11T20:35:10-07:00 meta");
        let other = format!("{META}<body><p class=date>March 11, 2025 at 8:41 pm</p>");
        check(&other, "https://a.example/", "2025-03-12T03:35:10Z meta");
    }

    #[test]
    fn the_day_of_the_url_is_sharpened_by_a_time_of_that_day() {
        let url = "https://a.example/2025/03/11/x";
        check("<p>no date</p>", url, "2025-03-11T00:00:00Z url");
        check("<time datetime='2025-03-11T08:00+01:00'></time>", url, "2025-03-11T08:00:00+01:00 url");
        check("<time datetime='2025-03-14T08:00+01:00'></time>", url, "2025-03-11T00:00:00Z url");
    }

    #[test]
    fn dates_of_other_articles_and_of_the_frame_come_last() {
        check(
            "<div class=related><span class=date>1 May 2020</span></div><h1>T</h1><p>11 March 2025</p><footer>2 May 2021</footer>",
            "https://a.example/x",
            "2025-03-11T00:00:00Z text",
        );
        check("<div class=comments><p>1 May 2020</p></div>", "https://a.example/x", "");
    }
}
