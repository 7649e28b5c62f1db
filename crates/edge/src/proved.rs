//! Tokens whose signature has been verified, so that it is verified once and not with each request.
//!
//! What is kept is what the signature proved and nothing else: who the issuer says the bearer is, and for how long. Whether it holds
//! now, what it is bound to, whether its client is still registered and what the bearer may do is asked anew with each request.

use crate::token::Principal;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use tillid_domain::{Digest, Instant};

/// So many threads seldom wait for one another.
const SHARDS: usize = 16;
/// How many tokens one shard keeps; 10,000 in all.
const MOST: usize = 625;

/// What a signature proved.
#[derive(Debug)]
pub(crate) struct Proved {
    pub(crate) principal: Principal,
    pub(crate) times: Times,
}

/// When a token holds, as its issuer said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) expires: Instant,
    pub(crate) issued: Instant,
    pub(crate) starts: Option<Instant>,
    pub(crate) authenticated: Option<Instant>,
}

/// The tokens, by the hashes of their bytes.
#[derive(Default)]
pub(crate) struct ProvedTokens([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    tokens: HashMap<Digest, Arc<Proved>>,
    /// In the order in which they came.
    order: VecDeque<Digest>,
}

impl ProvedTokens {
    /// What was proved of the token with that hash, if it is kept.
    pub(crate) fn get(&self, token: &Digest) -> Option<Arc<Proved>> {
        self.shard(token)?.lock().unwrap_or_else(PoisonError::into_inner).tokens.get(token).cloned()
    }

    /// Keeps what was proved, in the place of the oldest when there are too many.
    pub(crate) fn keep(&self, token: Digest, proved: Arc<Proved>) {
        let Some(shard) = self.shard(&token) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.tokens.insert(token, proved).is_none() {
            shard.order.push_back(token);
        }
        while shard.order.len() > MOST {
            if let Some(oldest) = shard.order.pop_front() {
                shard.tokens.remove(&oldest);
            }
        }
    }

    /// Hashes under nobody's control spread by themselves.
    fn shard(&self, token: &Digest) -> Option<&Mutex<Shard>> {
        self.0.get(usize::from(token.as_bytes().first().copied()?) % SHARDS)
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap().tokens.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::PrincipalKind;
    use tillid_domain::actor::Assurance;

    fn proved(seconds: i64) -> Arc<Proved> {
        let at = Instant::from_micros(seconds * 1_000_000);
        let kind = PrincipalKind::Citizen {
            issuer: "https://broker.example".parse().unwrap(),
            login: "anna".parse().unwrap(),
            acting_for: None,
            number: None,
        };
        let principal = Principal {
            kind,
            assurance: Assurance::High,
            authenticated_at: None,
            bound_to: None,
            client: None,
        };
        let times = Times { expires: at, issued: at, starts: None, authenticated: None };
        Arc::new(Proved { principal, times })
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_the_oldest_go_first() {
        let tokens = ProvedTokens::default();
        let name = |n: u32| Digest::of(&n.to_be_bytes());
        for n in 0..50_000 {
            tokens.keep(name(n), proved(i64::from(n)));
            assert!(tokens.get(&name(n)).is_some());
        }
        assert!(tokens.count() <= SHARDS * MOST);
        assert!(tokens.get(&name(0)).is_none() && tokens.get(&name(49_000)).is_some());
    }

    #[test]
    fn what_is_kept_again_takes_no_more_room() {
        let tokens = ProvedTokens::default();
        for n in 0..5_000 {
            tokens.keep(Digest::of(b"one"), proved(n));
        }
        assert_eq!(tokens.count(), 1);
        let queued: usize = tokens.0.iter().map(|shard| shard.lock().unwrap().order.len()).sum();
        assert_eq!(queued, 1);
    }
}
