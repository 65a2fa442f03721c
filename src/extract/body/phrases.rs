//! What the lines around articles say, in several languages: one bit a purpose.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Only short texts are looked at: a paragraph may say any of this.
const MAX_CHARS: u32 = 300;

/// Number of purposes.
pub const COUNT: usize = 10;

const PHRASES: [&[&str]; COUNT] = [
    // Pointers to other articles.
    &[
        "read more",
        "read also",
        "also read",
        "see also",
        "more on",
        "related:",
        "related article",
        "related stor",
        "don't miss",
        "you may also like",
        "recommended",
        "click here",
        "mehr zum thema",
        "lesen sie",
        "lesen sie auch",
        "auch interessant",
        "mehr dazu",
        "weiterlesen",
        "lire aussi",
        "à lire",
        "lee también",
        "te puede interesar",
        "leggi anche",
        "lees ook",
        "leia também",
        "veja também",
        "czytaj też",
        "czytaj także",
        "zobacz też",
        "zobacz także",
        "читайте также",
        "читать далее",
        "διαβάστε",
        "δείτε",
        "相关阅读",
        "相关新闻",
        "延伸阅读",
        "更多",
        "関連記事",
        "관련기사",
    ],
    // Share and follow.
    &[
        "share this",
        "share on",
        "share",
        "tweet",
        "follow us",
        "follow me",
        "like us on",
        "facebook",
        "twitter",
        "whatsapp",
        "linkedin",
        "pinterest",
        "instagram",
        "telegram",
        "teilen",
        "folgen sie",
        "folge uns",
        "partager",
        "compartir",
        "condividi",
        "delen",
        "udostępnij",
        "поделиться",
        "κοινοποίηση",
        "分享到",
        "微博",
        "print",
        "drucken",
        "e-mail",
    ],
    // Comments.
    &[
        "comment",
        "leave a reply",
        "kommentar",
        "commentaire",
        "comentario",
        "commenti",
        "reacties",
        "komentarz",
        "комментари",
        "σχόλι",
        "评论",
        "댓글",
        "join the conversation",
        "log in to",
        "sign in to",
    ],
    // Newsletters and subscriptions.
    &[
        "newsletter",
        "subscribe",
        "sign up",
        "inbox",
        "abonnier",
        "abonnez",
        "suscríbete",
        "iscriviti",
        "abonneer",
        "подпис",
        "subscription",
        "free trial",
        "become a member",
        "support us",
        "donate",
        "registrieren",
        "anmelden",
        "push notification",
        "download the app",
        "download our app",
    ],
    // Rights.
    &[
        "copyright",
        "©",
        "all rights reserved",
        "alle rechte vorbehalten",
        "tous droits",
        "todos los derechos",
        "wszelkie prawa",
        "все права",
        "版权",
        "may not be reproduced",
        "terms of use",
        "privacy policy",
        "impressum",
        "datenschutz",
        "cookie",
        "javascript",
        "editor's note",
        "affiliate",
        "commission",
    ],
    // Credits.
    &[
        "photo:",
        "photo by",
        "photo credit",
        "image:",
        "image credit",
        "credit:",
        "getty images",
        "(ap photo",
        "reuters/",
        "foto:",
        "bild:",
        "quelle:",
        "source:",
        "photograph",
        "courtesy of",
        "picture:",
        "file photo",
        "imago",
        "shutterstock",
        "фото:",
        "zdjęcie",
        "fot.",
        "图片",
        "资料图",
        "责任编辑",
        "编辑:",
        "来源",
    ],
    // Bylines and datelines.
    &[
        "by ",
        "written by",
        "published",
        "updated",
        "posted",
        "last modified",
        "min read",
        "minute read",
        "minutes read",
        "veröffentlicht",
        "aktualisiert",
        "stand:",
        "von ",
        "publié",
        "mis à jour",
        "publicado",
        "actualizado",
        "pubblicato",
        "geplaatst",
        "опубликовано",
        "автор",
        "reading time",
        "lesezeit",
        "reporting by",
        "editing by",
        "contributed to",
    ],
    // About somebody.
    &[
        "is a reporter",
        "is a writer",
        "is a journalist",
        "is the author",
        "is a freelance",
        "is an editor",
        "about the author",
        "staff writer",
        "senior editor",
        "contributing",
        "contact the",
        "can be reached",
        "email him",
        "email her",
        "über den autor",
        "follow her",
        "follow him",
        "@",
    ],
    // Advertisement.
    &[
        "advertisement",
        "anzeige",
        "werbung",
        "publicité",
        "publicidad",
        "pubblicità",
        "advertentie",
        "reklama",
        "реклама",
        "广告",
        "sponsored",
        "advertising",
        "promo code",
        "deal",
        "buy now",
        "shop now",
        "scroll to continue",
        "story continues",
        "article continues",
        "continue reading",
    ],
    // Tags and filing.
    &[
        "tags:",
        "tags",
        "topics:",
        "filed under",
        "categories",
        "category",
        "keywords",
        "schlagwort",
        "themen",
        "étiquettes",
        "etiquetas",
        "теги",
        "标签",
        "关键词",
        "topics",
    ],
];

static MATCHER: LazyLock<(AhoCorasick, Vec<u8>)> = LazyLock::new(|| {
    let all =
        || PHRASES.iter().zip(0_u8..).flat_map(|(phrases, kind)| phrases.iter().map(move |p| (*p, kind)));
    let matcher = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        // A table is larger than what is made by itself of so many patterns; without the two a page takes 3 % longer.
        .kind(Some(AhoCorasickKind::DFA))
        .build(all().map(|(phrase, _)| phrase))
        .expect("the patterns are fixed and few");
    (matcher, all().map(|(_, kind)| kind).collect())
});

/// How often each purpose is named in a short text.
pub fn counts(text: &str, chars: u32) -> [f32; COUNT] {
    let mut counts = [0.0; COUNT];
    if chars > MAX_CHARS {
        return counts;
    }
    let (matcher, kinds) = &*MATCHER;
    let lower = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) };
    for found in matcher.find_overlapping_iter(&*lower) {
        counts[usize::from(kinds[found.pattern().as_usize()])] += 1.0;
    }
    counts
}
