//! R-37, M7: a representative passes part of what they hold on, never more than that, and it stands and falls with it.

use crate::{
    expect::{denied, invalid, rule, told},
    living::{registrar, serving},
};
use tillid_domain::{
    CalendarPeriod, Language, Reason,
    event::{EndCause, Fact, Kind},
    id::{MandateId, PersonId, PresentationId},
    mandate::{
        DisputeGround, Mandate, MandateStanding, MandateState, RenunciationGround, RevocationGround,
        SuspensionGround,
    },
    notice::{Matter, NoticeKind, of_event},
    presentation::Means,
};
use tillid_service::{Error, MandateChange, NewMandate, NewPresentation, PersonRef};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen},
};

const SUSPEND: MandateChange = MandateChange::Suspend(SuspensionGround::Unsure);
const REVOKE: MandateChange = MandateChange::Revoke { ground: RevocationGround::NotStated, quiet: false };
pub(crate) const QUIETLY: MandateChange =
    MandateChange::Revoke { ground: RevocationGround::Misuse, quiet: true };
const RENOUNCE: MandateChange = MandateChange::Renounce(RenunciationGround::Unable);
pub(crate) const READ: &str = "urn:dk:eksempelkommune:fuldmagt:byg:sag:laes";

/// Anna's mandate to Bo that can be passed on, and the two who get part of it.
pub(crate) struct Scene {
    pub(crate) anna: PersonId,
    pub(crate) bo: PersonId,
    pub(crate) clara: PersonId,
    pub(crate) dorte: PersonId,
    pub(crate) given: Mandate,
}

impl Scene {
    pub(crate) async fn new(world: &World) -> Self {
        for code in ["M13", "M14"] {
            world.import(code).await;
        }
        let (anna, bo) = (world.anna().await, world.bo().await);
        let (clara, dorte) =
            (world.person("Clara", "6101710025").await, world.person("Dorte", "6304115007").await);
        let given = world.give(anna, bo, &["M13"]).await;
        Self { anna, bo, clara, dorte, given }
    }

    /// Less than Bo holds: to read, for half a year.
    fn part(&self, world: &World, to: PersonId) -> NewMandate {
        NewMandate {
            representative: PersonRef::Id(to),
            privileges: vec![READ.parse().unwrap()],
            valid_until: world.now().local_date().plus(CalendarPeriod::months(6)),
            under: Some(self.given.id),
            ..world.mandate_to(to, &["M13"])
        }
    }

    pub(crate) async fn passed_on(&self, world: &World, to: PersonId) -> Mandate {
        let shown = shown(world, self.bo, self.part(world, to)).await.unwrap();
        world.service.give_mandate(&citizen(self.bo), shown).await.unwrap().value
    }
}

async fn shown(world: &World, by: PersonId, new: NewMandate) -> Result<PresentationId, Error> {
    world.try_show(&citizen(by), NewPresentation::Mandate(new)).await
}

pub(crate) async fn change(
    world: &World,
    by: PersonId,
    id: MandateId,
    what: MandateChange,
) -> Result<Mandate, Error> {
    Ok(world.service.change_mandate(&citizen(by), id, what).await?.value)
}

async fn state(world: &World, id: MandateId) -> MandateState {
    world.store.read().await.unwrap().mandate(id).await.unwrap().unwrap().state
}

/// Whether any power rests on it now.
async fn gives(world: &World, mandate: &Mandate) -> bool {
    let powers = world.store.read().await.unwrap().powers_of(mandate.id.as_uuid()).await.unwrap();
    let now = world.now();
    powers
        .iter()
        .any(|p| p.known_to.is_none() && p.ended.is_none() && p.valid_from <= now && now < p.valid_to)
}

