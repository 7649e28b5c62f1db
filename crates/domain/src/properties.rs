//! Whatever is tried, in whatever order: what has ended never holds again, and the journal tells all of it.

mod joint;
mod passing_on;

use crate::{
    Instant, Period,
    actor::ActorTrace,
    catalogue::{EntryVersion, Polarity},
    collected::{AnnulmentGround, Assistance, Collected},
    consent::{Consent, ConsentStanding, ConsentState},
    event::{ConsentAnswer, EndCause, Entity, Event, Fact, MandatePeriod, Recorded, SubjectVersion, replay},
    id::{ConsentId, DeclarationId, EntryId, EventId, MandateId, PersonId, PresentationId, RequestId},
    mandate::{
        Awaited, Confirmation, DisputeGround, Mandate, MandateRoute, MandateStanding, MandateState,
        RenunciationGround, RevocationGround, SuspensionGround, Withdrawn,
    },
    power::{Power, powers_of},
    reason::Reason,
    request::{ConsentRequest, RequestStanding, RequestState},
    terms::Terms,
    text::Prose,
};
use proptest::prelude::*;
use uuid::Uuid;

const START: i64 = 1_772_442_000_000_000;

/// A command, the seconds that passed before it was given, and how long ago what it tells of was so.
type Step = (u8, i64, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![Just(0), 1..90_000_i64, 1..40_000_000_i64];
    let ago = prop_oneof![Just(0), 1..40_000_000_i64];
    proptest::collection::vec((0..6_u8, wait, ago), 0..12)
}

/// What lies before the start, in the same moment, and far after it.
fn offsets() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), -5_000_000..5_000_000_i64, 0..60_000_000_i64]
}

fn moment(seconds: i64) -> Instant {
    Instant::from_micros(START).plus_seconds(seconds)
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(uuid(n))
}

fn version() -> EntryVersion {
    EntryVersion { entry: EntryId::from_uuid(uuid(7)), code: "C15".parse().expect("a code"), number: 1 }
}

/// A history as it is recorded: each event read back from its canonical bytes, and the persons' versions with gaps that
/// other events have taken.
#[derive(Clone)]
struct History {
    events: Vec<Recorded>,
    versions: u64,
}

impl History {
    fn of<E: Entity>(first: &E, fact: Fact, at: Instant) -> Self {
        let mut history = Self { events: Vec::new(), versions: 0 };
        history.push(first, fact, at);
        history
    }

    fn push<E: Entity>(&mut self, after: &E, fact: Fact, at: Instant) {
        self.versions += 1 + u64::from(at.as_micros().cast_unsigned().is_multiple_of(3));
        let event = Event {
            id: EventId::from_uuid(uuid(1000 + u128::from(self.versions))),
            kind: E::KIND,
            aggregate: after.id(),
            revision: after.revision(),
            at,
            actor: ActorTrace::Service,
            subjects: after.subjects(),
            fact,
        };
        let versions = (10..)
            .zip(&event.subjects)
            .map(|(more, person)| SubjectVersion { person: *person, version: self.versions * (more - 9) });
        let versions = versions.collect();
        let recorded = Recorded::new(event, versions);
        let mut read = Recorded::from_bytes(&recorded.to_bytes()).expect("it reads back");
        // The versions stand beside the journal.
        read.subjects.clone_from(&recorded.subjects);
        assert_eq!(read, recorded);
        self.events.push(read);
    }
}

/// Tries a command; keeps the thing as it was when the command is refused.
fn attempt<E: Entity>(
    thing: E,
    history: &mut History,
    now: Instant,
    command: impl FnOnce(E, Instant) -> Result<(E, Fact), Reason>,
) -> (E, bool) {
    let Ok((next, fact)) = command(thing.clone(), now) else { return (thing, false) };
    assert_eq!(next.revision(), thing.revision() + 1);
    history.push(&next, fact, now);
    (next, true)
}

fn consent(given: bool, from: i64, to: Option<i64>, said: bool) -> (Consent, History) {
    let now = moment(0);
    let collected = if said {
        Collected::Oral { said_at: moment(-1), note: prose(), why: prose() }
    } else {
        Collected::Digital
    };
    let answer = ConsentAnswer {
        person: person(1),
        declaration: DeclarationId::from_uuid(uuid(2)),
        request: None,
        presentation: PresentationId::from_uuid(uuid(3)),
        authority: "99100001".parse().expect("a CVR number"),
        entry: version(),
        item: "navn".parse().expect("a code"),
        polarity: Polarity::Consent,
        case: None,
        collected,
        valid: Period { from: moment(from), to: to.map(|to| moment(from + to)) },
        for_child: None,
        terms: Terms::default(),
    };
    let state = if given { ConsentState::Given } else { ConsentState::Declined };
    let fact = if given { Fact::ConsentGiven(answer.clone()) } else { Fact::ConsentDeclined(answer.clone()) };
    let answered_at = answer.collected.answered_at(now);
    let id = ConsentId::from_uuid(uuid(4));
    let consent = Consent { id, revision: 1, answer, answered_at, recorded_at: now, state };
    let history = History::of(&consent, fact, now);
    (consent, history)
}

