//! How much a caller may ask: of each client so many requests a minute, of each employee so many look-ups, and of nobody a hunt for
//! numbers that exist (bar S19).
//!
//! Everything here is this node's own, in memory: with several nodes behind a proxy, a caller who is spread over all of them has as
//! many allowances. The alarm of one node is no other's; what it is for, to stop a client that guesses, each node does by itself.

use crate::problem::{Problem, Protocol};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tillid_domain::{
    Instant,
    actor::{Actor, Who},
    client::Quota,
    id::EmployeeId,
    text::ClientId,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// How far back an employee's look-ups and a client's misses count, in microseconds.
const WINDOW: i64 = 10 * MINUTE;

/// A client's burst is this part of its minute: of 6000 requests, 200.
const BURST: u32 = 30;
/// Also the smallest client may send so many at once.
const LEAST_BURST: u32 = 10;

/// How many of a client's latest questions are looked at.
const LATEST: u64 = 200;
/// Of fewer questions nothing can be said.
const TELLING: u64 = 40;

/// What an operator decides of the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllowanceSettings {
    /// How many look-ups an employee has in ten minutes.
    pub lookups: usize,
    /// How many in a hundred of a client's latest questions may be about people of whom nothing is known. Where a service is new,
    /// nearly everybody is; 100 or more is no limit.
    pub unknown_percent: u64,
}

impl Default for AllowanceSettings {
    /// Sixty look-ups, and five in a hundred.
    fn default() -> Self {
        Self { lookups: 60, unknown_percent: 5 }
    }
}

/// What everybody has asked of this node lately.
pub struct Allowances {
    settings: AllowanceSettings,
    clients: Sharded<ClientId, Client>,
    employees: Sharded<EmployeeId, VecDeque<i64>>,
}

#[derive(Default)]
struct Client {
    /// The revision of its registration; stopping it, resuming it and changing it each make another one.
    revision: u64,
    bucket: Bucket,
    misses: Misses,
}

impl Allowances {
    /// Nobody has asked anything yet.
    pub fn new(settings: AllowanceSettings) -> Self {
        Self { settings, clients: Sharded::default(), employees: Sharded::default() }
    }

    /// Counts a request of a client with that quota, at that revision of its registration. A client whose registration has changed
    /// since its alarm, because somebody has looked and let it go on, begins anew.
    pub(crate) fn admit(
        &self,
        client: &ClientId,
        quota: Quota,
        revision: u64,
        now: Instant,
    ) -> (Told, Result<(), Problem>) {
        let mut shard = self.clients.of(client);
        let state = shard.entry(client.clone()).or_default();
        if state.revision != revision {
            *state = Client { revision, ..Client::default() };
        }
        let rate = Rate::of(quota);
        if let Some(wait) = state.misses.alarm(self.settings.unknown_percent, now) {
            return (rate.told(0, wait), Err(too_much(Protocol::TooManyUnknown, "unknown", wait)));
        }
        match state.bucket.take(rate, now) {
            Ok((left, full)) => (rate.told(left, full), Ok(())),
            Err(wait) => (rate.told(0, wait), Err(too_much(Protocol::QuotaExceeded, CLIENT, wait))),
        }
    }

    /// Counts what a client asked about, and how much of it was unknown: persons who became known by being asked about, and pairs who
    /// have nothing to do with one another. Where more than the accepted part of its latest 200 questions (of at least 40, and within ten
    /// minutes) were, it is refused everything until that is no longer so: in ten minutes at the latest, or when its authority has
    /// stopped it and let it go on.
    pub fn count(&self, client: &ClientId, asked: u64, missed: u64, now: Instant) {
        let mut shard = self.clients.of(client);
        let state = shard.entry(client.clone()).or_default();
        let before = state.misses.alarm(self.settings.unknown_percent, now).is_some();
        state.misses.note(asked, missed.min(asked), now);
        if before || state.misses.alarm(self.settings.unknown_percent, now).is_none() {
            return;
        }
        let (asked, missed) = state.misses.sums();
        drop(shard);
        metrics::counter!("tillid_client_alarms_total", "client" => client.to_string()).increment(1);
        tracing::warn!(%client, asked, missed, "a client asks about many who are unknown, and is refused for now");
    }

    /// Whether a client has raised an alarm on this node, at that revision of its registration.
    pub fn has_alarm(&self, client: &ClientId, revision: u64, now: Instant) -> bool {
        let mut shard = self.clients.of(client);
        let state = shard.get_mut(client).filter(|state| state.revision == revision);
        state.is_some_and(|state| state.misses.alarm(self.settings.unknown_percent, now).is_some())
    }

