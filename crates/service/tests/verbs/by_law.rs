//! Acting by law or decision: custody, guardianship and lasting powers (R-33..R-36), what each gives, who registers it, and its two times.

use crate::{
    children::{Family, family},
    deciding::ask,
    expect::{denied, invalid, rule, told},
    noticing::{tell, told_to},
};
use std::collections::BTreeSet;
use tillid_domain::{
    CalendarPeriod, LocalDate, Reason,
    access::{Act, Outcome},
    actor::{Employee, Purpose, Role},
    decision::Verdict,
    family::Holder,
    id::{AccessId, PersonId, StatutoryId},
    source::Source,
    statutory::{Area, Form, StatutoryStanding},
};
use tillid_service::{
    AskedAbout, Call, Decided, KnownAt, NewCharge, NewCustody, NewLookup, NewStatutory, Overview, PersonRef,
    Question, SearchFor, Searched, StatedPurpose,
};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen, employee, keyed, machine, staff, under},
};

/// Of M14, which is about the person's own life.
pub(crate) const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
/// Of M13, which is about money.
const BUILD: &str = "urn:dk:eksempelkommune:fuldmagt:byg:ansoegning:handle";
/// Of M16: for a parent alone, and for all who have custody.
pub(crate) const CONTACT: &str = "urn:dk:eksempelkommune:fuldmagt:boern:skole-og-dagtilbud:kontakt";
pub(crate) const SCHOOL: &str = "urn:dk:eksempelkommune:fuldmagt:boern:skoleindskrivning:handle";
const CASE: &str = "27.36.04-G01-12-26";
const SOURCE: Source = Source::Register {};

pub(crate) fn about(representative: PersonId, privilege: &str, grantor: PersonId) -> Question {
    Question {
        about: AskedAbout::Acting {
            representative: PersonRef::Id(representative),
            privilege: privilege.parse().unwrap(),
            grantor: PersonRef::Id(grantor),
        },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some(CASE.parse().unwrap()),
        valid_at: None,
        known_at: KnownAt::Now,
    }
}

/// The basis of a yes, or the code of why not as a party to it is told.
pub(crate) async fn may(world: &World, who: PersonId, privilege: &str, whom: PersonId) -> Vec<String> {
    said(&ask(world, &citizen(whom), about(who, privilege, whom)).await)
}

pub(crate) fn said(decided: &Decided) -> Vec<String> {
    match &decided.answer.verdict {
        Verdict::Yes { basis, .. } => basis.iter().map(|ground| ground.kind.clone()).collect(),
        Verdict::No(reason) => vec![reason.code().to_owned()],
    }
}

pub(crate) fn charge(form: Form, areas: &[Area], holders: &[PersonId]) -> NewCharge {
    let holders = holders.iter().map(|person| PersonRef::Id(*person)).collect();
    NewCharge { form, areas: areas.iter().copied().collect(), holders, from: None, until: None }
}

async fn guardianship(world: &World, ward: PersonId, new: NewCharge) -> StatutoryId {
    world.service.tell_statutory(ward, &NewStatutory::Guardianship(new), &SOURCE).await.unwrap()
}

/// Finn and Gitte, with the packages that the privileges are of.
async fn siblings(world: &World) -> (PersonId, PersonId) {
    for code in ["M13", "M14", "M18"] {
        world.import(code).await;
    }
    (world.person("Finn", "6507640016").await, world.person("Gitte", "6505670016").await)
}

