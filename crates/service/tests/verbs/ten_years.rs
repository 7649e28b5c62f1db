//! Ten years of a family: birthdays, a change of custody, a guardianship, a death that becomes known late. What is said to come is what
//! comes, every notice and every end of a power, and nothing else (M8..M11, R-32..R-36).

use crate::{
    by_law::{AID, CONTACT, about, charge, may, said},
    children::{Family, custody, family, says},
    deciding::ask,
    noticing::{tell, told_to},
};
use std::collections::BTreeSet;
use tillid_domain::source::Source;
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate,
    id::{MandateId, PersonId},
    mandate::{MandateStanding, MandateState},
    notice::NoticeKind,
    statutory::{Area, Form},
    upcoming::Expected,
};
use tillid_service::{Coming, ComingTo, NewMandate, NewPresentation, NewStatutory};
use tillid_testkit::{
    World,
    people::{OWN, acting, citizen, machine},
};

const FAR: CalendarPeriod = CalendarPeriod::months(240);

/// What happened, told day by day.
struct Years<'w> {
    world: &'w World,
    people: Vec<(&'static str, PersonId)>,
    known: Vec<usize>,
    story: Vec<String>,
}

impl<'w> Years<'w> {
    async fn begin(world: &'w World, people: Vec<(&'static str, PersonId)>) -> Self {
        tell(world).await;
        let known = vec![0; people.len()];
        let mut years = Self { world, people, known, story: Vec::new() };
        years.listen().await;
        years.story.clear();
        years
    }

    fn name(&self, person: PersonId) -> &'static str {
        self.people.iter().find(|(_, id)| *id == person).unwrap().0
    }

    /// Notes what everybody was told since the last time.
    async fn listen(&mut self) -> BTreeSet<(PersonId, NoticeKind)> {
        let (mut heard, today) = (BTreeSet::new(), self.world.now().local_date());
        for (n, (name, person)) in self.people.clone().into_iter().enumerate() {
            let all = told_to(self.world, person).await;
            for notice in &all[self.known[n]..] {
                heard.insert((person, notice.kind));
                self.story.push(format!("{today} {name}: {}", notice.kind.code()));
            }
            self.known[n] = all.len();
        }
        heard
    }

    /// Everything that is to come, to anybody who lives.
    async fn coming(&self) -> Vec<Coming> {
        let mut all = Vec::new();
        for (_, person) in &self.people {
            if let Ok((coming, _)) = self.world.service.upcoming(&citizen(*person), FAR).await {
                all.extend(coming);
            }
        }
        all
    }

    /// Lets time pass until that day, stopping where something was said to come.
    async fn until(&mut self, day: &str) {
        let end = day.parse::<LocalDate>().unwrap().start();
        tell(self.world).await;
        self.listen().await;
        while self.world.now() < end {
            let coming = self.coming().await;
            let moments = coming.iter().flat_map(|coming| {
                let told = coming.upcoming.told_on.iter().map(|day| day.start());
                told.chain([coming.upcoming.at])
            });
            let next = moments.filter(|at| *at > self.world.now() && *at < end).min().unwrap_or(end);
            let due: Vec<_> = coming.iter().filter(|coming| coming.upcoming.at == next).collect();
            self.world.ambient.set(Instant::from_micros(next.as_micros() - 1));
            for coming in &due {
                let stands = self.stands(coming).await;
                assert_ne!(stands, coming.upcoming.then, "{coming:?} is not so before");
            }
            self.world.ambient.set(next);
            self.world.service.record_birthdays().await.unwrap();
            tell(self.world).await;
            for coming in &due {
                assert_eq!(self.stands(coming).await, coming.upcoming.then, "{coming:?}");
                self.note(coming);
            }
            let heard = self.listen().await;
            self.heard_what_was_announced(&coming, next, &heard);
        }
    }

    /// Each calendar notice was announced for that day, and each announcement was followed by its notice.
    fn heard_what_was_announced(
        &self,
        coming: &[Coming],
        at: Instant,
        heard: &BTreeSet<(PersonId, NoticeKind)>,
    ) {
        let today = at.local_date();
        let announced: Vec<_> =
            coming.iter().filter(|c| at == today.start() && c.upcoming.told_on.contains(&today)).collect();
        for coming in &announced {
            let told = heard.iter().any(|(_, kind)| kinds(coming.upcoming.what).contains(kind));
            assert!(told, "{today}: nobody was told of {:?}: {heard:?}", coming.upcoming);
        }
        for (person, kind) in heard {
            let by_calendar = kinds(Expected::Birthday).contains(kind)
                || matches!(
                    kind,
                    NoticeKind::ConsentEndsSoon
                        | NoticeKind::MandateEndsSoon
                        | NoticeKind::MandateExpired
                        | NoticeKind::RepresentationEndsSoon
                );
            let was_announced = announced.iter().any(|c| kinds(c.upcoming.what).contains(kind));
            assert!(
                !by_calendar || was_announced,
                "{today} {}: {kind:?} was not announced",
                self.name(*person)
            );
        }
    }

    /// Where it stands now, as whoever sees it is told.
    async fn stands(&self, coming: &Coming) -> String {
        let (service, me) = (&self.world.service, citizen(coming.upcoming.person));
        match &coming.to {
            ComingTo::Consent(typed) => {
                let found = service.read_consent(&me, typed.consent.id).await.unwrap();
                // What a birthday ended is lapsed as soon as that is recorded, and expired until then.
                found.standing.code().to_owned()
            }
            ComingTo::Request(asked) => {
                let (request, ..) = service.read_request(&me, asked.0.id).await.unwrap();
                request.standing(self.world.now()).code().to_owned()
            }
            ComingTo::Mandate(mandate) => {
                let (mandate, now) = service.read_mandate(&me, mandate.id).await.unwrap();
                mandate.standing(now).code().to_owned()
            }
            ComingTo::MandateRequest(seen) => seen.standing.code().to_owned(),
            ComingTo::Statutory(seen) => {
                let found = service.read_statutory(&me, seen.id).await;
                found.map_or("ended", |(seen, _)| seen.standing.code()).to_owned()
            }
            ComingTo::Birthday { person, rule, .. } => {
                let passed = self.world.now() >= rule.comes(person.born.unwrap());
                if passed { rule.code.clone() } else { "younger".to_owned() }
            }
        }
    }

    fn note(&mut self, coming: &Coming) {
        let (at, what) = (coming.upcoming.at.local_date(), coming.upcoming.what.code());
        let line =
            format!("{at} * {what} of {}: {}", self.name(coming.upcoming.person), coming.upcoming.then);
        if !self.story.contains(&line) {
            self.story.push(line);
        }
    }
}

