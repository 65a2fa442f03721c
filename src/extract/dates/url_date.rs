//! The day in a URL's path: `/2025/09/28/`, `/2025-09-28-…`, `/20250928/`, `/28-09-2025/`, `/2025/september/28/`.

use super::months;
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
        let [a, b, c] = w else { return None };
        if !adjacent(a, b) || !adjacent(b, c) {
            return None;
        }
        match (a.len(), b.len(), c.len()) {
            (4, 1 | 2, 1 | 2) => date(path, a, b, c),
            (2, 2, 4) => date(path, c, b, a),
            _ => None,
        }
    });
    separated.or_else(|| with_month_name(path, &runs)).or_else(|| {
        runs.iter().filter(|r| r.len() == 8).find_map(|r| {
            let piece = |from: usize, to: usize| Run { start: r.start + from, end: r.start + to };
            date(path, &piece(0, 4), &piece(4, 6), &piece(6, 8))
        })
    })
}

/// `/2025/sep/28/`: the month's name is the segment between two numbers.
fn with_month_name(path: &str, runs: &[Run]) -> Option<Date> {
    runs.windows(2).find_map(|w| {
        let [y, d] = w else { return None };
        let between = path[y.end..d.start].strip_prefix('/')?.strip_suffix('/')?;
        let month = months::month(&between.to_ascii_lowercase(), Some("en"))?;
        let year: i16 = if y.len() == 4 { path[y.start..y.end].parse().ok()? } else { return None };
        let day = if d.len() <= 2 { path[d.start..d.end].parse().ok()? } else { return None };
        YEARS.contains(&year).then(|| Date::new(year, month, day).ok())?
    })
}

/// Year and month, where the path has no day: `/2025/09/some-title`.
pub fn month(url: &Url) -> Option<(i16, i8)> {
    let mut segments = url.path_segments()?.zip(url.path_segments()?.skip(1));
    segments.find_map(|(year, month)| {
        let year: i16 = if year.len() == 4 { year.parse().ok()? } else { return None };
        let month: i8 = if month.len() == 2 { month.parse().ok()? } else { return None };
        (YEARS.contains(&year) && (1..=12).contains(&month)).then_some((year, month))
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

fn date(path: &str, y: &Run, m: &Run, d: &Run) -> Option<Date> {
    let year: i16 = path[y.start..y.end].parse().ok()?;
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year, path[m.start..m.end].parse().ok()?, path[d.start..d.end].parse().ok()?).ok()
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
            ("/press/28-09-2025", "2025-09-28"),
            ("/blog/2025/September/28/summit", "2025-09-28"),
            ("/2025/13/01/", ""),
            ("/2025/about/28/", ""),
            ("/v/1.2.3/2025/", ""),
        ] {
            let url = Url::parse(&format!("https://a.example{path}")).unwrap();
            assert_eq!(day(&url).map(|d| d.to_string()).unwrap_or_default(), expected, "{path}");
        }
    }
}
