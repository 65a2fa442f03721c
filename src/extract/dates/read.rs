//! The two dates, each from the first source that has it.

use super::metas::{LESS_SURE_METAS, MODIFIED_METAS, PUBLISHED_METAS};
use super::parse::{Reading, first_date};
use super::shown::{self, Place, Shown};
use super::url_date;
use super::{sharpen, visible};
use crate::extract::Page;
use crate::extract::dom::Dom;
use crate::extract::metadata::Evidence;
use crate::record::{Article, DateTime, Precision, Published, Zone};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use url::Url;

type Found = Option<(Published, &'static str)>;

/// Clocks show from 12 hours less to 14 hours more than in Greenwich.
const EARLIEST_ZONE: Offset = Offset::constant(-12);
const LATEST_ZONE: Offset = Offset::constant(14);

/// A shown date with fewer points is only taken where nothing else is.
const SURE_POINTS: i32 = 2;
const POINTS: i32 = 0;
/// Far from the headline only a date that is marked and said to be the publication has as many.
const FAR_SURE_POINTS: i32 = 5;
/// A shown date with as many points stands marked beside the headline.
const SHOWN_WINS_POINTS: i32 = 7;
/// As many has a date that is said to be the publication, wherever it stands, where the metadata have only the day of
/// the last change.
const SAID_WINS_POINTS: i32 = 6;
/// Dates of comments, menus and other articles have fewer points than this.
const LAST_RESORT_POINTS: i32 = -6;
/// "Last change: …" in a footer has as many.
const LAST_CHANGE_POINTS: i32 = -7;

pub fn read(dom: &Dom, evidence: &Evidence, place: &Place, page: &Page<'_>, article: &mut Article) {
    let url = page.url;
    let language = evidence.html_lang.as_deref().map(|l| l.get(..2).unwrap_or(l).to_ascii_lowercase());
    let month_first = month_first(evidence.html_lang.as_deref(), url);
    let not_after = page.fetched_at.and_then(last_day);
    let page = Sources {
        dom,
        evidence,
        place,
        url,
        reading: Reading { language: language.as_deref(), month_first, not_after },
    };
    let modified = page.modified();
    let shown = page.shown(false);
    let told =
        page.published(&shown, modified).map(|(date, source)| page.corrected(&shown, modified, date, source));
    if let Some((date, source)) = told {
        let date = sharpen::sharpened(&page, &shown, date);
        article.published = Some(date);
        article.sources.insert("published_at".into(), source.into());
    }
    if let Some((date, source)) = modified {
        article.modified = Some(date);
        article.sources.insert("modified_at".into(), source.into());
    }
}

/// The last day that an article fetched then may be of: somewhere it is the next day already.
fn last_day(fetched_at: Timestamp) -> Option<Date> {
    TimeZone::UTC.to_datetime(fetched_at).date().tomorrow().ok()
}

/// The day of publication that the page declares outside its text.
pub fn declared_day(evidence: &Evidence) -> Option<Date> {
    let json = evidence.json_ld.text("datePublished");
    let meta = || PUBLISHED_METAS.iter().find_map(|name| Some(evidence.meta(&[name])?.1.to_owned()));
    first_date(&json.or_else(meta)?, Reading::default()).map(|told| told.at.civil.date())
}

/// Whether `03/04` is the fourth of March: on pages in English that are not of a country which writes the day first.
fn month_first(lang: Option<&str>, url: &Url) -> bool {
    const MONTH_FIRST_ENDS: [&str; 12] =
        ["us", "ph", "io", "co", "ai", "me", "tv", "fm", "ly", "to", "gg", "so"];
    let lang = lang.unwrap_or_default().to_ascii_lowercase();
    let end = url.host_str().and_then(|h| h.rsplit('.').next()).unwrap_or_default();
    let of_a_country = end.len() == 2 && !MONTH_FIRST_ENDS.contains(&end);
    lang.ends_with("-us") || (matches!(lang.as_str(), "en" | "") && !of_a_country)
}

/// All that a page can tell its dates by.
pub struct Sources<'a> {
    pub dom: &'a Dom,
    pub evidence: &'a Evidence,
    pub place: &'a Place,
    pub url: &'a Url,
    pub reading: Reading<'a>,
}