    /// Counts a look-up of an employee; of anybody else nothing. Refused ones count too.
    pub fn look_up(&self, actor: &Actor, now: Instant) -> Result<(), Problem> {
        let Who::Employee(employee) = &actor.who else { return Ok(()) };
        let mut shard = self.employees.of(&employee.id);
        shard.keep_below(10_000, |times| times.back().is_none_or(|last| *last <= now.as_micros() - WINDOW));
        let times = shard.entry(employee.id).or_default();
        while times.front().is_some_and(|first| *first <= now.as_micros() - WINDOW) {
            times.pop_front();
        }
        if times.len() < self.settings.lookups {
            times.push_back(now.as_micros());
            return Ok(());
        }
        let wait = times.front().map_or(WINDOW, |first| first + WINDOW - now.as_micros());
        Err(too_much(Protocol::TooManyLookups, "look-ups", wait))
    }
}

const CLIENT: &str = "client";

fn too_much(protocol: Protocol, policy: &'static str, wait: i64) -> Problem {
    Problem::from(protocol)
        .of_quota(policy)
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)))
}

/// Whole seconds, rounded up.
const fn seconds(micros: i64) -> i64 {
    (micros + SECOND - 1) / SECOND
}

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy)]
struct Rate {
    per_minute: u32,
    burst: u32,
}

impl Rate {
    fn of(quota: Quota) -> Self {
        let per_minute = quota.per_minute();
        Self { per_minute, burst: (per_minute / BURST).max(LEAST_BURST) }
    }

    /// Microseconds from one request to the next.
    fn interval(self) -> i64 {
        (MINUTE / i64::from(self.per_minute)).max(1)
    }

    fn told(self, left: i64, reset: i64) -> Told {
        Told { per_minute: self.per_minute, left, reset: seconds(reset) }
    }
}

/// A bucket that fills at an even rate, as the generic cell rate algorithm has it: all it takes is the moment when it is full again.
#[derive(Default)]
struct Bucket {
    full_at: i64,
}

impl Bucket {
    /// Takes one; what is left and how long until it is full again, or how long until there is one.
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(i64, i64), i64> {
        let (now, interval) = (now.as_micros(), rate.interval());
        let whole = interval * i64::from(rate.burst);
        // A clock that was turned back must not keep a client out for longer than its bucket takes to fill.
        let full_at = self.full_at.clamp(now, now + whole) + interval;
        let over = full_at - now - whole;
        if over > 0 {
            return Err(over);
        }
        self.full_at = full_at;
        Ok(((whole - (full_at - now)) / interval, full_at - now))
    }
}

/// How much of what a client asked lately was unknown.
#[derive(Default)]
struct Misses {
    /// When, how many questions, how many of them missed; the oldest first.
    lately: VecDeque<(i64, u64, u64)>,
    asked: u64,
    missed: u64,
}

impl Misses {
    fn note(&mut self, asked: u64, missed: u64, now: Instant) {
        if asked == 0 {
            return;
        }
        self.lately.push_back((now.as_micros(), asked, missed));
        (self.asked, self.missed) = (self.asked + asked, self.missed + missed);
        while self.lately.front().is_some_and(|(_, first, _)| self.asked - first >= LATEST) {
            self.forget();
        }
    }

    /// How long until the misses that are more than so many in a hundred are forgotten; `None` where they are not more.
    fn alarm(&mut self, accepted: u64, now: Instant) -> Option<i64> {
        while self.lately.front().is_some_and(|(at, ..)| *at <= now.as_micros() - WINDOW) {
            self.forget();
        }
        let (mut asked, mut missed) = (self.asked, self.missed);
        let mut wait = None;
        for (at, of, misses) in &self.lately {
            if asked < TELLING || missed * 100 <= asked.saturating_mul(accepted) {
                break;
            }
            (asked, missed) = (asked - of, missed - misses);
            wait = Some(at + WINDOW - now.as_micros());
        }
        wait
    }

    fn forget(&mut self) {
        if let Some((_, asked, missed)) = self.lately.pop_front() {
            (self.asked, self.missed) = (self.asked - asked, self.missed - missed);
        }
    }

    const fn sums(&self) -> (u64, u64) {
        (self.asked, self.missed)
    }
}

/// What a client is told of its allowance (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    per_minute: u32,
    left: i64,
    /// In how many seconds all of it is there again; where there is none, in how many there is some.
    reset: i64,
}

