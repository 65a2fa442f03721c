//! Jobs in hand by site: a site with very many is not to take the room of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Counts {
    all: usize,
    by_site: HashMap<String, usize>,
}

#[derive(Clone, Default)]
pub struct InHand(Arc<Mutex<Counts>>);

/// One job in hand, until it is dropped.
pub struct Held {
    counts: Arc<Mutex<Counts>>,
    site: String,
}

impl InHand {
    pub fn of(&self, site: &str) -> usize {
        locked(&self.0).by_site.get(site).copied().unwrap_or_default()
    }

    pub fn all(&self) -> usize {
        locked(&self.0).all
    }

    pub fn take(&self, site: &str) -> Held {
        let mut counts = locked(&self.0);
        counts.all += 1;
        *counts.by_site.entry(site.to_owned()).or_default() += 1;
        Held { counts: self.0.clone(), site: site.to_owned() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = locked(&self.counts);
        counts.all -= 1;
        if let Some(count) = counts.by_site.get_mut(&self.site) {
            *count -= 1;
            if *count == 0 {
                counts.by_site.remove(&self.site);
            }
        }
    }
}

fn locked(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_counted_while_they_are_held() {
        let in_hand = InHand::default();
        let (first, second) = (in_hand.take("a.example"), in_hand.take("a.example"));
        assert_eq!((in_hand.of("a.example"), in_hand.of("b.example")), (2, 0));
        drop(first);
        assert_eq!((in_hand.of("a.example"), in_hand.all()), (1, 1));
        drop(second);
        assert!(locked(&in_hand.0).by_site.is_empty(), "nothing is kept of a site that has nothing in hand");
    }
}
