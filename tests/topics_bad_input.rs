//! Bad texts and bad taxonomies: no panic, time linear in the text, every planted mistake found.

use newswire::topics::{Problem, Tagger};
use std::time::{Duration, Instant};

fn tagger(text: &str) -> Result<Tagger, Vec<Problem>> {
    Tagger::from_files(&[("planted.toml".to_owned(), text.to_owned())])
}

#[test]
fn odd_texts_do_not_panic() {
    let tagger = Tagger::bundled();
    let marks = "\u{200f}\u{202b}كوريا\u{200d} الشمالية\u{202c} e\u{301}\u{fffd}\0";
    let mixed = "在APEC會議Путин와 북한은North KoreaのトランプΕλλάδα🇰🇵";
    for text in
        ["", " ", "\n", ".", "<", "U.S.", "US", ", Pa.", marks, mixed, "I\u{307}stanbul ẞ K Ⱥ", "ﷺ", "𝕌𝕊𝔸"]
    {
        for language in [None, Some("en"), Some("ko"), Some("xx-klingon"), Some("")] {
            for tag in tagger.tag(text, text, language, 0.0) {
                for mention in tag.mentions {
                    assert!(mention.start < mention.end, "{text:?}");
                    assert!(mention.end as usize <= text.chars().count(), "{text:?}: {mention:?}");
                }
            }
        }
    }
}

#[test]
fn offsets_count_code_points_of_the_delivered_text() {
    let tagger = Tagger::bundled();
    let (title, body) =
        ("Überraschung – 北朝鮮", "«Été» 🎉\u{200b} in North\u{a0}Korea,\n\nand in Gyeongju.");
    let tags = tagger.tag(title, body, Some("en"), 0.0);
    let spelled: Vec<String> = tags
        .iter()
        .flat_map(|tag| &tag.mentions)
        .map(|m| {
            let text = if m.field == newswire::record::Field::Title { title } else { body };
            text.chars().skip(m.start as usize).take((m.end - m.start) as usize).collect()
        })
        .collect();
    for expected in ["北朝鮮", "North\u{a0}Korea", "Gyeongju"] {
        assert!(spelled.iter().any(|text| text == expected), "{expected} in {spelled:?}");
    }
}

/// Ten times the text may take ten times as long, with room for a busy machine; quadratic would take a hundred.
#[test]
fn time_is_linear_in_the_text() {
    let tagger = Tagger::bundled();
    for unit in [
        "South Korea and the U.S. met. ",
        "chadchad",
        "New ",
        "北朝鮮",
        "Kim ",
        ", Pa.",
        "\u{200d}",
        "United ",
        "APEC北朝鮮",
        "Kim Jong Un and Moon Jae-in. Kim and Moon ",
        "Michael Jordan. Jordan, Pa. ",
        "Holland Park Park ",
        "Delhi Petroleum and China Steel. ",
    ] {
        let time = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len());
            let started = Instant::now();
            tagger.tag("", &text, Some("en"), 0.5);
            started.elapsed()
        };
        let (small, large) = (time(100_000), time(1_000_000));
        assert!(large < small * 40 + Duration::from_millis(400), "{unit:?}: {small:?}, then {large:?}");
    }
}

#[test]
fn ten_megabytes_without_a_space_are_read() {
    let tags = Tagger::bundled().tag("", &"chadkorea北朝鮮".repeat(500_000), None, 0.5);
    assert!(tags.iter().any(|tag| tag.id == "country:kp"));
}

#[test]
fn a_hundred_thousand_terms_compile_and_tag() {
    let mut text = String::from("[[topic]]\nid = \"theme:many\"\nname = \"Many\"\nkeywords = [\n");
    (0..100_000).for_each(|i| text.push_str(&format!("\"word{i}x\",\n")));
    text.push(']');
    let tagger = tagger(&text).unwrap();
    let tags = tagger.tag("word99999x", "word5x and word77x", None, 0.0);
    assert_eq!(tags[0].mentions.len(), 3);
}

const BROKEN: &str = r#"language = "en"
colour = "red"
names = 3
masks = ["South Sea", 4]
given_names = "Michael"

[[topic]]
id = "country:xyz"
name = "Long code"
wikidata = "423"
iptc = "medtop:1"
broader = ["theme:nowhere"]
names = ["Erewhon", "Erewhon", "Eq", { term = "Laputa", case = "loud" }, { trem = "Lilliput" }, 7, " - "]

[[topic]]
id = "theme:sea"
name = "Sea"
wrods = ["ship"]
keywords = ["South Sea", { term = "sail", weight = 4, needs = ["@wind"], instead = "theme:air" }]

[[topic]]
id = "theme:sea"
name = "Sea again"

[[topic]]
id = "person:gulliver"
from = "1726-13"
until = "1700"
as_of = "soon"
names = ["Erewhon"]

