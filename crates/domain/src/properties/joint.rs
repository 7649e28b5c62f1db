//! M6, model-checked: every order in which those who give or hold something together can sign, object, stop, go on and end, by the
//! transitions that the service uses. At each state that can be reached, whoever has power is whoever the rule says, and nobody else.

use super::*;
use crate::{
    id::JointId,
    mandate::{Bond, Following, Joint, Under},
};
use std::collections::{BTreeSet, VecDeque};

/// What somebody does to one of the mandates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Sign,
    Object,
    Suspend,
    Dispute,
    Resume,
    Revoke,
    RevokeQuietly,
    Renounce,
    Die,
}

const ALL: [Step; 9] = [
    Step::Sign,
    Step::Object,
    Step::Suspend,
    Step::Dispute,
    Step::Resume,
    Step::Revoke,
    Step::RevokeQuietly,
    Step::Renounce,
    Step::Die,
];

/// What has been said of one of them, by the rule and not by the code: the model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
struct Said {
    signed: bool,
    objects: bool,
    stops: bool,
}

#[derive(Clone)]
struct One {
    mandate: Mandate,
    history: History,
    said: Said,
}

/// Several mandates that hang together; of those who hold something together, first these, then what they agree on.
#[derive(Clone)]
struct State {
    all: Vec<One>,
    quorum: usize,
    /// Whether one of them has ended it: what is given or held, and what was agreed on.
    over: [bool; 2],
    at: i64,
}

fn group(one: &One) -> usize {
    usize::from(one.mandate.joint.is_some_and(|joint| joint.bond == Bond::Signers))
}

impl One {
    fn new(n: usize, bond: Bond, quorum: usize, under: Option<Under>, first: bool) -> Self {
        let n = u128::try_from(n).expect("few");
        let (base, _) = mandate(0, 50_000_000);
        let grantor = if bond == Bond::Grantors { person(100 + n) } else { base.grantor };
        let representative = if bond == Bond::Grantors { base.representative } else { person(200 + n) };
        let joint = Some(Joint {
            id: JointId::from_uuid(uuid(if bond == Bond::Signers { 2 } else { 1 })),
            bond,
            quorum: u8::try_from(quorum).expect("few"),
        });
        let awaits = match (bond, first) {
            (Bond::Holders, _) => None,
            (_, true) => Some(Awaited::Others),
            (_, false) => Some(Awaited::Signature),
        };
        let id = MandateId::from_uuid(uuid(500 + n + if bond == Bond::Signers { 100 } else { 0 }));
        let state = awaits.map_or(MandateState::Given, MandateState::Awaiting);
        let mandate = Mandate { id, grantor, representative, under, joint, state, ..base };
        let fact = Fact::MandateGiven {
            grantor,
            representative,
            packages: mandate.packages.clone(),
            privileges: mandate.privileges.clone(),
            case: None,
            valid: mandate.valid,
            presentation: mandate.presentation,
            route: MandateRoute::Digital,
            under,
            joint,
            for_child: None,
            awaits,
        };
        let history = History::of(&mandate, fact, moment(0));
        Self { mandate, history, said: Said { signed: first, ..Said::default() } }
    }

    /// Whether it can be used at that moment, by the powers that follow from its history.
    fn gives(&self, at: Instant) -> bool {
        let grantor = self.mandate.grantor;
        let last = self.history.events.last().and_then(|e| e.subjects.iter().find(|s| s.person == grantor));
        holds(&powers_of(&self.history.events), last.map_or(0, |s| s.version), at)
    }
}

impl State {
    fn grantors(members: usize, quorum: usize) -> Self {
        let all = (0..members).map(|n| One::new(n, Bond::Grantors, quorum, None, n == 0)).collect();
        Self { all, quorum, over: [false; 2], at: 0 }
    }

    fn holders(members: usize, quorum: usize) -> Self {
        let mut all: Vec<One> =
            (0..members).map(|n| One::new(n, Bond::Holders, quorum, None, false)).collect();
        for n in 0..members {
            let above = &all[n].mandate;
            let under = Some(Under { mandate: above.id, by: above.representative, level: 1 });
            all.push(One::new(n, Bond::Signers, quorum, under, n == 0));
        }
        Self { all, quorum, over: [false; 2], at: 0 }
    }

    /// What the rule says of who can use it.
    fn should_give(&self, one: &One) -> bool {
        if one.mandate.is_held_together() || self.over.contains(&true) {
            return false;
        }
        let stopped = self.all.iter().any(|other| other.said.stops || other.said.objects);
        let signed = self.all.iter().filter(|other| other.said.signed).count();
        one.said.signed && signed >= self.quorum && !stopped
    }

    /// What tells one state from another: what is recorded, and what the model knows. When it was is left out.
    fn key(&self) -> (Vec<(String, Said)>, [bool; 2]) {
        let kind = |one: &One| match one.mandate.state {
            MandateState::Awaiting(awaited) => awaited.code().to_owned(),
            state => format!("{state:?}").split(' ').next().unwrap_or_default().to_owned(),
        };
        (self.all.iter().map(|one| (kind(one), one.said)).collect(), self.over)
    }

