//! JSON-LD: all objects of all scripts, `@graph` and nesting flattened, and the one that is this page's article.

use super::json_repair;
use serde_json::{Map, Value};
use url::Url;

/// Nesting beyond this is not looked into; serde_json itself stops at 128.
const MAX_DEPTH: usize = 12;
const MAX_OBJECTS: usize = 2_000;

/// What the page's JSON-LD says.
#[derive(Default)]
pub struct JsonLd {
    /// Every object with a type, in document order.
    objects: Vec<Map<String, Value>>,
    article: Option<usize>,
    pub repaired: bool,
    pub broken: bool,
}

pub fn read(scripts: &[String], page_url: &Url) -> JsonLd {
    let mut found = JsonLd::default();
    for script in scripts {
        match json_repair::parse(script) {
            Some((value, repaired)) => {
                found.repaired |= repaired;
                collect(value, 0, &mut found.objects);
            }
            None => found.broken |= !script.trim().is_empty(),
        }
    }
    found.article = best_article(&found.objects, page_url);
    found
}

fn collect(value: Value, depth: usize, objects: &mut Vec<Map<String, Value>>) {
    if depth > MAX_DEPTH || objects.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, depth + 1, objects)),
        Value::Object(map) => {
            for key in
                ["@graph", "mainEntity", "mainEntityOfPage", "hasPart", "liveBlogUpdate", "itemReviewed"]
            {
                if let Some(inner @ (Value::Array(_) | Value::Object(_))) = map.get(key) {
                    let is_update = key == "liveBlogUpdate";
                    if !is_update {
                        collect(inner.clone(), depth + 1, objects);
                    }
                }
            }
            if map.contains_key("@type") || map.contains_key("@id") || map.contains_key("headline") {
                objects.push(map);
            }
        }
        _ => {}
    }
}

/// How much an object's type says that it is the article; 0 is no article.
fn article_rank(object: &Map<String, Value>) -> u32 {
    types(object)
        .map(|t| {
            let name = t.rsplit(['/', '#', ':']).next().unwrap_or(t);
            match name {
                "NewsArticle"
                | "ReportageNewsArticle"
                | "AnalysisNewsArticle"
                | "OpinionNewsArticle"
                | "BackgroundNewsArticle"
                | "ReviewNewsArticle"
                | "LiveBlogPosting"
                | "AskPublicNewsArticle" => 10,
                "BlogPosting"
                | "Article"
                | "Report"
                | "TechArticle"
                | "ScholarlyArticle"
                | "AdvertiserContentArticle"
                | "SatiricalArticle"
                | "MedicalScholarlyArticle" => 9,
                "SocialMediaPosting"
                | "DiscussionForumPosting"
                | "CreativeWork"
                | "Review"
                | "Recipe"
                | "HowTo" => 4,
                "VideoObject" | "AudioObject" | "PodcastEpisode" | "Event" | "Product" => 1,
                "WebPage" | "ItemPage" | "AboutPage" => 1,
                _ => 0,
            }
        })
        .max()
        .unwrap_or(0)
}

pub fn types(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let list: Vec<&str> = match object.get("@type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    list.into_iter()
}

fn best_article(objects: &[Map<String, Value>], page_url: &Url) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    for (i, object) in objects.iter().enumerate() {
        let rank = article_rank(object);
        if rank == 0 {
            continue;
        }
        let named = ["url", "@id", "mainEntityOfPage"]
            .iter()
            .any(|key| object.get(*key).and_then(url_of).is_some_and(|u| same_path(&u, page_url)));
        let told = ["headline", "datePublished", "author", "articleBody", "dateModified"];
        let fields = told.iter().filter(|key| object.contains_key(**key)).count() as u32;
        let score = rank * 10 + fields * 3 + if named { 25 } else { 0 };
        if best.is_none_or(|(s, _)| score > s) {
            best = Some((score, i));
        }
    }
    best.map(|(_, i)| i)
}

fn same_path(url: &str, page: &Url) -> bool {
    page.join(url)
        .is_ok_and(|u| u.path().trim_end_matches('/') == page.path().trim_end_matches('/') && u.path() != "/")
}

/// The URL in a value: a string, or an object's `@id` or `url`.
pub fn url_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Value::Object(map) => map.get("@id").or_else(|| map.get("url")).and_then(url_of),
        Value::Array(items) => items.first().and_then(url_of),
        _ => None,
    }
}

/// Text in a value: a string, the first of a list, an object's `@value` or `name`.
pub fn text_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(super::clean::plain(text)).filter(|t| !t.is_empty()),
        Value::Array(items) => items.iter().find_map(text_in),
        Value::Object(map) => map.get("@value").or_else(|| map.get("name")).and_then(text_in),
        _ => None,
    }
}

impl JsonLd {
    pub fn article(&self) -> Option<&Map<String, Value>> {
        self.article.map(|i| &self.objects[i])
    }

    /// Whether the article object is one by its type, not a mere web page or video.
    pub fn is_article(&self) -> bool {
        self.article().is_some_and(|a| article_rank(a) >= 4)
    }

    pub fn text(&self, key: &str) -> Option<String> {
        self.article()?.get(key).and_then(text_in)
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.article()?.get(key)
    }

    /// The first object of a type.
    pub fn of_type(&self, name: &str) -> Option<&Map<String, Value>> {
        self.objects.iter().find(|o| types(o).any(|t| t == name))
    }

    /// The object that an `{"@id": …}` reference stands for, else the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Map<String, Value>
where {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let Some(map) = value.as_object() else { return &EMPTY };
        let only_reference = map.len() == 1 || (map.len() == 2 && map.contains_key("@type"));
        if let (true, Some(id)) = (only_reference, map.get("@id")) {
            let target = self.objects.iter().find(|o| o.get("@id") == Some(id) && o.len() > map.len());
            return target.unwrap_or(map);
        }
        map
    }
}
