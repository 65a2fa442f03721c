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
        let paragraphs: String = (0..6).map(|i| format!("<p>{}</p>\n", self.paragraph(i))).collect();
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

    /// Words drawn by number: two articles share the little words and hardly a phrase, as real ones do.
    fn paragraph(&self, index: usize) -> String {
        (0..3).map(|sentence| self.sentence(index * 3 + sentence)).collect::<Vec<_>>().join(" ")
    }

    fn sentence(&self, index: usize) -> String {
        let draw = |list: &'static [&'static str], at: usize| word(list, mixed(self.number, index * 16 + at));
        let noun = |at| draw(NOUNS, at);
        format!(
            "The {} {} {} the {} of {} after {} {} had {} a {} {}, and {} of the {} {} in {}.",
            draw(KINDS, 0),
            noun(1),
            draw(DEEDS, 2),
            noun(3),
            draw(PLACES, 4),
            draw(KINDS, 5),
            noun(6),
            draw(DEEDS, 7),
            draw(KINDS, 8),
            noun(9),
            noun(10),
            noun(11),
            draw(DEEDS, 12),
            draw(PLACES, 13),
        )
    }
}

fn word(list: &'static [&'static str], at: usize) -> &'static str {
    list[at % list.len()]
}

/// Spreads neighbouring numbers far apart (multiplication by a large odd number, high bits kept).
fn mixed(number: usize, at: usize) -> usize {
    let product = (number as u64 * 977 + at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (product >> 33) as usize
}

const PLACES: &[&str] =
    &["Harbour", "Northgate", "Millbrook", "Eastfield", "Lakeside", "Old Town", "Ridgeway"];
const MATTERS: &[&str] = &["bridge", "library", "tram", "school kitchen", "flood wall", "market hall"];
#[rustfmt::skip]
const NOUNS: &[&str] = &[
    "mayor", "clerk", "engineer", "teacher", "orchard", "ferry", "budget", "warehouse", "choir", "reservoir",
    "museum", "contract", "bakery", "tunnel", "survey", "festival", "clinic", "lantern", "harvest", "rowing club",
    "quarry", "newspaper", "pension", "bus lane", "greenhouse", "court", "archive", "vineyard", "garrison", "printer",
    "theatre", "lighthouse", "dairy", "permit", "sawmill", "stadium", "chapel", "fountain", "beekeeper", "depot",
];
#[rustfmt::skip]
const KINDS: &[&str] = &[
    "early", "costly", "narrow", "forgotten", "municipal", "wooden", "rival", "foreign", "quiet", "temporary",
    "flooded", "popular", "private", "annual", "electric", "disputed", "modest", "historic", "northern", "volunteer",
];
#[rustfmt::skip]
const DEEDS: &[&str] = &[
    "opened", "sold", "repaired", "refused", "inspected", "painted", "postponed", "praised", "moved", "borrowed",
    "measured", "closed", "counted", "defended", "replaced", "insured", "visited", "rented", "copied", "abandoned",
];
