//! Floors under the tagger's quality, where the development data is present (`NEWSWIRE_SHARED`, or `../shared`).
//!
//! The floors stand in `tests/tables/quality_topics.toml` and move only on purpose. The Reuters set is read in part
//! (every fourth document), so that the test stays under 15 seconds in the dev profile; `NEWSWIRE_FULL=1` reads all.

use flate2::read::GzDecoder;
use newswire::topics::Tagger;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("NEWSWIRE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join("data/topics");
    folder.is_dir().then_some(folder)
}

struct Scored {
    gold: BTreeSet<String>,
    tags: BTreeSet<String>,
}

/// Historical states count as their successors, as in the data's own scorer.
fn successor(id: &str) -> &str {
    match id {
        "country:su" => "country:ru",
        "country:yu" => "country:rs",
        "country:cs" => "country:cz",
        "country:dd" => "country:de",
        "country:yd" => "country:ye",
        other => other,
    }
}

fn read(name: &str, step: usize) -> Vec<Value> {
    let path = data().unwrap().join(format!("{name}.dev.jsonl.gz"));
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines.step_by(step).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

fn score(tagger: &Tagger, documents: &[Value], family: &str, threshold: f64) -> Vec<Scored> {
    let field = if family == "org" { "orgs" } else { "places" };
    let prefix = format!("{family}:");
    let scored = documents.iter().map(|document| {
        let text = |key: &str| document[key].as_str().unwrap_or("");
        let gold = document["labels"][field].as_array().unwrap();
        let gold = gold.iter().filter_map(Value::as_str).map(successor).map(str::to_owned).collect();
        let tags = tagger.tag(text("title"), text("body"), None, threshold);
        let tags = tags.iter().map(|tag| successor(&tag.id).to_owned());
        Scored { gold, tags: tags.filter(|id| id.starts_with(&prefix)).collect() }
    });
    scored.filter(|s| family == "org" || !s.gold.is_empty()).collect()
}

fn f1(counts: [usize; 3]) -> f64 {
    2.0 * counts[0] as f64 / (2 * counts[0] + counts[1] + counts[2]).max(1) as f64
}

/// Micro and macro F1, the latter over classes with five documents.
fn measure(documents: &[Scored]) -> (f64, f64) {
    let (mut all, mut classes) = ([0; 3], BTreeMap::<&str, [usize; 3]>::new());
    for document in documents {
        for id in document.gold.union(&document.tags) {
            let slot = match (document.gold.contains(id), document.tags.contains(id)) {
                (true, true) => 0,
                (false, _) => 1,
                (true, false) => 2,
            };
            all[slot] += 1;
            classes.entry(id).or_default()[slot] += 1;
        }
    }
    let large: Vec<f64> = classes.values().filter(|c| c[0] + c[2] >= 5).map(|c| f1(*c)).collect();
    (f1(all), large.iter().sum::<f64>() / large.len().max(1) as f64)
}

#[test]
fn quality_stays_above_its_floors() {
    if data().is_none() {
        eprintln!("the development data is not here: nothing measured");
        return;
    }
    let floors: toml::Table = include_str!("tables/quality_topics.toml").parse().unwrap();
    let tagger = Tagger::bundled();
    let step = if std::env::var_os("NEWSWIRE_FULL").is_some() { 1 } else { 4 };
    let mut measured = BTreeMap::new();
    let reuters = read("reuters21578", step);
    let (micro, macro_f1) = measure(&score(&tagger, &reuters, "country", Tagger::DEFAULT_THRESHOLD));
    measured.insert("reuters_micro", micro);
    measured.insert("reuters_macro", macro_f1);
    measured.insert(
        "organisations_micro",
        measure(&score(&tagger, &reuters, "org", Tagger::DEFAULT_THRESHOLD)).0,
    );
    for name in ["tr-news", "lgl", "geovirus", "geowebnews"] {
        measured.insert(name, measure(&score(&tagger, &read(name, 1), "country", 0.0)).0);
    }
    println!("{measured:.3?}");
    let below: Vec<String> = measured
        .iter()
        .filter(|(name, value)| **value < floors[**name].as_float().unwrap())
        .map(|(name, value)| format!("{name}: {value:.3} is under {}", floors[*name]))
        .collect();
    assert!(below.is_empty(), "{below:?}");
}

#[test]
fn the_seed_article_has_its_topics() {
    let Some(folder) = data() else { return };
    let expected = std::fs::read_to_string(folder.join("../seed/expected.json")).unwrap();
    let seed: Value = serde_json::from_str(&expected).unwrap();
    let texts: Vec<&str> =
        seed["paragraphs"].as_array().unwrap().iter().filter_map(|p| p["text"].as_str()).collect();
    let title = seed["title"].as_str().unwrap();
    let tags = Tagger::bundled().tag(title, &texts.join("\n\n"), Some("en"), Tagger::DEFAULT_THRESHOLD);
    let has = |id: &Value| tags.iter().any(|tag| Some(tag.id.as_str()) == id.as_str());
    let list = |key: &str| seed[key].as_array().unwrap().clone();
    let missing: Vec<Value> = list("topics_must_include").into_iter().filter(|id| !has(id)).collect();
    let unwanted: Vec<Value> = list("topics_must_not_include").into_iter().filter(has).collect();
    assert!(missing.is_empty() && unwanted.is_empty(), "missing {missing:?}, unwanted {unwanted:?}");
}
