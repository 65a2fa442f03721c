//! The schedule against a small world: jobs arrive, wait, are parked and come back, requests take their time and end
//! in every way. Whatever happens, the promises at the head of the module hold.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SECOND: Duration = Duration::from_secs(1);

fn rules() -> Rules {
    Rules { max_hosts_per_site: 3, ..Rules::default() }
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_000_000 + milliseconds).unwrap()
}

/// What may happen to the world in one step.
#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive {
        host: u8,
        patience: u16,
    },
    Pass {
        milliseconds: u16,
    },
    /// The oldest request under way ends.
    End {
        kind: u8,
    },
    /// Somebody in line is let go.
    Leave,
    /// The sites go to another worker, which asked none of the hosts before, or back to the one that had them earlier.
    /// Who had them asked every host up to this very moment.
    HandOver {
        is_new: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6u8, prop_oneof![Just(0u16), 0..40_000u16])
            .prop_map(|(host, patience)| Step::Arrive { host, patience }),
        3 => (0..4000u16).prop_map(|milliseconds| Step::Pass { milliseconds }),
        3 => (0..8u8).prop_map(|kind| Step::End { kind }),
        1 => Just(Step::Leave),
        1 => any::<bool>().prop_map(|is_new| Step::HandOver { is_new }),
    ]
}

#[derive(Default)]
struct World {
    now: i64,
    waiting: Vec<(Ticket, u8)>,
    running: Vec<u8>,
    last_end: BTreeMap<u8, i64>,
    pause_until: BTreeMap<u8, Timestamp>,
    /// By when they come back; the number tells those of one moment apart.
    parked: BTreeMap<(Timestamp, usize), u8>,
    parkings: usize,
    done: usize,
    arrived: usize,
    given_up: usize,
    let_go: usize,
    owned_since: i64,
}

impl World {
    fn name(host: u8) -> String {
        format!("host{host}.example")
    }

