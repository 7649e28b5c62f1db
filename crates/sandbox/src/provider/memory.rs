//! What the provider remembers: all of it in memory, bounded in number and in time.

use super::{authorize::Asked, identity::Login};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::Instant;

/// How many pages may wait, how many logins are remembered, and how many proofs of clients.
const PAGES: usize = 1024;
const LOGINS: usize = 4096;
const PROOFS: usize = 65_536;

/// Values by name, each until its moment. A new one takes the place of the one that ends first when there are too many.
#[derive(Debug)]
pub(crate) struct Expiring<V> {
    most: usize,
    entries: BTreeMap<String, (Instant, V)>,
}

impl<V> Expiring<V> {
    fn new(most: usize) -> Self {
        Self { most, entries: BTreeMap::new() }
    }

    /// Keeps the value until then.
    pub(crate) fn put(&mut self, now: Instant, name: String, until: Instant, value: V) {
        if self.is_full(now)
            && let Some(first) =
                self.entries.iter().min_by_key(|(_, (ends, _))| *ends).map(|(n, _)| n.clone())
        {
            self.entries.remove(&first);
        }
        self.entries.insert(name, (until, value));
    }

    /// Whether a new value would take the place of one that holds.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        if self.entries.len() >= self.most {
            self.entries.retain(|_, (ends, _)| now < *ends);
        }
        self.entries.len() >= self.most
    }

    /// The value, while it holds.
    pub(crate) fn get(&self, now: Instant, name: &str) -> Option<&V> {
        self.entries.get(name).filter(|(ends, _)| now < *ends).map(|(_, value)| value)
    }

    /// The value, while it holds.
    pub(crate) fn get_mut(&mut self, now: Instant, name: &str) -> Option<&mut V> {
        self.entries.get_mut(name).filter(|(ends, _)| now < *ends).map(|(_, value)| value)
    }

    /// The value, if it holds; afterwards it is gone.
    pub(crate) fn take(&mut self, now: Instant, name: &str) -> Option<V> {
        self.entries.remove(name).filter(|(ends, _)| now < *ends).map(|(_, value)| value)
    }

    fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.entries.retain(|_, (_, value)| keep(value));
    }
}

/// A page that waits for its answer, in the browser that was shown it.
#[derive(Debug)]
pub(crate) struct Waiting<V> {
    /// The secret of that browser.
    pub(crate) browser: String,
    pub(crate) value: V,
}

/// Somebody who is logged in here, in one browser.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) login: Login,
    /// The clients that have been told who it is.
    pub(crate) clients: BTreeSet<String>,
}

/// What a client was told, and may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client: String,
    pub(crate) scopes: BTreeSet<&'static str>,
    pub(crate) login: Login,
}

/// An authorization code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
    pub(crate) issued_at: Instant,
    /// The access token that it was exchanged for: whoever comes with the code again ends that too.
    pub(crate) spent: Option<String>,
}

/// Where somebody who logs out goes on to.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    /// The session's name.
    pub(crate) session: String,
    pub(crate) to: Option<url::Url>,
}

/// Everything that the provider remembers.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) pushed: Expiring<Asked>,
    pub(crate) picks: Expiring<Waiting<Asked>>,
    pub(crate) leaves: Expiring<Waiting<Leaving>>,
    pub(crate) codes: Expiring<Code>,
    pub(crate) tokens: Expiring<Grant>,
    pub(crate) sessions: Expiring<Session>,
    /// The ids of client assertions that have been used.
    pub(crate) assertions: Expiring<()>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            pushed: Expiring::new(PAGES),
            picks: Expiring::new(PAGES),
            leaves: Expiring::new(PAGES),
            codes: Expiring::new(LOGINS),
            tokens: Expiring::new(LOGINS),
            sessions: Expiring::new(LOGINS),
            assertions: Expiring::new(PROOFS),
        }
    }

    /// The name and the state of the session with that `sid`.
    pub(crate) fn session_of_sid(&self, now: Instant, sid: &str) -> Option<(String, Session)> {
        let holds = self.sessions.entries.iter().filter(|(_, (ends, _))| now < *ends);
        let mut found = holds.filter(|(_, (_, session))| session.login.sid == sid);
        found.next().map(|(name, (_, session))| (name.clone(), session.clone()))
    }

    /// Ends a session, and what was issued in it.
    pub(crate) fn end(&mut self, now: Instant, session: &str) -> Option<Session> {
        let ended = self.sessions.take(now, session)?;
        self.codes.retain(|code| code.grant.login.sid != ended.login.sid);
        self.tokens.retain(|grant| grant.login.sid != ended.login.sid);
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_first_makes_room() {
        let at = |s: i64| Instant::from_micros(s * 1_000_000);
        let mut kept = Expiring::new(2);
        kept.put(at(0), "a".to_owned(), at(10), 1);
        kept.put(at(0), "b".to_owned(), at(5), 2);
        assert!(kept.is_full(at(4)));
        kept.put(at(4), "c".to_owned(), at(20), 3);
        assert_eq!(
            (kept.get(at(4), "a"), kept.get(at(4), "b"), kept.get(at(4), "c")),
            (Some(&1), None, Some(&3))
        );
        assert_eq!(kept.get(at(10), "a"), None);
        assert!(!kept.is_full(at(10)));
        assert_eq!((kept.take(at(19), "c"), kept.take(at(19), "c")), (Some(3), None));
    }
}