/// What is left of a client's allowance, for the headers of the answer; it is in every request's extensions.
#[derive(Clone, Default)]
pub(crate) struct Allowance(Arc<OnceLock<Told>>);

impl Allowance {
    /// Sets what is told; the first one stays.
    pub(crate) fn set(&self, told: Told) {
        let _ = self.0.set(told);
    }

    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Some(told) = self.0.get() else { return };
        let policy = format!("\"{CLIENT}\";q={};w=60", told.per_minute);
        let remaining = format!("\"{CLIENT}\";r={};t={}", told.left, told.reset);
        for (name, text) in [(POLICY, policy), (REMAINING, remaining)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
}

/// So many threads seldom wait for one another.
const SHARDS: usize = 16;

/// A map in parts, each with a lock of its own.
struct Sharded<K, V> {
    hasher: RandomState,
    shards: [Mutex<Shard<K, V>>; SHARDS],
}

struct Shard<K, V>(HashMap<K, V>);

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: Default::default() }
    }
}

impl<K: Hash + Eq, V> Sharded<K, V> {
    fn of(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let [first, ..] = &self.shards;
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards.get(at).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Default> Shard<K, V> {
    fn entry(&mut self, key: K) -> std::collections::hash_map::Entry<'_, K, V> {
        self.0.entry(key)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Forgets what is over, where there is much.
    fn keep_below(&mut self, much: usize, is_over: impl Fn(&V) -> bool) {
        if self.0.len() >= much {
            self.0.retain(|_, value| !is_over(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tillid_domain::actor::{Assurance, Employee, Sensitivity};

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: f64) -> Instant {
        #[expect(clippy::cast_possible_truncation, reason = "a few minutes")]
        Instant::from_micros(NOW * SECOND + (seconds * 1e6) as i64)
    }

    fn client() -> ClientId {
        "fagsystem".parse().unwrap()
    }

    fn all() -> Allowances {
        Allowances::new(AllowanceSettings::default())
    }

    fn admitted(all: &Allowances, seconds: f64) -> Result<(), &'static str> {
        all.admit(&client(), Quota::USUAL, 1, at(seconds)).1.map_err(|problem| problem.code())
    }

    fn employee(id: u128) -> Actor {
        let who = Who::Employee(Employee {
            id: EmployeeId::from_uuid(uuid::Uuid::from_u128(id)),
            person: None,
            authority: "99100001".parse().unwrap(),
            roles: Vec::new(),
            kle: Vec::new(),
            sensitivity: Sensitivity::Ordinary,
        });
        Actor { who, assurance: Assurance::Substantial, authenticated_at: None }
    }

    #[test]
    fn s19_a_client_has_a_burst_and_then_an_even_rate() {
        let all = all();
        let fresh = (0..300).filter(|_| admitted(&all, 0.0).is_ok()).count();
        assert_eq!(fresh, 200);
        assert_eq!(admitted(&all, 0.0), Err("quota_exceeded"));
        assert_eq!(admitted(&all, 0.010), Ok(()));
        assert_eq!(admitted(&all, 0.010), Err("quota_exceeded"));
        let within_a_minute =
            (1..=60_000).filter(|ms| admitted(&all, 0.010 + f64::from(*ms) / 1000.0).is_ok());
        assert_eq!(within_a_minute.count(), 6000);
        let other: ClientId = "naboby".parse().unwrap();
        assert!(all.admit(&other, Quota::USUAL, 1, at(0.0)).1.is_ok(), "another client's is its own");
    }

    #[test]
    fn what_is_left_is_told() {
        let all = all();
        let tell = |told: Told| {
            let allowance = Allowance::default();
            allowance.set(told);
            let mut headers = HeaderMap::new();
            allowance.tell(&mut headers);
            (headers[POLICY].to_str().unwrap().to_owned(), headers[REMAINING].to_str().unwrap().to_owned())
        };
        let (told, _) = all.admit(&client(), Quota::USUAL, 1, at(0.0));
        let told = tell(told);
        assert_eq!((told.0.as_str(), told.1.as_str()), (r#""client";q=6000;w=60"#, r#""client";r=199;t=1"#));
        for _ in 0..199 {
            assert_eq!(admitted(&all, 0.0), Ok(()));
        }
        let (told, refused) = all.admit(&client(), Quota::USUAL, 1, at(0.0));
        assert_eq!(tell(told).1, r#""client";r=0;t=1"#);
        assert_eq!(refused.unwrap_err().status(), 429);
        let mut nobody = HeaderMap::new();
        Allowance::default().tell(&mut nobody);
        assert!(nobody.is_empty());
    }

    #[test]
    fn s19_an_employee_has_sixty_look_ups_in_any_ten_minutes() {
        let all = all();
        let looked = |id, seconds: f64| all.look_up(&employee(id), at(seconds)).is_ok();
        let within: usize = (0..1000).filter(|n| looked(1, f64::from(*n) * 0.6)).count();
        assert_eq!(within, 60);
        assert!(looked(2, 0.0), "another employee's are their own");
        assert!(looked(1, 600.0), "the first one is forgotten");
        assert!(!looked(1, 600.0));
        assert!(all.look_up(&Actor::OPERATOR, at(0.0)).is_ok());
        let refused = all.look_up(&employee(1), at(600.0)).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (429, "too_many_lookups"));
    }

    #[test]
    fn s19_a_client_that_guesses_is_stopped_and_goes_on_when_it_was_looked_at_or_ten_minutes_later() {
        let all = all();
        let count = |asked, missed, seconds| all.count(&client(), asked, missed, at(seconds));
        assert_eq!(admitted(&all, 0.0), Ok(()));
        count(37, 0, 0.0);
        count(2, 2, 1.0);
        assert_eq!(admitted(&all, 1.0), Ok(()), "39 questions tell nothing");
        count(1, 0, 1.0);
        assert_eq!(admitted(&all, 1.0), Ok(()), "one in twenty is accepted");
        count(1, 1, 2.0);
        assert_eq!(admitted(&all, 2.0), Err("too_many_unknown"));
        assert!(all.has_alarm(&client(), 1, at(2.0)));
        let refused = all.admit(&client(), Quota::USUAL, 1, at(3.0)).1.unwrap_err();
        assert_eq!(refused.status(), 429);
        // Stopped and let go on, it has another revision.
        assert!(!all.has_alarm(&client(), 3, at(3.0)));
        assert!(all.admit(&client(), Quota::USUAL, 3, at(3.0)).1.is_ok());
        all.count(&client(), 100, 100, at(4.0));
        assert!(all.has_alarm(&client(), 3, at(603.9)));
        assert!(!all.has_alarm(&client(), 3, at(604.0)));
        assert!(all.admit(&client(), Quota::USUAL, 3, at(604.0)).1.is_ok());
    }

    #[test]
    fn only_the_latest_two_hundred_questions_count() {
        let mut misses = Misses::default();
        misses.note(150, 11, at(0.0));
        assert!(misses.alarm(5, at(0.0)).is_some());
        misses.note(199, 0, at(1.0));
        misses.note(1, 0, at(1.0));
        assert!(misses.alarm(5, at(1.0)).is_none());
    }

    proptest! {
        #[test]
        fn no_bucket_gives_more_than_its_rate_in_any_time(
            quota in 1_u32..=60_000,
            waits in proptest::collection::vec(0_i64..3_000_000, 1..400),
        ) {
            let rate = Rate::of(Quota::try_from(quota).unwrap());
            let (mut bucket, mut now, mut taken) = (Bucket::default(), NOW * SECOND, Vec::new());
            for wait in waits {
                now += wait;
                if bucket.take(rate, Instant::from_micros(now)).is_ok() {
                    taken.push(now);
                }
            }
            for (n, from) in taken.iter().enumerate() {
                for (m, to) in taken.iter().enumerate().skip(n) {
                    let most = i64::from(rate.burst) + (to - from) / rate.interval() + 1;
                    prop_assert!(i64::try_from(m - n).unwrap() < most);
                }
            }
        }

        #[test]
        fn the_sums_are_those_of_what_is_remembered(
            notes in proptest::collection::vec((0_u64..60, 0_u64..60, 0_i64..200), 1..80),
            accepted in prop_oneof![Just(0_u64), Just(5), Just(30), Just(100)],
        ) {
            let (mut misses, mut now) = (Misses::default(), NOW);
            for (asked, missed, wait) in notes {
                now += wait;
                let now = Instant::from_micros(now * SECOND);
                misses.note(asked, missed.min(asked), now);
                let alarm = misses.alarm(accepted, now);
                let asked: u64 = misses.lately.iter().map(|note| note.1).sum();
                let missed: u64 = misses.lately.iter().map(|note| note.2).sum();
                prop_assert_eq!(misses.sums(), (asked, missed));
                prop_assert_eq!(alarm.is_some(), asked >= TELLING && missed * 100 > asked * accepted);
                prop_assert!(alarm.is_none_or(|wait| (1..=WINDOW).contains(&wait)));
            }
        }
    }
}
