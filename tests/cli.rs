//! The real binary, as a person or a script uses it: arguments, streams, exit codes.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const PAGE: &str = r#"<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Ministers agree on grain corridor - The Daily Example</title>
<link rel="shortlink" href="https://www.daily.example/?p=4711">
<link rel="canonical" href="https://www.daily.example/2025/11/grain-corridor/">
<meta property="og:title" content="Ministers agree on grain corridor">
</head><body><article><h1>Ministers agree on grain corridor</h1>
<p>Ministers from eleven countries agreed on Tuesday to keep the grain corridor open through the winter, after two days of talks in the port city.</p>
<p>The agreement lets ships inspected on either shore pass without a second stop, which captains said had cost them up to nine days a voyage.</p>
<p>Officials will meet again in March to decide whether the arrangement should become permanent.</p>
</article></body></html>"#;

fn newswire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newswire"));
    // The repository's own config folder must not decide what these tests see.
    command.args(arguments).current_dir(std::env::temp_dir()).env_remove("RUST_LOG");
    command
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the binary starts");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // On a thread: the child answers while it reads.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn help_names_every_command_and_exits_with_0() {
    let help = run(&mut newswire(&["--help"]), b"");
    assert_eq!(help.status.code(), Some(0));
    for command in [
        "ingest",
        "demo",
        "run",
        "submit",
        "rejects",
        "lookup",
        "retag",
        "forget",
        "tail",
        "explain",
        "extract",
        "tag",
        "check",
        "topics",
        "config",
        "schema",
        "completions",
        "health",
    ] {
        assert!(stdout(&help).contains(&format!("\n  {command} ")), "{command}");
        let of_command = run(&mut newswire(&[command, "--help"]), b"");
        assert_eq!(of_command.status.code(), Some(0), "{command}");
        assert!(stdout(&of_command).contains("Example"), "{command} --help has an example");
        assert!(stdout(&of_command).contains(&format!("newswire {command}")), "{command}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["no-such-command"][..],
        &[],
        &["extract"],
        &["extract", "--batch", "--url", "https://a.example/"],
        &["extract", "--url", "not a url"],
        &["tag"],
        &["--set", "nonsense", "config", "show"],
        &["--set", "fetch.delay=later", "config", "show"],
        &["--config", "no/such.toml", "config", "show"],
    ] {
        let output = run(&mut newswire(arguments), b"<p>");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_broken_config_is_told_whole_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, "[kafka]\nbrokers = \"b:9092\"\ntopic = \"x\"\n\n[fetch]\ndelay = 5\n").unwrap();
    let file = file.to_str().unwrap();
    let mut command = newswire(&["--config", file, "check", "--offline"]);
    let output = run(command.env("NEWSWIRE_TOPICS__THRESHOLD", "7"), b"");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    for problem in [
        format!("{file}:3: unknown key \"topic\" in [kafka]"),
        format!("{file}:6: fetch.delay"),
        "NEWSWIRE_TOPICS__THRESHOLD: topics.threshold".to_owned(),
    ] {
        assert!(told.contains(&problem), "{problem} not in\n{told}");
    }
}

#[test]
fn check_says_what_it_found_good_and_needs_a_contact() {
    let without = run(&mut newswire(&["check", "--offline"]), b"");
    assert_eq!(without.status.code(), Some(2));
    assert!(stderr(&without).contains("fetch.user_agent: must name a contact"), "{}", stderr(&without));
    let agent = "fetch.user_agent=MyNews/1.0 (+https://news.example/bot)";
    let with = run(&mut newswire(&["check", "--offline", "--set", agent]), b"");
    assert_eq!(with.status.code(), Some(0), "{}", stderr(&with));
    assert!(
        stdout(&with).contains("config ok") && stdout(&with).contains("taxonomy ok"),
        "{}",
        stdout(&with)
    );
}

#[test]
fn config_show_prints_what_holds_and_no_secret() {
    let mut command = newswire(&["config", "show", "--set", "fetch.delay=3s"]);
    let output = run(command.env("NEWSWIRE_KAFKA__PROPERTIES__SASL_PASSWORD", "hush"), b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown: toml::Table = toml::from_str(&stdout(&output)).expect("it is TOML");
    assert_eq!(shown["fetch"]["delay"].as_str(), Some("3s"));
    assert_eq!(shown["kafka"]["topics"]["urls"].as_str(), Some("news.urls"));
    assert!(!stdout(&output).contains("hush"));
    let default = run(&mut newswire(&["config", "show", "--default"]), b"");
    assert_eq!(stdout(&default), include_str!("../config/newswire.toml"));
}

#[test]
fn extract_reads_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, PAGE).unwrap();
    let url = "https://www.daily.example/2025/11/grain-corridor/?utm_source=x";
    let of_file = run(&mut newswire(&["extract", file.to_str().unwrap(), "--url", url]), b"");
    let of_stdin = run(&mut newswire(&["extract", "--url", url]), PAGE.as_bytes());
    assert_eq!(of_file.status.code(), Some(0), "{}", stderr(&of_file));
    assert_eq!(stdout(&of_file), stdout(&of_stdin));
    let event = &json_lines(&of_file)[0];
    assert_eq!(event["url"], "https://www.daily.example/2025/11/grain-corridor/");
    assert_eq!(event["requested_url"], url);
    assert_eq!(event["site"], "daily.example");
    for unknown in ["fetched_at", "first_seen_at", "fetch", "source_record", "context"] {
        assert_eq!(event[unknown], Value::Null, "{unknown}");
    }
}

