//! The model of the storm: which articles exist, by which URLs, and what must come of each record.

use crate::support::page_server::Page;
use crate::support::pages::Article;
use newswire::identity::{Fingerprint, fingerprint};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

const SITES: usize = 24;
/// Records of one portion.
const PORTION: std::ops::Range<u64> = 8..24;
/// Revised articles wait at most this many for their time: the publication of their first version.
const REVISIONS_AT_ONCE: usize = 3;

/// splitmix64: the same numbers for the same seed, on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn between(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }
}

/// By which pages an article is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Its own page, a copy and an AMP twin, all with one canonical URL.
    Copies,
    /// Two pages with one short link.
    ShortLink,
    /// An old address and a link shortener that redirect to it.
    Redirects,
    /// A page that carries a short link which its template prints on every page of the site.
    Conflict,
    /// One page, which changes after it was published.
    Revised,
}

const KINDS: [Kind; 5] = [Kind::Copies, Kind::ShortLink, Kind::Redirects, Kind::Conflict, Kind::Revised];

fn kind_of(number: usize) -> Kind {
    KINDS[number % KINDS.len()]
}

fn site_of(number: usize) -> String {
    // Not in step with the kinds: every site has articles of every kind.
    format!("http://paper{}.example", number / KINDS.len() % SITES)
}

#[derive(Default)]
struct State {
    articles: usize,
    records: u64,
    /// Articles to be revised once they are published, and those that were.
    to_revise: Vec<usize>,
    revised: BTreeSet<usize>,
    rejects: BTreeMap<String, usize>,
    /// URLs for later: copies far from each other.
    later: Vec<String>,
}

#[derive(Clone)]
pub struct Model(Arc<Mutex<State>>);

