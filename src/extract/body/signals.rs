//! What class names and ids say an element is for: one bit a purpose.

use crate::extract::dom::{Attr, Dom, Tag};
use crate::extract::patterns::Patterns;
use hashbrown::HashMap;
use memchr::memmem::Finder;
use std::sync::LazyLock;

pub const BODY: u32 = 1;
pub const ARTICLE: u32 = 1 << 1;
pub const CONTENT: u32 = 1 << 2;
pub const COMMENT: u32 = 1 << 3;
pub const RELATED: u32 = 1 << 4;
pub const SHARE: u32 = 1 << 5;
pub const NAV: u32 = 1 << 6;
pub const FOOTER: u32 = 1 << 7;
pub const HEADER: u32 = 1 << 8;
pub const SIDEBAR: u32 = 1 << 9;
pub const AD: u32 = 1 << 10;
pub const NEWSLETTER: u32 = 1 << 11;
pub const COOKIE: u32 = 1 << 12;
pub const META: u32 = 1 << 13;
pub const AUTHOR: u32 = 1 << 14;
pub const TAGS: u32 = 1 << 15;
pub const CAPTION: u32 = 1 << 16;
pub const TITLE: u32 = 1 << 17;
pub const LEAD: u32 = 1 << 18;
pub const HIDDEN: u32 = 1 << 19;
pub const EMBED: u32 = 1 << 20;
pub const QUOTE: u32 = 1 << 21;
pub const BOX: u32 = 1 << 22;
pub const LIVE: u32 = 1 << 23;
pub const SHORT_LINK: u32 = 1 << 24;

/// Purpose -> words, lower case. A word with a leading or trailing space must stand alone there
/// (`" ad "` is a word of its own, `"share"` may be part of one).
const WORDS: &[(u32, &[&str])] = &[
    (
        BODY,
        &[
            "articlebody",
            "article-body",
            "article_body",
            "article__body",
            "entry-content",
            "entry_content",
            "post-content",
            "post_content",
            "postcontent",
            "story-body",
            "storybody",
            "story__body",
            "article-content",
            "article_content",
            "articlecontent",
            "article__content",
            "article-text",
            "articletext",
            "article__text",
            "content-body",
            "content__body",
            "contentbody",
            "post-body",
            "post_body",
            "postbody",
            "maintext",
            "body-copy",
            "bodycopy",
            "body-text",
            "bodytext",
            "richtext",
            "rich-text",
            "story-content",
            "storycontent",
            "story_content",
            "single-content",
            "news-content",
            "news-text",
            "newstext",
            "fulltext",
            "full-text",
            "text-body",
            "detail-text",
            "newsdetail",
        ],
    ),
    (
        ARTICLE,
        &["article", "story", "post", "entry", "artikel", "beitrag", "articulo", "noticia", "hentry", "news"],
    ),
    (CONTENT, &["content", "text", "body", "main", "copy", "paragraph", "inhalt", "prose", "contenido"]),
    (
        COMMENT,
        &[
            "comment",
            "disqus",
            "respond",
            "discussion",
            "kommentar",
            "replies",
            "reply",
            "leserbrief",
            "forum",
        ],
    ),
    (
        RELATED,
        &[
            "related",
            "recommend",
            "similar",
            "read-next",
            "readnext",
            "up-next",
            "upnext",
            "readmore",
            "read-more",
            "see-also",
            "seealso",
            "also-",
            "trending",
            "popular",
            "most-read",
            "mostread",
            "most-",
            "latest",
            "teaser",
            "suggest",
            "outbrain",
            "taboola",
            "more-",
            "weitere",
            "mehr-",
            "verwandt",
            "zergnet",
            "revcontent",
            "nextpost",
            "post-nav",
            "prev-next",
            " next ",
            "jp-relatedposts",
            "carousel",
            "crosslink",
            "further",
            "archive",
        ],
    ),
    (
        SHARE,
        &[
            "share",
            "sharing",
            "social",
            "facebook",
            "twitter",
            "whatsapp",
            "addtoany",
            "sharedaddy",
            "follow",
            " like ",
            "linkedin",
            "pinterest",
            "bookmark",
        ],
    ),
    (
        NAV,
        &[
            "navigation",
            "navbar",
            " nav ",
            " nav",
            "menu",
            "breadcrumb",
            "pagination",
            "pager",
            "toolbar",
            "skip-link",
            " tabs ",
            "sitemap",
        ],
    ),
    (FOOTER, &["footer", "copyright", "colophon", "imprint", "disclaimer", "legal", "bottom"]),
    (HEADER, &["masthead", "topbar", "top-bar", "site-header", "page-header", "header"]),
    (
        SIDEBAR,
        &[
            "sidebar",
            "side-bar",
            " aside",
            " rail",
            "right-col",
            "rightcol",
            "widget",
            "secondary",
            "marginal",
            "complementary",
        ],
    ),
    (
        AD,
        &[
            " ad ",
            " ads ",
            " ad-",
            "advert",
            "sponsor",
            "promo",
            "anzeige",
            "werbung",
            "dfp",
            " gpt",
            "adsense",
            "adsbygoogle",
            "banner",
            "affiliate",
            "commercial",
            "shopping",
            "product",
            "ad-slot",
            "adslot",
            "publicid",
        ],
    ),
    (
        NEWSLETTER,
        &[
            "newsletter",
            "subscri",
            "signup",
            "sign-up",
            "paywall",
            "register",
            "login",
            "piano",
            "regwall",
            "donat",
            "membership",
            "optin",
            "opt-in",
            "mailing",
            "mailchimp",
            "cta",
            "call-to-action",
            "abo-",
            "modal",
            "popup",
            "overlay",
        ],
    ),
    (COOKIE, &["cookie", "consent", "gdpr", "privacy", "cmp-", "onetrust"]),
    (
        META,
        &[
            "meta",
            "byline",
            " date",
            "-date",
            "_date",
            "timestamp",
            "dateline",
            "published",
            "pubdate",
            "credit",
            "kicker",
            "reading-time",
            "info",
            "source",
            "updated",
            " time",
        ],
    ),
    (AUTHOR, &["author", "autor", " bio", "-bio", "contributor", "profile", "vcard", "about"]),
    (
        TAGS,
        &[
            " tag ", " tags", "-tags", "_tags", "taglist", "tag-list", "tagcloud", "keyword", "topics",
            "categor", "label",
        ],
    ),
    (
        CAPTION,
        &[
            "caption",
            "figure",
            "photo",
            "image",
            "gallery",
            "slideshow",
            "legend",
            "picture",
            "thumb",
            "media",
        ],
    ),
    (TITLE, &["title", "headline", "heading", "ueberschrift"]),
    (
        LEAD,
        &[
            "subtitle",
            "sub-title",
            "summary",
            " lead",
            "-lead",
            "_lead",
            "lede",
            " dek",
            "-dek",
            "standfirst",
            "intro",
            "excerpt",
            "subhead",
            "vorspann",
            "chapo",
            "description",
            "abstract",
            "deck",
            "sapo",
            "ingress",
            "manchet",
            "perex",
            "strapline",
            "tagline",
        ],
    ),
    (
        HIDDEN,
        &[
            "hidden",
            " hide",
            "d-none",
            "sr-only",
            "screen-reader",
            "visually-hidden",
            "invisible",
            "print-only",
            "noprint",
            "no-print",
            "offscreen",
            "collapse",
        ],
    ),
    (EMBED, &["embed", "tweet", "instagram", "video", "player", "audio", "podcast", "iframe", "youtube"]),
    (QUOTE, &["quote", "blockquote", "zitat"]),
    (
        BOX,
        &[
            "infobox",
            "info-box",
            "factbox",
            "fact-box",
            " box",
            "-box",
            "callout",
            "sidenote",
            "toc",
            "table-of-contents",
            "jump",
            "highlight",
            "key-points",
            "takeaway",
        ],
    ),
    (LIVE, &["liveblog", "live-blog", " live", "-live", "ticker", "timeline"]),
    (SHORT_LINK, &["shortlink", "short-link", "shorturl", "short-url", "permalink", "copy-link"]),
];

