//! The dates that the page shows, each with how much speaks for its being this article's publication.
//!
//! Where a date stands says most: between headline and text it is the article's, in a list of links it is another's.

use super::marks;
use super::parse::{Reading, Told, first_told, is_only_a_date};
use super::url_date;
use super::visible::{Elsewhere, names_of, value_of};
use crate::extract::dom::{Attr, Dom, Tag};
use crate::extract::metadata::Evidence;
use crate::extract::words::Words;
use crate::record::Published;
use jiff::civil::Date;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;
use url::Url;

/// A date's element is short; longer texts only mention dates.
const MAX_DATE_CHARS: usize = 120;
/// Dates stand a little above the headline, soon below it, around the text's first line or soon below the text
/// (guesses that hold on the development pages).
const NODES_ABOVE_HEADLINE: usize = 80;
const NODES_BELOW_HEADLINE: usize = 60;
const NODES_AROUND_FIRST_LINE: usize = 30;
const NODES_BEHIND_BODY: usize = 150;
/// How far below the headline its own lines reach where the text begins late.
const MAX_HEAD_NODES: usize = 400;
/// Pages with more marked-up times and names than this are lists.
const MAX_MARKED: usize = 150;
/// Texts of larger pages are looked at only up to here.
const MAX_NODES: usize = 20_000;
/// The longest date that stands alone, with weekday, time and zone.
const MAX_ALONE_BYTES: usize = 60;
/// What may stand beside it: "By", "3 min read". A guess.
const MAX_BESIDE_BYTES: usize = 20;
/// More elements of one kind belong to a list.
const MANY_ALIKE: usize = 4;

/// Where on the page the article stands, as node numbers.
#[derive(Clone, Default)]
pub struct Place {
    pub headline: Option<usize>,
    /// From the first block of the text to the last one.
    pub body: Option<Range<usize>>,
}

impl Place {
    /// Without a headline that stands behind the text: it is that of another article.
    pub fn settled(self) -> Place {
        let ends = self.body.as_ref().map(|b| b.end);
        Place { headline: self.headline.filter(|&h| ends.is_none_or(|end| h < end)), ..self }
    }

    /// What stands between headline and text, and a little above the headline.
    fn head(&self, dom: &Dom, evidence: &Evidence) -> Range<usize> {
        let body_start = self.body.as_ref().map(|b| b.start);
        let headline = self.headline.or(body_start).unwrap_or(evidence.body);
        let start = headline.saturating_sub(NODES_ABOVE_HEADLINE).max(evidence.body);
        let below = headline + NODES_BELOW_HEADLINE;
        let first_line = body_start.filter(|&b| b > headline).map(|b| b + NODES_AROUND_FIRST_LINE);
        let unknown = if self.body.is_none() { headline + MAX_HEAD_NODES } else { below };
        let end = first_line.map_or(unknown, |b| b.clamp(below, headline + MAX_HEAD_NODES));
        start.min(dom.nodes.len())..end.min(dom.nodes.len())
    }