[demonyms]
"country:zz" = ["Zedder"]

[[ambiguous]]
terms = ["Erewhon"]
reading = [{ topic = "theme:moon", kind = "towns", cue = ["x"] }]

[[ambiguous]]
otherwise = "theme:sea"

[weights]
nmaes = 1.0

[scoring.country]
title = nan
bais = 1

[inflections.la]
us = "i"
"#;

#[test]
fn every_planted_mistake_is_found_with_its_line() {
    let problems = tagger(BROKEN).unwrap_err();
    let found: Vec<(usize, &str)> = problems.iter().map(|p| (p.line, p.message.as_str())).collect();
    for (line, part) in [
        (2, "unknown key \"colour\""),
        (3, "\"names\" must be a table"),
        (4, "\"masks\" must be a string"),
        (4, "shadows a term"),
        (5, "\"given_names\" must be a list"),
        (7, "\"country:xyz\" is not a topic id"),
        (7, "\"423\" is not a Wikidata id"),
        (7, "\"medtop:1\" is not an IPTC id"),
        (7, "unknown topic \"theme:nowhere\""),
        (13, "\"Erewhon\" is decided by [[ambiguous]]"),
        (13, "\"Eq\" is too short"),
        (13, "not \"loud\""),
        (13, "unknown key \"trem\""),
        (13, "a term must be a string"),
        (13, "an empty term"),
        (18, "unknown key \"wrods\""),
        (19, "weight of \"sail\""),
        (19, "unknown context \"@wind\""),
        (19, "unknown topic \"theme:air\""),
        (21, "\"theme:sea\" is defined twice"),
        (25, "a topic without \"name\""),
        (25, "\"1726-13\" is not a date"),
        (25, "is after \"until\""),
        (25, "\"soon\" is not a date"),
        (33, "unknown topic \"country:zz\""),
        (37, "unknown kind \"towns\""),
        (37, "unknown key \"cue\""),
        (35, "unknown topic \"theme:moon\""),
        (39, "needs \"terms\""),
        (43, "unknown key \"nmaes\""),
        (46, "\"title\" must be a finite number"),
        (47, "unknown key \"bais\""),
        (50, "\"us\" must be a list"),
    ] {
        let is_found = found.iter().any(|(at, message)| *at == line && message.contains(part));
        assert!(
            is_found,
            "line {line}: {part}\nfound:\n{}",
            problems.iter().map(|p| format!("{p}\n")).collect::<String>()
        );
    }
}

#[test]
fn a_file_that_does_not_parse_is_a_problem_with_its_line() {
    let problems = tagger("language = \"en\"\n[[topic]\nid = 3\n").unwrap_err();
    assert_eq!((problems[0].file.as_str(), problems[0].line), ("planted.toml", 2));
    let said = problems[0].to_string();
    assert!(said.starts_with("planted.toml:2:") && problems[0].column > 1, "{said}");
}

#[test]
fn one_spelling_for_two_topics_is_a_duplicate() {
    let topic = |id: &str| format!("[[topic]]\nid = \"{id}\"\nname = \"N\"\nnames = [\"Atlantis\"]\n");
    let problems = tagger(&format!("{}{}", topic("org:one"), topic("org:two"))).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "planted.toml:8: \"Atlantis\" already names \"org:one\" at planted.toml:4"
    );
}

#[test]
fn the_version_follows_the_content() {
    let one = tagger("[[topic]]\nid = \"org:one\"\nname = \"One\"\nnames = [\"Atlantis\"]\n").unwrap();
    let two = tagger("[[topic]]\nid = \"org:one\"\nname = \"One\"\nnames = [\"Avalon\"]\n").unwrap();
    assert!(one.version().len() == 12 && one.version() != two.version());
}

#[test]
fn suppressed_mentions_say_which_rule_applied() {
    let explanation =
        Tagger::bundled().explain("", "Michael Jordan crossed the Gulf of Mexico. Jordan slept.", Some("en"));
    let rule = |term: &str| {
        let judged = explanation.mentions.iter().filter(|m| m.mention.term.contains(term));
        judged.filter_map(|m| m.rule.map(|rule| rule.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(rule("Jordan"), ["person", "person_memory"]);
    assert_eq!(rule("Gulf of Mexico"), ["mask"]);
    assert!(explanation.topics.is_empty());
}

#[test]
fn a_spelling_of_more_topics_than_a_place_can_tell_apart_is_a_problem() {
    let topic = |i: usize| format!("[[topic]]\nid = \"theme:t{i}\"\nname = \"T\"\nkeywords = [\"shared\"]\n");
    let text: String = (0..60).map(topic).collect();
    let problems = tagger(&text).unwrap_err();
    let said = "\"shared\" is a term of more than 56 topics";
    assert!(problems.iter().any(|p| p.line == 56 * 4 + 4 && p.message == said), "{problems:?}");
}
