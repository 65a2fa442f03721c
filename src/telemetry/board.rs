//! What the status page shows: the last minutes' outcomes, stages and lag, hosts in back-off, the latest articles.
//!
//! One board a process, as there is one set of metrics. Everything on it is bounded.

use super::{metrics, process};
use crate::record::{ArticleEvent, Outcome, Precision, Reason, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One bar of a chart.
const STEP_SECONDS: i64 = 10;
/// Ten minutes of bars.
const STEPS: usize = 60;
/// Articles shown.
const LATEST: usize = 25;
/// Hosts shown; the rest are a number.
const HOSTS: usize = 50;
/// A headline that is longer is cut: the page shows one line or two.
const TITLE_CHARS: usize = 200;
/// Topics shown of one article.
const TOPICS: usize = 6;

/// An article as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Headline {
    pub title: String,
    pub url: String,
    pub site: String,
    /// Id and name.
    pub topics: Vec<(String, String)>,
    /// What the article says of itself, where that is to the minute or better.
    pub news_at: Option<Timestamp>,
}

impl Headline {
    /// Cut to what is shown.
    pub fn of(event: &ArticleEvent) -> Headline {
        let topics = event.topics.iter().take(TOPICS);
        let is_precise = event.published_precision.is_some_and(|precision| precision != Precision::Day);
        Headline {
            title: event.title.chars().take(TITLE_CHARS).collect(),
            url: super::masked_url(&event.url),
            site: event.site.clone(),
            topics: topics.map(|topic| (topic.id.clone(), topic.name.clone())).collect(),
            news_at: event.published_at.filter(|_| is_precise).and_then(|at| at.timestamp()),
        }
    }
}

/// A host that is left alone, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct BackOff {
    pub host: String,
    pub until: Option<Timestamp>,
    pub failures: u32,
}