/// How people are told of it.
fn kinds(what: Expected) -> &'static [NoticeKind] {
    match what {
        Expected::ConsentBegins(_) | Expected::MandateBegins(_) | Expected::CustodyEnds(_) => &[],
        Expected::ConsentEnds(_) => {
            &[NoticeKind::ConsentEndsSoon, NoticeKind::ConsentExpired, NoticeKind::ConsentEnded]
        }
        Expected::RequestCloses(_) => &[NoticeKind::ConsentRequestWaits, NoticeKind::ConsentRequestExpired],
        Expected::MandateEnds(_) => &[NoticeKind::MandateEndsSoon, NoticeKind::MandateExpired],
        Expected::MandateRequestCloses(_) => &[
            NoticeKind::MandateRequestWaits,
            NoticeKind::MandateRequestExpired,
            NoticeKind::MandateRequestUnanswered,
        ],
        Expected::RepresentationChanges(_) => {
            &[NoticeKind::RepresentationEndsSoon, NoticeKind::RepresentationEnded]
        }
        Expected::Birthday => {
            &[NoticeKind::ChildTurnsTen, NoticeKind::ChildTurnsFifteen, NoticeKind::ChildTurnsEighteen]
        }
    }
}

async fn gives(world: &World, grantor: PersonId, representative: PersonId, until: &str) -> MandateId {
    let new =
        NewMandate { valid_until: until.parse().unwrap(), ..world.mandate_to(representative, &["M14"]) };
    let shown = world.try_show(&citizen(grantor), NewPresentation::Mandate(new)).await.unwrap();
    world.service.give_mandate(&citizen(grantor), shown).await.unwrap().value.id
}

