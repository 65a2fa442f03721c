//! When may a host be asked again: delays, booked slots, back-off, parking. Pure: clock and chance are passed in.
//!
//! ```text
//! ask -> in line  -> poll -> start -> request -> finish
//!    \-> parked until the booked slot; comes back with `booked` and goes in front of who is due later
//! ```
//!
//! Never two requests to a host at once, and never one before the delay after the last one's end has passed.

mod back_off;
mod host;
#[cfg(test)]
mod model_test;

use back_off::BackOff;
use host::{Host, Waiter};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// What the schedule goes by; from `[fetch]`.
#[derive(Clone, Debug)]
pub struct Rules {
    pub delay: Duration,
    /// A job that came back at its booked time may wait at least this long in memory.
    pub park_after: Duration,
    pub backoff: Duration,
    pub max_backoff: Duration,
    pub max_hosts_per_site: usize,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            delay: Duration::from_secs(1),
            park_after: Duration::from_secs(30),
            backoff: Duration::from_secs(10),
            max_backoff: Duration::from_secs(3600),
            max_hosts_per_site: 16,
        }
    }
}

/// What is remembered about a host over a restart and a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostMemory {
    pub host: String,
    pub back_off_until: Option<Timestamp>,
    pub failures: u32,
    /// Where the host asked for another delay than ours: the next owner does not know its robots.txt yet.
    pub delay: Option<Duration>,
}

/// A job that wants to ask a host.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub host: &'a str,
    pub site: &'a str,
    /// The slot it was given before, or the time before which it may not be tried again.
    pub booked: Option<Timestamp>,
    /// The longest it may wait in line.
    pub patience: Duration,
    /// Since when the site is ours. Who had it before may have asked the host up to that moment, so its delay counts
    /// from there. `Timestamp::MIN`: nobody else ever asks.
    pub owned_since: Timestamp,
}

/// A place in a host's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Why a job does not get its turn within its patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Poll this ticket.
    InLine(Ticket),
    Parked(Parked),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// A slot is booked then; only other requests to the host are in the way.
    Turn { until: Timestamp },
    /// A slot is booked then; the host asked for a pause or failed.
    BackOff { until: Timestamp },
    /// The host failed for so long that its jobs are given up until then.
    Unavailable { until: Timestamp },
}

/// What a ticket is worth right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The request is under way from now on, until `finish`.
    Start,
    /// Poll again then.
    At(Timestamp),
    /// Poll again when woken: `finish` and `leave` say whom to wake.
    Blocked,
    /// The ticket is gone.
    Parked(Parked),
}

/// How a request to a host ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// The host answered as a healthy host does: its failures are forgotten.
    Healthy,
    /// Says nothing about the host: given up on our side, or a failure of one page.
    Unknown,
    /// 429, 503, a timeout: the host is left alone. `spread` in 0..1 is the jitter.
    Failed { retry_after: Option<Duration>, spread: f64 },
}

/// All hosts. Memory is bounded by the hosts that are waited for, booked ahead or in back-off.
#[derive(Debug)]
pub struct Schedule {
    rules: Rules,
    hosts: HashMap<String, Host>,
    tickets: HashMap<Ticket, (String, Timestamp)>,
    sites: HashMap<String, Site>,
    /// By site, the hosts of which there is something new to persist. Emptied by whoever persists it.
    news: HashMap<String, BTreeSet<String>>,
    next_ticket: u64,
    sweep_at: usize,
    /// How long a request takes, whatever the host, smoothed: what is expected of a host that was not asked yet. Too
    /// short, and jobs that are parked in one go come back faster than they can be served; too long, and their host
    /// stands idle between them.
    usual_duration: Duration,
}

/// Before anything was asked. A guess.
const FIRST_GUESS: Duration = Duration::from_millis(300);
/// Requests: a mean over about so many of the last.
const SMOOTHED_OVER: u32 = 64;

/// The hosts of one site under way, and who waits because they are too many.
#[derive(Debug, Default)]
struct Site {
    running: usize,
    blocked: HashSet<Ticket>,
}

/// Hosts kept before the idle ones among them are looked for. A guess, not measured: about 300 kB.
const SWEEP_FROM: usize = 1024;

impl Schedule {
    pub fn new(rules: Rules) -> Schedule {
        Schedule {
            rules,
            hosts: HashMap::new(),
            tickets: HashMap::new(),
            sites: HashMap::new(),
            news: HashMap::new(),
            next_ticket: 0,
            sweep_at: SWEEP_FROM,
            usual_duration: FIRST_GUESS,
        }
    }

    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Gets in line, or books the host's next free slot if that is further away than the patience.
    pub fn ask(&mut self, ask: Ask<'_>, now: Timestamp) -> Answer {
        self.sweep(now);
        let park_after = self.rules.park_after;
        let host = self.host(ask.host, ask.site, now);
        host.taken_over(ask.owned_since);
        if let Some(parked) = unavailable(host, now) {
            return Answer::Parked(parked);
        }
        // Who comes back at its booked time keeps its place, even if the host is somewhat behind.
        let patience = match ask.booked {
            Some(_) => ask.patience.max(park_after).max(host.spacing() * 2),
            None => ask.patience,
        };
        let deadline = later(now, patience);
        if let Some(booked) = ask.booked {
            if booked > deadline {
                return Answer::Parked(parked(host, booked, now));
            }
            if host.turn_of(booked, now) <= deadline {
                return self.queue(ask, booked, deadline);
            }
        }
        let slot = host.book(now);
        if slot > deadline {
            return Answer::Parked(parked(host, slot, now));
        }
        self.queue(ask, slot, deadline)
    }