    fn site(host: u8) -> &'static str {
        if host < 5 { "example" } else { "other" }
    }

    fn ask(&mut self, schedule: &mut Schedule, host: u8, booked: Option<Timestamp>, patience: Duration) {
        let name = World::name(host);
        let ask =
            Ask { host: &name, site: World::site(host), booked, patience, owned_since: at(self.owned_since) };
        match schedule.ask(ask, at(self.now)) {
            Answer::InLine(ticket) => self.waiting.push((ticket, host)),
            Answer::Parked(parked) => self.park(parked, host),
        }
    }

    fn park(&mut self, parked: Parked, host: u8) {
        match parked {
            Parked::Unavailable { until } => {
                assert!(until > at(self.now));
                self.given_up += 1;
            }
            Parked::Turn { until } | Parked::BackOff { until } => {
                assert!(until >= at(self.now), "parked into the past");
                self.parkings += 1;
                self.parked.insert((until, self.parkings), host);
            }
        }
    }

    fn come_back(&mut self, schedule: &mut Schedule) {
        while let Some(entry) = self.parked.first_entry().filter(|entry| entry.key().0 <= at(self.now)) {
            let ((until, _), host) = entry.remove_entry();
            self.ask(schedule, host, Some(until), Duration::ZERO);
        }
    }

    fn poll_all(&mut self, schedule: &mut Schedule) {
        for (ticket, host) in std::mem::take(&mut self.waiting) {
            match schedule.poll(ticket, at(self.now)) {
                Turn::Start => self.start(host),
                Turn::Parked(parked) => self.park(parked, host),
                Turn::At(time) => {
                    assert!(time > at(self.now));
                    self.waiting.push((ticket, host));
                }
                Turn::Blocked => self.waiting.push((ticket, host)),
            }
        }
    }

    fn start(&mut self, host: u8) {
        assert!(!self.running.contains(&host), "two requests to a host at once");
        if let Some(end) = self.last_end.get(&host) {
            assert!(self.now - end >= 1000, "only {} ms after the last", self.now - end);
        }
        if let Some(until) = self.pause_until.get(&host) {
            assert!(at(self.now) >= *until, "within the pause");
        }
        self.running.push(host);
        let of_site = |site| self.running.iter().filter(|host| World::site(**host) == site).count();
        assert!(of_site("example") <= 3, "too many hosts of a site");
    }

    fn end(&mut self, schedule: &mut Schedule, kind: u8) {
        if self.running.is_empty() {
            return;
        }
        let host = self.running.remove(0);
        let end = match kind {
            0 => End::Failed { retry_after: None, spread: 0.3 },
            1 => End::Failed { retry_after: Some(SECOND * 7), spread: 0.9 },
            2 => End::Unknown,
            _ => End::Healthy,
        };
        schedule.finish(&World::name(host), end, at(self.now));
        self.last_end.insert(host, self.now);
        self.pause_until.remove(&host);
        if let Some(until) = schedule.pause_of(&World::name(host), at(self.now)) {
            self.pause_until.insert(host, until);
        }
        self.done += 1;
    }

    /// What waited is let go and asked for by the new owner, which knows of the hosts what was persisted.
    fn hand_over(&mut self, schedule: &mut Schedule, is_new: bool) {
        while !self.running.is_empty() {
            self.end(schedule, 2);
        }
        let waited = std::mem::take(&mut self.waiting);
        waited.iter().for_each(|(ticket, _)| drop(schedule.leave(*ticket)));
        let persisted = schedule.in_back_off(at(self.now), usize::MAX);
        if is_new {
            *schedule = Schedule::new(rules());
        } else {
            schedule.forget_sites(|site| site == "example");
        }
        for memory in persisted {
            let site = if memory.host == World::name(5) { "other" } else { "example" };
            schedule.restore(memory, site, at(self.now));
        }
        self.owned_since = self.now;
        self.last_end = (0..6).map(|host| (host, self.now)).collect();
        waited.into_iter().for_each(|(_, host)| self.ask(schedule, host, None, SECOND * 40));
    }

    fn take(&mut self, schedule: &mut Schedule, step: Step) {
        match step {
            Step::HandOver { is_new } => self.hand_over(schedule, is_new),
            Step::Arrive { host, patience } => {
                self.arrived += 1;
                self.ask(schedule, host, None, Duration::from_millis(u64::from(patience)));
            }
            Step::Pass { milliseconds } => self.now += i64::from(milliseconds),
            Step::End { kind } => self.end(schedule, kind),
            Step::Leave => {
                if let Some((ticket, _)) = self.waiting.pop() {
                    schedule.leave(ticket);
                    self.let_go += 1;
                }
            }
        }
        self.come_back(schedule);
        self.poll_all(schedule);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn never_two_at_once_never_early_and_everybody_gets_a_turn(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut schedule = Schedule::new(rules());
        let mut world = World::default();
        for step in steps {
            world.take(&mut schedule, step);
        }
        // From here on every request is healthy and takes half a second: all who wait must get their turn.
        for _ in 0..20_000 {
            if world.waiting.is_empty() && world.parked.is_empty() && world.running.is_empty() {
                break;
            }
            world.take(&mut schedule, Step::Pass { milliseconds: 500 });
            while !world.running.is_empty() {
                world.end(&mut schedule, 9);
            }
        }
        prop_assert!(world.waiting.is_empty() && world.parked.is_empty(), "somebody starved");
        prop_assert_eq!(world.done + world.given_up + world.let_go, world.arrived);
        prop_assert!(schedule.tickets.is_empty(), "a ticket was left behind");
        prop_assert!(schedule.sites.is_empty(), "a site was left behind");
    }
}

/// `jobs` of one host arrive at once, are parked and come back on time. Answers how often each was parked on average,
/// and how long all of them took in seconds.
fn parked_per_job(jobs: usize, request: i64, fails_at: Option<usize>) -> (f64, i64) {
    let mut schedule = Schedule::new(rules());
    let mut world = World::default();
    let (mut busy_until, mut asked) = (None, 0);
    for _ in 0..jobs {
        world.ask(&mut schedule, 0, None, Duration::ZERO);
    }
    while !(world.waiting.is_empty() && world.parked.is_empty() && world.running.is_empty()) {
        world.come_back(&mut schedule);
        world.poll_all(&mut schedule);
        match busy_until {
            None if !world.running.is_empty() => busy_until = Some(world.now + request),
            Some(end) if world.now >= end => {
                asked += 1;
                world.end(&mut schedule, if Some(asked) == fails_at { 1 } else { 9 });
                busy_until = None;
            }
            _ => {}
        }
        world.now += 50;
    }
    (world.parkings as f64 / jobs as f64, world.now / 1000)
}