    fn others(&self, at: usize) -> Vec<Mandate> {
        let mut others: Vec<Mandate> = self.all.iter().map(|one| one.mandate.clone()).collect();
        others.remove(at);
        // What is agreed on changes nothing of what it rests on.
        let is_agreed = group(&self.all[at]) == 1;
        others.retain(|other| !is_agreed || !other.is_held_together());
        others
    }

    fn above(&self) -> Vec<Mandate> {
        self.all.iter().map(|one| one.mandate.clone()).filter(Mandate::is_held_together).collect()
    }

    fn tried(&self, at: usize, step: Step, now: Instant) -> Result<(Mandate, Fact), Reason> {
        let mandate = self.all[at].mandate.clone();
        let above = mandate.under.and_then(|under| self.above().into_iter().find(|m| m.id == under.mandate));
        match step {
            Step::Sign => mandate.sign(PresentationId::from_uuid(uuid(77)), now),
            Step::Object => mandate.object(now),
            Step::Suspend => mandate.suspend(SuspensionGround::Unsure, now),
            Step::Dispute => mandate.dispute(DisputeGround::Misuse, None, now),
            Step::Resume => {
                mandate.must_be_carried(above.as_ref())?;
                mandate.must_not_be_stopped(&self.others(at))?;
                mandate.resume(now)
            }
            Step::Revoke => mandate.revoke(RevocationGround::NotStated, false, None, now),
            Step::RevokeQuietly => mandate.revoke(RevocationGround::NotStated, true, None, now),
            Step::Renounce => mandate.renounce(RenunciationGround::Unable, now),
            Step::Die => mandate.lapse(EndCause::RepresentativeDeath, now, now),
        }
    }

    /// The state after somebody did that; `None` where it is refused.
    fn after(&self, at: usize, step: Step) -> Option<Self> {
        let mut next = Self { at: self.at + 1, ..self.clone() };
        let now = moment(next.at);
        let (top, fact) = self.tried(at, step, now).ok()?;
        let following = Following {
            top: &top,
            fact: &fact,
            others: &self.others(at),
            above: &self.above(),
            from: now,
            now,
        };
        let follows = following.changes();
        for (mandate, fact) in [(top, fact)].into_iter().chain(follows) {
            let one = next.all.iter_mut().find(|one| one.mandate.id == mandate.id).expect("one of them");
            one.history.push(&mandate, fact, now);
            assert!(
                replay::<Mandate>(&one.history.events).as_ref() == Some(&mandate),
                "it replays to itself"
            );
            one.mandate = mandate;
        }
        let said = &mut next.all[at].said;
        match step {
            Step::Sign => *said = Said { signed: true, objects: false, ..*said },
            Step::Object => said.objects = true,
            Step::Suspend | Step::Dispute => said.stops = true,
            Step::Resume => said.stops = false,
            Step::Revoke | Step::RevokeQuietly | Step::Renounce | Step::Die => {
                next.over[group(&self.all[at])] = true;
            }
        }
        Some(next)
    }

    #[track_caller]
    fn must_be_right(&self, way: &str) {
        let now = moment(self.at);
        for one in &self.all {
            for later in [now, now.plus_seconds(1_000)] {
                let (gives, should) = (one.gives(later), self.should_give(one));
                assert_eq!(gives, should, "{way}: {:?} of {:?}", one.mandate.state, self.key());
            }
            let over = self.over[0] || self.over[group(one)];
            assert_eq!(one.mandate.standing(now).is_alive(), !over, "{way}: any one of them ends all");
        }
    }
}

/// Every state that can be reached, each by the shortest way.
fn explore(first: State, steps: &[Step]) -> usize {
    let mut known = BTreeSet::from([first.key()]);
    let mut queue = VecDeque::from([(first, String::new())]);
    while let Some((state, way)) = queue.pop_front() {
        state.must_be_right(&way);
        for (at, step) in (0..state.all.len()).flat_map(|at| steps.iter().map(move |step| (at, *step))) {
            let Some(next) = state.after(at, step) else { continue };
            let way = format!("{way} {at}:{step:?}");
            if known.insert(next.key()) {
                queue.push_back((next, way));
            } else {
                next.must_be_right(&way);
            }
        }
    }
    known.len()
}

#[test]
fn m06_no_interleaving_of_those_who_give_together_gives_power_without_a_quorum() {
    let mut states = 0;
    for (members, quorum) in [(2, 2), (3, 2), (3, 3), (4, 2)] {
        states += explore(State::grantors(members, quorum), if members == 4 { &ALL[..6] } else { &ALL });
    }
    println!("those who give together: {states} states");
    assert!(states > 500, "{states}");
}

#[test]
fn m06_no_interleaving_of_those_who_hold_together_gives_power_without_a_quorum() {
    let mut states = explore(State::holders(2, 2), &ALL);
    for quorum in [2, 3] {
        states +=
            explore(State::holders(3, quorum), &[Step::Sign, Step::Object, Step::Suspend, Step::Resume]);
    }
    println!("those who hold together: {states} states");
    assert!(states > 500, "{states}");
}