#[derive(Default)]
struct Board {
    steps: VecDeque<Step>,
    totals: [u64; Outcome::ALL.len()],
    rejects: BTreeMap<&'static str, u64>,
    stages: BTreeMap<usize, StageState>,
    waiting: BTreeMap<&'static str, u64>,
    tables: BTreeMap<(&'static str, i32), usize>,
    restores: BTreeMap<(&'static str, i32), Restore>,
    back_offs: (usize, Vec<BackOff>),
    latest: VecDeque<(Timestamp, Headline)>,
    taxonomy: String,
}

/// Outcomes within `STEP_SECONDS`.
struct Step {
    /// Seconds since 1970 divided by `STEP_SECONDS`.
    number: i64,
    counts: [u64; Outcome::ALL.len()],
}

#[derive(Clone, Copy, Default)]
struct StageState {
    delivering: usize,
    restoring: usize,
    in_flight: Option<usize>,
    lag: Option<u64>,
    received: u64,
}

/// How far the reading of one partition's table has come.
#[derive(Clone, Copy, Default)]
struct Restore {
    read: u64,
    of: u64,
}

fn board() -> MutexGuard<'static, Board> {
    static BOARD: LazyLock<Mutex<Board>> = LazyLock::new(Mutex::default);
    // What is on it is shown to people; half a change harms nobody.
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stage_state(stage: Stage, change: impl FnOnce(&mut StageState)) {
    change(board().stages.entry(place(stage)).or_default());
}

fn place(stage: Stage) -> usize {
    Stage::ALL.iter().position(|each| *each == stage).unwrap_or_default()
}

pub(super) fn outcome(outcome: Outcome, reason: Option<Reason>, now: Timestamp) {
    let place = Outcome::ALL.iter().position(|each| *each == outcome).unwrap_or_default();
    let mut board = board();
    board.totals[place] += 1;
    if let Some(reason) = reason {
        *board.rejects.entry(reason.as_str()).or_default() += 1;
    }
    let number = now.as_second().div_euclid(STEP_SECONDS);
    if board.steps.back().is_none_or(|step| step.number < number) {
        board.steps.push_back(Step { number, counts: Default::default() });
    }
    if let Some(step) = board.steps.back_mut() {
        step.counts[place] += 1;
    }
    while board.steps.len() > STEPS {
        board.steps.pop_front();
    }
}

/// An article's event is out.
pub fn headline(headline: Headline, at: Timestamp) {
    // News from the future is a publisher's wrong clock or zone.
    let age = headline.news_at.and_then(|news_at| Duration::try_from(at.duration_since(news_at)).ok());
    if let Some(age) = age {
        metrics::news_age(age);
    }
    let mut board = board();
    board.latest.push_front((at, headline));
    board.latest.truncate(LATEST);
}

pub fn received(stage: Stage) {
    metrics::received(stage);
    stage_state(stage, |state| state.received += 1);
}

/// What a stage has received since the process began, and how many of these it has in hand, where it tells.
pub fn taken(stage: Stage) -> (u64, u64) {
    let state = board().stages.get(&place(stage)).copied().unwrap_or_default();
    (state.received, state.in_flight.unwrap_or_default() as u64)
}

pub fn partitions(stage: Stage, delivering: usize, restoring: usize) {
    metrics::partitions(stage, delivering, restoring);
    stage_state(stage, |state| (state.delivering, state.restoring) = (delivering, restoring));
}

pub fn in_flight(stage: Stage, records: usize) {
    metrics::in_flight(stage, records);
    stage_state(stage, |state| state.in_flight = Some(records));
}

/// What the stages of this worker have still to do, and what waits in each delay tier, as of `at`.
pub fn lag(stages: &[(Stage, u64)], tiers: &[(&'static str, u64)], at: Timestamp) {
    for (stage, records) in stages {
        metrics::lag(*stage, *records);
        stage_state(*stage, |state| state.lag = Some(*records));
    }
    for (tier, jobs) in tiers {
        metrics::waiting(tier, *jobs);
        board().waiting.insert(tier, *jobs);
    }
    metrics::lag_asked(at);
}

/// Entries of one partition's part of a table, `pages` or `seen`. 0 when the partition is lost.
pub fn table_size(table: &'static str, partition: i32, entries: usize) {
    metrics::table_size(table, partition, entries);
    board().tables.insert((table, partition), entries);
}

/// `read` of about `of` records of a partition's table were read back; the table is whole with `restored`.
pub fn restoring(table: &'static str, partition: i32, read: u64, of: u64) {
    board().restores.insert((table, partition), Restore { read, of });
}

/// The table of a partition is whole, or nobody waits for it any more.
pub fn restored(table: &'static str, partition: i32, records: u64) {
    metrics::restored_records(table, records);
    board().restores.remove(&(table, partition));
}

pub fn back_offs(hosts: Vec<BackOff>) {
    metrics::hosts_backed_off(hosts.len());
    let count = hosts.len();
    board().back_offs = (count, hosts.into_iter().take(HOSTS).collect());
}

/// The taxonomy in use from now on.
pub fn taxonomy(version: &str) {
    let before = std::mem::replace(&mut board().taxonomy, version.to_owned());
    metrics::taxonomy(version, Some(before.as_str()).filter(|before| !before.is_empty()));
}

/// All of it, for the page.
pub(super) fn as_json(waiting_for: &[String], now: Timestamp) -> Value {
    let board = board();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "now": now.to_string(),
        "ready": waiting_for.is_empty(),
        "waiting_for": waiting_for,
        "memory_bytes": process::resident_bytes(),
        "taxonomy": board.taxonomy,
        "stages": board.stages.iter().map(|(place, state)| json!({
            "stage": Stage::ALL[*place].as_str(), "delivering": state.delivering, "restoring": state.restoring,
            "in_flight": state.in_flight, "lag": state.lag, "received": state.received,
        })).collect::<Vec<_>>(),
        "step_seconds": STEP_SECONDS,
        "outcomes": outcomes(&board, now),
        "rejects": board.rejects,
        "delays": board.waiting.iter().map(|(tier, jobs)| json!({"tier": tier, "jobs": jobs})).collect::<Vec<_>>(),
        "tables": tables(&board),
        "restores": board.restores.iter().map(|((table, partition), restore)| json!({
            "table": table, "partition": partition, "read": restore.read, "of": restore.of,
        })).collect::<Vec<_>>(),
        "hosts_in_back_off": board.back_offs.0,
        "back_offs": board.back_offs.1.iter().map(|host| json!({
            "host": host.host, "until": host.until.map(|at| at.to_string()), "failures": host.failures,
        })).collect::<Vec<_>>(),
        "latest": board.latest.iter().map(|(at, headline)| json!({
            "at": at.to_string(), "title": headline.title, "url": headline.url, "site": headline.site,
            "topics": headline.topics.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// For each outcome its total, and its count in every step of the last ten minutes, oldest first.
fn outcomes(board: &Board, now: Timestamp) -> Vec<Value> {
    let newest = now.as_second().div_euclid(STEP_SECONDS);
    let oldest = newest - STEPS as i64 + 1;
    let row = |place: usize, outcome: &Outcome| {
        let mut steps = vec![0; STEPS];
        for step in board.steps.iter().filter(|step| (oldest..=newest).contains(&step.number)) {
            // In the range, so the difference fits.
            steps[(step.number - oldest) as usize] = step.counts[place];
        }
        json!({"outcome": outcome.as_str(), "total": board.totals[place], "steps": steps})
    };
    Outcome::ALL.iter().enumerate().map(|(place, outcome)| row(place, outcome)).collect()
}

fn tables(board: &Board) -> Vec<Value> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    board.tables.iter().for_each(|((table, _), entries)| *sizes.entry(table).or_default() += entries);
    sizes.iter().map(|(table, entries)| json!({"table": table, "entries": entries})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_in_their_step_and_fall_off_the_end() {
        let mut board = Board::default();
        let now = Timestamp::from_second(1_760_000_005).unwrap();
        let newest = now.as_second() / STEP_SECONDS;
        for (age, published) in [(0, 3), (59, 2), (60, 9)] {
            let mut counts = [0; Outcome::ALL.len()];
            counts[0] = published;
            board.steps.push_front(Step { number: newest - age, counts });
        }
        let published = &outcomes(&board, now)[0];
        assert_eq!(published["outcome"], "published");
        let steps = published["steps"].as_array().unwrap();
        assert_eq!((steps.len(), &steps[59], &steps[0]), (STEPS, &json!(3), &json!(2)));
        assert_eq!(steps.iter().filter_map(Value::as_u64).sum::<u64>(), 5);
    }
}