fn prose() -> Prose {
    "Sagt i telefonen".parse().expect("prose")
}

fn request(deadline: i64) -> (ConsentRequest, History) {
    let now = moment(0);
    let request = ConsentRequest {
        id: RequestId::from_uuid(uuid(4)),
        revision: 1,
        person: person(1),
        authority: "99100001".parse().expect("a CVR number"),
        asked_by: ActorTrace::Service,
        asked_at: now,
        entry: version(),
        items: vec!["navn".parse().expect("a code")],
        case: None,
        terms: Terms::default(),
        deadline: moment(deadline),
        state: RequestState::Open,
        voices: Vec::new(),
        exceptions: Vec::new(),
    };
    let fact = Fact::ConsentRequested {
        person: request.person,
        authority: request.authority,
        entry: request.entry.clone(),
        items: request.items.clone(),
        case: None,
        deadline: request.deadline,
        terms: request.terms.clone(),
    };
    let history = History::of(&request, fact, now);
    (request, history)
}

fn mandate(from: i64, to: i64) -> (Mandate, History) {
    mandate_that_waits(from, to, None)
}

fn mandate_that_waits(from: i64, to: i64, awaits: Option<Awaited>) -> (Mandate, History) {
    let now = moment(0);
    let mandate = Mandate {
        id: MandateId::from_uuid(uuid(4)),
        revision: 1,
        grantor: person(1),
        representative: person(2),
        packages: vec![version()],
        privileges: ["urn:dk:a:laes", "urn:dk:a:handle"].map(|p| p.parse().expect("a privilege")).to_vec(),
        case: None,
        valid: MandatePeriod { from: moment(from), to: moment(from + to) },
        presentation: PresentationId::from_uuid(uuid(3)),
        given_at: now,
        route: MandateRoute::Digital,
        under: None,
        joint: None,
        for_child: None,
        renewals: Vec::new(),
        withdrawn: Vec::new(),
        pauses: Vec::new(),
        state: awaits.map_or(MandateState::Given, MandateState::Awaiting),
    };
    let fact = Fact::MandateGiven {
        grantor: mandate.grantor,
        representative: mandate.representative,
        packages: mandate.packages.clone(),
        privileges: mandate.privileges.clone(),
        case: None,
        valid: mandate.valid,
        presentation: mandate.presentation,
        route: MandateRoute::Digital,
        under: None,
        joint: None,
        for_child: None,
        awaits,
    };
    let history = History::of(&mandate, fact, now);
    (mandate, history)
}

/// Whether somebody who knows a person by that version takes the power to hold at that moment.
fn holds(powers: &[Power], version: u64, at: Instant) -> bool {
    powers.iter().any(|p| {
        p.known_from <= version
            && p.known_to.is_none_or(|to| version < to)
            && p.valid_from <= at
            && at < p.valid_to
    })
}

