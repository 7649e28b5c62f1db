//! What becomes of a mandate: it waits, rests, is disputed, goes on, is given for longer, and ends without everybody learning it.

use crate::{
    collecting::{SCAN, looked_up, prose},
    expect::{denied, invalid, rule, told},
};
use tillid_domain::{
    CalendarPeriod, Language, Reason,
    actor::{Employee, Purpose, Role, Sensitivity},
    catalogue::Definition,
    collected::{AnnulmentGround, Assistance},
    id::{DocumentId, EventId, PersonId, PresentationId},
    mandate::{
        Awaited, COOLING_OFF, DisputeGround, Mandate, MandatePaper, MandateStanding, MandateState,
        RevocationGround, SuspensionGround,
    },
    power::Basis,
    presentation::Means,
    text::{CaseRef, PrivilegeUri},
};
use tillid_service::{
    Call, Error, MandateChange, MandateEntry, MandateService, NewMandateRequest, NewPresentation, Overview,
    PersonRef, ReceiptOf, Renewal,
};
use tillid_testkit::{
    World,
    catalogue::defined,
    people::{OTHER, OWN, acting, caseworker, citizen, employee, expecting, keyed, staff},
};

const SUSPEND: MandateChange = MandateChange::Suspend(SuspensionGround::Unsure);
const QUIETLY: MandateChange = MandateChange::Revoke { ground: RevocationGround::Pressured, quiet: true };
const DOUBT: MandateChange = MandateChange::Dispute(DisputeGround::Misuse, None);

async fn change(world: &World, by: &Call, mandate: &Mandate, what: MandateChange) -> Result<Mandate, Error> {
    Ok(world.service.change_mandate(by, mandate.id, what).await?.value)
}

pub(crate) fn registrar(id: u128, person: Option<PersonId>) -> Call {
    let mut me = employee(OWN, &[Role::Registrar], id);
    me.person = person;
    staff(me)
}

/// A registrar's call under a look-up of that person.
pub(crate) async fn serving(world: &World, registrar: Call, person: PersonId) -> Call {
    looked_up(world, registrar, person, Purpose::CitizenService).await
}

/// What is known of that power, the newest last: until when, and why it stopped.
async fn ends(world: &World, mandate: &Mandate) -> Vec<(tillid_domain::Instant, Option<&'static str>)> {
    let mut tx = world.store.read().await.unwrap();
    let mut powers = tx.powers_of(mandate.id.as_uuid()).await.unwrap();
    powers.retain(|p| p.known_to.is_none() && p.privilege == mandate.privileges[0]);
    powers.sort_by_key(|p| p.valid_from);
    powers.iter().map(|p| (p.valid_to, p.ended.map(tillid_domain::power::PowerEnd::code))).collect()
}

pub(crate) async fn m11_what_rests_gives_nothing_until_it_goes_on(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    assert_eq!(told(change(world, &citizen(bo), &mandate, SUSPEND).await), denied(Reason::OnlyInPerson));
    let asked = MandateChange::Resume;
    assert_eq!(told(change(world, &citizen(anna), &mandate, asked).await), rule(Reason::MandateNotResting));
    world.ambient.set(world.now().plus_seconds(60));
    let rested = change(world, &citizen(anna), &mandate, SUSPEND).await.unwrap();
    let since = world.now();
    assert_eq!(rested.standing(world.now()), MandateStanding::Suspended);
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerSuspended));
    assert_eq!(told(change(world, &citizen(anna), &mandate, SUSPEND).await), rule(Reason::MandateResting));
    world.ambient.set(world.now().plus_seconds(60));
    let again = change(world, &citizen(anna), &mandate, MandateChange::Resume).await.unwrap();
    assert_eq!(again.standing(world.now()), MandateStanding::Active);
    assert!(world.may_act(bo, anna).await.is_ok());
    assert_eq!(again.stood(since), MandateStanding::Suspended, "what was so is not forgotten");
    assert_eq!(ends(world, &mandate).await, [(since, Some("suspended")), (mandate.valid.to, None)]);
    // Sent again: done once.
    let call = keyed(citizen(anna), "rest", "same");
    for replayed in [false, true] {
        let done = world.service.change_mandate(&call, mandate.id, SUSPEND).await.unwrap();
        assert_eq!((done.replayed, done.value.revision), (replayed, 4));
    }
    let late = expecting(citizen(anna), 3);
    assert_eq!(told(change(world, &late, &mandate, MandateChange::Resume).await), "revision changed");
    // What rests and then ends gives the end as the reason.
    world.ambient.set(world.now().plus_seconds(60));
    world.service.renounce_mandate(&citizen(bo), mandate.id).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRenounced));
    let last = ends(world, &mandate).await;
    assert_eq!(last.last().unwrap().1, Some("renounced"));
}

