//! How long a host is left alone after it failed: growing, with jitter, up to a ceiling.

use super::{Rules, later};
use jiff::Timestamp;
use std::time::Duration;

/// What a host's failures in a row have led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BackOff {
    pub until: Option<Timestamp>,
    pub failures: u32,
    /// The pause has reached the ceiling: until it is over the host's URLs are given up.
    pub is_unavailable: bool,
}

impl BackOff {
    /// After one more failure. `spread` in 0..1 is the jitter: hosts that failed together come back apart.
    pub fn grown(self, retry_after: Option<Duration>, spread: f64, now: Timestamp, rules: &Rules) -> BackOff {
        let failures = self.failures.saturating_add(1);
        let grown = grown(failures, rules);
        let asked = retry_after.unwrap_or_default();
        let is_unavailable = grown > rules.max_backoff || asked > rules.max_backoff;
        let own = grown.min(rules.max_backoff).mul_f64(0.75 + spread.clamp(0.0, 1.0) / 2.0);
        // The first time a host says how long, it is taken at its word; if that did not help, ours grows beside it.
        let pause = if failures == 1 && retry_after.is_some() { asked } else { own.max(asked) };
        BackOff { until: Some(later(now, pause.min(rules.max_backoff))), failures, is_unavailable }
    }

    /// What an earlier owner left. Never a longer pause than the ceiling: its clock may have been wrong.
    pub fn restored(until: Option<Timestamp>, failures: u32, now: Timestamp, rules: &Rules) -> BackOff {
        let until = until.map(|until| until.min(later(now, rules.max_backoff)));
        let is_unavailable = failures > 0 && grown(failures, rules) > rules.max_backoff;
        BackOff { until, failures, is_unavailable }
    }

    pub fn ends_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now)
    }
}

/// The pause after so many failures in a row, without jitter and ceiling.
fn grown(failures: u32, rules: &Rules) -> Duration {
    rules.backoff.saturating_mul(1 << failures.saturating_sub(1).min(31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules { backoff: Duration::from_secs(10), max_backoff: Duration::from_secs(100), ..Rules::default() }
    }

    fn pauses(retry_after: Option<u64>, spread: f64) -> Vec<i64> {
        let mut back_off = BackOff::default();
        let pause = |_| {
            back_off =
                back_off.grown(retry_after.map(Duration::from_secs), spread, Timestamp::UNIX_EPOCH, &rules());
            back_off.until.unwrap().as_second()
        };
        (0..5).map(pause).collect()
    }

    #[test]
    fn a_pause_doubles_up_to_the_ceiling() {
        assert_eq!(pauses(None, 0.5), [10, 20, 40, 80, 100]);
    }

    #[test]
    fn jitter_stays_within_a_quarter_and_under_the_ceiling() {
        assert_eq!(pauses(None, 0.0), [7, 15, 30, 60, 75]);
        assert_eq!(pauses(None, 1.0), [12, 25, 50, 100, 100]);
    }

    #[test]
    fn a_host_that_says_how_long_is_taken_at_its_word_once_and_never_asked_before() {
        assert_eq!(pauses(Some(3), 0.5), [3, 20, 40, 80, 100]);
        assert_eq!(pauses(Some(60), 0.5), [60, 60, 60, 80, 100]);
    }

    #[test]
    fn over_the_ceiling_the_host_is_unavailable() {
        let hour = Some(Duration::from_secs(3600));
        assert!(BackOff::default().grown(hour, 0.5, Timestamp::UNIX_EPOCH, &rules()).is_unavailable);
        let once = BackOff::default().grown(None, 0.5, Timestamp::UNIX_EPOCH, &rules());
        assert!(!once.is_unavailable);
        let often = BackOff { failures: 4, ..once }.grown(None, 0.5, Timestamp::UNIX_EPOCH, &rules());
        assert!(often.is_unavailable);
    }
}
