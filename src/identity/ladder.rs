//! The ladder: short link, canonical URL, the page's own URL; the first rung that holds is the identity.

use super::{AliasKey, ArticleId, TrackingParameters, normalize, site_of};
use crate::record::DeclaredName;
use url::Url;

/// What a page and its fetch say about its names.
pub struct Declared<'a> {
    /// Final URL, normalized.
    pub page: &'a Url,
    pub requested_url: &'a str,
    /// URLs that redirected to the page.
    pub hops: &'a [String],
    /// In the order in which they count.
    pub short_links: &'a [DeclaredName],
    pub canonical_urls: &'a [DeclaredName],
    pub tracking: &'a TrackingParameters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RungKind {
    ShortLink,
    CanonicalUrl,
    PageUrl,
    /// The requested URL and the redirects: an alias, never the identity.
    AskedFor,
}

impl RungKind {
    pub fn as_str(self) -> &'static str {
        match self {
            RungKind::ShortLink => "short_link",
            RungKind::CanonicalUrl => "canonical_url",
            RungKind::PageUrl => "page_url",
            RungKind::AskedFor => "asked_for",
        }
    }
}

/// One name that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    pub kind: RungKind,
    pub url: Url,
    pub key: AliasKey,
    /// Where it stood: `link_shortlink`, `json_ld`, `requested_url`, …
    pub from: String,
}

/// All names of one page, in order. There is always at least the page's own URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    pub site: String,
    pub rungs: Vec<Rung>,
    /// The page's own URL as a name, wherever on the ladder it stands.
    pub page: AliasKey,
    /// The canonical URL that holds, also where a higher rung has the same key.
    pub canonical_url: Option<Url>,
    /// A `rel=canonical` on another site: that site's owner is to fetch it.
    pub foreign_canonical: Option<Url>,
    /// Declared names that are no identity, and why.
    pub refused: Vec<(DeclaredName, &'static str)>,
}

impl Ladder {
    /// The id that the article has if it is published under `rung`.
    pub fn article_id(&self, rung: &Rung) -> ArticleId {
        ArticleId::of(&rung.url, &self.site)
    }

    pub fn first(&self, kind: RungKind) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.kind == kind)
    }
}

/// Climbs the ladder.
pub fn ladder(declared: &Declared<'_>) -> Ladder {
    let site = site_of(declared.page);
    let mut builder = Builder {
        ladder: Ladder {
            page: AliasKey::of(declared.page, &site),
            site,
            rungs: Vec::new(),
            canonical_url: None,
            foreign_canonical: None,
            refused: Vec::new(),
        },
        declared,
    };
    builder.short_link();
    builder.canonical_url();
    builder.add(RungKind::PageUrl, declared.page.clone(), "page_url");
    builder.asked_for();
    builder.ladder
}

struct Builder<'a> {
    ladder: Ladder,
    declared: &'a Declared<'a>,
}

impl Builder<'_> {
    fn short_link(&mut self) {
        for name in self.declared.short_links {
            match self.judge(name) {
                Ok(url) => return self.add(RungKind::ShortLink, url, &name.from),
                Err(why) => self.ladder.refused.push((name.clone(), why)),
            }
        }
        let asked = normalize(self.declared.requested_url, self.declared.tracking).ok();
        let own_form = [Some(self.declared.page.clone()), asked].into_iter().flatten().find(is_post_id_form);
        if let Some(url) = own_form.filter(|url| site_of(url) == self.ladder.site) {
            self.add(RungKind::ShortLink, url, "own_url");
        }
    }

    fn canonical_url(&mut self) {
        for name in self.declared.canonical_urls {
            match self.judge(name) {
                Ok(url) if site_of(&url) == self.ladder.site => {
                    self.ladder.canonical_url = Some(url.clone());
                    return self.add(RungKind::CanonicalUrl, url, &name.from);
                }
                Ok(url) if name.from == "link_canonical" && self.ladder.foreign_canonical.is_none() => {
                    self.ladder.foreign_canonical = self.unless_visited(url);
                }
                Ok(_) => self.ladder.refused.push((name.clone(), "another_site")),
                Err(why) => self.ladder.refused.push((name.clone(), why)),
            }
        }
    }

    /// Two sites whose pages name each other as canonical would send a job back and forth.
    fn unless_visited(&self, url: Url) -> Option<Url> {
        let key = |url: &Url| AliasKey::of(url, "");
        let visited = self.asked_urls().any(|(asked, _)| key(&asked) == key(&url));
        (!visited && url.host_str().is_some_and(|host| host.contains('.'))).then_some(url)
    }

    fn asked_for(&mut self) {
        let urls: Vec<(Url, &str)> = self.asked_urls().collect();
        for (url, from) in urls {
            if !is_home_page(&url) {
                self.add(RungKind::AskedFor, url, from);
            }
        }
    }

    fn asked_urls(&self) -> impl Iterator<Item = (Url, &'static str)> {
        let requested = std::iter::once((self.declared.requested_url, "requested_url"));
        let hops = self.declared.hops.iter().map(|hop| (hop.as_str(), "redirect"));
        let tracking = self.declared.tracking;
        requested.chain(hops).filter_map(move |(text, from)| Some((normalize(text, tracking).ok()?, from)))
    }

    /// One key stands once, under its highest rung.
    fn add(&mut self, kind: RungKind, url: Url, from: &str) {
        let key = AliasKey::of(&url, &self.ladder.site);
        if self.ladder.rungs.iter().all(|rung| rung.key != key) {
            self.ladder.rungs.push(Rung { kind, url, key, from: from.to_owned() });
        }
    }

    /// A name that is no identity is refused: not http(s), the home page, a section page, an article's URL
    /// without the parameter that tells which article.
    fn judge(&self, name: &DeclaredName) -> Result<Url, &'static str> {
        let absolute = self.declared.page.join(name.url.trim()).map_err(|_| "not_a_url")?;
        let url = normalize(absolute.as_str(), self.declared.tracking).map_err(|_| "not_a_url")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials");
        }
        if is_home_page(&url) {
            return Err("home_page");
        }
        if is_section_of(&url, self.declared.page) {
            return Err("section_page");
        }
        if loses_the_article(&url, self.declared.page) {
            return Err("lacks_article_parameter");
        }
        Ok(url)
    }
}