fn later(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

pub(crate) async fn r37_only_less_than_is_held_is_passed_on_and_only_where_the_package_allows_it(
    world: &World,
) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, ref given, .. } = scene;
    let part = || scene.part(world, clara);
    let refused = async |new: NewMandate| told(shown(world, bo, new).await);
    let at = |place: &str, reason| invalid(&format!("/about/mandate/{place}"), reason);
    for (to, reason) in [(anna, Reason::PassedBack), (bo, Reason::SelfMandate)] {
        let new = NewMandate { representative: PersonRef::Id(to), ..part() };
        assert_eq!(refused(new).await, at("representative", reason));
    }
    let late = NewMandate { valid_until: given.valid.to.local_date(), ..part() };
    assert_eq!(refused(late).await, at("valid_until", Reason::LaterThanHeld));
    let other = NewMandate { packages: vec!["M14".parse().unwrap()], privileges: Vec::new(), ..part() };
    assert_eq!(refused(other).await, at("packages/0", Reason::NotToBePassedOn));
    // What a package allows is not yet what was given.
    let one = NewMandate {
        privileges: vec![READ.parse().unwrap()],
        case: Some("1".parse().unwrap()),
        ..world.mandate_to(bo, &["M13"])
    };
    let one = shown(world, anna, one).await.unwrap();
    let one = world.service.give_mandate(&citizen(anna), one).await.unwrap().value;
    let other = "urn:dk:eksempelkommune:fuldmagt:byg:ansoegning:handle".parse().unwrap();
    let of_one = NewMandate { under: Some(one.id), case: one.case.clone(), ..part() };
    let wider = NewMandate { privileges: vec![READ.parse().unwrap(), other], ..of_one.clone() };
    assert_eq!(refused(wider).await, at("privileges/1", Reason::WiderThanHeld));
    for case in [None, Some("2".parse().unwrap())] {
        let elsewhere = NewMandate { case, ..of_one.clone() };
        assert_eq!(refused(elsewhere).await, at("case", Reason::WiderThanHeld));
    }
    assert!(shown(world, bo, of_one).await.is_ok());
    // A mandate whose package does not allow it.
    let personal = world.give(anna, bo, &["M14"]).await;
    let new = NewMandate { under: Some(personal.id), ..world.mandate_to(clara, &["M14"]) };
    assert_eq!(refused(new).await, at("packages/0", Reason::NotToBePassedOn));
    // Whoever passes it on does so in person, and holds it.
    assert_eq!(told(shown(world, anna, part()).await), denied(Reason::OnlyInPerson));
    assert_eq!(told(shown(world, clara, part()).await), "not found");
    let as_bo = world.try_show(&acting(bo, anna), NewPresentation::Mandate(part())).await;
    assert_eq!(told(as_bo), denied(Reason::OnlyInPerson));
    let (staff, about) = (caseworker(OWN), NewPresentation::Mandate(part()));
    let told_by_staff = world.service.present_for(&staff, &about, Means::Told, Language::Da).await;
    assert!(told_by_staff.is_err());
    // One level, and no further; and nothing of what is over or rests.
    let passed = scene.passed_on(world, clara).await;
    assert_eq!(passed.under.map(|under| (under.mandate, under.by, under.level)), Some((given.id, bo, 1)));
    assert!(world.may_act(clara, anna).await.is_ok());
    let further = NewMandate { under: Some(passed.id), ..scene.part(world, scene.dorte) };
    assert_eq!(told(shown(world, clara, further).await), rule(Reason::NotToBePassedOn));
    let early = shown(world, bo, scene.part(world, scene.dorte)).await.unwrap();
    change(world, anna, given.id, SUSPEND).await.unwrap();
    assert_eq!(refused(part()).await, rule(Reason::MandateResting));
    let refused = world.service.give_mandate(&citizen(bo), early).await;
    assert_eq!(told(refused), rule(Reason::MandateResting), "also where it was shown before");
}

pub(crate) async fn r37_what_was_passed_on_rests_with_what_it_rests_on_and_goes_on_with_it(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, dorte, ref given } = scene;
    let (to_clara, to_dorte) = (scene.passed_on(world, clara).await, scene.passed_on(world, dorte).await);
    // One rests by itself already; that stays so.
    change(world, anna, to_dorte.id, SUSPEND).await.unwrap();
    for rest in [SUSPEND, MandateChange::Dispute(DisputeGround::Misuse, None)] {
        later(world);
        change(world, anna, given.id, rest.clone()).await.unwrap();
        assert!(!gives(world, &to_clara).await);
        assert_eq!(told(world.may_act(clara, anna).await), denied(Reason::PowerSuspended));
        for tried in [(anna, to_clara.id), (anna, to_dorte.id)] {
            assert_eq!(
                told(change(world, tried.0, tried.1, MandateChange::Resume).await),
                rule(Reason::MandateAboveRests)
            );
        }
        if rest != SUSPEND {
            break;
        }
        later(world);
        change(world, anna, given.id, MandateChange::Resume).await.unwrap();
        assert!(gives(world, &to_clara).await && world.may_act(clara, anna).await.is_ok());
        assert!(!gives(world, &to_dorte).await, "its own rest is its own");
    }
    assert!(matches!(state(world, to_clara.id).await, MandateState::Resting { .. }));
    later(world);
    change(world, bo, given.id, RENOUNCE).await.unwrap();
    for one in [&to_clara, &to_dorte] {
        let MandateState::Ended { cause, .. } = state(world, one.id).await else { panic!("not ended") };
        assert_eq!(cause, EndCause::ParentEnded);
    }
    assert_eq!(told(world.may_act(clara, anna).await), denied(Reason::PowerAboveEnded));
}