    /// Books the host's next free slot without getting in line.
    pub fn book(&mut self, host: &str, site: &str, now: Timestamp) -> Parked {
        let host = self.host(host, site, now);
        let until = host.book(now);
        unavailable(host, now).unwrap_or_else(|| parked(host, until, now))
    }

    fn queue(&mut self, ask: Ask<'_>, due: Timestamp, deadline: Timestamp) -> Answer {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        if let Some(host) = self.hosts.get_mut(ask.host) {
            host.line.insert((due, ticket), Waiter { not_before: ask.booked, deadline });
            self.tickets.insert(ticket, (ask.host.to_owned(), due));
        }
        Answer::InLine(ticket)
    }

    /// Whether a ticket's turn has come. `Start` marks the host as under way.
    pub fn poll(&mut self, ticket: Ticket, now: Timestamp) -> Turn {
        let Some((name, due)) = self.tickets.get(&ticket).cloned() else { return Turn::Blocked };
        let Some(host) = self.hosts.get_mut(&name) else { return Turn::Blocked };
        if let Some(parked) = overtaken_by_back_off(host, due, ticket, now) {
            self.leave(ticket);
            return Turn::Parked(parked);
        }
        let head = host.line.first_key_value().filter(|((_, first), _)| *first == ticket);
        let Some((_, waiter)) = head.filter(|_| host.running_since.is_none()) else { return Turn::Blocked };
        let earliest = max_time(host.ready_at(now), waiter.not_before.unwrap_or(now));
        if earliest > now {
            return Turn::At(earliest);
        }
        let site = self.sites.entry(host.site.clone()).or_default();
        if site.running >= self.rules.max_hosts_per_site.max(1) {
            site.blocked.insert(ticket);
            return Turn::Blocked;
        }
        site.running += 1;
        site.blocked.remove(&ticket);
        host.line.remove(&(due, ticket));
        self.tickets.remove(&ticket);
        host.start(now);
        Turn::Start
    }

    /// A job in line no longer wants its turn. Who may be next is to be woken.
    pub fn leave(&mut self, ticket: Ticket) -> Vec<Ticket> {
        let Some((name, due)) = self.tickets.remove(&ticket) else { return Vec::new() };
        let Some(host) = self.hosts.get_mut(&name) else { return Vec::new() };
        host.line.remove(&(due, ticket));
        if let Some(site) = self.sites.get_mut(&host.site) {
            site.blocked.remove(&ticket);
        }
        host.line.keys().next().map(|(_, next)| *next).into_iter().collect()
    }

    /// The request to `host` is over. Answers whom to wake.
    pub fn finish(&mut self, name: &str, end: End, now: Timestamp) -> Vec<Ticket> {
        let Some(host) = self.hosts.get_mut(name) else { return Vec::new() };
        if let Some(took) = host.end(now) {
            self.usual_duration = (self.usual_duration * (SMOOTHED_OVER - 1) + took) / SMOOTHED_OVER;
        }
        match end {
            End::Unknown => {}
            End::Healthy => {
                if host.back_off.failures > 0 {
                    note(&mut self.news, &host.site, name);
                }
                host.back_off = BackOff::default();
            }
            End::Failed { retry_after, spread } => {
                host.back_off = host.back_off.grown(retry_after, spread, now, &self.rules);
                host.tail = max_time(host.tail, host.back_off.until.unwrap_or(now));
                note(&mut self.news, &host.site, name);
            }
        }
        // After a failure everybody in line may have to be parked; otherwise only the first can have its turn.
        let to_wake = if matches!(end, End::Failed { .. }) { usize::MAX } else { 1 };
        let mut wake: Vec<Ticket> = host.line.keys().take(to_wake).map(|(_, ticket)| *ticket).collect();
        wake.extend(Self::site_has_room(&mut self.sites, &host.site));
        wake
    }

    fn site_has_room(sites: &mut HashMap<String, Site>, name: &str) -> Vec<Ticket> {
        let Some(site) = sites.get_mut(name) else { return Vec::new() };
        site.running = site.running.saturating_sub(1);
        let wake = site.blocked.drain().collect();
        if site.running == 0 {
            sites.remove(name);
        }
        wake
    }

    /// The delay of a host, where its robots.txt asks for another than ours.
    pub fn set_delay(&mut self, name: &str, delay: Duration) {
        let Some(host) = self.hosts.get_mut(name).filter(|host| host.delay != delay) else { return };
        let was = std::mem::replace(&mut host.delay, delay);
        host.free_at = later(host.free_at, delay.saturating_sub(was));
        note(&mut self.news, &host.site, name);
    }

    /// Who is first in a host's line.
    pub fn head(&self, host: &str) -> Option<Ticket> {
        self.hosts.get(host)?.line.keys().next().map(|(_, ticket)| *ticket)
    }

    /// What to persist of a site's hosts: those that failed, that recovered, or that asked for a delay of their own
    /// since this was last asked. A host that redirects lead to is among them.
    pub fn memories_to_keep(&mut self, site: &str) -> Vec<HostMemory> {
        let names = self.news.remove(site).unwrap_or_default();
        names.iter().filter_map(|name| Some(self.memory_of(name, self.hosts.get(name)?))).collect()
    }

    /// When the host's pause ends, if it is in one.
    pub fn pause_of(&self, host: &str, now: Timestamp) -> Option<Timestamp> {
        self.hosts.get(host)?.back_off.ends_after(now)
    }

    /// At most `most` of the hosts in back-off.
    pub fn in_back_off(&self, now: Timestamp, most: usize) -> Vec<HostMemory> {
        let held = self.hosts.iter().filter(|(_, host)| host.back_off.ends_after(now).is_some());
        held.take(most).map(|(name, host)| self.memory_of(name, host)).collect()
    }

    /// Takes over what another worker, or the one before the restart, knew. It knew better than whatever is left here
    /// of an earlier time as the owner.
    pub fn restore(&mut self, memory: HostMemory, site: &str, now: Timestamp) {
        let (delay, rules) = (memory.delay, self.rules.clone());
        let says_nothing = memory.failures == 0 && delay.is_none();
        if says_nothing && !self.hosts.contains_key(&memory.host) {
            return;
        }
        let host = self.host(&memory.host, site, now);
        host.back_off = BackOff::restored(memory.back_off_until, memory.failures, now, &rules);
        // That owner's last request may have ended only now.
        host.delay = delay.unwrap_or(rules.delay);
        host.free_at = max_time(host.free_at, later(now, host.delay));
        host.tail = max_time(host.tail, max_time(host.free_at, host.back_off.until.unwrap_or(now)));
    }

    /// Lets go of the sites that another worker owns now. A request under way still ends here.
    pub fn forget_sites(&mut self, is_gone: impl Fn(&str) -> bool) {
        self.hosts
            .retain(|_, host| !is_gone(&host.site) || host.running_since.is_some() || !host.line.is_empty());
        self.news.retain(|site, _| !is_gone(site));
    }

    fn memory_of(&self, name: &str, host: &Host) -> HostMemory {
        HostMemory {
            host: name.to_owned(),
            back_off_until: host.back_off.until,
            failures: host.back_off.failures,
            delay: (host.delay != self.rules.delay).then_some(host.delay),
        }
    }

    fn host(&mut self, name: &str, site: &str, now: Timestamp) -> &mut Host {
        let (delay, usual) = (self.rules.delay, self.usual_duration);
        self.hosts.entry(name.to_owned()).or_insert_with(|| Host::new(site, delay, usual, now))
    }

    /// Idle hosts are forgotten whenever the table has doubled: constant work a request.
    fn sweep(&mut self, now: Timestamp) {
        if self.hosts.len() >= self.sweep_at {
            let keep_failures_for = self.rules.max_backoff;
            self.hosts.retain(|_, host| !host.is_idle(now, keep_failures_for));
            let hosts = &self.hosts;
            self.news.retain(|_, names| {
                names.retain(|name| hosts.contains_key(name));
                !names.is_empty()
            });
            self.sweep_at = (self.hosts.len() * 2).max(SWEEP_FROM);
        }
    }
}

