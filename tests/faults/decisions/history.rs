//! What callers saw, and whether it can be explained: by one book of mandates in which each call reads or writes at a single moment
//! between its beginning and its end (linearizability, bar R4).

use porcupine_rs::{CheckResult, Model, Operation, check_operations_timeout};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

/// How long one pair's history may be searched for an explanation.
const PATIENCE: Duration = Duration::from_mins(1);
/// When an answer came that nobody has seen: the call may take effect at any later moment.
pub(crate) const NEVER: i64 = i64::MAX;

/// A call about one grantor and one representative, as its caller saw it. Times are nanoseconds of one clock.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) pair: usize,
    pub(crate) client: u32,
    pub(crate) asked: i64,
    pub(crate) answered: i64,
    pub(crate) what: What,
}

/// What was called for, and what came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// This mandate was given.
    Given(Uuid),
    /// It was revoked.
    Revoked(Uuid),
    /// It was not revoked, because it had ended already.
    Over(Uuid),
    /// It was or was not revoked.
    MaybeRevoked(Uuid),
    /// May they act: these are the mandates that say yes. Without any it is a no.
    Asked(BTreeSet<Uuid>),
}

/// The mandates that hold, between one grantor and one representative.
#[derive(Clone, Debug)]
struct Book;

impl Model for Book {
    type State = BTreeSet<Uuid>;
    type Op = What;
    type Metadata = ();

    fn init() -> Self::State {
        BTreeSet::new()
    }

    fn step(before: &Self::State, what: &What) -> (bool, Self::State) {
        let mut after = before.clone();
        let explained = match what {
            What::Given(mandate) => after.insert(*mandate),
            What::Revoked(mandate) => after.remove(mandate),
            What::Over(mandate) => !after.contains(mandate),
            What::MaybeRevoked(mandate) => {
                after.remove(mandate);
                true
            }
            What::Asked(holding) => after == *holding,
        };
        (explained, after)
    }
}

/// The pairs whose history has no explanation.
pub(crate) fn unexplained(history: &[Seen]) -> Vec<usize> {
    let mut pairs: BTreeMap<usize, Vec<Operation<Book>>> = BTreeMap::new();
    for seen in history {
        pairs.entry(seen.pair).or_default().push(Operation {
            client_id: Some(seen.client),
            call_time: seen.asked,
            return_time: seen.answered,
            op: seen.what.clone(),
            metadata: None,
        });
    }
    let mut unexplained = Vec::new();
    for (pair, operations) in pairs {
        match check_operations_timeout(&operations, PATIENCE) {
            CheckResult::Ok => {}
            CheckResult::Illegal => unexplained.push(pair),
            CheckResult::Unknown => panic!("pair {pair} could not be decided within {PATIENCE:?}"),
        }
    }
    unexplained
}

/// The same history with one answer that is as old as before a revocation: the pair, and the history. The answer was asked for after
/// the revocation had been acknowledged.
pub(crate) fn with_a_stale_answer(history: &[Seen]) -> (usize, Vec<Seen>) {
    let mut planted = history.to_vec();
    for revocation in history {
        let What::Revoked(mandate) = revocation.what else { continue };
        let later = planted.iter_mut().find(|seen| {
            seen.pair == revocation.pair
                && seen.asked > revocation.answered
                && matches!(seen.what, What::Asked(_))
        });
        if let Some(Seen { what: What::Asked(holding), .. }) = later {
            holding.insert(mandate);
            return (revocation.pair, planted);
        }
    }
    panic!("nothing was asked after a revocation");
}

fn seen(asked: i64, answered: i64, what: What) -> Seen {
    Seen { pair: 0, client: 0, asked, answered, what }
}

#[test]
fn what_nothing_explains_is_not_explained() {
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let yes = |mandates: &[Uuid]| What::Asked(mandates.iter().copied().collect());
    let is_explained = |history: &[Seen]| unexplained(history).is_empty();
    let given = seen(0, 10, What::Given(one));
    let revoked = seen(20, 30, What::Revoked(one));

    // While it is being given or revoked, either answer will do.
    for answer in [yes(&[]), yes(&[one])] {
        assert!(is_explained(&[given.clone(), seen(5, 9, answer.clone())]));
        assert!(is_explained(&[given.clone(), revoked.clone(), seen(25, 27, answer)]));
    }
    assert!(is_explained(&[given.clone(), revoked.clone(), seen(31, 32, yes(&[]))]));
    // Not before, and not after.
    assert!(!is_explained(&[given.clone(), seen(11, 12, yes(&[]))]), "lost");
    assert!(!is_explained(&[given.clone(), revoked.clone(), seen(31, 32, yes(&[one]))]), "stale");
    assert!(!is_explained(&[given.clone(), seen(11, 12, yes(&[one, two]))]), "from nowhere");
    // What was seen to be over is not there again, although the revocation itself is still on its way.
    let turns = [seen(21, 22, yes(&[])), seen(23, 24, yes(&[one]))];
    assert!(!is_explained(&[given.clone(), revoked.clone(), turns[0].clone(), turns[1].clone()]), "back");
    assert!(!is_explained(&[given.clone(), seen(11, 12, What::Over(one))]));
    // A revocation of unknown outcome happens late, or never, and once.
    let maybe = seen(20, NEVER, What::MaybeRevoked(one));
    assert!(is_explained(&[given.clone(), maybe.clone(), seen(50, 51, yes(&[one]))]));
    assert!(is_explained(&[given.clone(), maybe.clone(), turns[1].clone(), seen(50, 51, yes(&[]))]));
    assert!(!is_explained(&[given, maybe, turns[0].clone(), turns[1].clone()]));
}
