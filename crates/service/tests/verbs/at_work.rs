//! M5: people are represented by organisations and their employees. An organisation acts by those whom it lets, and each act names who did
//! it and for whom.

use crate::{
    deciding::ask,
    expect::{denied, invalid, rule, told},
    noticing::{tell, told_to},
};
use tillid_domain::{
    CalendarPeriod, Cvr, Language, Reason,
    access::Act,
    actor::{ActorTrace, Purpose},
    decision::Verdict,
    event::EndCause,
    id::{EmployeeId, PersonId},
    mandate::{Mandate, MandateState},
    party::Professional,
    power::Basis,
    presentation::Presented,
};
use tillid_service::{
    AskedAbout, Call, Error, KnownAt, NewEmployee, NewLookup, NewMandate, NewMandateRequest, NewPresentation,
    Overview, PersonRef, Question, SearchFor, Searched, StatedPurpose,
};
use tillid_testkit::{
    World,
    people::{OWN, acting_at_work, at_work, caseworker, citizen, machine},
};
use uuid::Uuid;

const BUILD: &str = "urn:dk:eksempelkommune:fuldmagt:byg:ansoegning:handle";

fn rask() -> Cvr {
    "99482001".parse().unwrap()
}

/// Pia administers Rask; Rune works there, and Sara for somebody else.
struct Firm {
    pia: PersonId,
    rune: PersonId,
    organisation: PersonId,
}

pub(crate) fn employee(n: u128, name: &str) -> NewEmployee {
    NewEmployee {
        cvr: rask(),
        organisation: Some("Rask Advokater".parse().unwrap()),
        employee: EmployeeId::from_uuid(Uuid::from_u128(n)),
        name: Some(name.parse().unwrap()),
    }
}

impl Firm {
    async fn of(world: &World) -> Self {
        let pia = world.service.employee_at_work(&employee(701, "Pia Rask")).await.unwrap();
        let rune = world.service.employee_at_work(&employee(702, "Rune Holt")).await.unwrap();
        assert_eq!(pia.organisation, rune.organisation);
        let again = world.service.employee_at_work(&employee(702, "Rune Holt")).await.unwrap();
        assert_eq!((again.employee, again.admitted_since), (rune.employee, None), "known already");
        Self { pia: pia.employee, rune: rune.employee, organisation: rune.organisation }
    }

    async fn administrator(&self, world: &World) -> Call {
        at_work(&world.service, self.pia, false, true).await
    }

    async fn admit(&self, world: &World, id: PersonId) {
        world.service.admit_employee(&self.administrator(world).await, id).await.unwrap();
        later(world);
    }

    async fn stop(&self, world: &World, id: PersonId) {
        world.service.stop_employee(&self.administrator(world).await, id).await.unwrap();
    }
}

