//! The list of the consents that were given to an authority: who sees it, for what, and that it stands in everybody's log.

use crate::{
    collecting::{CASE, hans, looked_up, said_yes},
    expect::{denied, told},
};
use std::collections::BTreeSet;
use tillid_domain::{
    CalendarPeriod, Reason,
    access::{Act, Outcome},
    actor::{Employee, Purpose, Role, Scope, Sensitivity},
    catalogue::Channel,
    consent::ConsentStanding,
    id::{ConsentId, PersonId},
    listing::{ConsentFilter, ConsentPlace},
};
use tillid_service::{Call, ConsentList, Error, ListPart, NewListing};
use tillid_testkit::{
    World,
    people::{OTHER, OWN, acting, caseworker, citizen, employee, machine, scoped, staff},
};

fn follow_up(filter: ConsentFilter) -> NewListing {
    NewListing { purpose: Purpose::ConsentFollowUp, filter }
}

fn everything() -> NewListing {
    follow_up(ConsentFilter::default())
}

async fn listed(world: &World, call: &Call, new: &NewListing) -> Result<ConsentList, Error> {
    world.service.list_given_consents(call, new, ListPart::First, 100).await
}

fn ids(list: &ConsentList) -> Vec<ConsentId> {
    list.items.iter().map(|one| one.typed.consent.id).collect()
}

async fn looks(world: &World, person: PersonId) -> Vec<(Outcome, Option<Purpose>, Option<String>)> {
    let log = world.service.access_log(&citizen(person), None, 100).await.unwrap().items;
    let of_lists = log.into_iter().filter(|record| record.act == Act::ListConsents);
    of_lists
        .map(|record| (record.outcome, record.purpose, record.case.map(|case| case.to_string())))
        .collect()
}

