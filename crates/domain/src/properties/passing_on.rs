//! M7, R-37: whatever was passed on, and whatever becomes of what it rests on, nobody below can do what nobody above can.

use super::*;
use crate::{
    mandate::{Following, Part, Under, Wider, would_fall},
    text::{CaseRef, PrivilegeUri},
};

/// Who may do what in which case until when.
type Reach = (Vec<PrivilegeUri>, Option<CaseRef>, i64);

fn privileges() -> Vec<PrivilegeUri> {
    ["a", "b", "c"].map(|name| format!("urn:dk:{name}:laes").parse().expect("a privilege")).to_vec()
}

fn reach() -> impl Strategy<Value = Reach> {
    let some = proptest::collection::vec(any::<bool>(), 3);
    let case = prop_oneof![Just(None), Just(Some("1")), Just(Some("2"))];
    (some, case, 1..4_i64).prop_map(|(some, case, days)| {
        let chosen =
            privileges().into_iter().zip(some).filter_map(|(uri, is_chosen)| is_chosen.then_some(uri));
        (chosen.collect(), case.map(|case| case.parse().expect("a case")), days)
    })
}

/// Whether it reaches that privilege in that case on that day.
fn reaches(of: &Reach, privilege: &PrivilegeUri, case: Option<&CaseRef>, day: i64) -> bool {
    of.0.contains(privilege) && (of.1.is_none() || of.1.as_ref() == case) && day < of.2
}

/// A mandate with its history.
struct Kept {
    mandate: Mandate,
    history: History,
}

impl Kept {
    /// The mandate that its grantor gave (0), or that was passed on of the first that has this number or less.
    fn new(n: usize, above: Option<&Mandate>) -> Self {
        let (first, _) = mandate(0, 50_000_000);
        let under = above.map(|above| Under {
            mandate: above.id,
            by: above.representative,
            level: above.under.map_or(1, |under| under.level + 1),
        });
        let n = u128::try_from(n).expect("a number");
        let (id, representative) = (MandateId::from_uuid(uuid(500 + n)), person(20 + n));
        let mandate = Mandate { id, representative, under, ..first };
        let fact = Fact::MandateGiven {
            grantor: mandate.grantor,
            representative,
            packages: mandate.packages.clone(),
            privileges: mandate.privileges.clone(),
            case: None,
            valid: mandate.valid,
            presentation: mandate.presentation,
            route: MandateRoute::Digital,
            under,
            joint: None,
            for_child: None,
            awaits: None,
        };
        let history = History::of(&mandate, fact, moment(0));
        Self { mandate, history }
    }

    fn holds(&self, at: Instant) -> bool {
        holds(&powers_of(&self.history.events), last_version(&self.history), at)
    }
}

fn above_of<'k>(kept: &'k [Kept], mandate: &Mandate) -> Option<&'k Kept> {
    let under = mandate.under?;
    kept.iter().find(|other| other.mandate.id == under.mandate)
}

/// All that lies below it.
fn below(kept: &[Kept], top: MandateId) -> Vec<Mandate> {
    let lies_below = |mandate: &Mandate| {
        let mut next = mandate.under;
        while let Some(under) = next {
            if under.mandate == top {
                return true;
            }
            next = kept.iter().find(|k| k.mandate.id == under.mandate).and_then(|k| k.mandate.under);
        }
        false
    };
    kept.iter().map(|k| &k.mandate).filter(|mandate| lies_below(mandate)).cloned().collect()
}