fn note(news: &mut HashMap<String, BTreeSet<String>>, site: &str, host: &str) {
    news.entry(site.to_owned()).or_default().insert(host.to_owned());
}

fn unavailable(host: &Host, now: Timestamp) -> Option<Parked> {
    let until = host.back_off.ends_after(now).filter(|_| host.back_off.is_unavailable)?;
    Some(Parked::Unavailable { until })
}

fn parked(host: &Host, until: Timestamp, now: Timestamp) -> Parked {
    match host.back_off.ends_after(now) {
        Some(_) => Parked::BackOff { until },
        None => Parked::Turn { until },
    }
}

/// A pause that began while the job was in line, and is longer than it may wait.
fn overtaken_by_back_off(host: &mut Host, due: Timestamp, ticket: Ticket, now: Timestamp) -> Option<Parked> {
    if let Some(parked) = unavailable(host, now) {
        return Some(parked);
    }
    let pause = host.back_off.ends_after(now)?;
    let waiter = host.line.get(&(due, ticket))?;
    (pause > waiter.deadline).then(|| Parked::BackOff { until: host.book(now) })
}

/// `Timestamp` arithmetic that stops at the end of time instead of panicking there.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// From one time to another; nothing if that is in the past.
fn wait(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn max_time(a: Timestamp, b: Timestamp) -> Timestamp {
    a.max(b)
}