pub(crate) async fn r33_a_guardian_acts_in_the_area_of_the_decision_until_it_ends(world: &World) {
    let (finn, gitte) = siblings(world).await;
    assert_eq!(may(world, gitte, AID, finn).await, ["no_power"]);
    let id = guardianship(world, finn, charge(Form::Guardianship, &[Area::Personal], &[gitte])).await;
    assert_eq!(may(world, gitte, AID, finn).await, ["GUARDIAN_S5"]);
    assert_eq!(may(world, gitte, BUILD, finn).await, ["power_does_not_cover"]);
    assert_eq!(may(world, finn, AID, gitte).await, ["no_power"], "it goes one way");
    let system = said(&ask(world, &machine(OWN), about(gitte, AID, finn)).await);
    assert_eq!(system, ["GUARDIAN_S5"]);
    let found = search(
        world,
        SearchFor::Representatives { grantor: PersonRef::Id(finn), privilege: AID.parse().unwrap() },
    );
    assert_eq!(found.await.persons, [gitte]);
    let found = search(
        world,
        SearchFor::Grantors { representative: PersonRef::Id(gitte), privilege: AID.parse().unwrap() },
    );
    assert_eq!(found.await.persons, [finn]);
    let both = SearchFor::Privileges { representative: PersonRef::Id(gitte), grantor: PersonRef::Id(finn) };
    let privileges: Vec<String> =
        search(world, both).await.privileges.iter().map(ToString::to_string).collect();
    assert!(privileges.iter().any(|p| p == AID) && !privileges.iter().any(|p| p == BUILD), "{privileges:?}");
    // On her own pages she sees for whom she may act and on what, and then acts.
    let (Overview::Own(own), _) = world.service.overview(&citizen(gitte)).await.unwrap() else { panic!() };
    let may_act: Vec<_> = own.may_act_for.iter().map(|m| (m.person, m.until, m.by_custody)).collect();
    assert_eq!(may_act, [(finn, None, false)]);
    assert_eq!(own.may_act_for[0].basis.iter().map(|b| b.code()).collect::<Vec<_>>(), ["GUARDIAN_S5"]);
    assert_eq!(own.statutory[0].id, id.as_uuid());
    let (Overview::Representative(of), _) = world.service.overview(&acting(gitte, finn)).await.unwrap()
    else {
        panic!()
    };
    assert!(of.consents.is_some() && of.basis.len() == 1, "{:?}", of.privileges);
    world.pass(CalendarPeriod::days(3));
    world.service.tell_end(id, None, &SOURCE).await.unwrap();
    assert_eq!(may(world, gitte, AID, finn).await, ["power_ended"]);
    let refused = world.service.overview(&acting(gitte, finn)).await;
    assert_eq!(told(refused), denied(Reason::NoPower));
    let again = world.service.tell_end(id, None, &SOURCE).await;
    assert_eq!(told(again), rule(Reason::StatutoryOver));
}

async fn search(world: &World, search: SearchFor) -> tillid_service::Found {
    let asked = Searched {
        search,
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some(CASE.parse().unwrap()),
        valid_at: None,
        after: None,
        limit: 50,
    };
    world.service.search(&machine(OWN), &asked).await.unwrap()
}

pub(crate) async fn r33_without_capacity_the_ward_gives_nothing_in_that_area_and_the_guardian_ends_what_was_given(
    world: &World,
) {
    let (finn, gitte) = siblings(world).await;
    let bo = world.bo().await;
    let (built, helped) = (world.give(finn, bo, &["M13"]).await, world.give(finn, bo, &["M14"]).await);
    assert_eq!(may(world, bo, BUILD, finn).await, ["MANDATE_DIGITAL"]);
    guardianship(world, finn, charge(Form::WithoutCapacity, &[Area::Economic], &[gitte])).await;
    assert_eq!(may(world, gitte, BUILD, finn).await, ["GUARDIAN_S6"]);
    // what he gave before is kept, and gives nothing in that area.
    assert_eq!(may(world, bo, BUILD, finn).await, ["capacity_removed"]);
    let system = said(&ask(world, &machine(OWN), about(bo, BUILD, finn)).await);
    assert_eq!(system, ["power_ended"], "why is not a system's to know");
    assert_eq!(may(world, bo, AID, finn).await, ["MANDATE_DIGITAL"], "his own life is still his");
    let new = tillid_service::NewPresentation::Mandate(world.mandate_to(bo, &["M13"]));
    let refused = world.try_show(&citizen(finn), new).await;
    assert_eq!(told(refused), rule(Reason::CapacityRemoved));
    world.give(finn, bo, &["M14"]).await;
    world.pass(CalendarPeriod::days(1));
    // The guardian sees and ends what lies in her area, and nothing else.
    let as_guardian = acting(gitte, finn);
    assert!(world.service.read_mandate(&as_guardian, built.id).await.is_ok());
    assert_eq!(told(world.service.read_mandate(&as_guardian, helped.id).await), "not found");
    assert_eq!(told(world.service.revoke_mandate(&as_guardian, helped.id).await), "not found");
    world.service.revoke_mandate(&as_guardian, built.id).await.unwrap();
    assert_eq!(may(world, bo, BUILD, finn).await, ["power_revoked"]);
}