#[test]
fn ten_thousand_urls_of_one_host_are_each_parked_about_once() {
    let (parked, seconds) = parked_per_job(10_000, 400, None);
    assert!(parked < 1.2, "{parked}");
    // A request of 0.4 s and a delay of 1 s, with the steps of the simulation.
    assert!((13_990..15_000).contains(&seconds), "{seconds}");
}

/// A host that nobody has asked yet is taken to be as fast as the others were.
#[test]
fn a_new_host_is_booked_by_what_requests_to_others_took() {
    let mut schedule = Schedule::new(rules());
    for number in 0..400 {
        let (name, now) = (format!("{number}.example"), at(number * 10));
        let (patience, owned_since) = (Duration::ZERO, Timestamp::MIN);
        let ask = Ask { host: &name, site: &name, booked: None, patience, owned_since };
        let Answer::InLine(ticket) = schedule.ask(ask, now) else { panic!("the host is free") };
        assert_eq!(schedule.poll(ticket, now), Turn::Start);
        schedule.finish(&name, End::Healthy, at(number * 10 + 5));
    }
    let now = at(10_000);
    let mut slot = || match schedule.book("new.example", "new.example", now) {
        Parked::Turn { until } => until.duration_since(now),
        parked => panic!("{parked:?}"),
    };
    assert_eq!(slot().as_millis(), 0);
    let spacing = slot();
    assert!((1000..1010).contains(&spacing.as_millis()), "{spacing:?}");
}

#[test]
fn a_pause_in_between_parks_few_of_them_again() {
    let (parked, _) = parked_per_job(2000, 400, Some(100));
    assert!(parked < 1.6, "{parked}");
}

#[test]
fn a_job_that_comes_back_at_its_slot_goes_before_those_that_came_later() {
    let mut schedule = Schedule::new(rules());
    let ask = |booked, patience| Ask {
        host: "a.example",
        site: "a.example",
        booked,
        patience,
        owned_since: Timestamp::MIN,
    };
    let Answer::InLine(first) = schedule.ask(ask(None, SECOND), at(0)) else { panic!("the host is free") };
    assert_eq!(schedule.poll(first, at(0)), Turn::Start);
    let Answer::Parked(Parked::Turn { until }) = schedule.ask(ask(None, Duration::ZERO), at(0)) else {
        panic!("the host is busy")
    };
    // A thousand more book the slots behind it.
    for _ in 0..1000 {
        schedule.ask(ask(None, Duration::ZERO), at(0));
    }
    let Answer::InLine(later) = schedule.ask(ask(None, SECOND * 10_000), at(10)) else { panic!("patient") };
    let Answer::InLine(back) = schedule.ask(ask(Some(until), Duration::ZERO), at(1100)) else {
        panic!("who comes back at its slot is not parked again")
    };
    schedule.finish("a.example", End::Healthy, at(1200));
    assert_eq!(schedule.poll(later, at(2200)), Turn::Blocked);
    assert_eq!(schedule.poll(back, at(2199)), Turn::At(at(2200)));
    assert_eq!(schedule.poll(back, at(2200)), Turn::Start);
}

#[test]
fn idle_hosts_are_forgotten() {
    let mut schedule = Schedule::new(rules());
    for n in 0..100_000i64 {
        let host = format!("host{n}.example");
        let ask =
            Ask { host: &host, site: &host, booked: None, patience: SECOND, owned_since: Timestamp::MIN };
        let Answer::InLine(ticket) = schedule.ask(ask, at(n * 10)) else { panic!("the host is free") };
        assert_eq!(schedule.poll(ticket, at(n * 10)), Turn::Start);
        schedule.finish(&host, End::Healthy, at(n * 10 + 5));
    }
    assert!(schedule.hosts() <= SWEEP_FROM, "{} hosts", schedule.hosts());
    assert!(schedule.sites.is_empty() && schedule.tickets.is_empty());
}