pub(crate) async fn ten_years_of_a_family_go_as_they_were_foretold(world: &World) {
    for code in ["C15", "M14", "M16", "M18"] {
        world.import(code).await;
    }
    let (anna, bo) = (world.anna().await, world.bo().await);
    let Family { clara, dorte, erik } = family(world).await;
    let (finn, gitte) = (world.person("Finn", "6507640016").await, world.person("Gitte", "6505670016").await);
    let asked = world.ask(clara, "C15").await;
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), asked, true).await.unwrap();
    }
    let first = gives(world, anna, bo, "2026-12-31").await;
    let people = vec![
        ("anna", anna),
        ("bo", bo),
        ("clara", clara),
        ("dorte", dorte),
        ("erik", erik),
        ("finn", finn),
        ("gitte", gitte),
    ];
    let mut years = Years::begin(world, people).await;
    assert_eq!(may(world, bo, AID, anna).await, ["MANDATE_DIGITAL"]);
    assert_eq!(may(world, erik, CONTACT, clara).await, ["CUSTODY_JOINT"]);

    years.until("2027-01-10").await;
    assert_eq!(may(world, bo, AID, anna).await, ["power_expired"]);
    let second = gives(world, anna, bo, "2028-01-09").await;
    custody(world, clara, &[(dorte, true)]).await;
    assert_eq!(may(world, erik, CONTACT, clara).await, ["power_ended"]);

    years.until("2027-09-01").await;
    let mut guardian = charge(Form::Guardianship, &[Area::Personal], &[gitte]);
    guardian.until = Some("2031-08-31".parse().unwrap());
    let new = NewStatutory::Guardianship(guardian);
    world.service.tell_statutory(finn, &new, &Source::Register {}).await.unwrap();
    assert_eq!(may(world, gitte, AID, finn).await, ["GUARDIAN_S5"]);

    years.until("2029-04-02").await;
    assert_eq!(may(world, dorte, CONTACT, clara).await, ["CUSTODY_SOLE"]);
    years.until("2029-04-03").await;
    assert_eq!(may(world, dorte, CONTACT, clara).await, ["power_ended_by_age"]);
    let third = gives(world, clara, dorte, "2029-12-31").await;

    years.until("2031-08-31").await;
    assert_eq!(may(world, gitte, AID, finn).await, ["GUARDIAN_S5"]);
    years.until("2032-05-01").await;
    assert_eq!(may(world, gitte, AID, finn).await, ["power_ended"]);
    let last = gives(world, anna, bo, "2032-12-31").await;
    // Nobody knows yet. He uses it once on one day, and twice on the next.
    for (day, times) in [("2032-05-06", 1), ("2032-05-07", 2)] {
        years.until(day).await;
        for _ in 0..times {
            let used = ask(world, &machine(OWN), about(bo, AID, anna)).await;
            assert_eq!(said(&used), ["MANDATE_DIGITAL"]);
        }
    }
    years.until("2032-05-10").await;
    // Two times: she died five days ago, and it is known now.
    world.service.register_death(anna, "2032-05-05".parse().unwrap()).await.unwrap();
    assert_eq!(may(world, bo, AID, anna).await, ["power_ended_by_death"]);
    years.until("2036-03-03").await;

    let mut tx = world.store.read().await.unwrap();
    let mut ends = Vec::new();
    for id in [first, second, third, last] {
        let mandate = tx.mandate(id).await.unwrap().unwrap();
        ends.push((mandate.standing(world.now()), mandate.state));
    }
    let now = "2032-05-09T22:00:00Z".parse().unwrap();
    let effective_at = "2032-05-04T22:00:00Z".parse().unwrap();
    let cause = tillid_domain::event::EndCause::Death;
    assert_eq!(
        ends,
        [
            (MandateStanding::Expired, MandateState::Given),
            (MandateStanding::Expired, MandateState::Given),
            (MandateStanding::Expired, MandateState::Given),
            (MandateStanding::Ended, MandateState::Ended { at: now, effective_at, cause }),
        ]
    );
    drop(tx);
    let story = years.story.join("\n");
    assert_eq!(story, STORY.trim(), "\n{story}\n");
}

