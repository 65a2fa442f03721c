//! What is read off a page, and what would come of it: identity, fields, topics, rights.

use super::sheet::Sheet;
use crate::extract::Page;
use crate::extract::charset::{self, Decoded};
use crate::fetch::FetchedPage;
use crate::identity::{Declared, Ladder, fingerprint, ladder, normalize};
use crate::pipeline::Pipeline;
use crate::publish::{compose, withhold};
use crate::record::{Article, ArticleEvent, Candidate, Field, Job, Mention};
use jiff::Timestamp;
use std::io;
use std::time::Instant;

/// Characters of a field that are shown.
const SHOWN_CHARS: usize = 100;

/// Places of a topic that are shown.
const MENTIONS_SHOWN: usize = 5;

pub fn tell(sheet: &mut Sheet, pipeline: &Pipeline, job: Job, page: FetchedPage) -> io::Result<()> {
    let started = Instant::now();
    let Decoded { text, charset, replaced } = charset::decode(&page.body, page.content_type.as_deref());
    let read =
        Page { url: &page.url, html: &text, headers: &page.headers, fetched_at: Some(Timestamp::now()) };
    let article = pipeline.extractor.extract(&read);
    sheet.timing("extract", started.elapsed());
    let names = names_of(pipeline, &job, &page, &article);
    identity(sheet, &names)?;
    let print = fingerprint(article.title.as_deref().unwrap_or_default(), &article.body());
    let id = names.article_id(&names.rungs[0]);
    let candidate = candidate(job, page, article.clone(), charset);
    // The topics are told with their evidence, apart from the event.
    let event = compose(id, candidate, &names, &print, (Vec::new(), ""));
    fields(sheet, &event, replaced)?;
    topics(sheet, pipeline, &article, &event)?;
    verdict(sheet, pipeline, event, &names)
}

fn names_of(pipeline: &Pipeline, job: &Job, page: &FetchedPage, article: &Article) -> Ladder {
    let tracking = &pipeline.settings.tracking;
    let hops: Vec<String> = page.report.redirects.iter().map(|hop| hop.url.clone()).collect();
    let url = normalize(page.url.as_str(), tracking).unwrap_or_else(|_| page.url.clone());
    ladder(&Declared {
        page: &url,
        requested_url: &job.requested_url,
        hops: &hops,
        short_links: &article.short_links,
        canonical_urls: &article.canonical_urls,
        tracking,
    })
}

fn candidate(job: Job, page: FetchedPage, mut article: Article, charset: &str) -> Candidate {
    article.rights.robots_allowed = page.robots_allowed;
    let mut fetch = page.report;
    fetch.charset = charset.to_owned();
    let url = page.url.to_string();
    Candidate { v: Candidate::VERSION, job, url, article, fetched_at: Timestamp::now(), fetch }
}

fn identity(sheet: &mut Sheet, names: &Ladder) -> io::Result<()> {
    sheet.section("identity")?;
    for (number, rung) in names.rungs.iter().enumerate() {
        let label = if number == 0 { "identity" } else { "alias" };
        sheet.line(label, &format!("{}  ({}, {})", rung.url, rung.kind.as_str(), rung.from))?;
    }
    for (name, why) in &names.refused {
        sheet.line("refused", &format!("{}  ({}): {why}", name.url, name.from))?;
    }
    sheet.line("article id", &names.article_id(&names.rungs[0]).to_string())
}

fn fields(sheet: &mut Sheet, event: &ArticleEvent, replaced: usize) -> io::Result<()> {
    sheet.section("article")?;
    let from = |field: &str| {
        event.extraction.sources.get(field).map(|from| format!("  ({from})")).unwrap_or_default()
    };
    let told = |field: &str, text: Option<String>| match text.filter(|text| !text.is_empty()) {
        Some(text) => sheet.line(field, &format!("{}{}", short(&text), from(field))),
        None => sheet.line(field, "-"),
    };
    let authors: Vec<&str> = event.authors.iter().map(|author| author.name.as_str()).collect();
    told("title", Some(event.title.clone()))?;
    told("published_at", event.published_at.map(|at| at.to_string()))?;
    told("modified_at", event.modified_at.map(|at| at.to_string()))?;
    told("authors", Some(authors.join(", ")))?;
    told("publisher", event.publisher.name.clone())?;
    told("section", event.section.clone())?;
    told("language", event.language.clone())?;
    told("description", event.description.clone())?;
    let blocks = event.paragraphs.len();
    let body = format!(
        "{} words in {blocks} blocks, confidence {:.2}",
        event.word_count, event.extraction.confidence
    );
    sheet.line("body", &format!("{body}{}", from("body")))?;
    sheet.line("begins", &short(&event.body))?;
    let damage = if replaced > 0 { format!(", {replaced} characters replaced") } else { String::new() };
    sheet.line("charset", &format!("{}{damage}", event.fetch.charset))?;
    let warnings = event.extraction.warnings.join(", ");
    sheet.line_if("warnings", Some(warnings.as_str()).filter(|warnings| !warnings.is_empty()))
}

fn topics(sheet: &mut Sheet, pipeline: &Pipeline, article: &Article, event: &ArticleEvent) -> io::Result<()> {
    sheet.section("topics")?;
    let title = article.title.as_deref().unwrap_or_default();
    let started = Instant::now();
    let explanation = pipeline.tagger.load().explain(title, &article.body(), article.language.as_deref());
    sheet.timing("topics", started.elapsed());
    sheet.article(event, &explanation.topics, pipeline.settings.topic_threshold);
    for topic in &explanation.topics {
        let counts = topic.score >= pipeline.settings.topic_threshold;
        sheet.topic(topic.score, &topic.id, &places(&topic.mentions), counts)?;
    }
    for judged in explanation.mentions.iter().filter(|judged| !judged.is_kept) {
        let topic = judged.topic.as_deref().unwrap_or("a phrase of its own");
        let rule = judged.rule.map_or("no rule", |rule| rule.as_str());
        sheet.line(
            "passed over",
            &format!("{} as {topic}: {rule}", places(std::slice::from_ref(&judged.mention))),
        )?;
    }
    Ok(())
}

fn places(mentions: &[Mention]) -> String {
    let shown = mentions.iter().take(MENTIONS_SHOWN).map(|mention| {
        let field = match mention.field {
            Field::Title => "title",
            Field::Body => "body",
        };
        format!("{} ({field} {})", mention.term, mention.start)
    });
    let more = mentions.len().saturating_sub(MENTIONS_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
}

/// What the pipeline would make of it, as far as one page alone can tell: memory is not asked.
fn verdict(
    sheet: &mut Sheet,
    pipeline: &Pipeline,
    mut event: ArticleEvent,
    names: &Ladder,
) -> io::Result<()> {
    sheet.section("verdict")?;
    if let Some(owner) = &names.foreign_canonical {
        return sheet
            .line("moved", &format!("the page is a copy of {owner}, which would be fetched instead"));
    }
    if event.title.is_empty() || event.body.is_empty() {
        return sheet.line("rejected", "not_an_article: no title or no body found");
    }
    match (withhold(&mut event, &pipeline.settings.rights), &event.withheld) {
        (Err(reason), _) => sheet.line("rejected", reason.as_str()),
        (Ok(()), Some(withheld)) => {
            let because = withheld.because.join(", ");
            sheet.line("published", &format!("with {} only, because of {because}", withheld.delivered))
        }
        (Ok(()), None) => sheet.line("published", "in full, unless it is known already"),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
