//! What the storm does to workers, brokers and network, at random.

use super::model::Random;
use crate::support::cluster::{Cluster, Node};
use crate::support::deployment::{Deployment, Worker};
use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two faults, milliseconds.
const PAUSE: std::ops::Range<u64> = 500..4000;
/// Within the session timeout of 3 s, past it, and past the transaction timeout of 10 s.
const FREEZE: std::ops::Range<u64> = 300..14_000;
/// A killed broker of several is away this long: its partitions have other leaders when it is back, or just had. Every
/// second time another goes with it, and stays away that much longer: of three the last can neither write nor lead.
const AWAY: std::ops::Range<u64> = 0..12_000;
/// What a frozen broker has for its answers before the next fault of a broker.
const BREATH: Duration = Duration::from_secs(1);
const MOST_WORKERS: usize = 6;
/// A worker stops itself in the middle of a commit now and then: there a zombie is the most dangerous.
const STOPS_ITSELF: &str = "publish-before-offsets=0.7%return(stop);publish-before-commit=0.7%return(stop);\
                            publish-after-commit=0.3%return(stop);restore-after-target=3%return(stop)";

enum State {
    Runs,
    /// Until then, milliseconds being drawn when it was seen.
    Frozen(Instant),
}

pub struct Faults<'a> {
    newswire: &'a Deployment,
    cluster: &'a Cluster,
    random: Random,
    workers: Vec<(Worker, State)>,
    /// Slots are given again, as a StatefulSet does; every second worker has none.
    next_slot: usize,
    due: Instant,
    network_until: Option<Instant>,
    /// Has brokers away, and ends when they are back.
    broker_away: Option<JoinHandle<()>>,
    made: BTreeMap<&'static str, usize>,
}

