//! What can be typed. The doc comments are the help texts.

use super::kafka;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// URLs in; clean, deduplicated, topic-tagged news articles out.
#[derive(Debug, Parser)]
#[command(name = "newswire", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command that reads the configuration.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct SettingsArgs {
    /// The config file; else config/newswire.toml or /etc/newswire/newswire.toml, where there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets any key, over file and environment: --set fetch.delay=2s
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// error, warn, info, debug, trace, or by module: info,newswire::fetch=debug
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// auto (text on a terminal, JSON otherwise), json or text
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// URLs in, events on standard output as JSON lines; one machine, no Kafka
    #[command(after_help = "\
Examples:
  newswire ingest https://news.example/story
  newswire ingest --input urls.txt --state seen/ > events.jsonl      a second run publishes nothing twice
  tail -f urls.txt | newswire ingest | jq -r '[.title, (.topics | map(.id) | join(\" \"))] | @tsv'")]
    Ingest(IngestArgs),
    /// Ingests a small news site that is in the binary: no network, no Kafka
    #[command(after_help = "\
Examples:
  newswire demo
  newswire demo | jq -r .title
  newswire demo --serve                                       the site alone, as an HTTP proxy")]
    Demo(DemoArgs),
    /// The worker: URLs from Kafka, events to Kafka, each article exactly once
    #[command(after_help = "\
Examples:
  NEWSWIRE_KAFKA__BROKERS=broker:9092 newswire run
  newswire run --stages fetch                                 scale one stage alone")]
    Run(kafka::run::RunArgs),
    /// Puts URLs on the Kafka topic
    #[command(after_help = "\
Examples:
  newswire submit https://news.example/story
  newswire submit --input urls.txt")]
    Submit(kafka::submit::SubmitArgs),
    /// What ended without an article: list it, or put it back
    #[command(subcommand)]
    #[command(after_help = "\
Examples:
  newswire rejects list --reason not_found
  newswire rejects replay --reason host_unavailable --dry-run
  newswire rejects replay --all")]
    Rejects(kafka::rejects::RejectsCommand),
    /// Why an article is there or is not: published when, fetched when, rejected why
    #[command(after_help = "\
Examples:
  newswire lookup https://news.example/story
  newswire lookup fc96d736dbd09f6478b5547b2cb0d0e9")]
    Lookup(kafka::lookup::LookupArgs),
    /// Checks every source record against its outcome, and names each one without
    #[command(after_help = "\
Example:
  newswire audit --from 2025-11-18T00:00:00Z | jq .")]
    Audit(kafka::audit::AuditArgs),
    /// Follows the events as they are published
    #[command(after_help = "\
Example:
  newswire tail --topic country:kp | jq .title")]
    Tail(kafka::tail::TailArgs),
    /// New topics for what is published, by the taxonomy of today; no page is fetched again
    #[command(after_help = "\
Examples:
  newswire retag --dry-run                                    +412 org:apec, −37 country:ge; nothing changes
  newswire retag --since 2026-01-01T00:00:00Z")]
    Retag(kafka::retag::RetagArgs),
    /// Retracts articles: news.article.retracted.v1 goes out, and they are never published again
    #[command(after_help = "\
Example:
  newswire forget https://news.example/story")]
    Forget(kafka::forget::ForgetArgs),
    /// Every step for one URL, for a person: redirects, identity, fields and their sources, topics and their evidence
    #[command(after_help = "\
Examples:
  newswire explain https://news.example/story
  newswire explain https://news.example/story --html > story.html     the same as a page, evidence highlighted")]
    Explain(ExplainArgs),
    /// One page in, the article as an event's JSON out; no network
    #[command(after_help = "\
Examples:
  newswire extract page.html --url https://news.example/story
  curl -s https://news.example/story | newswire extract --url https://news.example/story | jq .title
  newswire extract --batch < pages.jsonl > articles.jsonl     lines of {\"id\", \"url\", \"html\"}")]
    Extract(ExtractArgs),
    /// Texts in, their topics out
    #[command(after_help = "\
Example:
  echo '{\"id\":1,\"title\":\"APEC summit opens\",\"body\":\"Leaders met.\"}' | newswire tag --batch")]
    Tag(TagArgs),
    /// Looks for everything that would stop the start: config, taxonomy, brokers, Kafka topics; all problems at once
    #[command(after_help = "\
Examples:
  newswire check
  newswire check --offline                                    config and rules only")]
    Check(CheckArgs),
    /// The taxonomy: its topics, and what it finds in a text
    #[command(subcommand)]
    #[command(after_help = "\
Examples:
  newswire topics list
  newswire topics test story.txt")]
    Topics(TopicsCommand),
    /// The configuration that holds
    #[command(subcommand)]
    #[command(after_help = "\
Examples:
  newswire config show --default > newswire.toml               every key, to start from
  newswire config show --effective                             what holds, and from where")]
    Config(ConfigCommand),
    /// The JSON Schema of the article event
    #[command(after_help = "\