#[test]
fn a_saved_page_becomes_a_golden_case() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("daily/corridor");
    let url = "https://www.daily.example/2025/11/grain-corridor/";
    let make = || {
        let mut command = newswire(&["extract", "--url", url, "--new-case", case.to_str().unwrap()]);
        run(&mut command, PAGE.as_bytes())
    };
    assert_eq!(make().status.code(), Some(0));
    assert_eq!(fs::read_to_string(case.join("page.html")).unwrap(), PAGE);
    assert_eq!(fs::read_to_string(case.join("url.txt")).unwrap().trim(), url);
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
    assert!(expected["title"].is_string() && expected["blocks"].is_array(), "{expected}");
    let again = make();
    assert_eq!(again.status.code(), Some(2), "a case that is there is not written over");
}

#[test]
fn publisher_rules_of_the_config_are_used_and_their_mistakes_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daily.toml");
    let setting = format!("extract.publishers={}", folder.path().display());
    let url = "https://www.daily.example/x";
    let extract =
        || json_lines(&run(&mut newswire(&["--set", &setting, "extract", "--url", url]), PAGE.as_bytes()));
    fs::write(&file, "[[rule]]\nhosts = ['daily.example']\ncountry = 'dk'\nremove = ['body']\n").unwrap();
    let event = &extract()[0];
    assert_eq!(event["publisher"]["country"], "dk");
    assert_eq!(event["body"], "");
    fs::write(&file, "[[rule]]\nhosts = ['daily.example']\nremove = ['p:hover']\n").unwrap();
    let output = run(&mut newswire(&["--set", &setting, "check", "--offline"]), b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("daily.toml:3: "), "{}", stderr(&output));
}