pub(crate) async fn r12_a_list_is_a_look_at_each_person_on_it(world: &World) {
    let (anna, bo, clara) = (world.anna().await, world.bo().await, world.person("Clara", "7103120034").await);
    world.import("C01").await;
    world.import("C15").await;
    let first = world.consent(anna, "C01").await;
    world.consent(bo, "C01").await;
    world.consent(clara, "C15").await;
    let hans = caseworker(OWN);
    let new =
        follow_up(ConsentFilter { consent_type: Some("C01".parse().unwrap()), ..ConsentFilter::default() });
    let found = listed(world, &hans, &new).await.unwrap();
    assert_eq!(found.items.len(), 2 * first.len());
    let names: BTreeSet<String> =
        found.items.iter().map(|one| one.name.clone().unwrap().to_string()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Anna", "Bo"]);
    let once = [(Outcome::Found, Some(Purpose::ConsentFollowUp), None)];
    assert_eq!(looks(world, anna).await, once, "once, however many of hers are on it");
    assert_eq!(looks(world, bo).await, once);
    assert_eq!(looks(world, clara).await, [], "who is not on it");

    let of_case = ConsentFilter { case: Some(CASE.parse().unwrap()), ..ConsentFilter::default() };
    let of_case = NewListing { purpose: Purpose::CaseProcessing, filter: of_case };
    assert_eq!(listed(world, &hans, &of_case).await.unwrap().items.len(), 2 * first.len());
    let of_case = (Outcome::Found, Some(Purpose::CaseProcessing), Some(CASE.to_owned()));
    assert_eq!(looks(world, anna).await, [of_case, once[0].clone()]);
    let without = NewListing { purpose: Purpose::CaseProcessing, filter: ConsentFilter::default() };
    assert_eq!(told(listed(world, &hans, &without).await), denied(Reason::CaseMissing));
}

pub(crate) async fn a_list_is_for_those_whose_work_it_is(world: &World) {
    let anna = world.anna().await;
    world.import("C01").await;
    let all = world.consent(anna, "C01").await.len();
    let everything = everything();
    let found = async |call: Call| listed(world, &call, &everything).await.map(|list| list.items.len());
    assert_eq!(found(caseworker(OWN)).await.unwrap(), all);
    for other in
        [caseworker(OTHER), staff(Employee { person: Some(anna), ..employee(OWN, &[Role::Caseworker], 5) })]
    {
        assert_eq!(found(other).await.unwrap(), 0, "another authority's, and one's own");
    }
    let field = Employee { kle: vec!["15.*".parse().unwrap()], ..employee(OWN, &[Role::Caseworker], 6) };
    let limit = Employee { sensitivity: Sensitivity::Ordinary, ..employee(OWN, &[Role::Caseworker], 7) };
    for outside in [field, limit] {
        assert_eq!(found(staff(outside)).await.unwrap(), 0);
    }
    for role in [Role::Reader, Role::Registrar, Role::CatalogueAdministrator, Role::DataProtectionOfficer] {
        let refused = found(staff(employee(OWN, &[role], 8))).await;
        assert_eq!(told(refused), denied(Reason::PurposeNotAllowed), "{role:?}");
    }
    let supervision = NewListing { purpose: Purpose::Supervision, filter: ConsentFilter::default() };
    let lars = staff(employee(OWN, &[Role::DataProtectionOfficer], 9));
    assert_eq!(listed(world, &lars, &supervision).await.unwrap().items.len(), all);
    for call in [citizen(anna), acting(world.bo().await, anna)] {
        assert_eq!(told(found(call).await), denied(Reason::StaffOnly));
    }

    let case = Some(CASE.parse().unwrap());
    let step = NewListing {
        purpose: Purpose::AutomatedStep,
        filter: ConsentFilter { case, ..ConsentFilter::default() },
    };
    let as_system = async |call: &Call| listed(world, call, &step).await.map(|list| list.items.len());
    assert_eq!(as_system(&scoped(machine(OWN), vec![Scope::List])).await.unwrap(), all);
    assert_eq!(as_system(&machine(OTHER)).await.unwrap(), 0);
    let others = Scope::ALL.into_iter().filter(|scope| *scope != Scope::List).collect();
    assert_eq!(told(as_system(&scoped(machine(OWN), others)).await), denied(Reason::ScopeMissing));
    assert_eq!(told(found(machine(OWN)).await), denied(Reason::PurposeNotAllowed));
}

pub(crate) async fn a_list_is_filtered_by_where_things_stand(world: &World) {
    let anna = world.anna().await;
    for code in ["C01", "C15"] {
        world.import(code).await;
    }
    let active = ids_of(&world.consent(anna, "C01").await);
    let withdrawn = world.one_consent(anna, "C15").await;
    world.service.withdraw_consent(&citizen(anna), withdrawn).await.unwrap();
    let request = world.ask(anna, "C15").await;
    let shown = world.show(&citizen(anna), request).await;
    let answers = world.all(false, shown).await;
    let declined =
        world.service.answer_request(&citizen(anna), request, shown, &answers).await.unwrap().value;
    let told = said_yes(world, &hans(world, anna).await, "C01").await;
    let by = async |filter: ConsentFilter| {
        let list = listed(world, &caseworker(OWN), &follow_up(filter)).await.unwrap();
        ids(&list).into_iter().collect::<BTreeSet<_>>()
    };
    let standing =
        async |standing| by(ConsentFilter { standing: Some(standing), ..ConsentFilter::default() }).await;
    assert!(standing(ConsentStanding::Active).await.is_superset(&active));
    assert_eq!(standing(ConsentStanding::Withdrawn).await, BTreeSet::from([withdrawn]));
    assert_eq!(standing(ConsentStanding::Declined).await, ids_of(&declined));
    assert_eq!(standing(ConsentStanding::Expired).await, BTreeSet::new());
    let oral = ConsentFilter { channel: Some(Channel::Oral), ..ConsentFilter::default() };
    assert_eq!(by(oral).await, ids_of(&told));
    let end = declined[0].of.ends(world.now()).local_date();
    let last = end.days_before(1);
    let ending =
        |from, to| ConsentFilter { ends_from: Some(from), ends_to: Some(to), ..ConsentFilter::default() };
    assert!(
        by(ending(last, last)).await.len() >= 2,
        "what was given of it, and not what was declined or withdrawn"
    );
    assert!(
        !by(ending(last, last)).await.contains(&withdrawn)
            && by(ending(end, end)).await.is_disjoint(&ids_of(&declined))
    );
    world.pass(CalendarPeriod::months(36));
    assert!(standing(ConsentStanding::Expired).await.is_superset(&active));
    assert_eq!(standing(ConsentStanding::Active).await, BTreeSet::new());
}

fn ids_of(consents: &[tillid_service::TypedConsent]) -> BTreeSet<ConsentId> {
    consents.iter().map(|typed| typed.consent.id).collect()
}

pub(crate) async fn a_list_is_gone_through_in_both_directions(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.import("C02").await;
    for person in [anna, bo, anna] {
        world.consent(person, "C15").await;
        world.consent(person, "C02").await;
    }
    // Of C15 they see nothing: it is in another field of work. What they do not see leaves no gap.
    let kle = tillid_testkit::catalogue::consent_type("C02").kle;
    let field =
        Employee { kle: vec![kle.to_string().parse().unwrap()], ..employee(OWN, &[Role::Caseworker], 6) };
    for (call, ends) in [(caseworker(OWN), false), (staff(field), false), (caseworker(OWN), true)] {
        let ends_from = ends.then(|| world.now().local_date());
        let new = follow_up(ConsentFilter { ends_from, ..ConsentFilter::default() });
        let whole = listed(world, &call, &new).await.unwrap();
        assert_eq!((whole.before, whole.after), (None, None));
        let expected = ids(&whole);
        let part = async |part| world.service.list_given_consents(&call, &new, part, 2).await.unwrap();
        let (mut pages, mut next): (Vec<ConsentList>, _) = (Vec::new(), Some(ListPart::First));
        while let Some(from) = next {
            let page = part(from).await;
            next = page.after.map(ListPart::After);
            pages.push(page);
        }
        assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), expected);
        assert!(pages.len() >= 3 && pages[0].before.is_none());
        let mut place: Option<ConsentPlace> = pages.last().unwrap().before;
        for page in pages.iter().rev().skip(1) {
            let back = part(ListPart::Before(place.unwrap())).await;
            assert_eq!(ids(&back), ids(page));
            let again = part(ListPart::After(back.after.unwrap())).await;
            assert!(!again.items.is_empty());
            place = back.before;
        }
        assert_eq!(place, None, "the first page has nothing before it");
    }
    // A permit to look at one person is none to list others, and needs none.
    let under = looked_up(world, caseworker(OWN), anna, Purpose::ConsentFollowUp).await;
    assert!(!listed(world, &under, &everything()).await.unwrap().items.is_empty());
}