/// What a side or staff tries: a side's own resting mandate goes on only when it is carried.
fn tried(kept: &[Kept], mandate: Mandate, command: u8, now: Instant) -> Result<(Mandate, Fact), Reason> {
    let above = above_of(kept, &mandate).map(|above| above.mandate.clone());
    match command {
        0 => mandate.revoke(RevocationGround::NotStated, false, None, now),
        1 => mandate.revoke(RevocationGround::NotStated, true, None, now),
        2 => mandate.renounce(RenunciationGround::Unable, now),
        3 => mandate.lapse(EndCause::RepresentativeDeath, now.plus_seconds(-3_000), now),
        4..=6 => mandate.suspend(SuspensionGround::Unsure, now),
        7 => mandate.dispute(DisputeGround::Misuse, None, now),
        _ => {
            mandate.must_be_carried(above.as_ref())?;
            mandate.resume(now)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, failure_persistence: None, ..ProptestConfig::default() })]

    /// Exactly that is a part which reaches nothing that the whole does not reach.
    #[test]
    fn r37_a_part_reaches_nothing_that_the_whole_does_not(whole in reach(), part in reach(), to in 1..5_u128) {
        let (given, _) = mandate(0, 0);
        let until = |days: i64| moment(days * 86_400);
        let given = Mandate {
            privileges: whole.0.clone(),
            case: whole.1.clone(),
            valid: MandatePeriod { from: moment(0), to: until(whole.2) },
            ..given
        };
        let packages = [version()];
        let found = given.part(&Part {
            representative: person(to),
            packages: &packages,
            privileges: &part.0,
            case: part.1.as_ref(),
            until: until(part.2),
        });
        let cases: [Option<CaseRef>; 3] = [None, Some("1"), Some("2")].map(|case| case.map(|c| c.parse().expect("a case")));
        let mut more = part.2 > whole.2 || part.0.iter().any(|uri| !whole.0.contains(uri));
        for (uri, case, day) in privileges().iter().flat_map(|u| cases.iter().flat_map(move |c| (0..4).map(move |d| (u, c, d)))) {
            more |= reaches(&part, uri, case.as_ref(), day) && !reaches(&whole, uri, case.as_ref(), day);
        }
        match (to, found) {
            (1, found) => prop_assert_eq!(found, Err(Wider::ToGrantor)),
            (2, found) => prop_assert_eq!(found, Err(Wider::ToOneself)),
            (_, Ok(under)) => {
                prop_assert!(!more, "more than the whole");
                prop_assert_eq!((under.mandate, under.by, under.level), (given.id, given.representative, 1));
            }
            // What names nothing reaches nothing, in whichever case; it is refused by its case all the same.
            (_, Err(flaw)) => prop_assert!(more || (part.0.is_empty() && flaw == Wider::Case), "{flaw:?}"),
        }
    }

    /// What falls with a mandate is what was told beforehand, at every level; and as long as anything above gives nothing, nothing
    /// below does, at any moment.
    #[test]
    fn r37_what_falls_is_what_was_told_and_nothing_below_outlives_what_is_above(
        parents in proptest::collection::vec(0..6_usize, 0..6),
        steps in proptest::collection::vec((0..7_usize, 0..11_u8, 0..4_000_000_i64), 0..14),
        probes in proptest::collection::vec(0..60_000_000_i64, 1..5),
    ) {
        let mut kept = vec![Kept::new(0, None)];
        for (n, parent) in parents.into_iter().enumerate() {
            let above = kept[parent % kept.len()].mandate.clone();
            kept.push(Kept::new(n + 1, Some(&above)));
        }
        let mut passed = 0;
        for (at, command, wait) in steps {
            passed += wait;
            let (now, at) = (moment(passed), at % kept.len());
            let top = kept[at].mandate.clone();
            let lower = below(&kept, top.id);
            let told: Vec<MandateId> = would_fall(&lower, now).map(|mandate| mandate.id).collect();
            let Ok((next, fact)) = tried(&kept, top, command, now) else { continue };
            let above: Vec<Mandate> = above_of(&kept, &next).map(|above| above.mandate.clone()).into_iter().collect();
            let following = Following { top: &next, fact: &fact, others: &lower, above: &above, from: now, now };
            let mut changes = following.changes();
            let ended = |m: &Mandate| matches!(m.state, MandateState::Ended { .. });
            let mut fell: Vec<MandateId> = changes.iter().filter(|(m, _)| ended(m)).map(|(m, _)| m.id).collect();
            fell.sort();
            let mut told = if command <= 3 { told } else { Vec::new() };
            told.sort();
            prop_assert_eq!(fell, told, "what falls is what was told");
            changes.push((next, fact));
            for (next, fact) in changes {
                let one = kept.iter_mut().find(|k| k.mandate.id == next.id).expect("one of them");
                one.history.push(&next, fact, now);
                prop_assert!(replay::<Mandate>(&one.history.events).as_ref() == Some(&next), "it replays to itself");
                one.mandate = next;
            }
            for probe in probes.iter().map(|p| moment(*p)).chain([now, moment(passed + 1)]) {
                for one in &kept {
                    if let Some(above) = above_of(&kept, &one.mandate) {
                        prop_assert!(above.holds(probe) || !one.holds(probe), "{:?} at {}", one.mandate.state, probe);
                    }
                    prop_assert_eq!(one.holds(probe), one.mandate.stood(probe) == MandateStanding::Active);
                }
            }
        }
    }
}