    /// How much the place speaks for a date that stands there.
    fn points(&self, id: usize, head: &Range<usize>, kind: Kind) -> i32 {
        let near = |at: usize, before: usize, after: usize| id + before >= at && id < at + after;
        let by_headline = self.headline.is_some_and(|h| near(h, 0, NODES_BELOW_HEADLINE));
        let first_line = self.body.as_ref().map(|b| b.start);
        let by_text = first_line.is_some_and(|b| near(b, NODES_AROUND_FIRST_LINE, NODES_AROUND_FIRST_LINE));
        match &self.body {
            _ if by_headline || by_text => 4,
            _ if head.contains(&id) => 2,
            Some(body) if body.contains(&id) => {
                if kind == Kind::Text {
                    -2
                } else {
                    0
                }
            }
            Some(body) if id > body.end && id < body.end + NODES_BEHIND_BODY => i32::from(kind != Kind::Text),
            _ => -1,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Time,
    Named,
    Hinted,
    Text,
}

/// A date on the page.
pub struct Shown {
    pub date: Published,
    /// The other day that it could be, where the page leaves open which number is the month.
    pub swapped: Option<Date>,
    pub score: i32,
    /// Said to be the publication.
    pub published: bool,
    /// Said to be a change, not the publication.
    pub updated: bool,
    /// Stands with the headline.
    pub in_head: bool,
    pub source: &'static str,
}

struct Found {
    id: usize,
    kind: Kind,
    date: Published,
    swapped: Option<Date>,
    marks: marks::Marks,
    /// Neither the text nor what is beside it says anything else.
    alone: bool,
}

/// All dates that could be the article's, best first; `everywhere` also looks at plain texts far from the headline.
pub fn dates(
    dom: &Dom,
    evidence: &Evidence,
    place: &Place,
    url: &Url,
    everywhere: bool,
    reading: Reading<'_>,
) -> Vec<Shown> {
    let month = url_date::month(url);
    let head = place.head(dom, evidence);
    let mut found = marked(dom, evidence, reading);
    let behind = place.body.as_ref().map(|b| b.end..(b.end + NODES_BEHIND_BODY).min(dom.nodes.len()));
    let all = evidence.body..dom.nodes.len().min(evidence.body + MAX_NODES);
    let places = if everywhere { [Some(all), None] } else { [Some(head.clone()), behind] };
    for range in places.into_iter().flatten() {
        found.extend(range.filter_map(|id| in_text(dom, id, reading)));
    }
    settle_orders(&mut found);
    let alike = alike(dom, &found);
    let mut elsewhere = Elsewhere::of(dom, [place.headline, place.body.as_ref().map(|b| b.start)]);
    let mut shown: Vec<(usize, Shown)> = found
        .iter()
        .map(|f| {
            let mut shown = judged(dom, f, place, &head, alike.get(&signature(dom, f)).copied());
            shown.score -= elsewhere.points(innermost(dom, f.id));
            (f.id, shown)
        })
        .collect();
    if let Some(month) = month {
        for (_, shown) in &mut shown {
            let date = shown.date.at.civil.date();
            shown.score += if (date.year(), date.month()) == month { 2 } else { 0 };
        }
    }
    shown.sort_by_key(|(id, s)| (-s.score, *id));
    shown.into_iter().map(|(_, s)| s).collect()
}

/// The text that the date stands in, in the element that was found by its name: what is around it there counts too.
fn innermost(dom: &Dom, id: usize) -> usize {
    let mut texts = dom.subtree(id).filter(|&at| dom.node(at).tag == Tag::Text);
    texts.find(|&at| may_hold_a_date(dom.node(at).text())).unwrap_or(id)
}

/// `03/04/2025` is the day that the page tells in full elsewhere, where it tells just one of the two so.
fn settle_orders(found: &mut [Found]) {
    let day = |f: &Found| f.date.at.civil.date();
    if found.iter().all(|f| f.swapped.is_none()) {
        return;
    }
    let sure: Vec<Date> = found.iter().filter(|f| f.swapped.is_none()).map(day).collect();
    for open in found {
        if let Some(other) = open.swapped.filter(|d| sure.contains(d) && !sure.contains(&day(open))) {
            open.date.at.civil = other.to_datetime(open.date.at.civil.time());
            open.swapped = None;
        }
    }
}

/// `<time>` elements, and those whose names read like a date.
fn marked(dom: &Dom, evidence: &Evidence, reading: Reading<'_>) -> Vec<Found> {
    let times = evidence.times.iter().take(MAX_MARKED).filter_map(|&id| {
        let (date, swapped) = value_of(dom, id, reading)?;
        let text = Some(dom.text_of(id)).filter(|t| t.chars().count() <= MAX_DATE_CHARS).unwrap_or_default();
        let marks = marks::around(dom, id, &text.to_lowercase());
        Some(Found { id, kind: Kind::Time, date, swapped, marks, alone: false })
    });
    let named = evidence.hinted.iter().filter_map(|&id| Some((id, kind_by_name(dom, id)?))).take(MAX_MARKED);
    let named = named.filter_map(|(id, kind)| {
        if dom.subtree(id).len() > 60 {
            return None;
        }
        let text = dom.text_of(id).to_lowercase();
        let by_attribute = || {
            let is_without_text = !may_hold_a_date(&text);
            Some((is_without_text.then(|| value_of(dom, id, reading))??, marks::around(dom, id, "")))
        };
        let ((date, swapped), marks) = told(dom, id, &text, reading).or_else(by_attribute)?;
        Some(Found { id, kind, date, swapped, marks, alone: false })
    });
    times.chain(named).collect()
}

/// The date of a short text: what stands behind "published" where it says that too.
fn told(dom: &Dom, id: usize, text: &str, reading: Reading<'_>) -> Option<(Told, marks::Marks)> {
    if text.chars().count() > MAX_DATE_CHARS || !may_hold_a_date(text) {
        return None;
    }
    let published = marks::behind_published(text);
    let date = published.and_then(|t| first_told(t, reading)).or_else(|| first_told(text, reading))?;
    Some((date, marks::around(dom, id, text)))
}

fn in_text(dom: &Dom, id: usize, reading: Reading<'_>) -> Option<Found> {
    let node = dom.node(id);
    if node.tag != Tag::Text || !may_hold_a_date(node.text()) {
        return None;
    }
    let text = node.text().trim();
    // A line that begins with a place and a date goes on as text.
    let head = text.char_indices().nth(if text.len() > 200 { 32 } else { 64 });
    let text = head.map_or(text, |(at, _)| &text[..at]).to_lowercase();
    let ((date, swapped), marks) = told(dom, id, &text, reading)?;
    let alone = text.len() <= MAX_ALONE_BYTES && is_only_a_date(&text, reading) && !is_in_a_sentence(dom, id);
    Some(Found { id, kind: Kind::Text, date, swapped, marks, alone })
}

/// Whether text goes on beside this text or beside what holds it.
fn is_in_a_sentence(dom: &Dom, id: usize) -> bool {
    let says_more =
        |at: usize| dom.node(at).tag == Tag::Text && dom.node(at).text().trim().len() > MAX_BESIDE_BYTES;
    dom.ancestors(id).take(2).any(|around| dom.children(around).any(|at| at != id && says_more(at)))
}

fn may_hold_a_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).take(3).count();
    digits >= 3 || (!text.is_ascii() && text.chars().filter(|c| c.is_numeric()).take(3).count() >= 3)
}