pub(crate) async fn r33_a_co_guardian_never_acts_alone(world: &World) {
    let (finn, gitte) = siblings(world).await;
    guardianship(world, finn, charge(Form::CoGuardianship, &Area::ALL, &[gitte])).await;
    assert_eq!(may(world, gitte, AID, finn).await, ["power_needs_ward"]);
    assert_eq!(said(&ask(world, &machine(OWN), about(gitte, AID, finn)).await), ["power_needs_ward"]);
    assert_eq!(told(world.service.overview(&acting(gitte, finn)).await), denied(Reason::PowerNeedsWard));
    let (Overview::Own(own), _) = world.service.overview(&citizen(gitte)).await.unwrap() else { panic!() };
    assert!(own.may_act_for.is_empty() && own.statutory.len() == 1);
}

pub(crate) async fn r34_a_lasting_power_gives_nothing_before_it_is_put_in_force(world: &World) {
    let (finn, gitte) = siblings(world).await;
    let attorneys = || vec![PersonRef::Id(gitte)];
    let dormant = || NewStatutory::LastingPower { attorneys: attorneys(), areas: Area::ALL.into() };
    let id = world.service.tell_statutory(finn, &dormant(), &SOURCE).await.unwrap();
    assert_eq!(may(world, gitte, AID, finn).await, ["no_power"]);
    let seen = async |person| world.service.list_statutory(&citizen(person)).await.unwrap().0;
    assert_eq!(seen(finn).await[0].standing, StatutoryStanding::Dormant);
    assert!(seen(gitte).await.is_empty(), "she does not get to know before");
    assert!(told_to(world, gitte).await.is_empty());
    // nobody puts in force what was not registered.
    let more = charge(Form::LastingPower, &Area::ALL, &[world.bo().await]);
    let refused = world.service.tell_change(id, &more, &SOURCE).await;
    assert_eq!(told(refused), invalid("/holders", Reason::StatutoryImpossible));
    let in_force = charge(Form::LastingPower, &[Area::Personal], &[gitte]);
    world.service.tell_change(id, &in_force, &SOURCE).await.unwrap();
    assert_eq!(may(world, gitte, AID, finn).await, ["LASTING_POA"]);
    assert_eq!(may(world, gitte, BUILD, finn).await, ["power_does_not_cover"], "it was put in force in part");
    assert_eq!(seen(gitte).await.len(), 1);
    let second = world.service.tell_statutory(finn, &dormant(), &SOURCE).await.unwrap();
    let refused = world.service.tell_change(second, &in_force, &SOURCE).await;
    assert_eq!(told(refused), rule(Reason::LastingPowerInForce));
}

