//! The status page in a real browser: figures arrive, headlines stay text, light, dark and narrow.
//!
//! `NEWSWIRE_SCREENSHOTS=FOLDER cargo test --test running status_page` keeps what the browser saw.

use crate::is_there;
use newswire::record::{Outcome, Reason, Stage};
use newswire::telemetry::{self, BackOff, Headline, HealthServer, Readiness};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Serves the page with something on it, on a thread that ends with the test binary.
fn serve() -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let server = HealthServer::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
            sender.send(server.address()).unwrap();
            let readiness = Readiness::default();
            readiness.waits("publish", "restoring 2 of 6 partitions");
            fill();
            server.serve(readiness, std::future::pending()).await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

fn fill() {
    let now = jiff::Timestamp::now();
    let ending = |outcome, reason| newswire::record::Ending {
        outcome,
        reason,
        message: None,
        url: "https://www.daily.example/1".into(),
        site: "daily.example".into(),
        article_id: None,
        duplicate_through: None,
        version: None,
        duration_ms: None,
        source: "news.urls-0-1".into(),
        traceparent: None,
    };
    (0..40).for_each(|_| telemetry::report(&ending(Outcome::Published, None)));
    (0..12).for_each(|_| telemetry::report(&ending(Outcome::Duplicate, None)));
    (0..7).for_each(|_| telemetry::report(&ending(Outcome::Rejected, Some(Reason::NotFound))));
    for (stage, lag) in [(Stage::Route, 0), (Stage::Fetch, 12_873), (Stage::Publish, 31)] {
        telemetry::partitions(stage, 4, if stage == Stage::Publish { 2 } else { 0 });
        telemetry::lag(&[(stage, lag)], &[("10s", 3), ("2m", 120), ("30m", 0)], now);
    }
    telemetry::in_flight(Stage::Fetch, 412);
    telemetry::table_size("seen", 0, 804_211);
    telemetry::restoring("seen", 4, 30_000, 199_000);
    let until = now.checked_add(Duration::from_secs(95)).unwrap();
    telemetry::back_offs(vec![BackOff { host: "www.slow.example".into(), until: Some(until), failures: 3 }]);
    telemetry::taxonomy("3f9a1c");
    for title in [
        "North Korea fires short-range missiles",
        "<script>document.title='owned'</script><b>bold</b> & so on",
    ] {
        let headline = Headline {
            title: title.into(),
            url: "javascript:alert(1)".into(),
            site: "daily.example".into(),
            topics: vec![("country:kp".into(), "North Korea".into())],
            news_at: None,
        };
        telemetry::headline(headline, now);
    }
}

fn browser(arguments: &[&str], url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new("timeout");
    command.args(["60", "chromium", "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
    // Without it Chromium does not start as root; it sees this page alone.
    command.arg("--no-sandbox").arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg("--virtual-time-budget=4000").args(arguments).arg(url);
    let output = command.output().expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_page_shows_what_is_and_headlines_stay_text() {
    if !is_there("chromium") {
        return;
    }
    let url = format!("http://{}/", serve());
    let seen = browser(&["--dump-dom"], &url);
    for shown in [
        "not ready",
        "publish: restoring 2 of 6 partitions",
        "12,873",
        "30,000 of 199,000",
        "www.slow.example",
        "not found",
        "North Korea fires short-range missiles",
        "804,211 articles",
        "3 in 10s, 120 in 2m",
        "taxonomy 3f9a1c",
        // The headline as text.
        "&lt;script&gt;document.title='owned'&lt;/script&gt;&lt;b&gt;bold&lt;/b&gt; &amp; so on",
    ] {
        assert!(seen.contains(shown), "{shown} is not on the page:\n{seen}");
    }
    assert!(seen.contains("<title>newswire</title>") && !seen.contains("href=\"javascript"));
    assert!(seen.matches("class=\"published\"").count() >= 2, "a bar and its legend");
    if let Some(folder) = std::env::var_os("NEWSWIRE_SCREENSHOTS") {
        take_pictures(&url, Path::new(&folder));
    }
}

fn take_pictures(url: &str, folder: &Path) {
    for (name, size, scheme) in
        [("light", "1100,1250", 1), ("dark", "1100,1250", 0), ("phone", "390,2000", 1)]
    {
        let file = folder.join(format!("status-{name}.png"));
        let screenshot = format!("--screenshot={}", file.display());
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        browser(&[&screenshot, &format!("--window-size={size}"), &scheme], url);
        assert!(std::fs::metadata(&file).is_ok_and(|file| file.len() > 10_000), "{}", file.display());
    }
}
