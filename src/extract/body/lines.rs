//! Short lines that are never an article's text, wherever the chooser leaves them: advertisement marks, share words,
//! bare dates and times, the byline, the kicker.

use super::blocks::TextBlock;
use super::features::squash;
use super::stats::is_paragraph;
use crate::extract::dom::Dom;

/// Longer texts are judged by the chooser alone.
const MAX_CHARS: u32 = 90;

/// Whole lines, letters and digits in lower case (`squash`).
const NOISE: [&str; 77] = [
    "advertisement",
    "advertisements",
    "advertising",
    "ad",
    "ads",
    "sponsored",
    "scrolltocontinue",
    "storycontinues",
    "storycontinuesbelow",
    "articlecontinuesbelow",
    "continuereadingbelow",
    "continuereading",
    "readmore",
    "anzeige",
    "werbung",
    "publicité",
    "publicidad",
    "pubblicità",
    "advertentie",
    "reklama",
    "реклама",
    "广告",
    "広告",
    "광고",
    "annonce",
    "annons",
    "mainos",
    "reklam",
    "publicidade",
    "shortlink",
    "share",
    "sharethis",
    "sharethisarticle",
    "shareon",
    "tweet",
    "teilen",
    "artikelteilen",
    "partager",
    "compartir",
    "condividi",
    "delen",
    "udostępnij",
    "поделиться",
    "分享",
    "facebook",
    "twitter",
    "whatsapp",
    "linkedin",
    "telegram",
    "email",
    "print",
    "drucken",
    "copylink",
    "linkkopieren",
    "comments",
    "nocomments",
    "leaveacomment",
    "kommentare",
    "kommentieren",
    "trending",
    "relatedstories",
    "relatedarticles",
    "relatednews",
    "youmayalsolike",
    "mehrzumthema",
    "lireaussi",
    "читайтетакже",
    "相关新闻",
    "관련기사",
    "getty",
    "gettyimages",
    "tags",
    "topics",
    "loading",
    "laden",
    "playvideo",
    "listen",
];

/// What is known of the article beside its body.
pub struct Known<'a> {
    pub authors: Vec<&'a str>,
}

/// Takes such lines out of the choice.
pub fn drop_noise(dom: &Dom, blocks: &[TextBlock], known: &Known<'_>, keep: &mut [bool]) {
    let authors: Vec<String> = known.authors.iter().map(|a| squash(a)).collect();
    let first_paragraph = (0..blocks.len()).find(|&i| keep[i] && is_paragraph(&blocks[i])).unwrap_or(0);
    for (i, block) in blocks.iter().enumerate() {
        if !keep[i] || block.chars > MAX_CHARS {
            continue;
        }
        let text = squash(&block.text);
        let before = i < first_paragraph;
        let heading = dom.node(block.node).tag.is_heading();
        keep[i] = !(NOISE.contains(&text.as_str())
            || is_clock_or_date(&block.text)
            || is_byline(&block.text, &text, &authors)
            || (before && !heading && is_kicker(block)));
    }
}

/// `22.31`, `14/11/2025 09:30`, `10:31 GMT`: digits and marks with hardly a letter.
fn is_clock_or_date(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let sums = text.contains(['$', '€', '£', '¥', '%', '|']);
    (3..=14).contains(&digits) && letters <= 3 && text.contains([':', '.', '/', '-']) && !sums
}

/// The authors' names and hardly more.
fn is_byline(text: &str, squashed: &str, authors: &[String]) -> bool {
    let mut rest = squashed.to_owned();
    for author in authors.iter().filter(|a| a.chars().count() >= 4) {
        rest = rest.replace(author.as_str(), "");
    }
    let named = rest.len() < squashed.len();
    named && rest.chars().count() <= 14 && !text.ends_with(['.', '!', '?', ':', '”', '"'])
}

/// A word or two above the first paragraph that is no sentence.
fn is_kicker(block: &TextBlock) -> bool {
    block.chars <= 24 && !block.text.ends_with(['.', '!', '?', ':', '。', '！', '？', '…', ',', '”', '"'])
}