pub(crate) async fn r35_r28_custody_acts_alone_but_for_what_all_must_agree_on_and_until_the_age_of_the_package(
    world: &World,
) {
    let Family { clara, dorte, erik } = family(world).await;
    for code in ["M14", "M16"] {
        world.import(code).await;
    }
    for parent in [dorte, erik] {
        assert_eq!(may(world, parent, CONTACT, clara).await, ["CUSTODY_JOINT"]);
        assert_eq!(may(world, parent, SCHOOL, clara).await, ["power_needs_others"]);
        assert_eq!(may(world, parent, AID, clara).await, ["CUSTODY_JOINT"]);
    }
    let born: LocalDate = "2011-04-03".parse().unwrap();
    let until = |decided: &Decided| match decided.answer.verdict {
        Verdict::Yes { valid_until, .. } => valid_until,
        Verdict::No(_) => None,
    };
    let aid = ask(world, &citizen(dorte), about(dorte, AID, clara)).await;
    assert_eq!(until(&aid), Some(born.birthday(15).start()), "R-28");
    let contact = ask(world, &citizen(dorte), about(dorte, CONTACT, clara)).await;
    assert_eq!(until(&contact), Some(born.birthday(18).start()), "R-36");
    let at = |age| Question { valid_at: Some(born.birthday(age).start()), ..about(dorte, AID, clara) };
    assert_eq!(said(&ask(world, &citizen(dorte), at(15)).await), ["power_ended_by_age"]);
    assert_eq!(said(&ask(world, &machine(OWN), at(15)).await), ["power_ended"]);
    // The one dies, and the other has custody alone.
    world.pass(CalendarPeriod::days(1));
    world.service.register_death(erik, world.now().local_date()).await.unwrap();
    assert_eq!(may(world, dorte, SCHOOL, clara).await, ["CUSTODY_SOLE"]);
    assert_eq!(may(world, erik, CONTACT, clara).await, ["power_ended_by_death"]);
}

pub(crate) async fn d4_what_became_known_later_changes_no_earlier_answer(world: &World) {
    let (finn, gitte) = siblings(world).await;
    let system = machine(OWN);
    let id = guardianship(world, finn, charge(Form::Guardianship, &Area::ALL, &[gitte])).await;
    let first_day = world.now().local_date();
    world.pass(CalendarPeriod::days(10));
    let before = ask(world, &system, about(gitte, AID, finn)).await;
    assert_eq!(said(&before), ["GUARDIAN_S5"]);
    let asked_at = world.now();
    world.pass(CalendarPeriod::days(10));
    // It had ended five days before that question, and nobody knew.
    let ended = first_day.plus(CalendarPeriod::days(5));
    world.service.tell_end(id, Some(ended), &SOURCE).await.unwrap();
    assert_eq!(said(&ask(world, &system, about(gitte, AID, finn)).await), ["power_ended"]);
    let then = Question { valid_at: Some(asked_at), ..about(gitte, AID, finn) };
    assert_eq!(said(&ask(world, &system, then.clone()).await), ["power_ended"], "as it is known now");
    for known_at in [KnownAt::Time(asked_at), KnownAt::Decision(before.id)] {
        let again = ask(world, &system, Question { known_at, ..then.clone() }).await;
        assert_eq!(said(&again), ["GUARDIAN_S5"], "as it was known then: {known_at:?}");
    }
    let earlier = Question { valid_at: Some(first_day.start().plus_seconds(90_000)), ..then };
    assert_eq!(said(&ask(world, &system, earlier).await), ["GUARDIAN_S5"], "until then it held");
    // A correction of the correction: it never ended.
    let new = charge(Form::Guardianship, &Area::ALL, &[gitte]);
    world.service.tell_change(id, &NewCharge { from: Some(ended), ..new }, &SOURCE).await.unwrap();
    assert_eq!(said(&ask(world, &system, about(gitte, AID, finn)).await), ["GUARDIAN_S5"]);
}

async fn lookup(world: &World, call: &Call, person: PersonId) -> AccessId {
    let new = NewLookup { person: PersonRef::Id(person), purpose: Purpose::CitizenService, case: None };
    world.service.look_up(call, &new).await.unwrap().record.id
}