pub(crate) async fn m12_a_quiet_revocation_is_an_expiry_to_the_representative(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let given = world.service.newest_receipt(&citizen(bo), ReceiptOf::Mandate(mandate.id)).await.unwrap();
    world.ambient.set(world.now().plus_seconds(60));
    change(world, &citizen(anna), &mandate, QUIETLY).await.unwrap();
    let revoked = world.now();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerExpired));
    let seen = world.service.read_mandate(&citizen(bo), mandate.id).await.unwrap().0;
    assert_eq!((seen.standing(world.now()), seen.state), (MandateStanding::Expired, MandateState::Given));
    assert_eq!((seen.valid.to, seen.revision), (revoked, mandate.revision));
    let own = world.service.read_mandate(&citizen(anna), mandate.id).await.unwrap().0;
    assert_eq!(own.standing(world.now()), MandateStanding::Revoked);
    // Whatever they try, it is over like any other whose time has passed.
    let expired = rule(Reason::MandateExpired);
    for tried in [MandateChange::Renounce(tillid_domain::mandate::RenunciationGround::Unable), DOUBT] {
        assert_eq!(told(change(world, &citizen(bo), &mandate, tried).await), expired);
    }
    // What is not theirs to know has no receipt for them.
    let newest = async |who| {
        world.service.newest_receipt(&citizen(who), ReceiptOf::Mandate(mandate.id)).await.unwrap()
    };
    assert_eq!(newest(bo).await, given);
    let secret: EventId = newest(anna).await;
    assert_ne!(secret, given);
    assert!(world.service.receipt(&citizen(anna), secret).await.is_ok());
    assert_eq!(told(world.service.receipt(&citizen(bo), secret).await), "not found");
}

pub(crate) async fn m12_a_doubt_is_settled_by_a_registrar_alone(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    change(world, &citizen(bo), &mandate, DOUBT).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerDisputed));
    let resume = change(world, &citizen(anna), &mandate, MandateChange::Resume).await;
    assert_eq!(told(resume), rule(Reason::MandateInDispute));
    let serve = async |call: &Call, what| world.service.serve_mandate(call, mandate.id, what).await;
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(serve(&hans, MandateService::Resume).await), denied(Reason::RoleMissing));
    let party = serving(world, registrar(7, Some(bo)), anna).await;
    assert_eq!(told(serve(&party, MandateService::Resume).await), denied(Reason::OwnCase));
    let elsewhere = staff(employee(OTHER, &[Role::Registrar], 9));
    let elsewhere = serving(world, elsewhere, anna).await;
    assert_eq!(told(serve(&elsewhere, MandateService::Resume).await), "not found");
    let inge = serving(world, registrar(8, None), anna).await;
    serve(&inge, MandateService::Resume).await.unwrap();
    assert!(world.may_act(bo, anna).await.is_ok());
    // Staff who see signs of misuse stop it, and the grantor can still end it.
    serve(&hans, MandateService::Dispute(DisputeGround::Capacity, prose("Datteren har ringet.")))
        .await
        .unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerDisputed));
    let word = Assistance::Oral { note: prose("Anna vil ikke mere.") };
    let revoke = MandateService::Revoke { ground: RevocationGround::Misuse, quiet: false, assistance: word };
    let ended = serve(&inge, revoke).await.unwrap().value;
    assert_eq!(ended.standing(world.now()), MandateStanding::Revoked);
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRevoked));
}

