//! How well pages are read, on the development sets where they are present, against the floors in
//! `tests/quality/extract_floors.toml`; and that no page, however broken, panics or takes long.
//!
//! By default a sample of 200 pages is scored; `NEWSWIRE_QUALITY=full` scores all of them.

#[path = "quality/hostile.rs"]
mod hostile;
#[path = "quality/metric.rs"]
mod metric;

use metric::{Score, score};
use newswire::extract::{Extractor, Page, PageHeaders};
use newswire::record::Article;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use url::Url;

/// Pages scored of each set by default: 200 in all.
const SAMPLE: [(&str, usize); 4] = [("wcxb_dev", 80), ("daniel", 40), ("trafilatura", 60), ("htmldate", 20)];

fn data() -> Option<PathBuf> {
    let shared = std::env::var_os("NEWSWIRE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    Some(shared.join("data/extract")).filter(|path| path.is_dir())
}

fn extract(url: &str, html: &str) -> Article {
    let url = Url::parse(url).unwrap_or_else(|_| Url::parse("https://unknown.example/").unwrap());
    Extractor::bundled().extract(&Page {
        url: &url,
        html,
        headers: &PageHeaders::default(),
        fetched_at: None,
    })
}

fn read_page(set: &Path, id: &str) -> String {
    let file = std::fs::File::open(set.join("pages").join(format!("{id}.html.gz"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every n-th page of a set, so that the sample is the same every time.
fn scored(data: &Path, name: &str, pages: usize) -> Score {
    let set = data.join(name);
    let gold: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(set.join("gold.json")).unwrap()).unwrap();
    let step = gold.len().div_ceil(pages).max(1);
    let pages = gold.iter().step_by(step);
    score(
        pages.map(|(id, gold)| {
            (gold, extract(gold["url"].as_str().unwrap_or_default(), &read_page(&set, id)))
        }),
    )
}

#[test]
fn pages_are_read_at_least_as_well_as_the_floors_say() {
    let Some(data) = data() else {
        eprintln!("the development sets are not here: nothing to score");
        return;
    };
    let full = std::env::var("NEWSWIRE_QUALITY").is_ok_and(|v| v == "full");
    let floors: toml::Table = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/quality/extract_floors.toml"),
    )
    .unwrap()
    .parse()
    .unwrap();
    let floors = floors[if full { "full" } else { "sample" }].as_table().unwrap();
    let mut below = Vec::new();
    for (name, pages) in SAMPLE {
        let score = scored(&data, name, if full { usize::MAX } else { pages });
        for (measure, floor) in floors[name].as_table().unwrap() {
            let (found, floor) = (score.get(measure), floor.as_float().unwrap());
            println!("{name} {measure} {found:.4} (floor {floor})");
            if found < floor {
                below.push(format!("{name} {measure} is {found:.4}, its floor {floor}"));
            }
        }
    }
    assert!(below.is_empty(), "{}", below.join("; "));
}

/// Time this thread had the processor, which a busy machine does not stretch; none where the system keeps none.
fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}

/// What an ordinary page costs, a hostile one may cost so many times, megabyte for megabyte. Six is the most that was
/// measured in the dev profile, also with other processes beside it; what grows with the square of the page costs hundreds.
const TIMES_AN_ORDINARY_PAGE: f64 = 8.0;

/// The least time of so many readings, for each megabyte. On a stack as small as any thread's: recursion by depth would
/// overflow it.
fn time_a_megabyte(html: &str, readings: usize) -> Duration {
    let megabytes = html.len().max(1_000_000) as f64 / 1e6;
    let read = || {
        let started = Instant::now();
        extract("https://a.example/x", html);
        processor_time().unwrap_or_else(|| started.elapsed())
    };
    let once = |_| {
        std::thread::scope(|scope| {
            let worker = std::thread::Builder::new().stack_size(512 * 1024);
            worker.spawn_scoped(scope, read).expect("a thread").join().expect("no page panics")
        })
    };
    (0..readings).map(once).min().expect("one reading at least").div_f64(megabytes)
}

#[test]
fn no_page_panics_or_takes_more_than_its_time() {
    let ordinary = time_a_megabyte(&hostile::ordinary(), 3);
    let allowed = ordinary.mul_f64(TIMES_AN_ORDINARY_PAGE);
    let mut slow = Vec::new();
    for (name, html) in hostile::pages() {
        let mut took = time_a_megabyte(&html, 1);
        if took > allowed {
            took = time_a_megabyte(&html, 2);
        }
        println!("{name}: {took:?} a MB, {:.1} times an ordinary page", took.div_duration_f64(ordinary));
        if took > allowed {
            slow.push(format!("{name} took {took:?} a MB, allowed {allowed:?}"));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("; "));
}