static DATES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&["date", "datum", "fecha", "publish", "time", "posted", "created", "publicat", "datetime"])
});
static WEAK: LazyLock<Words> = LazyLock::new(|| Words::new(&["meta", "byline", "info", "author"]));

fn kind_by_name(dom: &Dom, id: usize) -> Option<Kind> {
    let has = |words: &Words| names_of(dom, id).any(|name| words.is_in(name));
    if has(&DATES) {
        return Some(Kind::Named);
    }
    has(&WEAK).then_some(Kind::Hinted)
}

/// Elements of one kind and class, by their number.
fn alike<'a>(dom: &'a Dom, found: &[Found]) -> HashMap<(Kind, &'a str), usize> {
    let mut counts = HashMap::new();
    for f in found.iter().filter(|f| f.kind != Kind::Text) {
        *counts.entry(signature(dom, f)).or_insert(0) += 1;
    }
    counts
}

fn signature<'a>(dom: &'a Dom, found: &Found) -> (Kind, &'a str) {
    let class = |id: usize| dom.node(id).attribute(Attr::Class);
    let own = class(found.id).or_else(|| class(dom.node(found.id).parent as usize));
    (found.kind, own.unwrap_or_default())
}

fn judged(dom: &Dom, found: &Found, place: &Place, head: &Range<usize>, alike: Option<usize>) -> Shown {
    let id = found.id;
    let in_head = head.contains(&id);
    let mut score = match found.kind {
        Kind::Time | Kind::Named => 3,
        // A line below the headline that is a date is as good as one marked up as such.
        Kind::Text if found.alone && place.headline.is_some_and(|h| h < id) => 3,
        Kind::Hinted | Kind::Text => 1,
    };
    score += if found.marks.published { 2 } else { 0 } - if found.marks.updated { 3 } else { 0 };
    score += place.points(id, head, found.kind);
    if !in_head && alike.is_some_and(|n| n >= MANY_ALIKE) {
        score -= 2;
    }
    if in_longer_link(dom, id) {
        score -= 4;
    }
    let source = if found.kind == Kind::Time { "time" } else { "text" };
    let marks::Marks { published, updated } = found.marks;
    Shown { date: found.date, swapped: found.swapped, score, published, updated, in_head, source }
}

/// A link that says more than the date leads to another article.
fn in_longer_link(dom: &Dom, id: usize) -> bool {
    let link = dom.ancestors(id).take(6).find(|&a| dom.node(a).tag == Tag::A);
    link.is_some_and(|a| dom.subtree(a).len() > 4 && dom.text_of(a).chars().count() > 40)
}