pub(crate) async fn m01_what_asks_for_acceptance_waits_for_it(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let Definition::MandatePackage(mut package) = defined("M14") else { panic!("a package") };
    package.acceptance_required = true;
    world.service.import_entry(Definition::MandatePackage(package)).await.unwrap();
    let mandate = world.give(anna, bo, &["M14"]).await;
    assert_eq!(mandate.state, MandateState::Awaiting(Awaited::Acceptance));
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerAwaited));
    assert_eq!(
        told(change(world, &citizen(anna), &mandate, MandateChange::Accept).await),
        denied(Reason::OnlyInPerson)
    );
    assert_eq!(told(change(world, &citizen(anna), &mandate, SUSPEND).await), rule(Reason::MandateAwaiting));
    world.ambient.set(world.now().plus_seconds(60));
    let accepted = change(world, &citizen(bo), &mandate, MandateChange::Accept).await.unwrap();
    assert_eq!(accepted.valid.from, world.now(), "it begins when it is complete");
    assert!(world.may_act(bo, anna).await.is_ok());
    let again = change(world, &citizen(bo), &mandate, MandateChange::Accept).await;
    assert_eq!(told(again), rule(Reason::MandateNotAwaiting));
    // To say no is to give it up.
    let other = world.give(anna, bo, &["M14"]).await;
    world.service.renounce_mandate(&citizen(bo), other.id).await.unwrap();
    assert!(ends(world, &other).await.is_empty());
}

pub(crate) async fn p04_what_could_do_great_harm_rests_for_three_days_first(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M17").await;
    let mandate = world.give(anna, bo, &["M17"]).await;
    assert_eq!(mandate.valid.from, world.now().plus_seconds(COOLING_OFF));
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerNotStarted));
    world.ambient.set(mandate.valid.from.plus_seconds(-1));
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerNotStarted));
    world.ambient.set(mandate.valid.from);
    assert!(world.may_act(bo, anna).await.is_ok());
    // Stopped before it begins, it never begins.
    let second = world.give(anna, bo, &["M17"]).await;
    world.service.revoke_mandate(&citizen(anna), second.id).await.unwrap();
    assert!(ends(world, &second).await.is_empty());
}

pub(crate) async fn m11_a_mandate_is_given_for_longer_as_it_is(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let mandate = world.give(anna, bo, &["M14"]).await;
    let last = world.now().local_date().plus(CalendarPeriod::months(18));
    let about = |valid_until| NewPresentation::Renewal(Renewal { mandate: mandate.id, valid_until });
    let soon = world.now().local_date().plus(CalendarPeriod::months(1));
    let refused = world.try_show(&citizen(anna), about(soon)).await;
    assert_eq!(told(refused), invalid("/about/renewal/valid_until", Reason::EndDateNotLater));
    let never = world.now().local_date().plus(CalendarPeriod::months(360));
    let refused = world.try_show(&citizen(anna), about(never)).await;
    assert_eq!(told(refused), invalid("/about/renewal/valid_until", Reason::EndDateTooLate));
    assert_eq!(told(world.try_show(&citizen(bo), about(last)).await), "not found");
    let shown = world.try_show(&citizen(anna), about(last)).await.unwrap();
    let mismatch = invalid("/presentation_id", Reason::PresentationMismatch);
    assert_eq!(told(world.service.give_mandate(&citizen(anna), shown).await), mismatch, "it is no new one");
    let renewed = world.service.renew_mandate(&citizen(anna), mandate.id, shown).await.unwrap().value;
    assert_eq!(renewed.valid.to, last.next().start());
    assert_eq!(renewed.renewals, [shown]);
    let again = world.service.renew_mandate(&citizen(anna), mandate.id, shown).await;
    assert_eq!(told(again), rule(Reason::EndDateNotLater), "what was shown counts once");
    assert_eq!(ends(world, &mandate).await, [(renewed.valid.to, None)]);
    world.ambient.set(mandate.valid.to);
    assert!(world.may_act(bo, anna).await.is_ok(), "without a gap");
    world.service.revoke_mandate(&citizen(anna), mandate.id).await.unwrap();
    assert_eq!(
        told(world.may_act(bo, anna).await),
        denied(Reason::PowerRevoked),
        "one revocation ends all of it"
    );
}

pub(crate) async fn printed(world: &World, by: &Call, to: PersonId, code: &str) -> PresentationId {
    let new = NewPresentation::Mandate(world.mandate_to(to, &[code]));
    world.service.present_for(by, &new, Means::Paper, Language::Da).await.unwrap().value.presentation.id
}

pub(crate) async fn signed(world: &World, by: &Call, paper: MandatePaper) -> MandateEntry {
    let document: DocumentId = world.service.keep_document(by, SCAN).await.unwrap().value.id;
    MandateEntry { paper, signed_on: world.now().local_date(), document }
}

