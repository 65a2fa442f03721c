//! How fast pages are read, against parsing alone: JSON lines `{"id","url","html"}` on standard input.
//! One thread, all pages in memory, the best of three passes each.

use newswire::extract::{Extractor, Page, PageHeaders};
use serde_json::Value;
use std::io::BufRead;
use std::time::{Duration, Instant};
use url::Url;

/// Time this thread had the processor, which a busy machine does not stretch; the wall clock where the system keeps none.
fn processor_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

fn best_of_three(mut pass: impl FnMut()) -> Duration {
    let start = Instant::now();
    let timed = |pass: &mut dyn FnMut()| {
        let before = processor_time(start);
        pass();
        processor_time(start) - before
    };
    (0..3).map(|_| timed(&mut pass)).min().unwrap_or_default()
}

fn main() {
    let lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let pages: Vec<(Url, String)> = lines
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .filter_map(|v| Some((Url::parse(v["url"].as_str()?).ok()?, v["html"].as_str()?.to_owned())))
        .collect();
    let megabytes = pages.iter().map(|(_, html)| html.len()).sum::<usize>() as f64 / 1e6;
    let extractor = Extractor::bundled();
    let headers = PageHeaders::default();
    let parse = best_of_three(|| {
        for (_, html) in &pages {
            std::hint::black_box(scraper::Html::parse_document(html));
        }
    });
    let extract = best_of_three(|| {
        for (url, html) in &pages {
            std::hint::black_box(extractor.extract(&Page { url, html, headers: &headers, fetched_at: None }));
        }
    });
    for (name, took) in [("parse alone", parse), ("extract", extract)] {
        let seconds = took.as_secs_f64();
        println!("{name}: {:.0} pages/s, {:.1} MB/s", pages.len() as f64 / seconds, megabytes / seconds);
    }
    println!("extract reaches {:.2} of the parse-only rate", parse.as_secs_f64() / extract.as_secs_f64());
}
