//! News pages for tests: made from a number, so that each is another article with another text.

/// What a page says about itself.
#[derive(Clone, Debug, Default)]
pub struct Article {
    pub number: usize,
    pub canonical: Option<String>,
    pub short_link: Option<String>,
}

impl Article {
    pub fn new(number: usize) -> Article {
        Article { number, ..Article::default() }
    }

    pub fn canonical(mut self, url: &str) -> Article {
        self.canonical = Some(url.to_owned());
        self
    }

    pub fn short_link(mut self, url: &str) -> Article {
        self.short_link = Some(url.to_owned());
        self
    }

    pub fn title(&self) -> String {
        let (place, matter) = (word(PLACES, self.number), word(MATTERS, self.number / PLACES.len()));
        format!("{place} council votes on {matter} plan number {}", self.number)
    }

    pub fn html(&self) -> String {
        let link = |rel: &str, href: &Option<String>| match href {
            Some(href) => format!("<link rel=\"{rel}\" href=\"{href}\">\n"),
            None => String::new(),
        };
        let paragraphs: String = self.paragraphs().iter().map(|text| format!("<p>{text}</p>\n")).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>{title} - The Test Post</title>\n\
             <meta property=\"og:type\" content=\"article\">\n<meta property=\"og:title\" content=\"{title}\">\n\
             <meta property=\"og:site_name\" content=\"The Test Post\">\n\
             <meta property=\"article:published_time\" content=\"2026-03-{day:02}T09:30:00+01:00\">\n{links}</head>\n\
             <body><header><nav><a href=\"/\">Home</a> <a href=\"/local\">Local</a></nav></header>\n\
             <main><article><h1>{title}</h1>\n{paragraphs}</article></main>\n\
             <footer><a href=\"/about\">About us</a></footer></body></html>\n",
            title = self.title(),
            day = self.number % 28 + 1,
            links = link("canonical", &self.canonical) + &link("shortlink", &self.short_link),
        )
    }

    pub fn paragraphs(&self) -> Vec<String> {
        (0..6).map(|index| self.paragraph(index)).collect()
    }

    /// Words drawn by number, every second one the article's own: two articles share little words and hardly a
    /// phrase, as real ones do. (With fixed phrases they would pass for two versions of one article.)
    fn paragraph(&self, index: usize) -> String {
        (0..3).map(|sentence| self.sentence(index * 3 + sentence)).collect::<Vec<_>>().join(" ")
    }

    fn sentence(&self, index: usize) -> String {
        let draw =
            |list: &'static [&'static str], at: usize| word(list, mixed(self.number, index * 100 + at));
        let phrase = |at: usize| {
            let name = self.name(mixed(self.number + index, at) % 12);
            format!("{} {name} {} {}", draw(LITTLE, at), draw(DEEDS, at + 20), draw(NOUNS, at + 40))
        };
        format!("{}.", (0..5).map(phrase).collect::<Vec<_>>().join(" "))
    }

    /// One of the people and villages of which only this article tells.
    fn name(&self, which: usize) -> String {
        let draw = |list: &'static [&'static str], at: usize| word(list, mixed(self.number * 31 + which, at));
        format!("{}{}{}", draw(INITIALS, 1), draw(SYLLABLES, 2), draw(SYLLABLES, 3))
    }
}

fn word(list: &'static [&'static str], at: usize) -> &'static str {
    list[at % list.len()]
}

/// Spreads neighbouring numbers far apart (the finalizer of splitmix64).
fn mixed(number: usize, at: usize) -> usize {
    let seed = ((number as u64) << 32 | at as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (seed ^ (seed >> 31)) as usize
}

const LITTLE: &[&str] =
    &["the", "of", "and", "in", "for", "after", "with", "that", "when", "because", "while", "by"];
const PLACES: &[&str] =
    &["Harbour", "Northgate", "Millbrook", "Eastfield", "Lakeside", "Old Town", "Ridgeway"];
const INITIALS: &[&str] =
    &["Ba", "Do", "Fe", "Gu", "Ka", "Li", "Mo", "Na", "Pe", "Ro", "Sa", "Ti", "Vo", "Wa"];
const SYLLABLES: &[&str] = &[
    "bel", "cor", "dan", "fil", "gar", "hem", "kin", "lor", "mar", "nev", "pol", "rik", "sum", "tav", "vin",
];
const MATTERS: &[&str] = &["bridge", "library", "tram", "school kitchen", "flood wall", "market hall"];
#[rustfmt::skip]
const NOUNS: &[&str] = &[
    "mayor", "clerk", "engineer", "teacher", "orchard", "ferry", "budget", "warehouse", "choir", "reservoir",
    "museum", "contract", "bakery", "tunnel", "survey", "festival", "clinic", "lantern", "harvest", "rowing club",
    "quarry", "newspaper", "pension", "bus lane", "greenhouse", "court", "archive", "vineyard", "garrison", "printer",
    "theatre", "lighthouse", "dairy", "permit", "sawmill", "stadium", "chapel", "fountain", "beekeeper", "depot",
];
#[rustfmt::skip]
const DEEDS: &[&str] = &[
    "opened", "sold", "repaired", "refused", "inspected", "painted", "postponed", "praised", "moved", "borrowed",
    "measured", "closed", "counted", "defended", "replaced", "insured", "visited", "rented", "copied", "abandoned",
];