/// On what somebody acts for another, as their overview tells them.
async fn acts_on(world: &World, who: PersonId, whom: PersonId) -> Vec<Basis> {
    match world.service.overview(&acting(who, whom)).await.unwrap().0 {
        Overview::Representative(seen) => seen.basis.into_iter().collect(),
        Overview::Own(_) => panic!("they act for another"),
    }
}

pub(crate) async fn m03_a_registrar_enters_what_was_signed_on_paper(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let inge = serving(world, registrar(8, None), anna).await;
    let form = printed(world, &inge, bo, "M14").await;
    let entry = signed(world, &inge, MandatePaper::Form).await;
    let enter = async |by: &Call, entry: MandateEntry| world.service.register_mandate(by, form, entry).await;
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    assert_eq!(told(enter(&hans, entry.clone()).await), denied(Reason::RoleMissing));
    assert_eq!(told(enter(&citizen(anna), entry.clone()).await), denied(Reason::StaffOnly));
    // M13, R-38: not where they are a party, on either side.
    let as_bo = serving(world, registrar(7, Some(bo)), anna).await;
    assert_eq!(told(enter(&as_bo, entry.clone()).await), denied(Reason::OwnCase));
    let tomorrow = MandateEntry { signed_on: world.now().local_date().next(), ..entry.clone() };
    let refused = invalid("/registration/signed_on", Reason::AnsweredInFuture);
    assert_eq!(told(enter(&inge, tomorrow).await), refused);
    let unknown = MandateEntry { document: DocumentId::from_uuid(uuid::Uuid::from_u128(1)), ..entry.clone() };
    let refused = invalid("/registration/document_id", Reason::DocumentUnknown);
    assert_eq!(told(enter(&inge, unknown).await), refused);
    let mandate = enter(&inge, entry.clone()).await.unwrap().value;
    assert_eq!(mandate.basis(), Basis::MandatePaper);
    assert!(world.may_act(bo, anna).await.is_ok(), "an ordinary one needs no second registrar");
    assert_eq!(told(enter(&inge, entry).await), rule(Reason::PresentationUsed));
    // The person herself can end it like any other; and what was a mistake never counted.
    let annul = MandateService::Annul(AnnulmentGround::WrongPerson, prose("Det var en anden Anna."));
    world.service.serve_mandate(&inge, mandate.id, annul).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::NoPower));
    assert!(ends(world, &mandate).await.is_empty());
    let given = world.give(anna, bo, &["M14"]).await;
    let annul = MandateService::Annul(AnnulmentGround::WrongPerson, prose("Nej."));
    let refused = world.service.serve_mandate(&inge, given.id, annul).await;
    assert_eq!(told(refused), rule(Reason::MandateNotEntered));
}

pub(crate) async fn m03_whoever_acts_is_told_on_what(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("M14").await;
    let inge = serving(world, registrar(8, None), anna).await;
    let form = printed(world, &inge, bo, "M14").await;
    let entry = signed(world, &inge, MandatePaper::Form).await;
    let paper = world.service.register_mandate(&inge, form, entry).await.unwrap().value;
    assert_eq!(acts_on(world, bo, anna).await, [Basis::MandatePaper]);
    let digital = world.give(anna, bo, &["M14"]).await;
    assert_eq!(acts_on(world, bo, anna).await, [Basis::MandateDigital, Basis::MandatePaper]);
    world.ambient.set(world.now().plus_seconds(60));
    world.service.revoke_mandate(&citizen(anna), paper.id).await.unwrap();
    assert_eq!(acts_on(world, bo, anna).await, [Basis::MandateDigital], "what has ended is no basis");
    world.service.renounce_mandate(&citizen(bo), digital.id).await.unwrap();
    assert_eq!(told(world.may_act(bo, anna).await), denied(Reason::PowerRenounced));
}