pub(crate) async fn r37_a_revocation_shows_before_exactly_what_it_ends(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, dorte, ref given } = scene;
    let over = scene.passed_on(world, dorte).await;
    change(world, dorte, over.id, RENOUNCE).await.unwrap();
    let (to_clara, to_dorte) = (scene.passed_on(world, clara).await, scene.passed_on(world, dorte).await);
    let preview = async |who| {
        let (whole, _) = world.service.revocation_preview(&citizen(who), given.id).await?;
        let below = whole.below.iter().map(|found| (found.mandate.id, found.mandate.privileges.clone()));
        Ok::<_, Error>((whole.found.mandate.id, below.collect::<Vec<_>>()))
    };
    let told_before = preview(anna).await.unwrap();
    let expected = [&to_clara, &to_dorte].map(|m| (m.id, m.privileges.clone()));
    assert_eq!(told_before, (given.id, expected.to_vec()));
    assert_eq!(preview(bo).await.unwrap(), told_before, "who holds it would end as much by giving it up");
    assert_eq!(told(preview(clara).await), "not found");
    // Whoever ends it on the grantor's word is told the same, and of whom by the names of the register.
    let inge = serving(world, registrar(8, None), anna).await;
    let (whole, _) = world.service.mandate_with_falling(&inge, given.id).await.unwrap();
    let ends: Vec<_> = whole.below.iter().map(|m| (m.mandate.id, m.mandate.privileges.clone())).collect();
    assert_eq!((whole.found.mandate.id, ends), told_before);
    let names = whole.below.iter().map(|m| m.representative_name.as_ref().unwrap().to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["Clara", "Dorte"]);
    // Whom it is for sees all of it in what they read.
    let listed = world.service.list_mandates(&citizen(anna), None, 10).await.unwrap().0;
    assert!([&to_clara, &to_dorte, &over].iter().all(|m| listed.items.iter().any(|seen| seen.id == m.id)));
    later(world);
    change(world, anna, given.id, REVOKE).await.unwrap();
    for one in [given, &to_clara, &to_dorte] {
        assert!(!gives(world, one).await);
    }
    assert!(
        matches!(state(world, over.id).await, MandateState::Renounced { .. }),
        "what was over stays as it was"
    );
    assert_eq!(told(preview(anna).await), rule(Reason::MandateRevoked));
    let inge = serving(world, registrar(8, None), anna).await;
    let (over, _) = world.service.mandate_with_falling(&inge, given.id).await.unwrap();
    assert!(over.below.is_empty(), "what is over ends nothing more");
    for who in [bo, clara, dorte] {
        assert!(world.may_act(who, anna).await.is_err());
    }
}

pub(crate) async fn r37_those_whom_it_concerns_end_a_part_and_nobody_else(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, dorte, ref given } = scene;
    for (who, what) in [(anna, REVOKE), (bo, REVOKE), (clara, RENOUNCE)] {
        let part = scene.passed_on(world, clara).await;
        assert_eq!(told(change(world, dorte, part.id, what.clone()).await), "not found");
        for (other, theirs) in [(bo, RENOUNCE), (clara, REVOKE), (bo, SUSPEND), (bo, MandateChange::Resume)] {
            assert_eq!(told(change(world, other, part.id, theirs).await), denied(Reason::OnlyInPerson));
        }
        let quietly = change(world, bo, part.id, QUIETLY).await;
        assert_eq!(told(quietly), invalid("/quiet", Reason::QuietByGrantorOnly));
        change(world, who, part.id, what).await.unwrap();
        assert!(!gives(world, &part).await && gives(world, given).await);
    }
    let part = scene.passed_on(world, clara).await;
    let renewed = tillid_service::Renewal {
        mandate: part.id,
        valid_until: given.valid.to.local_date().plus(CalendarPeriod::months(1)),
    };
    let refused = world.try_show(&citizen(anna), NewPresentation::Renewal(renewed)).await;
    assert_eq!(told(refused), rule(Reason::MandatePassedOn));
}

