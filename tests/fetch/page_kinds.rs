//! No real article may be taken for a challenge, a log-in or a missing page. Needs the evaluation data beside the
//! crate; without it there is nothing to count.

use newswire::fetch::page_kind::judge_text;
use std::io::Read;
use std::path::{Path, PathBuf};
use url::Url;

fn shared_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let named = std::env::var("NEWSWIRE_SHARED").ok().map(PathBuf::from);
    [named, Some(beside)].into_iter().flatten().find(|folder| folder.join("extract").is_dir())
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let sets = std::fs::read_dir(folder).unwrap().filter_map(|set| set.ok());
    let files = sets.filter_map(|set| std::fs::read_dir(set.path().join("pages")).ok()).flatten();
    let mut pages: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    pages.sort();
    pages
}

#[test]
fn at_most_one_real_article_in_two_hundred_is_taken_for_something_else() {
    let Some(data) = shared_data() else { return };
    let url = Url::parse("https://news.example/2026/a-story").unwrap();
    let (mut counted, mut alarms) = (0, Vec::new());
    for path in pages(&data.join("extract")) {
        let mut html = String::new();
        let file = std::fs::File::open(&path).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut html).unwrap();
        counted += 1;
        if let Some(reason) = judge_text(&url, &[], &html) {
            let set = path.parent().and_then(Path::parent).and_then(Path::file_name).unwrap_or_default();
            alarms.push(format!("{}/{}: {reason}", set.display(), path.file_name().unwrap().display()));
        }
    }
    println!("{} of {counted} pages: {alarms:#?}", alarms.len());
    assert!(alarms.len() * 200 <= counted, "{alarms:#?}");
}
