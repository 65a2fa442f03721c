//! Pages that break parsers: nesting, attributes, NUL bytes, one endless text. Also what `benches/extract --hostile` reads.

const PARAGRAPH: &str = "<p>A paragraph of some length, with a comma, that an article could have.</p>";

/// A page of two megabytes that asks nothing of a parser.
#[allow(dead_code, reason = "the benchmark has other pages for it")]
pub fn ordinary() -> String {
    PARAGRAPH.repeat(26_000)
}

/// Pages that break parsers, each of about a megabyte or more.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("nested divs", "<div>".repeat(100_000) + "text"),
        ("nested divs with text", "<div>word ".repeat(100_000)),
        (
            "a million attributes",
            format!("<div {}>text</div>", (0..1_000_000).map(|i| format!("a{i} ")).collect::<String>()),
        ),
        (
            "attributes with values",
            format!("<p {}>text", (0..200_000).map(|i| format!("a{i}='{i}' ")).collect::<String>()),
        ),
        ("unclosed formatting", "<b><i><font size=1><u>x<p>y".repeat(40_000)),
        ("distinct formatting", (0..40_000).map(|i| format!("<b id={i}><p>x")).collect()),
        ("unclosed everything", "<div><p><a href=x><table><tr><td><ul><li>word ".repeat(20_000)),
        ("misnested", "<a><p><b></a></p></b><table><a><div></table>".repeat(25_000)),
        ("nul bytes", "\0<p>\0a\0b\0</p>".repeat(100_000)),
        ("one text node", "word, ".repeat(1_700_000)),
        ("no spaces", "a".repeat(10_000_000)),
        ("many paragraphs", PARAGRAPH.repeat(60_000)),
        ("open comment", "<!--".to_owned() + &"<p>x".repeat(300_000)),
        ("open tag", "<a href='".to_owned() + &"x".repeat(2_000_000)),
        ("templates", "<template><div>".repeat(50_000)),
        ("svg and math", "<svg><math><mi>x<desc><p>".repeat(40_000)),
        ("frames", "<frameset><frame src=x>".repeat(50_000)),
        ("selects", "<select><option>a<select><optgroup>".repeat(30_000)),
        ("entities", "&amp;&#0;&#x110000;&notanentity;".repeat(60_000)),
        ("json-ld nesting", format!("<script type='application/ld+json'>{}</script>", "[".repeat(1_000_000))),
        (
            "json-ld objects",
            format!("<script type='application/ld+json'>{}</script>", "{\"@graph\":[".repeat(100_000)),
        ),
        ("state script", format!("<script>x = {}</script>", "{\"content\":[".repeat(100_000))),
        ("metas", "<meta name=author content='By A B and C D, E F'>".repeat(40_000)),
        (
            "bylines",
            "<span class=author>By 1</span><time>x</time><span class=date>1 1 1</span>".repeat(20_000),
        ),
        ("bare bylines", "By x<br>1.1.<br>".repeat(60_000)),
        ("end tags", "</p></div></b></body></html>".repeat(60_000)),
        ("tables", "<table><tr><td>".repeat(60_000)),
        ("headings", "<h1>A title like many others</h1>".repeat(40_000)),
        ("noscript bodies", format!("<noscript>{}</noscript>", "<p>word ".repeat(150_000))),
        ("styles in svg", "<svg><style><g><foreignObject><div>x".repeat(30_000)),
        (
            "dates",
            "<time datetime=2025-01-01>1</time><p>Updated: 1 May 2025 | Published: 2 May 2025".repeat(20_000),
        ),
        ("dates without an end", "1.2.3.4.5.6.7.8.9.10.11.12.".repeat(80_000)),
    ]
}