pub(crate) async fn m03_what_somebody_asks_for_is_printed_and_signed_as_it_was_asked(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    // Of another authority than the registrar's.
    world.import("M17").await;
    let read: PrivilegeUri = "urn:dk:digitalpost:fuldmagt:post:post:laes".parse().unwrap();
    let case: CaseRef = "27.36.04-2026-17".parse().unwrap();
    let new = NewMandateRequest {
        grantor: PersonRef::Id(anna),
        grantor_name: None,
        representative: None,
        packages: vec!["M17".parse().unwrap()],
        privileges: vec![read.clone()],
        case: Some(case.clone()),
        valid_until: None,
        deadline: None,
    };
    let asked = world.service.ask_for_mandate(&citizen(bo), &new).await.unwrap().value.request;
    let waiting = async |by: &Call| {
        let found = world.service.list_mandate_requests(by, None, 10).await.unwrap();
        found.items.into_iter().map(|seen| (seen.request.id, seen.request.privileges)).collect::<Vec<_>>()
    };
    let inge = serving(world, registrar(8, None), anna).await;
    assert_eq!(waiting(&inge).await, [(asked.id, vec![read.clone()])]);
    let hans = looked_up(world, caseworker(OWN), anna, Purpose::CaseProcessing).await;
    let as_bo = serving(world, registrar(7, Some(bo)), anna).await;
    let of_bo = serving(world, registrar(8, None), bo).await;
    for (other, who) in [(&hans, "prints nothing"), (&as_bo, "a party"), (&of_bo, "not who is asked")] {
        assert!(waiting(other).await.is_empty(), "{who}");
    }
    let about = NewPresentation::MandateRequest(asked.id);
    let form = world.service.present_for(&inge, &about, Means::Paper, Language::Da).await.unwrap().value;
    let entry = signed(world, &inge, MandatePaper::Form).await;
    let mandate = world.service.register_mandate(&inge, form.presentation.id, entry).await.unwrap().value;
    assert_eq!((mandate.privileges, mandate.case), (vec![read], Some(case)));
    assert!(waiting(&inge).await.is_empty(), "it waits no more");
}

pub(crate) async fn p05_great_harm_and_general_powers_take_four_eyes(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let (inges_self, clara) =
        (world.person("Inge", "6101801236").await, world.person("Niels", "6202701238").await);
    world.import("M02").await;
    world.import("M14").await;
    for (code, paper) in [("M02", MandatePaper::Form), ("M14", MandatePaper::General)] {
        let inge = serving(world, registrar(8, Some(inges_self)), anna).await;
        let form = printed(world, &inge, bo, code).await;
        let entry = signed(world, &inge, paper).await;
        let mandate = world.service.register_mandate(&inge, form, entry).await.unwrap().value;
        assert_eq!(mandate.state, MandateState::Awaiting(Awaited::SecondRegistrar), "{code}");
        assert!(ends(world, &mandate).await.is_empty(), "nobody may use it");
        let confirm =
            async |by: &Call| world.service.serve_mandate(by, mandate.id, MandateService::Confirm).await;
        let second = rule(Reason::SecondRegistrarNeeded);
        assert_eq!(told(confirm(&inge).await), second, "not whoever entered it");
        let other_account = serving(world, registrar(18, Some(inges_self)), anna).await;
        assert_eq!(told(confirm(&other_account).await), second, "nor they with another account");
        let as_bo = serving(world, registrar(17, Some(bo)), anna).await;
        assert_eq!(told(confirm(&as_bo).await), denied(Reason::OwnCase), "nor a party");
        let accept = change(world, &citizen(bo), &mandate, MandateChange::Accept).await;
        assert_eq!(told(accept), rule(Reason::MandateNotAwaiting), "nor the representative");
        // Nobody confirms what they cannot read: the paper is for every registrar of the authority, and for no party to it.
        let paper = mandate.route.document().unwrap();
        let read = async |by: &Call| world.service.read_document(by, paper).await;
        assert_eq!(told(read(&as_bo).await), "not found");
        let modest = Employee { sensitivity: Sensitivity::Ordinary, ..employee(OWN, &[Role::Registrar], 10) };
        let modest = serving(world, staff(modest), anna).await;
        assert_eq!(read(&modest).await.unwrap().1, SCAN);
        let elsewhere = serving(world, staff(employee(OTHER, &[Role::Registrar], 11)), anna).await;
        assert_eq!(told(read(&elsewhere).await), "not found");
        let niels = serving(world, registrar(9, Some(clara)), anna).await;
        let confirmed = confirm(&niels).await.unwrap().value;
        let from = if code == "M02" { world.now().plus_seconds(COOLING_OFF) } else { world.now() };
        assert_eq!(confirmed.valid.from, from);
        assert_eq!(told(confirm(&niels).await), rule(Reason::MandateNotAwaiting));
    }
    assert_eq!(acts_on(world, bo, anna).await, [Basis::GeneralPoa], "the general one holds");
}
