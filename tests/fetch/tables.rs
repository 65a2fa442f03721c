//! The tables of the guard and of robots.txt, and what no input may do to either.

use newswire::fetch::guard::Guard;
use newswire::fetch::robots::Robots;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use url::Url;

fn table(name: &str) -> String {
    let path = format!("{}/tests/tables/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {path}: {e}"))
}

#[test]
fn the_guard_refuses_what_is_not_public() {
    let guard = Guard::new(&[], &[80, 443]).unwrap();
    let table = table("guard.csv");
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut counted = 0;
    for row in rows {
        let (url, expected) = row.rsplit_once(',').expect("a row is url,verdict");
        // What is no URL at all never gets as far as the guard.
        let verdict = Url::parse(url).map_err(|e| e.to_string()).and_then(|url| guard.judge_url(&url));
        let word = if verdict.is_ok() { "ok" } else { "refused" };
        assert_eq!(word, expected, "{url}: {verdict:?}");
        counted += 1;
    }
    assert!(counted >= 130, "{counted} rows");
}

#[test]
fn allowed_networks_and_ports_are_let_through_and_nothing_beside_them() {
    let guard =
        Guard::new(&["10.1.0.0/16".into(), "fd00::/8".into(), "127.0.0.1".into()], &[80, 8080]).unwrap();
    let check = |url: &str, expected: bool| {
        assert_eq!(guard.judge_url(&Url::parse(url).unwrap()).is_ok(), expected, "{url}");
    };
    check("http://10.1.2.3/", true);
    check("http://10.1.2.3:8080/", true);
    check("http://10.2.0.1/", false);
    check("http://[fd12::1]/", true);
    check("http://[fe80::1]/", false);
    check("http://127.0.0.1/", true);
    check("http://127.0.0.2/", false);
    check("http://[::ffff:10.1.2.3]/", false);
    check("https://news.example/", false);
    for bad in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/", "10.0.0/8", ""] {
        assert!(Guard::new(&[bad.to_owned()], &[]).is_err(), "{bad:?}");
    }
}

#[test]
fn robots_rules_mean_what_the_table_says() {
    let (mut name, mut file, mut counted, mut wrong) = (String::new(), String::new(), 0, Vec::new());
    for line in table("robots.txt").lines() {
        let (kind, rest) = line.split_at(line.len().min(1));
        match kind {
            "=" => (name, file) = (rest.trim().to_owned(), String::new()),
            "|" => file += &format!("{}\n", written_out(rest)),
            "+" | "-" => {
                counted += 1;
                let robots = Robots::parse(file.as_bytes(), "newswire");
                if robots.allows(rest.trim()) != (kind == "+") {
                    wrong.push(format!("{name}: {line}"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counted >= 150, "{counted} cases");
}

fn written_out(line: &str) -> String {
    let line = line.strip_prefix(' ').unwrap_or(line);
    line.replace("\\r", "\r").replace("\\t", "\t").replace("\\0", "\0").replace("\\u{feff}", "\u{feff}")
}

#[test]
fn a_crawl_delay_is_read_where_it_is_a_number() {
    let check = |line: &str, expected: Option<f64>| {
        let robots = Robots::parse(format!("User-agent: *\n{line}\n").as_bytes(), "newswire");
        assert_eq!(robots.crawl_delay, expected.map(Duration::from_secs_f64), "{line}");
    };
    check("Crawl-delay: 10", Some(10.0));
    check("crawl-delay:0.5", Some(0.5));
    check("Crawl-delay: 2 # seconds", Some(2.0));
    check("Crawl-delay: 1e99", Some(86_400.0));
    for bad in ["-1", "soon", "", "NaN", "inf", "5s"] {
        check(&format!("Crawl-delay: {bad}"), None);
    }
    let ours = b"User-agent: *\nCrawl-delay: 9\nUser-agent: newswire\nDisallow: /a\n";
    assert_eq!(Robots::parse(ours, "newswire").crawl_delay, None);
}

#[test]
fn a_hostile_robots_file_costs_little_time() {
    let started = Instant::now();
    let stars = format!("User-agent: *\nDisallow: /{}b$\n", "*a".repeat(200_000));
    assert!(Robots::parse(stars.as_bytes(), "newswire").allows(&format!("/{}", "a".repeat(8000))));
    let many = format!("User-agent: *\n{}", "Disallow: /*x*y*z$\n".repeat(25_000));
    assert!(Robots::parse(many.as_bytes(), "newswire").allows(&format!("/{}", "xy".repeat(1000))));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

/// 2,000 cases, or as many as NEWSWIRE_CASES says.
pub fn cases() -> ProptestConfig {
    let cases = std::env::var("NEWSWIRE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_robots_file_makes_a_panic(file in proptest::collection::vec(any::<u8>(), 0..300), path in "\\PC{0,40}") {
        Robots::parse(&file, "newswire").allows(&path);
    }

    #[test]
    fn no_line_of_robots_makes_a_panic(lines in proptest::collection::vec("(user-agent|disallow|allow|crawl-delay)[ :]{0,2}[*$/%a-f0-9é]{0,12}", 0..12), path in "/[*$/%a-f0-9é]{0,12}") {
        Robots::parse(lines.join("\n").as_bytes(), "newswire").allows(&path);
    }

    #[test]
    fn a_rule_without_signs_denies_its_own_path(path in "/[a-z0-9/._-]{0,20}") {
        let file = format!("User-agent: *\nDisallow: {path}");
        prop_assert!(path == "/robots.txt" || !Robots::parse(file.as_bytes(), "newswire").allows(&path));
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling(third in any::<u8>(), last in any::<u8>(), form in 0..4) {
        let number = u32::from_be_bytes([10, 7, third, last]);
        let host = match form {
            0 => format!("10.7.{third}.{last}"),
            1 => format!("{number}"),
            2 => format!("{number:#x}"),
            _ => format!("0{number:o}"),
        };
        let guard = Guard::new(&[], &[80]).unwrap();
        let url = Url::parse(&format!("http://{host}/")).unwrap();
        prop_assert!(guard.judge_url(&url).is_err());
    }
}