pub(crate) async fn r38_a_registrar_registers_it_from_a_decision_and_never_as_a_party(world: &World) {
    let (finn, gitte) = siblings(world).await;
    let registrar =
        |person: Option<PersonId>| staff(Employee { person, ..employee(OWN, &[Role::Registrar], 300) });
    let inge = registrar(None);
    let looked = lookup(world, &inge, finn).await;
    let source = Source::Decision { case: CASE.parse().unwrap(), document: None };
    let new = NewStatutory::Guardianship(charge(Form::Guardianship, &[Area::Personal], &[gitte]));
    let register = async |call: &Call| world.service.register_statutory(call, &new, &source).await;
    assert_eq!(told(register(&inge).await), denied(Reason::LookupMissing));
    assert_eq!(told(register(&citizen(gitte)).await), denied(Reason::StaffOnly));
    let hans = caseworker(OWN);
    let case = NewLookup {
        person: PersonRef::Id(finn),
        purpose: Purpose::CaseProcessing,
        case: Some(CASE.parse().unwrap()),
    };
    let his = world.service.look_up(&hans, &case).await.unwrap().record.id;
    assert_eq!(told(register(&under(hans, his)).await), denied(Reason::RoleMissing));
    let party = registrar(Some(gitte));
    let hers = lookup(world, &party, finn).await;
    assert_eq!(told(register(&under(party, hers)).await), denied(Reason::OwnCase));
    let other = Source::Decision {
        case: CASE.parse().unwrap(),
        document: Some("00000000-0000-4000-8000-000000000001".parse().unwrap()),
    };
    let call = under(inge, looked);
    let refused = world.service.register_statutory(&call, &new, &other).await;
    assert_eq!(told(refused), invalid("/source/document", Reason::DocumentUnknown));
    let once = keyed(call.clone(), "one", "same");
    let done = register(&once).await.unwrap();
    assert!(!done.replayed && register(&once).await.unwrap().replayed);
    assert_eq!(may(world, gitte, AID, finn).await, ["GUARDIAN_S5"]);
    for person in [finn, gitte] {
        let log = world.service.access_log(&citizen(person), None, 50).await.unwrap().items;
        let of = |r: &&tillid_domain::access::AccessRecord| {
            r.act == Act::RegisterStatutory && r.outcome == Outcome::Found
        };
        // The second time, that it was told again stands in the log of the person of the look-up.
        assert_eq!(log.iter().filter(of).count(), if person == finn { 2 } else { 1 }, "{log:?}");
    }
    let seen = world.service.list_statutory(&call).await.unwrap().0;
    assert_eq!((seen.len(), &seen[0].source), (1, &source));
    let end = world.service.end_statutory(&call, seen[0].id, None, &source).await.unwrap();
    assert_eq!(end.value.standing, StatutoryStanding::Ended);
    tell(world).await;
    for person in [finn, gitte] {
        let kinds: BTreeSet<String> =
            told_to(world, person).await.iter().map(|n| n.kind.code().to_owned()).collect();
        assert!(
            kinds.contains("representation_began") && kinds.contains("representation_ended"),
            "{kinds:?}"
        );
    }
}

pub(crate) async fn r35_custody_is_registered_from_a_decision(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("M16").await;
    world.pass(CalendarPeriod::days(1));
    let call = staff(employee(OWN, &[Role::Registrar], 300));
    let call = under(call.clone(), lookup(world, &call, clara).await);
    let source = Source::Decision { case: CASE.parse().unwrap(), document: None };
    let sole = NewStatutory::Custody { holders: vec![(PersonRef::Id(dorte), true)], from: None };
    let done = world.service.register_statutory(&call, &sole, &source).await.unwrap().value;
    assert_eq!(
        (done.basis.map(tillid_domain::basis::Basis::code), &done.source),
        (Some("CUSTODY_SOLE"), &source)
    );
    assert_eq!(may(world, dorte, SCHOOL, clara).await, ["CUSTODY_SOLE"]);
    assert_eq!(may(world, erik, CONTACT, clara).await, ["power_ended"]);
    let of_age = under(call.clone(), lookup(world, &Call { lookup: None, ..call }, dorte).await);
    let refused = world.service.register_statutory(&of_age, &sole, &source).await;
    assert_eq!(told(refused), rule(Reason::CustodyImpossible));
    let holders =
        vec![Holder { person: dorte, lives_with: true }, Holder { person: erik, lives_with: false }];
    let new = NewCustody { child: clara, holders, from: None, source: SOURCE };
    world.service.state_custody(&new).await.unwrap();
    assert_eq!(may(world, erik, CONTACT, clara).await, ["CUSTODY_JOINT"]);
}
