use super::*;
use serde_json::Value;
use std::fs;

/// Loads a file's text with environment and flags; `Err` has every problem as a line.
fn check(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newswire.toml");
    fs::write(&path, file).unwrap();
    let sources = Sources {
        file: Some(path.clone()),
        environment: environment.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        flags: flags.iter().map(|(k, v)| (format!("--set {k}"), k.to_string(), v.to_string())).collect(),
    };
    let shorten = |p: &Problem| p.to_string().replace(&*path.display().to_string(), "file");
    load(&sources).map_err(|problems| problems.iter().map(shorten).collect())
}

#[test]
fn the_file_in_the_repository_is_the_defaults() {
    let loaded = check("", &[], &[]).unwrap();
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn the_file_in_the_repository_lists_every_key() {
    let table: toml::Table = toml::from_str(DEFAULT_FILE).unwrap();
    for (path, default) in leaves_of(&serde_json::to_value(Config::default()).unwrap()) {
        let section = path[..path.len() - 1].iter().try_fold(&table, |at, key| at.get(key)?.as_table());
        let key = path.last().unwrap();
        let listed = section.is_some_and(|section| section.contains_key(key));
        // A key without a default stands there as a comment.
        let commented = default.is_null() && DEFAULT_FILE.contains(&format!("\n# {key} = "));
        assert!(listed || commented, "config/newswire.toml lacks {}", path.join("."));
    }
}

fn leaves_of(value: &Value) -> Vec<(Vec<String>, Value)> {
    let Value::Object(keys) = value else { return vec![(Vec::new(), value.clone())] };
    let below = |(key, value): (&String, &Value)| {
        let leaves = leaves_of(value).into_iter();
        leaves.map(|(path, v)| ([vec![key.clone()], path].concat(), v)).collect::<Vec<_>>()
    };
    keys.iter().flat_map(below).collect()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "[fetch]\ndelay = \"5s\"\nconcurrency = 7\nmax_attempts = 9\n";
    let environment = [("NEWSWIRE_FETCH__CONCURRENCY", "8"), ("NEWSWIRE_FETCH__MAX_ATTEMPTS", "8")];
    let loaded = check(file, &environment, &[("fetch.max_attempts", "2")]).unwrap();
    let fetch = &loaded.config.fetch;
    assert_eq!((fetch.delay.as_secs(), fetch.concurrency, fetch.max_attempts), (5, 8, 2));
    assert_eq!(fetch.max_redirects, Config::default().fetch.max_redirects);
    assert_eq!(loaded.origin_of("fetch.max_attempts").to_string(), "--set fetch.max_attempts");
}

#[test]
fn every_problem_is_reported_at_once_with_its_place() {
    let file = "[kafka]\nbrokrs = \"a:1\"\npartitions = \"six\"\n\n[fetch]\ndelay = \"1 parsec\"\nrobots = false\n\n[nonsense]\nx = 1\n";
    let environment = [("NEWSWIRE_FETCH__TIMEOUT", "soon"), ("NEWSWIRE_SERVICE_HOST", "1.2.3.4")];
    let problems = check(file, &environment, &[("topics.threshold", "1.5"), ("a.b", "c")]).unwrap_err();
    let has = |start: &str, word: &str| problems.iter().any(|p| p.starts_with(start) && p.contains(word));
    assert!(has("file:2: unknown key \"brokrs\" in [kafka]", "brokers"), "{problems:#?}");
    assert!(has("file:3: kafka.partitions", "i32"), "{problems:#?}");
    assert!(has("file:6: fetch.delay", "parsec"), "{problems:#?}");
    assert!(has("file:7: fetch.robots", "i_have_permission"), "{problems:#?}");
    assert!(has("file:9: unknown section \"nonsense\"", "kafka"), "{problems:#?}");
    assert!(has("NEWSWIRE_FETCH__TIMEOUT: fetch.timeout", "soon"), "{problems:#?}");
    assert!(has("--set topics.threshold: topics.threshold", "0 to 1"), "{problems:#?}");
    assert!(has("--set a.b", "unknown key"), "{problems:#?}");
    assert_eq!(problems.len(), 8, "{problems:#?}");
}

#[test]
fn broken_toml_says_its_line_and_the_rest_is_still_read() {
    let problems = check("[kafka]\nbrokers = \n[fetch]\ndelai = 1\n", &[], &[]).unwrap_err();
    assert!(problems.iter().any(|p| p.starts_with("file:2: not TOML")), "{problems:#?}");
    assert!(problems.iter().any(|p| p.starts_with("file:4: unknown key")), "{problems:#?}");
}

#[test]
fn a_named_file_that_is_not_there_is_a_problem() {
    let sources = Sources { file: Some("no/such/file.toml".into()), ..Sources::default() };
    assert!(load(&sources).unwrap_err()[0].to_string().starts_with("no/such/file.toml: cannot read"));
}

#[test]
fn properties_pass_through_in_every_spelling() {
    let file = "[kafka.properties]\nsecurity.protocol = \"SSL\"\n\"linger.ms\" = 5\n";
    let environment = [("NEWSWIRE_KAFKA__PROPERTIES__SASL_PASSWORD", "p")];
    let loaded = check(file, &environment, &[("kafka.properties.compression.type", "zstd")]).unwrap();
    let properties: Vec<_> = loaded.config.kafka.properties.into_iter().collect();
    let expected = [
        ("compression.type", "zstd"),
        ("linger.ms", "5"),
        ("sasl.password", "p"),
        ("security.protocol", "SSL"),
    ];
    assert_eq!(properties, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn properties_on_which_exactly_once_rests_are_refused() {
    for name in [
        "isolation.level",
        "enable.auto.commit",
        "transactional.id",
        "auto.offset.reset",
        "partition.assignment.strategy",
        "group.id",
    ] {
        let problems = check(&format!("[kafka.properties]\n\"{name}\" = \"x\"\n"), &[], &[]).unwrap_err();
        assert!(problems[0].starts_with(&format!("file:2: kafka.properties.{name}")), "{problems:?}");
    }
}

#[test]
fn lists_can_be_given_in_the_environment() {
    let environment = [
        ("NEWSWIRE_FETCH__ALLOW_PORTS", "80,8080"),
        ("NEWSWIRE_FETCH__ALLOW_NETWORKS", "[\"10.0.0.0/8\", \"::1/128\"]"),
    ];
    let fetch = check("", &environment, &[]).unwrap().config.fetch;
    assert_eq!((fetch.allow_ports, fetch.allow_networks.len()), (vec![80, 8080], 2));
    assert!(check("", &[("NEWSWIRE_FETCH__ALLOW_NETWORKS", "10.0.0.0/33")], &[]).is_err());
}

#[test]
fn what_is_shown_has_no_secret_and_reads_back() {
    let file = "[fetch]\nproxy = \"http://me:hidden@proxy.example:3128\"\n[kafka.properties]\n\"sasl.password\" = \"hidden\"\n";
    let loaded = check(file, &[("NEWSWIRE_MEMORY__RETENTION", "30d")], &[]).unwrap();
    let shown = loaded.to_toml(true);
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(
        shown.contains("retention = \"30d\"") && shown.contains("# NEWSWIRE_MEMORY__RETENTION"),
        "{shown}"
    );
    assert_eq!(check(&shown, &[], &[]).unwrap().config.memory, loaded.config.memory);
}

#[test]
fn the_worker_needs_a_contact_in_its_user_agent() {
    let mut config = Config::default();
    assert_eq!(check_for_run(&config)[0].0, "fetch.user_agent");
    config.fetch.user_agent = "MyNews/1.0 (+https://news.example/bot)".into();
    assert!(check_for_run(&config).is_empty());
}

/// That section has no keys of ours.
const PROPERTIES: &str = "Any librdkafka property, as it is: `\"security.protocol\" = \"SASL_SSL\"`, or in the environment with `_` for `.`:\n\
`NEWSWIRE_KAFKA__PROPERTIES__SASL_PASSWORD`. Refused, because exactly-once rests on them: `isolation.level`,\n\
`transactional.id`, `auto.offset.reset`, `partition.assignment.strategy`, `enable.auto.*`; and those that have a key of\n\
their own: `bootstrap.servers`, `group.id`.\n";

/// `config/newswire.toml` as tables: its comments are the reasons.
fn reference() -> String {
    let mut text = String::from(
        "# Settings\n\nMade from `config/newswire.toml`: `UPDATE_DOCS=1 cargo test --lib configuration`. \
         Lowest to highest: default, file,\nenvironment, `--set section.key=value`.\n",
    );
    let (mut section, mut reason) = ("", String::new());
    for line in DEFAULT_FILE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            text += &format!("\n## {section}\n\n");
            text += match section {
                "kafka.properties" => PROPERTIES,
                _ => "| key | default | environment | |\n| --- | --- | --- | --- |\n",
            };
            reason.clear();
        } else if let Some((key, value)) =
            line.trim_start_matches("# ").split_once(" = ").filter(|_| is_key(line))
        {
            let value = if line.starts_with('#') { "none" } else { value };
            let variable = format!("NEWSWIRE_{}__{}", section.replace('.', "__"), key).to_uppercase();
            text +=
                &format!("| `{key}` | `{value}` | `{variable}` | {} |\n", reason.trim().replace('|', "\\|"));
            reason.clear();
        } else if let Some(comment) = line.strip_prefix("# ") {
            reason = format!("{reason} {comment}");
        } else {
            reason.clear();
        }
    }
    text
}

/// `delay = "1s"`, or `# proxy = "…"` for a key without a default.
fn is_key(line: &str) -> bool {
    let key = line.trim_start_matches("# ").split(" = ").next().unwrap_or_default();
    line.contains(" = ") && !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_documents_configuration_is_the_files() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, reference()).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), reference(), "refresh it with UPDATE_DOCS=1");
}