fn last_version(history: &History) -> u64 {
    history
        .events
        .last()
        .and_then(|e| e.subjects.iter().find(|s| s.person == person(1)))
        .map_or(0, |s| s.version)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_leaves_a_withdrawn_consent_effective(
        given: bool, said: bool, from in offsets(), to in proptest::option::of(1..60_000_000_i64), steps in steps(),
        probe in offsets(),
    ) {
        let (mut consent, mut history) = consent(given, from, to, said);
        let (mut passed, mut ended) = (0, None);
        let mut annulled = false;
        for (command, wait, ago) in steps {
            passed += wait;
            let now = moment(passed);
            let before = consent.standing(now);
            let done;
            (consent, done) = attempt(consent, &mut history, now, |c, now| match command {
                0..=1 => c.withdraw(None, now),
                2 => c.withdraw(Some(Assistance::Oral { note: prose() }), now),
                4 => c.annul(AnnulmentGround::NeverAnswered, prose(), now),
                3 => c.lapse(EndCause::Death, moment(passed - ago), now),
                _ => Err(Reason::NoPower),
            });
            if done && command == 4 {
                prop_assert!(said && !annulled, "only a registration is annulled, and once");
                (annulled, ended) = (true, ended.or(Some(now)));
            } else if done {
                prop_assert!(!annulled);
                prop_assert!(matches!(before, ConsentStanding::Active | ConsentStanding::Planned));
                prop_assert_eq!(ended.replace(now), None, "it ended twice");
            }
            prop_assert!(replay::<Consent>(&history.events).as_ref() == Some(&consent), "it replays to itself");
        }
        for later in [passed, passed + probe.abs(), passed + 400_000_000, -1_000_000_000] {
            let standing = consent.standing(moment(later));
            if ended.is_some() {
                prop_assert!(matches!(
                    standing,
                    ConsentStanding::Withdrawn | ConsentStanding::Lapsed | ConsentStanding::Annulled
                ));
                prop_assert_eq!(standing == ConsentStanding::Annulled, annulled);
            }
            prop_assert!(given || annulled || standing == ConsentStanding::Declined, "no became yes");
        }
    }

    #[test]
    fn no_sequence_of_commands_answers_a_request_twice_or_after_its_end(
        deadline in 1..60_000_000_i64, steps in steps(),
    ) {
        let (mut request, mut history) = request(deadline);
        let (mut passed, mut ended) = (0, false);
        for (command, wait, ago) in steps {
            passed += wait;
            let now = moment(passed);
            let open = request.standing(now) == RequestStanding::Open;
            prop_assert_eq!(open, !ended && passed < deadline);
            let done;
            (request, done) = attempt(request, &mut history, now, |r, now| match command {
                0..=1 => r.answer(DeclarationId::from_uuid(uuid(5)), PresentationId::from_uuid(uuid(6)), now),
                2 => r.cancel(now),
                3 => r.lapse(EndCause::Death, moment(passed - ago), now),
                _ => Err(Reason::NoPower),
            });
            prop_assert!(!done || open);
            ended |= done;
            prop_assert!(replay::<ConsentRequest>(&history.events).as_ref() == Some(&request), "it replays to itself");
        }
        let open_still = request.standing(moment(passed + 100_000_000));
        prop_assert_ne!(open_still, RequestStanding::Open, "no question stays open for ever");
        let answered = history.events.iter().any(|e| matches!(e.fact, Fact::RequestAnswered { .. }));
        prop_assert_eq!(open_still == RequestStanding::Answered, answered, "silence is no answer");
    }

    #[test]
    fn no_sequence_of_commands_leaves_a_revoked_power_effective(
        from in offsets(), to in 1..60_000_000_i64, steps in steps(), probes in proptest::collection::vec(offsets(), 1..5),
    ) {
        let (mut mandate, mut history) = mandate(from, to);
        let mut passed = 0;
        let mut ended: Option<Instant> = None;
        for (command, wait, ago) in steps {
            passed += wait;
            let now = moment(passed);
            let (known, powers) = (last_version(&history), powers_of(&history.events));
            let done;
            (mandate, done) = attempt(mandate, &mut history, now, |m, now| match command {
                0..=1 => m.revoke(RevocationGround::NotStated, false, None, now),
                2 => m.renounce(RenunciationGround::NotStated, now),
                3 => m.lapse(EndCause::Death, moment(passed - ago), now),
                4 => m.lapse(EndCause::RepresentativeDeath, moment(passed - ago), now),
                _ => Err(Reason::NoPower),
            });
            if done {
                // A death is known later than it was; the powers end when it was.
                let end = if matches!(command, 3 | 4) { moment(passed - ago) } else { now };
                prop_assert_eq!(ended.replace(end), None, "it ended twice");
            }
            prop_assert!(replay::<Mandate>(&history.events).as_ref() == Some(&mandate), "it replays to itself");
            let after = powers_of(&history.events);
            for probe in probes.iter().map(|p| moment(passed + p)) {
                prop_assert_eq!(holds(&powers, known, probe), holds(&after, known, probe), "what was known is overwritten");
            }
        }
        let (known, powers) = (last_version(&history), powers_of(&history.events));
        for probe in probes.iter().map(|p| moment(passed + p)).chain([moment(passed), moment(from), mandate.valid.to]) {
            let inside = mandate.valid.from <= probe && probe < mandate.valid.to;
            let expected = inside && ended.is_none_or(|end| probe < end);
            prop_assert_eq!(holds(&powers, known, probe), expected, "at {}", probe);
            if ended.is_some() {
                prop_assert_ne!(mandate.standing(probe), MandateStanding::Active);
                prop_assert!(mandate.standing(probe).why_no_power().is_some());
            }
        }
    }

    /// M8, M11, M12: whatever is done to a mandate, its powers hold exactly when it stands, and none is there while somebody's word is
    /// awaited, while it rests, or after it ended.
    #[test]
    fn the_powers_of_a_mandate_hold_exactly_when_it_stands(
        from in offsets(), to in 1..60_000_000_i64, waits in 0..4_u8,
        steps in proptest::collection::vec((0..15_u8, 0..9_000_000_i64, 0..3_000_000_i64), 0..14),
        probes in proptest::collection::vec(offsets(), 1..6),
    ) {
        let awaits = [None, Some(Awaited::Acceptance), Some(Awaited::SecondRegistrar), Some(Awaited::Both)][usize::from(waits)];
        let (mut mandate, mut history) = mandate_that_waits(from, to, awaits);
        let mut passed = 0;
        for (command, wait, ago) in steps {
            passed += wait;
            let now = moment(passed);
            let (known, powers) = (last_version(&history), powers_of(&history.events));
            (mandate, _) = attempt(mandate, &mut history, now, |m, now| match command {
                0 => m.revoke(RevocationGround::Pressured, ago % 2 == 0, None, now),
                1 => m.renounce(RenunciationGround::Unable, now),
                2 => m.lapse(EndCause::Death, moment(passed - ago), now),
                3 => m.confirm(Confirmation::Acceptance, moment(passed + ago), now),
                4 => m.confirm(Confirmation::SecondRegistrar, moment(passed + ago), now),
                5..=6 => m.suspend(SuspensionGround::Unsure, now),
                7..=8 => m.resume(now),
                9 => m.dispute(DisputeGround::Misuse, None, now),
                10 => {
                    let until = moment(from + to + ago);
                    m.renew(until, PresentationId::from_uuid(uuid(5)), now)
                }
                11..=13 => {
                    // A package of one of the two privileges, or one of both.
                    let lost = if command == 13 { &m.privileges[..] } else { &m.privileges[usize::from(command - 11)..][..1] };
                    let package = EntryId::from_uuid(uuid(u128::from(command)));
                    let withdrawn = Withdrawn { package, privileges: lost.to_vec(), from: moment(passed + ago * 9 - 9) };
                    m.withdraw(withdrawn, now)?.ok_or(Reason::NoPower)
                }
                _ => m.annul(AnnulmentGround::WrongPerson, prose(), now),
            });
            prop_assert!(replay::<Mandate>(&history.events).as_ref() == Some(&mandate), "it replays to itself");
            let after = powers_of(&history.events);
            for probe in probes.iter().map(|p| moment(passed + p)) {
                prop_assert_eq!(holds(&powers, known, probe), holds(&after, known, probe), "what was known is overwritten");
                let held = holds(&after, last_version(&history), probe);
                prop_assert_eq!(held, mandate.stood(probe) == MandateStanding::Active, "{:?} at {}", mandate.stood(probe), probe);
                for privilege in &mandate.privileges {
                    let theirs: Vec<Power> = after.iter().filter(|p| p.privilege == *privilege).cloned().collect();
                    let held = holds(&theirs, last_version(&history), probe);
                    let given = mandate.stood(probe) == MandateStanding::Active && probe < mandate.gives_until(privilege);
                    prop_assert_eq!(held, given, "{} at {}", privilege.as_str(), probe);
                }
                if held {
                    let never = matches!(mandate.state, MandateState::Awaiting(_) | MandateState::Annulled { .. });
                    prop_assert!(!never, "held by what never counted");
                }
            }
        }
    }

    #[test]
    fn a_history_with_an_event_left_out_or_told_twice_replays_to_nothing(
        to in 1_000..60_000_000_i64, at in 1..999_i64,
    ) {
        let (given, mut history) = mandate(0, to);
        let (_, revoked) = attempt(given, &mut history, moment(at), |m, now| {
            m.revoke(RevocationGround::NotStated, false, None, now)
        });
        prop_assert!(revoked);
        let events = &history.events;
        let Some((first, rest)) = events.split_first() else { return Err(TestCaseError::fail("no events")) };
        prop_assert_eq!(replay::<Mandate>(rest), None);
        let twice: Vec<Recorded> = events.iter().chain(rest).cloned().collect();
        prop_assert_eq!(replay::<Mandate>(&twice), None);
        prop_assert!(powers_of(&twice).is_empty());
        prop_assert_eq!(replay::<Mandate>(&[first.clone(), first.clone()]), None);
    }
}
