//! The same warning a thousand times says no more than once: each place in the code has a budget of lines.
//!
//! A broker that is away or a site that misbehaves would else fill a disk. The final line of a URL is never held back,
//! because lines and counters have to add up.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// Lines of one place within `WINDOW`. A guess: enough to see what is going on.
const LINES: u64 = 10;
const WINDOW: Duration = Duration::from_secs(30);

/// What a place has said in its window, and how many lines were held back since that was last told.
struct Place {
    since: Instant,
    said: u64,
    held_back: u64,
    metadata: &'static Metadata<'static>,
}

fn places() -> MutexGuard<'static, HashMap<Identifier, Place>> {
    static PLACES: LazyLock<Mutex<HashMap<Identifier, Place>>> = LazyLock::new(Mutex::default);
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a place in the code say only so much.
pub(super) struct Repeats;

impl<S: Subscriber> Filter<S> for Repeats {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        // What is no warning is said once for what it tells of, or by a level that somebody asked for.
        let is_no_warning = *metadata.level() > Level::WARN;
        is_no_warning || is_final_line(metadata) || has_budget(metadata, Instant::now())
    }
}

fn is_final_line(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field("outcome").is_some()
}

fn has_budget(metadata: &'static Metadata<'static>, now: Instant) -> bool {
    let mut places = places();
    let place =
        places.entry(metadata.callsite()).or_insert(Place { since: now, said: 0, held_back: 0, metadata });
    if now.duration_since(place.since) >= WINDOW {
        (place.since, place.said) = (now, 0);
    }
    let may_speak = place.said < LINES;
    if may_speak {
        place.said += 1
    } else {
        place.held_back += 1
    }
    may_speak
}

/// One line for each place that was held back since the last call.
pub(super) fn tell() {
    let held_back: Vec<(u64, &'static Metadata<'static>)> = places()
        .values_mut()
        .filter(|place| place.held_back > 0)
        .map(|place| (std::mem::take(&mut place.held_back), place.metadata))
        .collect();
    for (lines, metadata) in held_back {
        tracing::warn!(
            lines,
            module = metadata.module_path().unwrap_or_default(),
            line_in_code = metadata.line(),
            "repeats_held_back"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::Layer;
    use tracing_subscriber::prelude::*;

    /// Counts what reaches it.
    #[derive(Clone, Default)]
    struct Heard(std::sync::Arc<Mutex<Vec<&'static str>>>);

    impl<S: Subscriber> Layer<S> for Heard {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let is_final = is_final_line(event.metadata());
            self.0.lock().unwrap().push(if is_final { "final" } else { event.metadata().target() });
        }
    }

    #[test]
    fn a_repeated_warning_is_held_back_and_final_lines_never_are() {
        let heard = Heard::default();
        let subscriber = tracing_subscriber::registry().with(heard.clone().with_filter(Repeats));
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..100 {
                tracing::warn!(target: "repeated", "again");
                tracing::info!(outcome = "published", "published an article");
            }
        });
        let heard = heard.0.lock().unwrap();
        let count = |what: &str| heard.iter().filter(|target| **target == what).count();
        assert_eq!((count("repeated"), count("final")), (LINES as usize, 100));
        let mut places = places();
        let place = places.values_mut().find(|place| place.metadata.target() == "repeated").unwrap();
        assert_eq!(std::mem::take(&mut place.held_back), 90);
    }
}
