//! What this node has seen lately, so that it takes nothing twice.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};
use tillid_domain::{Digest, Instant};

/// So many threads seldom wait for one another.
const SHARDS: usize = 16;
/// How many uses one shard remembers of one window; a million in all.
const MOST: usize = 65_536;

/// The names of uses, remembered for at least one window and forgotten after two.
pub(crate) struct Replays {
    window: i64,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    /// Which window `new` is of, counted from 1970.
    window: i64,
    new: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
}

impl Replays {
    /// Remembers for that many seconds.
    pub(crate) fn new(seconds: i64) -> Self {
        Self { window: seconds.max(1), shards: Default::default() }
    }

    /// Whether this use is the first one, which it then was. Where more is used than can be remembered, nothing is new: a proof that
    /// is refused can be made again, one that is taken twice cannot be taken back.
    pub(crate) fn is_new(&self, name: &Digest, now: Instant) -> bool {
        let name = *name.as_bytes();
        // The names are hashes under nobody's control, and spread by themselves.
        let at = usize::from(name.first().copied().unwrap_or_default()) % SHARDS;
        let Some(shard) = self.shards.get(at) else { return false };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.turn(now.as_micros().div_euclid(1_000_000).div_euclid(self.window));
        !shard.old.contains(&name) && shard.new.len() < MOST && shard.new.insert(name)
    }
}

impl Shard {
    /// Forgets what is two windows old. A clock that goes back changes nothing.
    fn turn(&mut self, window: i64) {
        if window <= self.window {
            return;
        }
        let last = std::mem::take(&mut self.new);
        self.old = if window == self.window + 1 { last } else { HashSet::new() };
        self.window = window;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_was_used_is_remembered_for_a_window_wherever_it_began() {
        for began in [1_800_000_000, 1_800_000_001, 1_800_000_069] {
            let replays = Replays::new(71);
            let name = Digest::of(b"one");
            assert!(replays.is_new(&name, at(began)));
            for later in [0, 1, 70, 71] {
                assert!(!replays.is_new(&name, at(began + later)), "{later}");
            }
            assert!(replays.is_new(&Digest::of(b"two"), at(began)));
            assert!(replays.is_new(&name, at(began + 142)), "and forgotten");
        }
    }

    #[test]
    fn it_is_bounded_and_then_refuses() {
        let replays = Replays::new(71);
        let refused = (0..(SHARDS * MOST * 2) as u64)
            .filter(|n| {
                let mut name = [0; 32];
                name[..8].copy_from_slice(&n.to_le_bytes());
                !replays.is_new(&Digest::from_bytes(name), at(1_800_000_000))
            })
            .count();
        assert_eq!(refused, SHARDS * MOST);
    }

    proptest! {
        #[test]
        fn nothing_is_new_twice_within_a_window(
            uses in proptest::collection::vec((0_u8..8, 0_i64..40), 1..60),
        ) {
            let (replays, mut now) = (Replays::new(71), 1_800_000_000);
            let mut last = std::collections::BTreeMap::<u8, i64>::default();
            for (name, wait) in uses {
                now += wait;
                let new = replays.is_new(&Digest::of(&[name]), at(now));
                if last.get(&name).is_some_and(|taken| now - taken <= 71) {
                    prop_assert!(!new);
                }
                if new {
                    last.insert(name, now);
                }
            }
        }
    }
}
