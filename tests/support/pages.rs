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

    fn paragraph(&self, index: usize) -> String {
        let at = |list: &'static [&'static str], step: usize| word(list, self.number * 7 + index * step);
        format!(
            "The {} in {} said on day {} that the {} would {} after residents had {} for {} months, and that a {} \
             of {} thousand had been set aside for it.",
            at(PEOPLE, 3),
            at(PLACES, 5),
            self.number + index,
            at(MATTERS, 2),
            at(DEEDS, 4),
            at(WAITS, 1),
            self.number % 11 + index + 2,
            at(SUMS, 3),
            self.number * 3 + index,
        )
    }
}

fn word(list: &'static [&'static str], at: usize) -> &'static str {
    list[at % list.len()]
}

const PLACES: &[&str] =
    &["Harbour", "Northgate", "Millbrook", "Eastfield", "Lakeside", "Old Town", "Ridgeway"];
const MATTERS: &[&str] = &["bridge", "library", "tram", "school kitchen", "flood wall", "market hall"];
const PEOPLE: &[&str] = &["mayor", "clerk", "chief engineer", "opposition leader", "head teacher"];
const DEEDS: &[&str] = &["open early", "be rebuilt", "cost more", "stay closed", "go ahead", "be put off"];
const WAITS: &[&str] = &["campaigned", "waited", "argued", "written letters", "collected names"];
const SUMS: &[&str] = &["grant", "loan", "reserve", "gift"];