#[test]
fn a_bad_line_of_a_batch_is_answered_in_its_place() {
    let good =
        |id: usize| serde_json::json!({"id": id, "url": "https://a.example/x", "html": PAGE}).to_string();
    let mut lines: Vec<String> = (0..50).map(good).collect();
    lines[3] = "{not json".into();
    lines[17] = r#"{"id":17,"url":"https://a.example/x"}"#.into();
    lines[18] = r#"{"id":18,"url":"::","html":"<p>"}"#.into();
    lines[19] = "[1,2]".into();
    lines[20] = String::new();
    let output = run(&mut newswire(&["extract", "--batch"]), lines.join("\n").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answers = json_lines(&output);
    assert_eq!(answers.len(), 50);
    for (number, answer) in answers.iter().enumerate() {
        match number {
            3 | 19 | 20 => assert!(answer["id"].is_null() && answer["error"].is_string(), "{answer}"),
            17 | 18 => assert!(answer["id"] == number && answer["error"].is_string(), "{answer}"),
            _ => assert!(answer["id"] == number && answer["article_id"].is_string(), "{answer}"),
        }
    }
}

#[test]
fn bytes_that_are_no_text_do_not_stop_a_batch() {
    let output = run(
        &mut newswire(&["extract", "--batch"]),
        b"\xff\xfe\n{\"id\":1,\"url\":\"https://a.example/\",\"html\":\"\"}\n",
    );
    let answers = json_lines(&output);
    assert!(answers.len() == 2 && answers[0]["error"].is_string() && answers[1]["id"] == 1, "{answers:?}");
}

#[test]
fn tag_answers_every_line_with_topics() {
    let input = "{\"id\":\"a\",\"title\":\"t\",\"body\":\"b\"}\nnonsense\n{\"id\":\"c\",\"title\":4}\n{\"id\":\"d\",\"body\":\"only a body\",\"language\":\"en\"}\n";
    let output = run(&mut newswire(&["tag", "--batch", "--all-mentions"]), input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answers = json_lines(&output);
    assert_eq!(answers.len(), 4);
    assert!(answers[0]["id"] == "a" && answers[0]["topics"].is_array());
    assert!(answers[1]["error"].is_string() && answers[2]["error"].is_string());
    assert!(answers[3]["id"] == "d" && answers[3]["topics"].is_array());
}

#[test]
fn half_a_surrogate_pair_costs_one_character() {
    let input = concat!(
        r#"{"id":1,"title":"Seoul \ud83d talks","body":"\udc00 \\ud83d and \ud83c\uddf0 South Korea, \uD800"}"#,
        "\n",
    );
    let answers = json_lines(&run(&mut newswire(&["tag", "--batch", "--all-mentions"]), input.as_bytes()));
    let topics = answers[0]["topics"].to_string();
    assert!(topics.contains("country:kr"), "{answers:?}");
}

#[test]
fn topics_test_checks_cases_and_says_which_fail() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("cases.toml");
    let good = "[[case]]\ntitle = \"A\"\ntext = \"Seoul, the capital of South Korea.\"\nmust = [\"country:kr\"]\nexact = true\n";
    std::fs::write(&toml, good).unwrap();
    let path = toml.to_str().unwrap();
    let output = run(&mut newswire(&["topics", "test", path]), b"");
    assert_eq!((output.status.code(), stdout(&output).trim()), (Some(0), "1 of 1 cases pass"));

    let lines = folder.path().join("cases.jsonl");
    let bad =
        "{\"title\":\"B\",\"text\":\"South Korea.\",\"must\":[\"org:apec\"],\"must_not\":[\"country:kr\"]}\n";
    std::fs::write(&lines, bad).unwrap();
    let output = run(&mut newswire(&["topics", "test", lines.to_str().unwrap()]), b"");
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(said.contains("missing [\"org:apec\"]") && said.contains("unwanted [\"country:kr\"]"), "{said}");

    std::fs::write(&lines, "{\"text\":\"x\"}\n{\"txet\":\"y\"}\n").unwrap();
    let output = run(&mut newswire(&["topics", "test", lines.to_str().unwrap()]), b"");
    assert!(
        output.status.code() == Some(2) && stderr(&output).contains("cases.jsonl:2:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_warns_of_leaders_that_nobody_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let topic =
        "[[topic]]\nid = \"person:x\"\nname = \"X\"\nas_of = \"2001-02\"\nnames = [\"Xaver Xylander\"]\n";
    std::fs::write(folder.path().join("people.toml"), topic).unwrap();
    let set = format!("topics.taxonomy={}", folder.path().display());
    let output = run(
        &mut newswire(&[
            "check",
            "--offline",
            "--set",
            &set,
            "--set",
            "fetch.user_agent=T/1 (+https://t.example)",
        ]),
        b"",
    );
    let said = stdout(&output);
    assert!(
        said.contains("people.toml:1: \"person:x\" was last checked 2001-02"),
        "{said} {}",
        stderr(&output)
    );
}

#[test]
fn the_schema_is_one_that_an_extracted_event_meets() {
    let schema: Value = serde_json::from_str(&stdout(&run(&mut newswire(&["schema"]), b""))).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let mut event = json_lines(&run(
        &mut newswire(&["extract", "--url", "https://www.daily.example/x"]),
        PAGE.as_bytes(),
    ))
    .remove(0);
    assert!(!validator.is_valid(&event), "what only a fetch knows is null, which an event's is not");
    event["fetched_at"] = "2025-11-25T08:00:00Z".into();
    event["first_seen_at"] = "2025-11-25T08:00:00Z".into();
    event["rights"]["robots_allowed"] = true.into();
    event["fetch"] = serde_json::json!({"status": 200, "bytes_wire": 1, "bytes_decoded": 1, "charset": "UTF-8",
        "redirects": [], "duration_ms": 1, "attempts": 0});
    let problems: Vec<String> =
        validator.iter_errors(&event).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let line = serde_json::json!({"id": 1, "url": "https://a.example/x", "html": PAGE}).to_string() + "\n";
    let mut child = newswire(&["extract", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || (0..200).try_for_each(|_| stdin.write_all(line.as_bytes())));
    let output = child.wait_with_output().unwrap();
    drop(writer.join().unwrap());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn health_of_nobody_is_1() {
    // Port 9 is `discard`: nothing listens there.
    let output = run(&mut newswire(&["health", "--address", "127.0.0.1:9"]), b"");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn every_shell_gets_completions() {
    for (shell, mark) in
        [("bash", "complete -F"), ("zsh", "#compdef newswire"), ("fish", "complete -c newswire")]
    {
        let output = run(&mut newswire(&["completions", shell]), b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(mark) && text.contains("ingest") && text.contains("max-wait"), "{shell}");
    }
}

/// Neither a pipe nor NO_COLOR gets colours or a progress bar.
#[test]
fn a_pipe_gets_no_escape_sequence() {
    let output = run(newswire(&["demo"]).env("CLICOLOR_FORCE", "0"), b"");
    assert!(!stdout(&output).contains('\u{1b}') && !stderr(&output).contains('\u{1b}'));
}
