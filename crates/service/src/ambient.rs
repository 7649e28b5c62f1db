//! Where time and chance come from; nothing else in the program has a source of either.

use aws_lc_rs::{digest, rand};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tillid_domain::Instant;
use uuid::Uuid;

/// The sources of time and chance.
#[derive(Clone)]
pub struct Ambient {
    clock: Clock,
    chance: Chance,
    last_id: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Clock {
    System,
    Fixed(Arc<AtomicI64>),
}

#[derive(Clone)]
enum Chance {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Ambient {
    /// The system's clock and its source of randomness.
    pub fn system() -> Self {
        Self { clock: Clock::System, chance: Chance::System, last_id: Arc::default() }
    }

    /// A clock that stands still until it is set, and chance that repeats; for tests.
    pub fn fixed(now: Instant, seed: u64) -> Self {
        Self {
            clock: Clock::Fixed(Arc::new(AtomicI64::new(now.as_micros()))),
            chance: Chance::Seeded(Arc::new(AtomicU64::new(seed))),
            last_id: Arc::default(),
        }
    }

    /// Sets a fixed clock; the system's clock cannot be set.
    pub fn set(&self, now: Instant) {
        if let Clock::Fixed(micros) = &self.clock {
            micros.store(now.as_micros(), Ordering::SeqCst);
        }
    }

    /// Security time: tokens, sessions, look-ups and leases live by it. Business time is this, turned by the sandbox.
    pub fn now(&self) -> Instant {
        match &self.clock {
            Clock::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Clock::Fixed(micros) => Instant::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Fills the slice with unpredictable bytes.
    ///
    /// Panics when the system has no randomness: nothing of this service would be safe then.
    #[expect(clippy::expect_used, reason = "without randomness no salt, key or id is safe")]
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.chance {
            Chance::System => rand::fill(bytes).expect("the system's source of randomness"),
            Chance::Seeded(counter) => {
                for chunk in bytes.chunks_mut(32) {
                    let n = counter.fetch_add(1, Ordering::SeqCst).to_be_bytes();
                    chunk.copy_from_slice(
                        digest::digest(&digest::SHA256, &n).as_ref().split_at(chunk.len()).0,
                    );
                }
            }
        }
    }

    /// A new id that tells nothing (UUID version 4, RFC 9562): of a person, since when they are known here is nobody's to see.
    pub fn random_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A new id (UUID version 7, RFC 9562 section 6.2 method 1): later ids of one process are greater.
    pub fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_micros() / 1000).unwrap_or(0);
        let floor = millis << 12;
        let previous =
            self.last_id.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(floor.max(last + 1)));
        let stamp = floor.max(previous.unwrap_or(0) + 1);
        let mut random = [0; 8];
        self.fill(&mut random);
        let high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0x0fff);
        let low = u64::from_be_bytes(random) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        Uuid::from_u64_pair(high, low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_process_grow_also_within_a_millisecond() {
        let ambient = Ambient::fixed(Instant::from_micros(1_800_000_000_000_000), 1);
        let ids: Vec<Uuid> = (0..5000).map(|_| ambient.id()).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn a_random_id_tells_no_time() {
        let ambient = Ambient::fixed(Instant::from_micros(1_800_000_000_000_000), 1);
        let ids: std::collections::BTreeSet<Uuid> = (0..100).map(|_| ambient.random_id()).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.get_version_num() == 4 && id.get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn seeded_chance_repeats_and_the_systems_does_not() {
        let bytes = |a: &Ambient| {
            let mut b = [0; 40];
            a.fill(&mut b);
            b
        };
        let now = Instant::from_micros(0);
        assert_eq!(bytes(&Ambient::fixed(now, 7)), bytes(&Ambient::fixed(now, 7)));
        assert_ne!(bytes(&Ambient::system()), bytes(&Ambient::system()));
    }
}