impl<'a> Faults<'a> {
    pub fn new(newswire: &'a Deployment, cluster: &'a Cluster, random: Random, workers: usize) -> Faults<'a> {
        let mut faults = Faults {
            newswire,
            cluster,
            random,
            workers: Vec::new(),
            next_slot: 0,
            // The first worker creates the Kafka topics in peace.
            due: Instant::now() + Duration::from_secs(6),
            network_until: None,
            broker_away: None,
            made: BTreeMap::new(),
        };
        (0..workers).for_each(|_| faults.start_worker());
        faults
    }

    pub fn made(&self) -> &BTreeMap<&'static str, usize> {
        &self.made
    }

    fn start_worker(&mut self) {
        self.next_slot += 1;
        let slot = format!("slot-{}", self.next_slot);
        let mut variables = vec![("FAILPOINTS", STOPS_ITSELF)];
        if self.next_slot.is_multiple_of(2) {
            variables.push(("NEWSWIRE_PUBLISH__SLOT", &slot));
        }
        let worker = self.newswire.start_worker_with(&variables);
        self.workers.push((worker, State::Runs));
    }

    /// Ends what has lasted long enough, and begins something new when it is time.
    pub fn now_and_then(&mut self) {
        self.go_on();
        if Instant::now() < self.due {
            return;
        }
        self.due = Instant::now() + Duration::from_millis(self.random.between(PAUSE));
        let at = self.random.below(self.workers.len() as u64) as usize;
        match self.random.below(100) {
            0..30 => self.kill(at),
            30..42 => self.terminate(at),
            42..64 => self.freeze(at),
            64..70 if self.workers.len() < MOST_WORKERS => {
                self.note("worker added");
                self.start_worker();
            }
            70..76 if self.workers.len() > 2 => {
                self.note("worker removed");
                let (mut worker, _) = self.workers.swap_remove(at);
                worker.signal("CONT");
                worker.signal("TERM");
                // Left to drain; killed with the value that is dropped when a worker takes too long.
                std::thread::spawn(move || worker.wait_for_end(Duration::from_secs(30)));
            }
            76..84 => self.cut(),
            84..92 => self.pause_network(),
            92..97 => self.freeze_broker(),
            _ => self.kill_broker(),
        }
    }

    fn note(&mut self, what: &'static str) {
        *self.made.entry(what).or_default() += 1;
    }

    fn kill(&mut self, at: usize) {
        self.note("SIGKILL");
        self.workers.swap_remove(at).0.kill();
        self.start_worker();
    }

    fn terminate(&mut self, at: usize) {
        self.note("SIGTERM");
        let (mut worker, _) = self.workers.swap_remove(at);
        worker.signal("CONT");
        worker.signal("TERM");
        std::thread::spawn(move || worker.wait_for_end(Duration::from_secs(30)));
        self.start_worker();
    }

    fn freeze(&mut self, at: usize) {
        self.note("SIGSTOP");
        let until = Instant::now() + Duration::from_millis(self.random.between(FREEZE));
        let (worker, state) = &mut self.workers[at];
        worker.signal("STOP");
        *state = State::Frozen(until);
    }

    /// Drawn only where there is a choice: seeds of storms over one broker go on to mean what they meant.
    fn any_node(&mut self) -> &'a Node {
        let nodes = self.cluster.nodes();
        match nodes.len() {
            1 => &nodes[0],
            several => &nodes[self.random.below(several as u64) as usize],
        }
    }

    fn cut(&mut self) {
        self.note("connections cut");
        self.any_node().proxy.cut();
    }

    fn pause_network(&mut self) {
        self.note("network paused");
        self.any_node().proxy.pause();
        self.network_until = Some(Instant::now() + Duration::from_millis(self.random.between(500..9000)));
    }

    fn freeze_broker(&mut self) {
        if self.broker_away.is_none() {
            self.note("broker frozen");
            let broker = self.any_node().broker;
            let frozen = Duration::from_millis(self.random.between(500..6000));
            broker.freeze();
            // On a thread of its own, because whoever submits meanwhile waits for the broker.
            self.broker_away = Some(std::thread::spawn(move || {
                std::thread::sleep(frozen);
                broker.resume();
                std::thread::sleep(BREATH);
            }));
        }
    }

    /// Where there is no other, nobody can submit meanwhile: it is back when this returns.
    fn kill_broker(&mut self) {
        if self.broker_away.is_some() {
            return;
        }
        let nodes = self.cluster.nodes();
        if nodes.len() == 1 {
            self.note("broker killed");
            return nodes[0].broker.restart();
        }
        let first = self.random.below(nodes.len() as u64) as usize;
        let mut brokers = vec![nodes[first].broker];
        if self.random.below(2) == 0 {
            brokers.push(nodes[(first + 1) % nodes.len()].broker);
        }
        self.note(if brokers.len() == 1 { "broker killed" } else { "two brokers killed" });
        brokers.iter().for_each(|broker| broker.kill());
        let away = brokers.into_iter().map(|broker| (broker, self.random.between(AWAY))).collect::<Vec<_>>();
        self.broker_away = Some(std::thread::spawn(move || {
            for (broker, milliseconds) in away {
                std::thread::sleep(Duration::from_millis(milliseconds));
                broker.restart();
            }
        }));
    }

    fn resume_network(&self) {
        self.cluster.nodes().iter().for_each(|node| node.proxy.resume());
    }

    fn wait_for_broker(&mut self) {
        if let Some(away) = self.broker_away.take() {
            away.join().expect("the broker is back");
        }
    }

    fn go_on(&mut self) {
        let now = Instant::now();
        if self.network_until.is_some_and(|until| until < now) {
            self.resume_network();
            self.network_until = None;
        }
        if self.broker_away.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait_for_broker();
        }
        let mut stopped_itself = 0;
        let mut ended = Vec::new();
        for (at, (worker, state)) in self.workers.iter_mut().enumerate() {
            match state {
                State::Frozen(until) if *until < now => {
                    worker.signal("CONT");
                    *state = State::Runs;
                }
                State::Frozen(_) => {}
                State::Runs if worker.is_stopped() => {
                    stopped_itself += 1;
                    *state = State::Frozen(now + Duration::from_millis(self.random.between(FREEZE)));
                }
                State::Runs => {
                    if let Some(status) = worker.ended() {
                        ended.push((at, status, worker.end_of_log()));
                    }
                }
            }
        }
        (0..stopped_itself).for_each(|_| self.note("stopped itself in a commit"));
        // No fault of the storm is a reason for a worker to end.
        assert!(ended.is_empty(), "a worker ended by itself: {:?}\n{}", ended[0].1, ended[0].2);
    }

    /// Everything goes on, and this many workers are left.
    pub fn calm_down(&mut self, workers: usize) -> Vec<Worker> {
        self.resume_network();
        self.wait_for_broker();
        while self.workers.len() < workers {
            self.start_worker();
        }
        let mut all: Vec<Worker> =
            std::mem::take(&mut self.workers).into_iter().map(|(worker, _)| worker).collect();
        all.iter().for_each(|worker| worker.signal("CONT"));
        for mut worker in all.split_off(workers) {
            worker.signal("TERM");
            std::thread::spawn(move || worker.wait_for_end(Duration::from_secs(30)));
        }
        // They still carry the crash points: from here on a stop in a commit is answered at once.
        all.iter().for_each(Worker::never_stays_stopped);
        all
    }
}
