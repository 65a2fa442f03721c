//! A page without a fetch, as an event: what only a fetch, or memory, knows is null.

use crate::config::Config;
use crate::extract::{Extractor, Page, PageHeaders};
use crate::identity::{Declared, TrackingParameters, fingerprint, ladder, normalize};
use crate::publish::compose;
use crate::record::{Article, Candidate, FetchReport, Job};
use crate::topics::Tagger;
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

/// Fields of the event that need a fetch.
const OF_THE_FETCH: [&str; 4] = ["fetched_at", "first_seen_at", "fetch", "source_record"];

/// Reads pages as the pipeline does, without fetching them.
pub struct PageReader {
    pub extractor: Extractor,
    pub tagger: Tagger,
    tracking: TrackingParameters,
    threshold: f64,
}

impl PageReader {
    pub fn new(config: &Config, extractor: Extractor, tagger: Tagger) -> PageReader {
        let tracking = config.identity.tracking();
        PageReader { extractor, tagger, tracking, threshold: config.topics.threshold }
    }

    /// The event's fields. Fails only where the URL is none.
    pub fn event(&self, url: &str, html: &str) -> Result<Map<String, Value>, String> {
        let page_url = Url::parse(url.trim()).map_err(|error| format!("the URL {url:?} is none: {error}"))?;
        let normalized = normalize(url, &self.tracking).map_err(|problem| problem.to_string())?;
        let page = Page { url: &page_url, html, headers: &PageHeaders::default(), fetched_at: None };
        Ok(self.event_of_article(url, &normalized, self.extractor.extract(&page)))
    }

    fn event_of_article(&self, requested_url: &str, url: &Url, article: Article) -> Map<String, Value> {
        let title = article.title.clone();
        let body = article.body();
        let language = article.language.clone();
        let topics =
            self.tagger.tag(title.as_deref().unwrap_or_default(), &body, language.as_deref(), self.threshold);
        let names = ladder(&Declared {
            page: url,
            requested_url,
            hops: &[],
            short_links: &article.short_links,
            canonical_urls: &article.canonical_urls,
            tracking: &self.tracking,
        });
        let text = fingerprint(title.as_deref().unwrap_or_default(), &body);
        let id = names.article_id(&names.rungs[0]);
        let candidate = candidate(requested_url, url, &names.site, article);
        let event = compose(id, candidate, &names, &text, (topics, self.tagger.version()));
        let mut fields = match serde_json::to_value(&event) {
            Ok(Value::Object(fields)) => fields,
            // An event is a struct of plain data.
            _ => Map::new(),
        };
        for name in OF_THE_FETCH {
            fields.insert(name.to_owned(), Value::Null);
        }
        if title.is_none() {
            fields.insert("title".to_owned(), Value::Null);
        }
        if let Some(Value::Object(rights)) = fields.get_mut("rights") {
            rights.insert("robots_allowed".to_owned(), Value::Null);
        }
        fields
    }
}

/// As the fetch stage would give it; the times and the report are nulled in the end.
fn candidate(requested_url: &str, url: &Url, site: &str, article: Article) -> Candidate {
    let job = Job::new(requested_url.to_owned(), url.to_string(), site.to_owned());
    Candidate {
        v: Candidate::VERSION,
        job,
        url: url.to_string(),
        article,
        fetched_at: Timestamp::UNIX_EPOCH,
        fetch: FetchReport::default(),
    }
}
