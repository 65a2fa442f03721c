//! What is delivered of an article whose publisher reserves it.

use crate::record::{ArticleEvent, Block, BlockKind, Field, Reason, Withheld};
use serde::{Deserialize, Serialize};

/// How much of the text goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deliver {
    /// No text: title, names, dates, topics.
    Metadata,
    /// The first paragraph.
    Excerpt,
    Full,
}

impl Deliver {
    pub fn as_str(self) -> &'static str {
        match self {
            Deliver::Full => "full",
            Deliver::Excerpt => "excerpt",
            Deliver::Metadata => "metadata",
        }
    }
}

/// What a `noindex` page becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNoindex {
    Reject,
    Metadata,
    Excerpt,
    Full,
}

/// `[rights]` of the config: defaults err towards the publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RightsSettings {
    /// For articles that nobody reserves.
    pub deliver: Deliver,
    /// Where TDMRep reserves text and data mining.
    pub when_reserved: Deliver,
    /// Where robots meta or header say `noindex` (or `none`).
    pub noindex: WhenNoindex,
    /// Where they say `noarchive`.
    pub noarchive: Deliver,
}

impl Default for RightsSettings {
    fn default() -> RightsSettings {
        RightsSettings {
            deliver: Deliver::Full,
            when_reserved: Deliver::Metadata,
            noindex: WhenNoindex::Reject,
            noarchive: Deliver::Metadata,
        }
    }
}

/// Takes out of the event what its publisher reserves and says so in it; `Err` where the page forbids all use.
pub fn withhold(event: &mut ArticleEvent, settings: &RightsSettings) -> Result<(), Reason> {
    let says = |word: &str| event.rights.robots_meta.iter().any(|directive| directive == word);
    let mut limits = vec![(settings.deliver, "deliver")];
    if event.rights.tdm_opt_out == Some(true) {
        limits.push((settings.when_reserved, "tdm_reserved"));
    }
    if says("noarchive") {
        limits.push((settings.noarchive, "noarchive"));
    }
    if says("noindex") || says("none") {
        match settings.noindex {
            WhenNoindex::Reject => return Err(Reason::Noindex),
            WhenNoindex::Metadata => limits.push((Deliver::Metadata, "noindex")),
            WhenNoindex::Excerpt => limits.push((Deliver::Excerpt, "noindex")),
            WhenNoindex::Full => {}
        }
    }
    let delivered = limits.iter().map(|(deliver, _)| *deliver).min().unwrap_or(Deliver::Full);
    if delivered < Deliver::Full {
        cut(event, delivered);
        let because = limits.iter().filter(|(deliver, _)| *deliver < Deliver::Full);
        event.withheld = Some(Withheld {
            delivered: delivered.as_str().to_owned(),
            because: because.map(|(_, why)| (*why).to_owned()).collect(),
        });
    }
    Ok(())
}

/// Keeps the first paragraph, with a heading that stands before it, or nothing; mentions that point into what is gone
/// go too. What is kept is the front of the body, so the mentions in it still point where they did.
fn cut(event: &mut ArticleEvent, delivered: Deliver) {
    let in_body = event.paragraphs.iter().filter(|block| block.kind != BlockKind::Caption);
    let first = in_body.clone().position(|block| block.kind == BlockKind::Paragraph).unwrap_or(0);
    let kept: Vec<Block> = match delivered {
        Deliver::Excerpt => in_body.take(first + 1).cloned().collect(),
        _ => Vec::new(),
    };
    event.body = kept.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n\n");
    event.paragraphs = kept;
    if delivered == Deliver::Metadata {
        event.description = None;
        event.images.iter_mut().for_each(|image| image.caption = None);
    }
    let end = event.body.chars().count() as u32;
    for topic in &mut event.topics {
        topic.mentions.retain(|mention| mention.field == Field::Title || mention.end <= end);
    }
}