/// What a word stands for, and whether it must begin and end where it is found.
struct Meaning {
    bit: u32,
    length: usize,
    must_begin: bool,
    must_end: bool,
}

static MATCHER: LazyLock<(Patterns, Vec<Meaning>)> = LazyLock::new(|| {
    let all = || WORDS.iter().flat_map(|(bit, words)| words.iter().map(move |word| (*bit, *word)));
    let meanings = all().map(|(bit, word)| Meaning {
        bit,
        length: word.trim().len(),
        must_begin: word.starts_with(' '),
        must_end: word.ends_with(' '),
    });
    (Patterns::new(all().map(|(_, word)| word.trim())), meanings.collect())
});

/// The purposes that one attribute value names.
pub fn of_text(value: &str) -> u32 {
    let (matcher, meanings) = &*MATCHER;
    let bytes = value.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|b| !b.is_ascii_alphanumeric());
    let mut bits = 0;
    matcher.each(value, |word, at| {
        let meaning = &meanings[word];
        let begins = || is_edge(at.checked_sub(1).and_then(|before| bytes.get(before)));
        let ends = || is_edge(bytes.get(at + meaning.length));
        if (!meaning.must_begin || begins()) && (!meaning.must_end || ends()) {
            bits |= meaning.bit;
        }
    });
    bits
}

/// What a style says of an element that is not shown.
static NOT_SHOWN: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["display:none", "display: none"].map(Finder::new));

/// Nodes for each name that is not yet known; most pages have more.
const NODES_A_NAME: usize = 8;

/// The purposes of every node by its own class, id, role and attributes; frames of the whole page have none.
pub fn of_nodes(dom: &Dom) -> Vec<u32> {
    // Pages say the same names over and over.
    let mut known: HashMap<&str, u32> = HashMap::with_capacity(dom.nodes.len() / NODES_A_NAME);
    let mut one = |id: usize| {
        let node = dom.node(id);
        if matches!(
            node.tag,
            Tag::Text | Tag::Document | Tag::Html | Tag::Body | Tag::Script | Tag::Meta | Tag::Link
        ) {
            return 0;
        }
        node.attributes().fold(0, |bits, (name, value)| {
            bits | match name {
                Attr::Class
                | Attr::Id
                | Attr::Itemprop
                | Attr::Role
                | Attr::DataTestid
                | Attr::DataComponent
                | Attr::AriaLabel => *known.entry(value).or_insert_with(|| of_text(value)),
                Attr::Style if NOT_SHOWN.iter().any(|said| said.find(value.as_bytes()).is_some()) => HIDDEN,
                Attr::Hidden => HIDDEN,
                Attr::AriaHidden if value == "true" => HIDDEN,
                _ => 0,
            }
        })
    };
    (0..dom.nodes.len()).map(&mut one).collect()
}