/// Query parameters that tell which article a script shows.
const ARTICLE_PARAMETERS: &[&str] = &[
    "p",
    "id",
    "aid",
    "nid",
    "sid",
    "idxno",
    "article",
    "articleid",
    "article_id",
    "story",
    "storyid",
    "story_id",
    "newsid",
    "news_id",
    "no",
    "seq",
    "postid",
    "post_id",
    "itemid",
    "contentid",
    "uid",
    "artid",
];

fn article_parameters(url: &Url) -> impl Iterator<Item = (String, String)> {
    let of_an_article = |(name, value): &(String, String)| {
        ARTICLE_PARAMETERS.contains(&name.to_ascii_lowercase().as_str())
            && value.bytes().any(|b| b.is_ascii_digit())
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(of_an_article).collect();
    pairs.into_iter()
}

/// `https://site/?p=123`, WordPress' own short link.
fn is_post_id_form(url: &Url) -> bool {
    matches!(url.path(), "/" | "/index.php")
        && url.query_pairs().any(|(name, value)| {
            name == "p" && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit())
        })
}

fn is_home_page(url: &Url) -> bool {
    let path = url.path().trim_matches('/').to_ascii_lowercase();
    let is_front =
        matches!(path.as_str(), "" | "index.html" | "index.htm" | "index.php" | "home" | "default.aspx");
    is_front && article_parameters(url).next().is_none() && !has_opaque_query(url)
}

/// `/?story/2024/a-b` and other front controllers: a query that is a path rather than options.
fn has_opaque_query(url: &Url) -> bool {
    url.query()
        .is_some_and(|query| query.contains('/') || query.bytes().filter(u8::is_ascii_digit).count() >= 4)
}

/// Endings of a URL that show the same article in another form.
const SAME_ARTICLE_ENDINGS: &[&str] = &[
    "amp",
    "amp.html",
    "amphtml",
    "print",
    "all",
    "full",
    "single",
    "comments",
    "index.html",
    "page",
    "mobile",
    "html",
];

/// First path segments under which sites list articles.
const LISTING_SEGMENTS: &[&str] = &[
    "category",
    "categories",
    "tag",
    "tags",
    "author",
    "authors",
    "topic",
    "topics",
    "section",
    "search",
    "feed",
];

/// A page that lists articles by its URL alone: the home page, `/category/world/`, `/tag/apec/page/2`, a search.
pub fn is_listing(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let has_listing_name = segments.first().is_some_and(|first| LISTING_SEGMENTS.contains(first));
    let slug = segments.last().copied().unwrap_or_default();
    is_home_page(url) || (has_listing_name && !looks_like_an_article(slug))
}

/// A listing, or a folder above the page that is not the page itself in another form.
fn is_section_of(name: &Url, page: &Url) -> bool {
    let segments = |url: &Url| -> Vec<String> {
        url.path().split('/').filter(|s| !s.is_empty()).map(str::to_ascii_lowercase).collect()
    };
    let (name_path, page_path) = (segments(name), segments(page));
    let is_listing = name_path.first().is_some_and(|first| LISTING_SEGMENTS.contains(&first.as_str()));
    if is_listing && name_path.len() <= 2 && name_path != page_path {
        return true;
    }
    let is_above = name_path.len() < page_path.len() && page_path.starts_with(&name_path);
    let ending = page_path.get(name_path.len()).map(String::as_str).unwrap_or_default();
    let same_article = SAME_ARTICLE_ENDINGS.contains(&ending)
        || (ending.len() <= 2 && ending.bytes().all(|b| b.is_ascii_digit()))
        || looks_like_an_article(name_path.last().map(String::as_str).unwrap_or_default());
    site_of(name) == site_of(page) && is_above && !same_article && article_parameters(name).next().is_none()
}

/// A slug of four words or more, or a number of five digits or more: sections have neither.
fn looks_like_an_article(segment: &str) -> bool {
    let digits = segment.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    segment.split(['-', '_']).filter(|word| !word.is_empty()).count() >= 4 || digits >= 5
}