impl Model {
    pub fn new() -> Model {
        Model(Arc::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn records(&self) -> u64 {
        self.state().records
    }

    pub fn articles(&self) -> usize {
        self.state().articles
    }

    pub fn updates(&self) -> usize {
        self.state().revised.len()
    }

    /// By which an article is found, without what is only now and then appended.
    pub fn urls(&self, title: &str) -> Vec<String> {
        let number = (0..self.articles()).find(|number| Article::new(*number).title() == title);
        let site = number.map(site_of).unwrap_or_default();
        let paths = ["story", "copy", "amp/story", "old"];
        number.map(|number| paths.map(|path| format!("{site}/{path}/{number}")).to_vec()).unwrap_or_default()
    }

    /// Title and version of every event that must come, each once.
    pub fn expected_events(&self) -> BTreeMap<(String, u64), usize> {
        let state = self.state();
        let first = (0..state.articles).map(|number| (number, 1));
        let all = first.chain(state.revised.iter().map(|number| (*number, 2)));
        all.map(|(number, version)| ((Article::new(number).title(), version), 1)).collect()
    }

    pub fn expected_rejects(&self) -> BTreeMap<String, usize> {
        self.state().rejects.clone()
    }

    /// The next records of the stream. `published` tells which articles may be revised now.
    pub fn portion(
        &self,
        random: &mut Random,
        published: &BTreeMap<(String, u64), usize>,
        times: u64,
    ) -> Vec<Vec<u8>> {
        let mut state = self.state();
        let mut records: Vec<Vec<u8>> = Vec::new();
        let count = (times * random.between(PORTION)) as usize;
        while records.len() < count {
            match random.below(20) {
                0 => records.push(state.bad_record(random)),
                // A URL from long ago: known by now, or fetched lately.
                1..=6 if !state.later.is_empty() => {
                    let at = random.below(state.later.len() as u64) as usize;
                    records.push(state.later.swap_remove(at).into_bytes());
                }
                _ => records.extend(state.new_article(random)),
            }
        }
        records.extend(state.revise(published));
        state.records += records.len() as u64;
        records
    }

    /// The web of this model.
    pub fn answers(&self) -> impl Fn(&str) -> Option<Page> + Send + Sync + 'static {
        let model = self.clone();
        move |url| model.page(url)
    }

    fn page(&self, url: &str) -> Option<Page> {
        let (host, path) = url.split_once("://")?.1.split_once('/')?;
        let (kind, number) = path.rsplit_once('/').unwrap_or(("", path));
        let number: usize = number.parse().ok()?;
        let story = format!("{}/story/{number}", site_of(number));
        let short = format!("{}/?p={}", site_of(number), number + 10);
        let article = Article::new(number);
        let html = match (kind, kind_of(number)) {
            ("old", _) => return Some(Page::redirect(301, &story)),
            ("", Kind::Redirects) if host == "sho.example" => return Some(Page::redirect(302, &story)),
            ("story" | "copy", Kind::ShortLink) => article.short_link(&short).html(),
            ("story" | "copy" | "amp/story", Kind::Copies) => article.canonical(&story).html(),
            ("story", Kind::Redirects) => article.canonical(&story).html(),
            ("story", Kind::Conflict) if lies(number) => {
                article.short_link(&format!("{}/?p=1", site_of(number))).html()
            }
            ("story", Kind::Conflict) => article.html(),
            ("story", Kind::Revised) => {
                let is_revised = self.state().revised.contains(&number);
                let more = format!("<p>{}</p>\n</article>", correction(number));
                let html = article.canonical(&story).html();
                if is_revised { html.replace("</article>", &more) } else { html }
            }
            _ => return None,
        };
        Some(Page::html(html))
    }
}

/// Whether this article's page has the short link that is another's. Made-up texts of few words may lie as near as two
/// versions of one article (one pair in some thousands); such a one would rightly pass for a copy.
fn lies(number: usize) -> bool {
    let text = fingerprint_of(number);
    let mut earlier = (0..number).filter(|n| kind_of(*n) == Kind::Conflict && site_of(*n) == site_of(number));
    earlier.all(|other| text.is_another_text_than(&fingerprint_of(other)))
}

fn fingerprint_of(number: usize) -> Fingerprint {
    static KNOWN: Mutex<BTreeMap<usize, Fingerprint>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    *known.entry(number).or_insert_with(|| {
        let (article, html) = (Article::new(number), Article::new(number).html());
        let paragraphs = html.split("<p>").skip(1).filter_map(|rest| rest.split("</p>").next());
        fingerprint(&article.title(), &paragraphs.collect::<Vec<_>>().join("\n\n"))
    })
}

fn correction(number: usize) -> String {
    format!(
        "Correction of article {number}: an earlier version of this report named the wrong street, the wrong year and \
         the wrong owner of the building, which the council has asked this newspaper to put right without delay."
    )
}

impl State {
    fn new_article(&mut self, random: &mut Random) -> Vec<Vec<u8>> {
        let number = self.articles;
        self.articles += 1;
        let site = site_of(number);
        let mut urls = match kind_of(number) {
            Kind::Copies => vec![
                format!("{site}/story/{number}"),
                format!("{site}/copy/{number}"),
                format!("{site}/amp/story/{number}?utm_source=storm"),
            ],
            Kind::ShortLink => vec![format!("{site}/story/{number}"), format!("{site}/copy/{number}#top")],
            Kind::Redirects => vec![
                format!("{site}/old/{number}"),
                format!("http://sho.example/{number}"),
                format!("{site}/story/{number}"),
            ],
            Kind::Conflict => vec![format!("{site}/story/{number}")],
            Kind::Revised => {
                self.to_revise.push(number);
                vec![format!("{site}/story/{number}")]
            }
        };
        // Each order of the names comes up, and some of them only long after the others.
        let first = random.below(urls.len() as u64) as usize;
        urls.rotate_left(first);
        if random.below(3) == 0 {
            urls.push(urls[0].clone());
        }
        let now = 1 + random.below(urls.len() as u64) as usize;
        self.later.extend(urls.split_off(now));
        urls.into_iter().map(String::into_bytes).collect()
    }

    fn bad_record(&mut self, random: &mut Random) -> Vec<u8> {
        // Each its own: a URL that is refused once more is one fetched lately.
        let number = self.rejects.values().sum::<usize>();
        let (record, reason): (Vec<u8>, &str) = match random.below(4) {
            0 => (vec![0xff, 0xfe, number as u8], "bad_record"),
            1 => (format!("{{\"url\":{number}").into_bytes(), "bad_record"),
            2 => (format!("ftp://paper1.example/{number}").into_bytes(), "invalid_url"),
            _ => (format!("http://127.0.0.1/{number}").into_bytes(), "refused_address"),
        };
        *self.rejects.entry(reason.to_owned()).or_default() += 1;
        record
    }

    /// Changes pages whose first version is out, and asks for them again.
    fn revise(&mut self, published: &BTreeMap<(String, u64), usize>) -> Vec<Vec<u8>> {
        let is_out = |number: &usize| published.contains_key(&(Article::new(*number).title(), 1));
        let ready: Vec<usize> =
            self.to_revise.iter().copied().filter(is_out).take(REVISIONS_AT_ONCE).collect();
        self.to_revise.retain(|number| !ready.contains(number));
        self.revised.extend(&ready);
        let again = |number: &usize| {
            format!(r#"{{"url":"{}/story/{number}","force":true}}"#, site_of(*number)).into_bytes()
        };
        ready.iter().map(again).collect()
    }
}