/// Who was told what on which day, and (*) what came as it had been foretold.
const STORY: &str = "
2026-03-04 dorte: consent_ends_soon
2026-03-04 dorte: child_turns_fifteen
2026-03-04 erik: consent_ends_soon
2026-03-04 erik: child_turns_fifteen
2026-03-27 dorte: consent_ends_soon
2026-03-27 dorte: child_turns_fifteen
2026-03-27 erik: consent_ends_soon
2026-03-27 erik: child_turns_fifteen
2026-04-02 dorte: consent_ends_soon
2026-04-02 erik: consent_ends_soon
2026-04-03 * birthday of clara: own_decisions
2026-04-03 * consent_ends of clara: lapsed
2026-04-03 clara: consent_ended
2026-04-03 clara: consent_asked
2026-04-03 clara: child_turns_fifteen
2026-04-03 dorte: consent_ended
2026-04-03 dorte: child_turns_fifteen
2026-04-03 erik: consent_ended
2026-04-03 erik: child_turns_fifteen
2026-04-27 clara: consent_request_waits
2026-05-03 clara: consent_request_waits
2026-05-04 * consent_request_closes of clara: expired_unanswered
2026-05-04 clara: consent_request_expired
2026-12-02 anna: mandate_ends_soon
2026-12-02 bo: mandate_ends_soon
2026-12-25 anna: mandate_ends_soon
2026-12-25 bo: mandate_ends_soon
2026-12-31 anna: mandate_ends_soon
2026-12-31 bo: mandate_ends_soon
2027-01-01 * mandate_ends of anna: expired
2027-01-01 anna: mandate_expired
2027-01-01 bo: mandate_expired
2027-01-10 anna: mandate_given
2027-01-10 bo: mandate_received
2027-09-01 finn: representation_began
2027-09-01 gitte: representation_began
2027-12-11 anna: mandate_ends_soon
2027-12-11 bo: mandate_ends_soon
2028-01-03 anna: mandate_ends_soon
2028-01-03 bo: mandate_ends_soon
2028-01-09 anna: mandate_ends_soon
2028-01-09 bo: mandate_ends_soon
2028-01-10 * mandate_ends of anna: expired
2028-01-10 anna: mandate_expired
2028-01-10 bo: mandate_expired
2029-01-03 clara: child_turns_eighteen
2029-01-03 dorte: child_turns_eighteen
2029-03-04 clara: child_turns_eighteen
2029-03-04 dorte: child_turns_eighteen
2029-03-27 clara: child_turns_eighteen
2029-03-27 dorte: child_turns_eighteen
2029-04-03 * birthday of clara: of_age
2029-04-03 * custody_ends of clara: ended
2029-04-03 clara: child_turns_eighteen
2029-04-03 dorte: child_turns_eighteen
2029-04-03 clara: mandate_given
2029-04-03 dorte: mandate_received
2029-12-02 clara: mandate_ends_soon
2029-12-02 dorte: mandate_ends_soon
2029-12-25 clara: mandate_ends_soon
2029-12-25 dorte: mandate_ends_soon
2029-12-31 clara: mandate_ends_soon
2029-12-31 dorte: mandate_ends_soon
2030-01-01 * mandate_ends of clara: expired
2030-01-01 clara: mandate_expired
2030-01-01 dorte: mandate_expired
2031-06-03 finn: representation_ends_soon
2031-06-03 gitte: representation_ends_soon
2031-08-02 finn: representation_ends_soon
2031-08-02 gitte: representation_ends_soon
2031-08-25 finn: representation_ends_soon
2031-08-25 gitte: representation_ends_soon
2031-09-01 * representation_changes of finn: ended
2031-09-01 finn: representation_ended
2031-09-01 gitte: representation_ended
2032-05-01 anna: mandate_given
2032-05-01 bo: mandate_received
2032-05-06 anna: mandate_used
2032-05-07 anna: mandate_used
2032-05-10 bo: mandate_ended
";