/// `/article.php` as the canonical of `/article.php?id=5` names every article of the site.
fn loses_the_article(name: &Url, page: &Url) -> bool {
    let same_script = site_of(name) == site_of(page) && name.path() == page.path();
    same_script
        && name.query().is_none()
        && article_parameters(page).any(|(name, _)| name != "p" || page.path() == "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[(&str, &str)]) -> Vec<DeclaredName> {
        list.iter().map(|(from, url)| DeclaredName { url: (*url).into(), from: (*from).into() }).collect()
    }

    fn climb(page: &str, short: &[(&str, &str)], canonical: &[(&str, &str)]) -> Ladder {
        let page = Url::parse(page).unwrap();
        ladder(&Declared {
            page: &page,
            requested_url: page.as_str(),
            hops: &[],
            short_links: &names(short),
            canonical_urls: &names(canonical),
            tracking: &TrackingParameters::default(),
        })
    }

    fn identity_of(page: &str, short: &[(&str, &str)], canonical: &[(&str, &str)]) -> String {
        climb(page, short, canonical).rungs[0].url.to_string()
    }

    const PAGE: &str = "https://www.news.example/politics/talks-may-resume-in-seoul/";

    #[test]
    fn the_short_link_comes_first_then_the_canonical_then_the_page() {
        let short = [("link_shortlink", "https://www.news.example/?p=81234")];
        let canonical = [("link_canonical", "/politics/talks-may-resume-in-seoul")];
        assert_eq!(identity_of(PAGE, &short, &canonical), "https://www.news.example/?p=81234");
        assert_eq!(
            identity_of(PAGE, &[], &canonical),
            "https://www.news.example/politics/talks-may-resume-in-seoul"
        );
        assert_eq!(identity_of(PAGE, &[], &[]), PAGE);
        assert_eq!(identity_of("https://news.example/?p=7", &[], &[]), "https://news.example/?p=7");
        assert_eq!(climb("https://news.example/?p=7", &[], &[]).rungs[0].kind, RungKind::ShortLink);
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        let refused = |url: &str| climb(PAGE, &[], &[("link_canonical", url)]).refused.first().map(|r| r.1);
        assert_eq!(refused("https://www.news.example/"), Some("home_page"));
        assert_eq!(refused("https://www.news.example/?utm_source=a"), Some("home_page"));
        assert_eq!(refused("https://www.news.example/politics/"), Some("section_page"));
        assert_eq!(refused("https://www.news.example/category/politics/"), Some("section_page"));
        assert_eq!(refused("javascript:void(0)"), Some("not_a_url"));
        assert_eq!(refused("https://a:b@www.news.example/x-y-z-w"), Some("credentials"));
        let script = climb("https://news.example/view.php?id=55", &[], &[("link_canonical", "/view.php")]);
        assert_eq!(script.refused[0].1, "lacks_article_parameter");
    }

    #[test]
    fn a_page_that_lists_articles_is_told_by_its_url() {
        let check = |url: &str| is_listing(&Url::parse(url).unwrap());
        assert!(check("https://news.example/") && check("https://news.example/category/world/"));
        assert!(check("https://news.example/tag/apec/page/2") && check("https://news.example/index.php"));
        assert!(!check("https://news.example/?p=7") && !check("https://news.example/world/a-story"));
        assert!(!check("https://news.example/topics/talks-may-resume-in-seoul"));
    }

    #[test]
    fn an_amp_or_second_page_names_the_article_above_it() {
        for page in [
            "https://news.example/story/amp/",
            "https://news.example/story/2/",
            "https://news.example/story?amp=1",
        ] {
            assert_eq!(
                identity_of(page, &[], &[("link_canonical", "https://news.example/story")]),
                "https://news.example/story"
            );
        }
    }

    #[test]
    fn a_canonical_of_another_site_is_a_job_for_its_owner() {
        let away = climb(PAGE, &[], &[("link_canonical", "https://origin.example/a/b"), ("og_url", PAGE)]);
        assert_eq!(away.foreign_canonical.unwrap().as_str(), "https://origin.example/a/b");
        let claimed = climb(PAGE, &[], &[("og_url", "https://origin.example/a/b")]);
        assert_eq!((claimed.foreign_canonical, claimed.refused[0].1), (None, "another_site"));
    }

    #[test]
    fn requested_url_and_redirects_are_aliases() {
        let page = Url::parse(PAGE).unwrap();
        let climbed = ladder(&Declared {
            page: &page,
            requested_url: "https://bit.ly/x1",
            hops: &[
                "https://bit.ly/x1".into(),
                "https://news.example/go/9".into(),
                "https://news.example/".into(),
            ],
            short_links: &[],
            canonical_urls: &[],
            tracking: &TrackingParameters::default(),
        });
        let kinds: Vec<RungKind> = climbed.rungs.iter().map(|rung| rung.kind).collect();
        assert_eq!(kinds, [RungKind::PageUrl, RungKind::AskedFor, RungKind::AskedFor]);
    }
}
