//! The day in a URL's path: `/2025/09/28/`, `/2025-09-28-…`, `/20250928/`.

use jiff::civil::Date;
use url::Url;

/// Years a URL may name; numbers outside are identifiers.
const YEARS: std::ops::RangeInclusive<i16> = 1995..=2099;

pub fn day(url: &Url) -> Option<Date> {
    let path = url.path();
    let runs = digit_runs(path);
    let separated = runs.windows(3).find_map(|w| {
        let adjacent = |a: &Run, b: &Run| {
            b.start == a.end + 1 && matches!(path.as_bytes()[a.end], b'/' | b'-' | b'_' | b'.')
        };
        let [y, m, d] = w else { return None };
        let shape = y.len() == 4 && m.len() <= 2 && d.len() <= 2 && adjacent(y, m) && adjacent(m, d);
        if shape { date(path, y.start..y.end, m.start..m.end, d.start..d.end) } else { None }
    });
    separated.or_else(|| {
        runs.iter()
            .filter(|r| r.len() == 8)
            .find_map(|r| date(path, r.start..r.start + 4, r.start + 4..r.start + 6, r.start + 6..r.end))
    })
}

struct Run {
    start: usize,
    end: usize,
}

impl Run {
    fn len(&self) -> usize {
        self.end - self.start
    }
}

fn digit_runs(path: &str) -> Vec<Run> {
    let bytes = path.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_digit() {
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            runs.push(Run { start, end: at });
        } else {
            at += 1;
        }
    }
    runs
}

fn date(
    path: &str,
    y: std::ops::Range<usize>,
    m: std::ops::Range<usize>,
    d: std::ops::Range<usize>,
) -> Option<Date> {
    let year: i16 = path[y].parse().ok()?;
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year, path[m].parse().ok()?, path[d].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_the_path_is_read_and_identifiers_are_not() {
        for (path, expected) in [
            ("/2025/09/28/summit", "2025-09-28"),
            ("/news/2025-9-8-summit", "2025-09-08"),
            ("/a/20250928/x.html", "2025-09-28"),
            ("/a/12345678", ""),
            ("/2025/13/01/", ""),
            ("/v/1.2.3/2025/", ""),
        ] {
            let url = Url::parse(&format!("https://a.example{path}")).unwrap();
            assert_eq!(day(&url).map(|d| d.to_string()).unwrap_or_default(), expected, "{path}");
        }
    }
}