impl Sources<'_> {
    /// The dates that the page shows, best first.
    pub fn shown(&self, everywhere: bool) -> Vec<Shown> {
        shown::dates(self.dom, self.evidence, self.place, self.url, everywhere, self.reading)
    }

    fn published(&self, shown: &[Shown], modified: Found) -> Found {
        let json = |key| self.json_date(key).map(|d| (d, "json_ld"));
        let by_points = |least: i32| told(best(shown.iter().filter(|s| s.score >= least))?);
        json("datePublished")
            .or_else(|| self.meta_date(&PUBLISHED_METAS))
            .or_else(|| Some((self.itemprop("datePublished")?, "microdata")))
            .or_else(|| json("dateCreated"))
            .or_else(|| json("uploadDate"))
            .or_else(|| self.day_in(self.url).map(|day| (of_day(day), "url")))
            .or_else(|| self.surely_shown(shown))
            .or_else(|| self.meta_date(&LESS_SURE_METAS))
            .or_else(|| by_points(SURE_POINTS))
            .or_else(|| self.in_scripts(&visible::PUBLISHED_KEYS))
            .or_else(|| by_points(POINTS))
            .or_else(|| self.in_scripts(&visible::CREATED_KEYS))
            .or_else(|| self.last_resort(modified))
    }

    /// The best date that stands with the headline or has many points; of equals the one whose day a meta has too.
    fn surely_shown(&self, shown: &[Shown]) -> Found {
        let sure = shown.iter().filter(|s| s.score >= if s.in_head { SURE_POINTS } else { FAR_SURE_POINTS });
        let best = best(sure.clone())?;
        let meta = self.meta_date(&LESS_SURE_METAS).map(|(date, _)| day(date));
        let equal = |s: &&Shown| s.score == best.score && s.updated == best.updated;
        told(sure.filter(equal).find(|s| Some(day(s.date)) == meta).unwrap_or(best))
    }

    fn in_scripts(&self, keys: &[&str]) -> Found {
        Some((visible::in_scripts(self.dom, self.evidence, keys, self.reading)?, "script_json"))
    }

    /// A change that is told is nearer to the publication than the days which a text is about. Last comes the day that
    /// the lead picture was put into its folder.
    fn last_resort(&self, modified: Found) -> Found {
        let shown = self.shown(true);
        let first = |least: i32, updated: bool| {
            told(shown.iter().find(|s| s.score >= least && s.updated == updated)?)
        };
        first(POINTS, false)
            .or(modified.map(|(date, _)| (date, "modified")))
            .or_else(|| first(LAST_CHANGE_POINTS, true))
            .or_else(|| first(LAST_RESORT_POINTS, false))
            .or_else(|| Some((of_day(self.day_of_picture()?), "picture")))
    }

    fn day_of_picture(&self) -> Option<Date> {
        let (_, picture) = self.evidence.meta(&["og:image"])?;
        self.day_in(&self.url.join(picture).ok()?)
    }

    fn day_in(&self, url: &Url) -> Option<Date> {
        url_date::day(url).filter(|day| self.reading.not_after.is_none_or(|last| *day <= last))
    }

    /// Where the page declares one day and shows another beside the headline as its date, which is not that of a
    /// change, the editors' word counts: templates put the day of the last build or import into the metadata.
    fn corrected(
        &self,
        shown: &[Shown],
        modified: Found,
        date: Published,
        source: &'static str,
    ) -> (Published, &'static str) {
        if !matches!(source, "json_ld" | "meta" | "microdata") {
            return (date, source);
        }
        let modified = modified.map(|(m, _)| day(m));
        let by_last_change =
            |s: &&Shown| s.published && s.score >= SAID_WINS_POINTS && modified == Some(day(date));
        let mut candidates = shown.iter().filter(|s| !s.updated);
        let beside_headline = candidates.clone().find(|s| s.in_head && s.score >= SHOWN_WINS_POINTS);
        let Some(best) = beside_headline.or_else(|| candidates.find(by_last_change)) else {
            return (date, source);
        };
        let told_too = shown.iter().any(|s| s.score > 0 && !s.updated && day(s.date) == day(date));
        let (shown, told) = (day(best.date), day(date));
        // The day of the last change, or one after it, which is of something to come.
        let is_no_publication = modified.is_some_and(|m| m <= shown);
        // The same digits: of the two, the one that leaves their order open is read wrong.
        let is_swapped = best.swapped == Some(told);
        if told_too || is_no_publication || may_be_of_day(date, shown) || is_swapped {
            (date, source)
        } else {
            (best.date, best.source)
        }
    }

    fn modified(&self) -> Found {
        self.json_date("dateModified")
            .map(|d| (d, "json_ld"))
            .or_else(|| self.meta_date(&MODIFIED_METAS))
            .or_else(|| Some((self.itemprop("dateModified")?, "microdata")))
    }

    fn itemprop(&self, name: &str) -> Option<Published> {
        visible::by_itemprop(self.dom, self.evidence, name, self.reading)
    }

    pub fn json_date(&self, key: &str) -> Option<Published> {
        first_date(&self.evidence.json_ld.text(key)?, self.reading)
    }

    fn meta_date(&self, names: &[&str]) -> Found {
        names.iter().find_map(|name| {
            let (_, content) = self.evidence.meta(&[name])?;
            Some((first_date(content, self.reading)?, "meta"))
        })
    }

    /// What the metas say about the publication.
    pub fn published_metas(&self) -> impl Iterator<Item = Published> {
        let told = PUBLISHED_METAS.iter().filter_map(|name| self.evidence.meta(&[name]));
        told.filter_map(|(_, content)| first_date(content, self.reading))
    }

    /// Every meta that tells a time.
    pub fn meta_dates(&self) -> impl Iterator<Item = Published> {
        let told = self.evidence.metas.iter().filter(|m| m.content.len() < 40 && m.content.contains(':'));
        told.filter_map(|m| first_date(&m.content, self.reading))
    }
}