#[test]
fn hosts_of_a_site_are_asked_three_at_once_and_the_fourth_when_one_is_done() {
    let mut schedule = Schedule::new(rules());
    let hosts: Vec<String> = (0..4).map(|n| format!("{n}.example")).collect();
    let tickets: Vec<Ticket> = hosts
        .iter()
        .map(|host| {
            let ask =
                Ask { host, site: "example", booked: None, patience: SECOND, owned_since: Timestamp::MIN };
            let Answer::InLine(ticket) = schedule.ask(ask, at(0)) else { panic!("the host is free") };
            ticket
        })
        .collect();
    let turns: Vec<Turn> = tickets.iter().map(|ticket| schedule.poll(*ticket, at(0))).collect();
    assert_eq!(turns, [Turn::Start, Turn::Start, Turn::Start, Turn::Blocked]);
    assert_eq!(schedule.finish(&hosts[0], End::Healthy, at(100)), [tickets[3]]);
    assert_eq!(schedule.poll(tickets[3], at(100)), Turn::Start);
}

#[test]
fn what_was_known_of_a_host_comes_back_but_never_a_longer_pause_than_the_ceiling() {
    let mut schedule = Schedule::new(rules());
    let delay = Some(SECOND * 5);
    let memory =
        |until| HostMemory { host: "a.example".into(), back_off_until: Some(until), failures: 2, delay };
    schedule.restore(memory(at(60_000)), "a.example", at(0));
    assert_eq!(schedule.pause_of("a.example", at(0)), Some(at(60_000)));
    schedule.restore(memory(at(999_999_999)), "a.example", at(0));
    assert_eq!(schedule.pause_of("a.example", at(0)), Some(at(3_600_000)));
    schedule.finish("a.example", End::Healthy, at(10));
    let recovered = HostMemory { back_off_until: None, failures: 0, ..memory(at(0)) };
    assert_eq!(schedule.memories_to_keep("a.example"), [recovered]);
    assert_eq!(schedule.memories_to_keep("a.example"), []);
}

#[test]
fn a_new_owner_waits_out_the_delay_that_the_host_asked_the_old_one_for() {
    let ask = |owned_since| Ask {
        host: "a.example",
        site: "a.example",
        booked: None,
        patience: SECOND * 60,
        owned_since,
    };
    let starts = |schedule: &mut Schedule, owned_since: i64, now: i64| {
        let Answer::InLine(ticket) = schedule.ask(ask(at(owned_since)), at(now)) else { panic!("patient") };
        let turn = schedule.poll(ticket, at(now));
        schedule.leave(ticket);
        turn
    };
    let mut old = Schedule::new(rules());
    assert_eq!(starts(&mut old, -1, 0), Turn::At(at(999)));
    old.set_delay("a.example", SECOND * 20);
    let kept = old.memories_to_keep("a.example");
    assert_eq!(kept.iter().map(|memory| memory.delay).collect::<Vec<_>>(), [Some(SECOND * 20)]);
    let mut new = Schedule::new(rules());
    kept.into_iter().for_each(|memory| new.restore(memory, "a.example", at(5000)));
    assert_eq!(starts(&mut new, 5000, 6000), Turn::At(at(25_000)));
    // A host that nothing is known of: our own delay from the hand-over on, and only once.
    assert_eq!(starts(&mut Schedule::new(rules()), 5000, 5100), Turn::At(at(6000)));
    assert_eq!(starts(&mut Schedule::new(rules()), 5000, 7000), Turn::Start);
}

#[test]
fn a_site_handed_over_is_forgotten() {
    let mut schedule = Schedule::new(rules());
    for host in ["a.example", "b.test"] {
        schedule.book(host, host, at(0));
    }
    schedule.forget_sites(|site| site == "a.example");
    assert_eq!(schedule.hosts(), 1);
}