Example:
  newswire schema > article-event.schema.json")]
    Schema,
    /// The completions of a shell, on standard output
    #[command(after_help = "\
Examples:
  newswire completions bash > /etc/bash_completion.d/newswire
  newswire completions zsh > ~/.zfunc/_newswire
  newswire completions fish > ~/.config/fish/completions/newswire.fish")]
    Completions(CompletionsArgs),
    /// Asks a running worker whether it is alive, or ready; exit code 0 or 1
    #[command(after_help = "\
Examples:
  newswire health
  newswire health --ready --address worker:9464")]
    Health(HealthArgs),
}

#[derive(Debug, Args)]
pub struct IngestArgs {
    /// URLs, or URL records {"url", "context"?, "force"?}
    pub urls: Vec<String>,
    /// A file of them, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Remembers articles and pages in this folder, across runs
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Writes what was rejected, with its reason, to this file
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// A host that wants to be left alone for longer makes its URLs host_unavailable
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub max_wait: Duration,
    #[command(flatten)]
    pub fetch: FetchArgs,
}

/// Flags that stand for keys of [fetch].
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Fetching")]
pub struct FetchArgs {
    /// http://host:port of a forward proxy (fetch.proxy)
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Between two requests to one host (fetch.delay)
    #[arg(long, value_name = "DURATION")]
    pub delay: Option<String>,
    /// Should name a contact (fetch.user_agent)
    #[arg(long, value_name = "TEXT")]
    pub user_agent: Option<String>,
}

impl FetchArgs {
    /// (flag, key, value), as the configuration takes them.
    pub fn named(&self) -> Vec<(String, String, String)> {
        let flags = [("proxy", &self.proxy), ("delay", &self.delay), ("user_agent", &self.user_agent)];
        let given = flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        given
            .map(|(name, value)| (format!("--{}", name.replace('_', "-")), format!("fetch.{name}"), value))
            .collect()
    }
}

/// `60s`, `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    use serde::de::value::StrDeserializer;
    humantime_serde::deserialize(StrDeserializer::<serde::de::value::Error>::new(text))
        .map_err(|error| error.to_string())
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The URL, or a URL record
    pub url: String,
    /// One self-contained HTML file on standard output: the article with its evidence highlighted, identity, timings
    #[arg(long)]
    pub html: bool,
    #[command(flatten)]
    pub fetch: FetchArgs,
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Only serves the site, as an HTTP proxy, until Ctrl-C
    #[arg(long)]
    pub serve: bool,
    /// Where --serve listens, host:port; a free port of 127.0.0.1 when absent
    #[arg(long, value_name = "HOST:PORT", requires = "serve")]
    pub listen: Option<std::net::SocketAddr>,
}

#[derive(Debug, Args)]
pub struct ExtractArgs {
    /// The page; standard input when absent or `-`
    pub file: Option<PathBuf>,
    /// Where the page is from; its links are relative to this
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    pub url: Option<String>,
    /// JSON lines {"id", "url", "html"} in; the event with its id, or {"id", "error"}, out, in the same order
    #[arg(long)]
    pub batch: bool,
    /// Makes a golden case of the page: this new folder, with page.html, url.txt and expected.json to be looked through
    #[arg(long, value_name = "FOLDER", conflicts_with = "batch")]
    pub new_case: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct TagArgs {
    /// JSON lines {"id", "title", "body", "language"?} on standard input, {"id", "topics"} out, in the same order
    #[arg(long, required = true)]
    pub batch: bool,
    /// Every topic mentioned, whatever its score
    #[arg(long)]
    pub all_mentions: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Leaves the brokers alone
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Every topic: id and name
    List,
    /// Checks the cases of a file, or shows the topics of one text with score and evidence
    #[command(after_help = "\
A file *.toml holds [[case]] tables, *.jsonl one case a line: title, text, must, must_not, language, exact.
Any other file is a text; its first line is the title.

Examples:
  newswire topics test tests/tables/topics/homographs.toml
  newswire topics test article.txt --language de")]
    Test(TopicsTestArgs),
}

#[derive(Debug, Args)]
pub struct TopicsTestArgs {
    /// Cases (*.toml, *.jsonl) or a text; `-` is a text on standard input
    pub file: PathBuf,
    /// Language of the text, as BCP 47; helps with terms that mean something else in another language
    #[arg(long)]
    pub language: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Prints every setting as TOML, secrets masked, with the place of each that is not the default
    Show(ConfigShowArgs),
}

#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    /// The values that hold after file, environment and flags (this is the default)
    #[arg(long, conflicts_with = "default")]
    pub effective: bool,
    /// The file with all defaults and the reasons for them, to start a configuration from
    #[arg(long)]
    pub default: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Whose completions
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Ready (assigned, restored and consuming), not only alive
    #[arg(long)]
    pub ready: bool,
    /// host:port of the worker; telemetry.listen when absent
    #[arg(long, value_name = "HOST:PORT")]
    pub address: Option<String>,
}