/// The first that is not said to be a change, else the first.
fn best<'a>(mut shown: impl Iterator<Item = &'a Shown> + Clone) -> Option<&'a Shown> {
    shown.clone().find(|s| !s.updated).or_else(|| shown.next())
}

fn told(shown: &Shown) -> Found {
    Some((shown.date, shown.source))
}

fn day(date: Published) -> Date {
    date.at.civil.date()
}

/// Whether the date may be that day, told in another zone: a moment is only of the days that clocks show somewhere.
fn may_be_of_day(date: Published, other: Date) -> bool {
    let is_moment = date.zone == Zone::Declared && date.at.civil.time() != Time::midnight();
    match date.at.timestamp().filter(|_| is_moment) {
        Some(moment) => {
            EARLIEST_ZONE.to_datetime(moment).date() <= other
                && other <= LATEST_ZONE.to_datetime(moment).date()
        }
        None => (other - day(date)).get_days().abs() <= 1,
    }
}

fn of_day(day: Date) -> Published {
    Published { at: DateTime::midnight_utc(day), precision: Precision::Day, zone: Zone::Assumed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, url: &str, expected: &str) {
        check_fetched(None, html, url, expected);
    }

    fn check_fetched(fetched_at: Option<&str>, html: &str, url: &str, expected: &str) {
        check_with(fetched_at, None, html, url, expected);
    }

    fn check_with(
        fetched_at: Option<&str>,
        body: Option<std::ops::Range<usize>>,
        html: &str,
        url: &str,
        expected: &str,
    ) {
        let dom = Dom::parse(html);
        let url = Url::parse(url).unwrap();
        let fetched_at = fetched_at.map(|at| at.parse().unwrap());
        let page = Page { url: &url, html, headers: &crate::extract::PageHeaders::default(), fetched_at };
        let mut article = Article::default();
        let evidence = Evidence::gather(&dom, &url);
        let place = Place { headline: evidence.h1.first().copied(), body };
        read(&dom, &evidence, &place, &page, &mut article);
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
    fn what_is_to_come_when_the_page_is_fetched_is_the_date_of_something_else() {
        let html = "<meta property=article:published_time content='2027-01-01T00:00:00Z'>
            <body><h1>Fair to open</h1><p class=date>1 June 2026</p><p class=date>11 March 2025</p>";
        let url = "https://a.example/2026/05/30/x";
        for (fetched_at, expected) in [
            (Some("2025-03-11T23:00:00Z"), "2025-03-11T00:00:00Z text"),
            // Where it is told in the east, the next day has begun.
            (Some("2025-03-10T23:00:00Z"), "2025-03-11T00:00:00Z text"),
            (Some("2025-03-09T23:00:00Z"), ""),
            // Beside the headline the page says another day than in its metadata: the editors' word counts.
            (Some("2027-03-01T00:00:00Z"), "2026-06-01T00:00:00Z text"),
            (None, "2026-06-01T00:00:00Z text"),
        ] {
            check_fetched(fetched_at, html, url, expected);
        }
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

    #[test]
    fn what_stands_around_the_headline_is_the_article_whatever_it_is_called() {
        let other = "<div class=date>2 May 2021</div>";
        for class in ["category-popular tag-weather", "elementor-widget"] {
            let html = format!("<div class='{class}'><h1>T</h1><p>11 March 2025</p></div>{other}");
            check(&html, "https://a.example/x", "2025-03-11T00:00:00Z text");
        }
        let html = format!(
            "<h1>T</h1><div class=elementor-widget-info>11 March 2025</div><div class=widget>{other}</div>"
        );
        check(&html, "https://a.example/x", "2025-03-11T00:00:00Z text");
    }

    #[test]
    fn the_day_of_the_visit_and_of_an_embedded_post_are_not_the_articles() {
        let today = "<div class=date><p id=todays-date-now>14 March 2025</p></div><h1>T</h1>";
        let embedded = "<blockquote><time datetime=2025-03-13>yesterday</time></blockquote>";
        let html = format!("{today}{embedded}<p>11 March 2025</p>");
        check(&html, "https://a.example/x", "2025-03-11T00:00:00Z text");
    }

    #[test]
    fn a_date_in_an_attribute_of_a_named_element_without_text_is_read() {
        let html = "<h1>T</h1><span class=updated title=2025-03-11T08:00:00+00:00></span>";
        check(html, "https://a.example/x", "2025-03-11T08:00:00Z text");
    }

    #[test]
    fn metas_of_scholarly_pages_and_json_ld_in_a_meta_are_read() {
        check(
            "<meta name=citation_publication_date content='2025 Mar 11'>",
            "https://a.example/x",
            "2025-03-11T00:00:00Z meta",
        );
        let json =
            "{&quot;@type&quot;: &quot;Article&quot;, &quot;datePublished&quot;: &quot;2025-03-11&quot;}";
        let html = format!("<meta name='script:ld+json' content='{json}'>");
        check(&html, "https://a.example/x", "2025-03-11T00:00:00Z json_ld");
    }

    #[test]
    fn of_equal_dates_a_meta_tells_which() {
        let heads = "<h1>Daily Example</h1><p class=date>26 February 2020</p><p>1 May 2017</p>";
        check(heads, "https://a.example/x", "2020-02-26T00:00:00Z text");
        let html = format!("<meta name=date content=2017-05-01>{heads}");
        check(&html, "https://a.example/x", "2017-05-01T00:00:00Z text");
    }

    #[test]
    fn where_no_publication_is_told_the_last_change_is_nearer_than_what_the_text_is_about() {
        let filler = "<i></i>".repeat(100);
        let text = format!("<h1>T</h1>{filler}<p>Since 4 August 2014 the law is another.</p>");
        let check = |html: &str, expected: &str| {
            check_with(None, Some(5..108), html, "https://a.example/x", expected);
        };
        check(&text, "2014-08-04T00:00:00Z text");
        let changed = format!("{text}<footer>Last update: 30 December 2016</footer>");
        check(&changed, "2016-12-30T00:00:00Z text");
        let picture = "<meta property=og:image content=/files/2016/05/04/lead.png><h1>T</h1>";
        check(picture, "2016-05-04T00:00:00Z picture");
    }

    #[test]
    fn a_headline_behind_the_text_is_of_another_article() {
        let place = |headline| Place { headline: Some(headline), body: Some(20..90) }.settled().headline;
        assert_eq!((place(10), place(25), place(90)), (Some(10), Some(25), None));
    }

    #[test]
    fn the_day_of_the_url_tells_the_zone_of_a_moment_in_utc() {
        check(META, "https://a.example/2025/03/11/x", "2025-03-11T23:35:10-04:00 meta");
        check(META, "https://a.example/2025/03/12/x", "2025-03-12T03:35:10Z meta");
        check(META, "https://a.example/2025/03/09/x", "2025-03-12T03:35:10Z meta");
        let midnight = "<meta property=article:published_time content='2025-03-11T23:00:00Z'>";
        check(midnight, "https://a.example.de/x", "2025-03-12T00:00:00Z meta");
        check(midnight, "https://a.example.uk/x", "2025-03-11T23:00:00Z meta");
    }

    #[test]
    fn the_date_said_to_be_the_publication_wins_over_the_change() {
        let text = "<h1>T</h1><p>Updated: 14 March 2025 | Published: 11 March 2025</p>";
        check(text, "https://a.example/x", "2025-03-11T00:00:00Z text");
        let labels = "<h1>T</h1><b>Zuletzt aktualisiert:</b> <span class=date>14.3.2025</span> \
                      <b>Veröffentlicht:</b> <span class=date>11.3.2025</span>";
        check(labels, "https://a.example/x", "2025-03-11T00:00:00Z text");
    }

    #[test]
    fn a_time_that_says_itself_that_it_is_a_change_is_one() {
        let declared = |day: &str| {
            format!(
                "<script type=application/ld+json>{{\"@type\": \"Article\", \"datePublished\": \"{day}\"}}</script><body>"
            )
        };
        let changed = "<h1>T</h1><p class=meta><time class=pubdate datetime=2025-03-14>Last updated: 14 March 2025</time>";
        let html = declared("2025-03-11") + changed;
        check(&html, "https://a.example/x", "2025-03-11T00:00:00Z json_ld");
        // What the page shows as the change does not speak for a publication of that day.
        let html = declared("2025-03-14") + changed + "<p class=date>Published 20 June 2019</p>";
        check(&html, "https://a.example/x", "2019-06-20T00:00:00Z text");
    }

    #[test]
    fn a_date_marked_beside_the_headline_wins_over_metadata_that_the_page_shows_nowhere() {
        let shown = |class: &str| format!("{META}<body><h1>T</h1><p class={class}>20 June 2019</p>");
        check(&shown("date"), "https://a.example/x", "2019-06-20T00:00:00Z text");
        check(&shown("updated-date"), "https://a.example/x", "2025-03-12T03:35:10Z meta");
        check(&shown("note"), "https://a.example/x", "2019-06-20T00:00:00Z text");
    }

    #[test]
    fn a_date_that_stands_alone_below_the_headline_is_marked() {
        let page = |head: &str| format!("{META}<body>{head}");
        let declared = "2025-03-12T03:35:10Z meta";
        for (head, expected) in [
            ("<h1>T</h1><div><p>June 20, 2019</p></div>", "2019-06-20T00:00:00Z text"),
            // Above the headline stands the day of the visit.
            ("<p>June 20, 2019</p><h1>T</h1>", declared),
            ("<h1>T</h1><p>The fair of <b>June 20, 2019</b> was the last one of its kind.</p>", declared),
            ("<h1>T</h1><p>Version 3, June 20, 2019</p>", declared),
            // It may be the eleventh there where it is shown, but nowhere the tenth.
            ("<h1>T</h1><p>March 11, 2025</p>", declared),
            ("<h1>T</h1><p>March 10, 2025</p>", "2025-03-10T00:00:00Z text"),
        ] {
            check(&page(head), "https://a.example/x", expected);
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_what_the_page_tells_in_full() {
        let declared =
            "<html lang=en><meta property=article:published_time content='09-03-2026'><body><h1>T</h1>";
        let url = "https://a.example.uk/x";
        check(declared, url, "2026-03-09T00:00:00Z meta");
        check(&format!("{declared}<p class=date>September 3, 2026</p>"), url, "2026-09-03T00:00:00Z text");
        check(
            &format!("{declared}<p class=date>03/09/2026</p>"),
            "https://a.example/x",
            "2026-09-03T00:00:00Z meta",
        );
        let times = "<html lang=en><h1>T</h1><time datetime=02-12-2025></time>";
        let in_list = format!("{times}<span class=date>December 2, 2025</span>");
        check(&in_list, "https://a.example/x", "2025-12-02T00:00:00Z time");
    }

    #[test]
    fn a_day_of_the_last_change_or_after_it_is_not_the_publication() {
        let modified = "<meta property=article:modified_time content='2025-03-14T00:00:00Z'>";
        let shown = |day: &str| format!("{META}{modified}<body><h1>T</h1><p>{day} March 2025</p>");
        check(&shown("14"), "https://a.example/x", "2025-03-12T03:35:10Z meta");
        check(&shown("20"), "https://a.example/x", "2025-03-12T03:35:10Z meta");
    }

    #[test]
    fn what_is_said_to_be_the_publication_wins_over_the_day_of_the_last_change() {
        let page = |modified: &str| {
            let modified = format!("<meta property=article:modified_time content='{modified}'>");
            let text = "<h1>T</h1><p>Text</p>".to_owned() + &"<i></i>".repeat(100);
            format!("{META}{modified}<body>{text}<p>Published <time pubdate datetime=2019-06-20></time></p>")
        };
        let check = |modified: &str, expected: &str| {
            check_with(None, Some(5..100), &page(modified), "https://a.example/x", expected);
        };
        check("2025-03-12T03:35:10Z", "2019-06-20T00:00:00Z time");
        check("2025-03-13T03:35:10Z", "2025-03-12T03:35:10Z meta");
    }
}
