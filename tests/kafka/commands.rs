//! The commands beside the worker, run as somebody runs them.

use crate::support::deployment::Deployment;
use crate::support::page_server::Page;
use crate::support::pages::Article;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn from_submit_to_replay_by_commands_alone() {
    let newswire = Deployment::new("commands");
    let (good, late) = ("http://paper.example/good", "http://paper.example/late");
    newswire.sites.serve(good, Page::html(Article::new(1).html()));
    let mut worker = newswire.start_worker();
    worker.wait_until_ready();
    assert!(newswire.newswire(&["check"]).output().expect("check starts").status.success());

    let mut tail = newswire
        .newswire(&["tail"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("tail starts");
    let mut followed = BufReader::new(tail.stdout.take().expect("its output")).lines();
    // It follows from where the Kafka topic ends when it has joined: give it something until it has.
    newswire.run(&["submit", good, late, &format!(r#"{{"url":"{good}","context":{{"desk":"metro"}}}}"#)]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), 1);

    let found = newswire.run(&["lookup", good]);
    assert_eq!(found[0]["article"]["version"], 1, "{found:?}");
    let id = found[0]["article"]["article_id"].as_str().expect("an id").to_owned();
    assert_eq!(newswire.run(&["lookup", &id])[0]["article"]["article_id"], id);
    let missing = newswire.run(&["lookup", late]);
    assert_eq!(
        (&missing[0]["article"], &missing[0]["rejects"][0]["reason"]),
        (&().into(), &"not_found".into())
    );

    let listed = newswire.run(&["rejects", "list", "--reason", "not_found"]);
    assert_eq!((listed.len(), &listed[0]["url"]), (1, &late.into()), "{listed:?}");
    assert!(newswire.run(&["rejects", "list", "--reason", "timeout"]).is_empty());
    newswire.sites.serve(late, Page::html(Article::new(2).html()));
    newswire.run(&["rejects", "replay", "--reason", "not_found", "--dry-run"]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), 1, "a dry run puts nothing back");
    newswire.run(&["rejects", "replay", "--reason", "not_found"]);
    newswire.run(&["rejects", "replay", "--reason", "not_found"]);
    newswire.wait_until_idle(LIMIT);
    assert_eq!(newswire.events().len(), 2, "replayed twice, published once");

    let event: serde_json::Value =
        serde_json::from_str(&followed.next().expect("a line").expect("text")).expect("JSON");
    assert!(event["article_id"].is_string(), "{event}");
    tail.kill().expect("tail is there");
    tail.wait().expect("tail ends");
    assert_eq!(worker.stop(), 0);
}

#[test]
fn what_cannot_be_done_is_said_with_its_exit_code() {
    let newswire = Deployment::new("wrong").set("KAFKA__CREATE_TOPICS", "false");
    let told = |arguments: &[&str]| {
        let mut child = newswire
            .newswire(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut text = String::new();
        child.stderr.take().expect("its errors").read_to_string(&mut text).expect("text");
        (child.wait().expect("it ends").code(), text)
    };
    for (arguments, code, words) in [
        (&["submit", "ftp://paper.example/x"][..], 1, "ftp"),
        (&["lookup", "no url"], 2, "neither an article id nor a URL"),
        (&["forget", "no url"], 2, "neither an article id nor a URL"),
        (&["rejects", "replay"], 2, "--all"),
        (&["check"], 2, "does not exist"),
        (&["retag", "--since", "yesterday"], 2, "--since"),
    ] {
        let (is, text) = told(arguments);
        assert!(is == Some(code) && text.contains(words), "{arguments:?} gave {is:?}: {text}");
    }
}