pub(crate) async fn m12_a_quiet_revocation_does_not_show_in_what_was_passed_on(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, ref given, .. } = scene;
    let part = scene.passed_on(world, clara).await;
    later(world);
    change(world, anna, given.id, QUIETLY).await.unwrap();
    let at = world.now();
    assert_eq!(told(world.may_act(clara, anna).await), denied(Reason::PowerExpired));
    assert!(!gives(world, &part).await);
    for who in [bo, clara] {
        let (seen, now) = world.service.read_mandate(&citizen(who), part.id).await.unwrap();
        assert_eq!(
            (seen.standing(now), seen.state, seen.valid.to),
            (MandateStanding::Expired, MandateState::Given, at)
        );
        assert_eq!(seen.revision, part.revision);
        let receipt =
            world.service.newest_receipt(&citizen(who), tillid_service::ReceiptOf::Mandate(part.id)).await;
        let event = receipt.unwrap();
        let mut tx = world.store.read().await.unwrap();
        let history = tx.history(Kind::Mandate, part.id.as_uuid(), 9).await.unwrap();
        assert_eq!(history[0].recorded.id, event, "of the end there is none for them");
    }
    assert_eq!(told(change(world, clara, part.id, RENOUNCE).await), rule(Reason::MandateExpired));
    assert_eq!(told(change(world, bo, part.id, REVOKE).await), rule(Reason::MandateExpired));
    assert_eq!(told(shown(world, bo, scene.part(world, clara)).await), rule(Reason::MandateExpired));
    let preview = world.service.revocation_preview(&citizen(bo), given.id).await;
    assert_eq!(told(preview), rule(Reason::MandateExpired));
    let (own, now) = world.service.read_mandate(&citizen(anna), part.id).await.unwrap();
    assert_eq!(own.standing(now), MandateStanding::Ended);
}

pub(crate) async fn r32_r37_what_was_passed_on_ends_with_the_death_of_any_of_the_three(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, clara, dorte, .. } = scene;
    let (to_clara, to_dorte) = (scene.passed_on(world, clara).await, scene.passed_on(world, dorte).await);
    world.pass(CalendarPeriod::days(5));
    let on = world.now().local_date();
    world.pass(CalendarPeriod::days(2));
    world.service.register_death(dorte, on).await.unwrap();
    let ended = async |one: &Mandate| match state(world, one.id).await {
        MandateState::Ended { cause, effective_at, .. } => Some((cause, effective_at)),
        _ => None,
    };
    assert_eq!(ended(&to_dorte).await, Some((EndCause::RepresentativeDeath, on.start())));
    assert_eq!(ended(&to_clara).await, None);
    let to_the_dead = shown(world, bo, scene.part(world, clara)).await.unwrap();
    world.service.register_death(bo, on).await.unwrap();
    assert_eq!(
        ended(&to_clara).await,
        Some((EndCause::ParentEnded, on.start())),
        "with what it rested on, when that was"
    );
    assert_eq!(told(world.may_act(clara, anna).await), denied(Reason::PowerAboveEnded));
    assert!(world.service.give_mandate(&citizen(bo), to_the_dead).await.is_err());
}

pub(crate) async fn r37_the_person_whom_it_is_for_is_told_when_it_is_passed_on(world: &World) {
    let scene = Scene::new(world).await;
    let part = scene.passed_on(world, scene.clara).await;
    let mut tx = world.store.read().await.unwrap();
    let event = tx.history(Kind::Mandate, part.id.as_uuid(), 1).await.unwrap().remove(0).recorded;
    assert!(matches!(event.fact, Fact::MandateGiven { under: Some(_), .. }));
    let matter = Matter::Mandate(part, "99100001".parse().unwrap());
    let told = of_event(&event, &matter);
    let told: Vec<_> = told.iter().map(|notice| (notice.concerns, notice.kind)).collect();
    assert_eq!(told, [(scene.anna, NoticeKind::MandatePassedOn), (scene.clara, NoticeKind::MandateReceived)]);
    drop(tx);
    // Bo named a number and nobody. She is told who acts for her; he learns no name by it.
    for (who, name) in [(scene.anna, Some("Clara")), (scene.bo, None)] {
        let (whole, _) = world.service.whole_mandate(&citizen(who), scene.given.id).await.unwrap();
        let seen = whole.below[0].representative_name.as_ref().map(ToString::to_string);
        assert_eq!(seen.as_deref(), name);
    }
}