fn later(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

fn may(representative: PersonRef, grantor: PersonId) -> Question {
    Question {
        about: AskedAbout::Acting {
            representative,
            privilege: BUILD.parse().unwrap(),
            grantor: PersonRef::Id(grantor),
        },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some("02.34.02-P19-1-26".parse().unwrap()),
        valid_at: None,
        known_at: KnownAt::Now,
    }
}

async fn verdict(world: &World, representative: PersonId, grantor: PersonId) -> Verdict {
    ask(world, &machine(OWN), may(PersonRef::Id(representative), grantor)).await.answer.verdict
}

fn given_to(world: &World, representative: PersonRef) -> NewMandate {
    NewMandate { representative, ..world.mandate_to(PersonId::from_uuid(Uuid::nil()), &["M13"]) }
}

async fn give(world: &World, grantor: PersonId, representative: PersonRef) -> Result<Mandate, Error> {
    let about = NewPresentation::Mandate(given_to(world, representative));
    let shown = world.try_show(&citizen(grantor), about).await?;
    let given = world.service.give_mandate(&citizen(grantor), shown).await?.value;
    later(world);
    Ok(given)
}

pub(crate) async fn r37_an_organisation_acts_by_the_employees_whom_it_lets(world: &World) {
    world.import("M13").await;
    let (anna, firm) = (world.anna().await, Firm::of(world).await);
    let mandate = give(world, anna, PersonRef::Organisation(rask())).await.unwrap();
    assert_eq!(mandate.representative, firm.organisation);
    let of_it = ask(world, &machine(OWN), may(PersonRef::Organisation(rask()), anna)).await;
    assert_eq!(of_it.answer.verdict, Verdict::No(Reason::PowerNeedsEmployee));
    assert!(of_it.answer.would_permit.is_empty(), "nobody's mandate makes it a yes");
    assert_eq!(verdict(world, firm.rune, anna).await, Verdict::No(Reason::EmployeeNotAdmitted));
    let as_rune = at_work(&world.service, firm.rune, false, false).await;
    let for_anna = |call: &Call| acting_at_work(call, anna);
    let acted = world.service.overview(&for_anna(&as_rune)).await;
    assert_eq!(told(acted), denied(Reason::EmployeeNotAdmitted));
    // Nor is he told for whom it acts.
    let asked = ask(world, &as_rune, may(PersonRef::Id(firm.rune), anna)).await;
    assert_eq!(asked.answer.verdict, Verdict::No(Reason::EmployeeNotAdmitted));
    let clients = |at| Searched {
        search: SearchFor::Grantors {
            representative: PersonRef::Id(firm.rune),
            privilege: BUILD.parse().unwrap(),
        },
        purpose: None,
        case: None,
        valid_at: at,
        after: None,
        limit: 20,
    };
    let found = world.service.search(&as_rune, &clients(None)).await;
    assert_eq!(told(found), denied(Reason::EmployeeNotAdmitted));

    firm.admit(world, firm.rune).await;
    let Verdict::Yes { basis, valid_until } = verdict(world, firm.rune, anna).await else { panic!("no") };
    assert_eq!((basis[0].kind.as_str(), basis[0].id), ("ORGANISATION_ROLE", mandate.id.as_uuid()));
    assert_eq!(valid_until, Some(mandate.valid.to));
    assert_eq!(verdict(world, firm.pia, anna).await, Verdict::No(Reason::EmployeeNotAdmitted));
    let by_employee = PersonRef::Employee(EmployeeId::from_uuid(Uuid::from_u128(702)));
    let asked = ask(world, &machine(OWN), may(by_employee, anna)).await;
    assert!(asked.answer.is_yes(), "by what the identity provider calls him");
    let as_rune = at_work(&world.service, firm.rune, false, false).await;
    let (overview, _) = world.service.overview(&for_anna(&as_rune)).await.unwrap();
    let Overview::Representative(seen) = overview else { panic!("he acts for her") };
    assert_eq!(seen.basis.into_iter().collect::<Vec<_>>(), [Basis::OrganisationRole]);
    let (own, _) = world.service.overview(&as_rune).await.unwrap();
    let Overview::Own(own) = own else { panic!("of the organisation") };
    assert_eq!(own.may_act_for.len(), 1);
    assert!(own.may_act_for[0].basis.contains(&Basis::OrganisationRole) && own.latest_access.is_empty());
    // each act with person and CVR number.
    let log = world.service.access_log(&citizen(anna), None, 50).await.unwrap().items;
    let who = Professional { employee: firm.rune, cvr: rask() };
    let look = log.iter().find(|look| look.act == Act::SeeOverview && look.actor.professional().is_some());
    let acted = ActorTrace::Representative {
        person: firm.organisation,
        acting_for: anna,
        client: None,
        at_work: Some(who),
    };
    assert_eq!(look.unwrap().actor, acted);

    let before = world.now();
    let found = world.service.search(&as_rune, &clients(None)).await.unwrap();
    assert_eq!(found.persons, [anna]);
    later(world);
    firm.stop(world, firm.rune).await;
    let found = world.service.search(&as_rune, &clients(Some(before))).await;
    assert_eq!(told(found), denied(Reason::EmployeeNotAdmitted), "nor for whom he did");
    assert_eq!(verdict(world, firm.rune, anna).await, Verdict::No(Reason::EmployeeNotAdmitted));
    // What his session says is not enough.
    let acted = world.service.overview(&for_anna(&as_rune)).await;
    assert_eq!(told(acted), denied(Reason::EmployeeNotAdmitted));
    // The mandate goes on, and what was answered is answered again.
    assert!(matches!(
        world.service.read_mandate(&citizen(anna), mandate.id).await.unwrap().0.state,
        MandateState::Given
    ));
    let known = Question { known_at: KnownAt::Decision(asked.id), ..may(PersonRef::Id(firm.rune), anna) };
    assert!(ask(world, &machine(OWN), known).await.answer.is_yes());
    let then = Question { valid_at: Some(before), ..may(PersonRef::Id(firm.rune), anna) };
    let Verdict::Yes { valid_until, .. } = ask(world, &machine(OWN), then).await.answer.verdict else {
        panic!("he could at that moment")
    };
    assert_eq!(valid_until, Some(world.now()), "until he was stopped");
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    firm.admit(world, firm.rune).await;
    assert_eq!(verdict(world, firm.rune, anna).await, Verdict::No(Reason::PowerEnded));
}

pub(crate) async fn m05_a_named_employee_holds_it_until_the_organisation_stops_them(world: &World) {
    world.import("M13").await;
    let (anna, firm) = (world.anna().await, Firm::of(world).await);
    let refused = give(world, anna, PersonRef::Id(firm.rune)).await;
    assert_eq!(told(refused), rule(Reason::EmployeeNotAdmitted));
    firm.admit(world, firm.rune).await;
    firm.admit(world, firm.pia).await;
    let mandate = give(world, anna, PersonRef::Id(firm.rune)).await.unwrap();
    let Verdict::Yes { basis, .. } = verdict(world, firm.rune, anna).await else { panic!("no") };
    assert_eq!((basis[0].kind.as_str(), basis[0].id), ("MANDATE_DIGITAL", mandate.id.as_uuid()));
    assert_eq!(verdict(world, firm.pia, anna).await, Verdict::No(Reason::NoPower), "it names Rune");
    // As the organisation he sees nothing of it; in his own name he does.
    let [as_firm, as_himself] = [
        at_work(&world.service, firm.rune, false, false).await,
        at_work(&world.service, firm.rune, true, false).await,
    ];
    assert_eq!(told(world.service.read_mandate(&as_firm, mandate.id).await), "not found");
    assert_eq!(world.service.read_mandate(&as_himself, mandate.id).await.unwrap().0.id, mandate.id);
    assert!(world.service.overview(&acting_at_work(&as_himself, anna)).await.is_ok());
    let (uses, _) = world.service.mandate_uses(&citizen(anna), mandate.id, None, 20).await.unwrap();
    assert!(!uses.items.is_empty() && uses.items.iter().all(|used| used.employee.is_none()));

    firm.stop(world, firm.rune).await;
    let (ended, _) = world.service.read_mandate(&citizen(anna), mandate.id).await.unwrap();
    assert!(matches!(ended.state, MandateState::Ended { cause: EndCause::EmployeeLeft, .. }), "{ended:?}");
    tell(world).await;
    let told = told_to(world, anna).await;
    assert!(told.iter().any(|notice| notice.kind.code() == "mandate_ended"), "{told:?}");
    // It does not come back with the permission.
    later(world);
    firm.admit(world, firm.rune).await;
    assert!(matches!(verdict(world, firm.rune, anna).await, Verdict::No(Reason::PowerEnded)));
}

pub(crate) async fn m05_only_what_is_for_such_a_representative_is_given(world: &World) {
    for code in ["M13", "M14", "M01"] {
        world.import(code).await;
    }
    let (anna, firm) = (world.anna().await, Firm::of(world).await);
    let shown = async |representative: PersonRef, package: &str| {
        let of = given_to(world, representative);
        let new = NewMandate { packages: vec![package.parse().unwrap()], ..of };
        world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await
    };
    let wrong = invalid("/about/mandate/packages/0", Reason::RepresentativeKindWrong);
    assert_eq!(told(shown(PersonRef::Organisation(rask()), "M14").await), wrong, "for persons");
    assert_eq!(told(shown(PersonRef::Organisation(rask()), "M01").await), wrong, "for employees by name");
    let nobody = PersonRef::Organisation("99100001".parse().unwrap());
    let unknown = invalid("/about/mandate/representative", Reason::OrganisationUnknown);
    assert_eq!(told(shown(nobody, "M13").await), unknown, "an authority represents nobody");
    // Whatever she calls it, it is shown by the name that it is known by.
    let called = NewMandate {
        representative_name: Some("Rask".parse().unwrap()),
        ..given_to(world, PersonRef::Organisation(rask()))
    };
    let about = NewPresentation::Mandate(called);
    let shown = world.service.present(&citizen(anna), &about, Language::Da).await.unwrap().value;
    let Presented::Mandate { representative_name, .. } = shown.presentation.presented else {
        panic!("a mandate")
    };
    assert_eq!(representative_name.unwrap().as_str(), "Rask Advokater");
    // An organisation has no affairs of its own here.
    firm.admit(world, firm.rune).await;
    for in_own_name in [false, true] {
        let call = at_work(&world.service, firm.rune, in_own_name, false).await;
        let about = NewPresentation::Mandate(world.mandate_to(anna, &["M13"]));
        assert_eq!(told(world.try_show(&call, about).await), denied(Reason::NotAtWork));
        assert_eq!(told(world.service.access_log(&call, None, 20).await), denied(Reason::NotAtWork));
    }
    let lookup = |person| NewLookup {
        person: PersonRef::Id(person),
        purpose: Purpose::CaseProcessing,
        case: Some("27.36.04-G01-12-26".parse().unwrap()),
    };
    for party in [firm.organisation, firm.rune] {
        assert_eq!(told(world.service.look_up(&caseworker(OWN), &lookup(party)).await), "not found");
    }
}

pub(crate) async fn m05_an_organisation_asks_for_a_mandate_and_gives_it_up(world: &World) {
    world.import("M13").await;
    let (anna, firm) = (world.anna().await, Firm::of(world).await);
    firm.admit(world, firm.rune).await;
    let as_rune = at_work(&world.service, firm.rune, false, false).await;
    let new = NewMandateRequest {
        grantor: PersonRef::Id(anna),
        grantor_name: None,
        representative: None,
        packages: vec!["M13".parse().unwrap()],
        privileges: Vec::new(),
        case: None,
        valid_until: None,
        deadline: None,
    };
    let asked = world.service.ask_for_mandate(&as_rune, &new).await.unwrap().value.request;
    assert_eq!(asked.representative, firm.organisation);
    let about = NewPresentation::MandateRequest(asked.id);
    let shown = world.try_show(&citizen(anna), about).await.unwrap();
    let given = world.service.approve_mandate_request(&citizen(anna), asked.id, shown).await.unwrap().value;
    later(world);
    assert!(matches!(verdict(world, firm.rune, anna).await, Verdict::Yes { .. }));
    let found = Searched {
        search: SearchFor::Representatives {
            grantor: PersonRef::Id(anna),
            privilege: BUILD.parse().unwrap(),
        },
        purpose: Some(StatedPurpose::Known(Purpose::AutomatedStep)),
        case: Some("02.34.02-P19-1-26".parse().unwrap()),
        valid_at: None,
        after: None,
        limit: 20,
    };
    let persons = world.service.search(&machine(OWN), &found).await.unwrap().persons;
    assert_eq!(persons, [firm.rune], "those who may act: neither the organisation nor who may not");
    let (uses, _) = world.service.mandate_uses(&citizen(anna), given.id, None, 20).await.unwrap();
    let used = uses.items.first().unwrap().employee.clone().unwrap();
    assert_eq!((used.employee, used.name.unwrap().as_str()), (firm.rune, "Rune Holt"));
    // Any of those whom it lets acts for it; somebody else's employee finds nothing.
    let elsewhere = NewEmployee { cvr: "99999918".parse().unwrap(), ..employee(703, "Sara Sol") };
    let sara = world.service.employee_at_work(&elsewhere).await.unwrap().employee;
    let her_own = at_work(&world.service, sara, false, true).await;
    world.service.admit_employee(&her_own, sara).await.unwrap();
    later(world);
    let as_sara = at_work(&world.service, sara, false, true).await;
    assert_eq!(told(world.service.read_mandate(&as_sara, given.id).await), "not found");
    assert_eq!(told(world.service.renounce_mandate(&as_sara, given.id).await), "not found");
    world.service.renounce_mandate(&as_rune, given.id).await.unwrap();
    assert!(matches!(verdict(world, firm.rune, anna).await, Verdict::No(Reason::PowerEnded)));
    // Who works where is for its own administrator.
    assert_eq!(told(world.service.employees(&as_rune, None, 20).await), denied(Reason::RoleMissing));
    assert_eq!(told(world.service.employees(&citizen(anna), None, 20).await), denied(Reason::RoleMissing));
    assert_eq!(told(world.service.stop_employee(&as_sara, firm.rune).await), "not found");
    assert_eq!(told(world.service.admit_employee(&as_rune, firm.pia).await), denied(Reason::RoleMissing));
    let listed = world.service.employees(&firm.administrator(world).await, None, 20).await.unwrap().items;
    let mut names: Vec<_> = listed.iter().map(|person| person.name.as_ref().unwrap().as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Pia Rask", "Rune Holt"]);
    world.pass(CalendarPeriod::days(1));
}
