//! M6: several give or hold a power of attorney together. Enough of them must sign, any one of them ends it, and whoever objects stops it.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    CalendarPeriod, Reason,
    erasure::ErasureGround,
    event::{EndCause, Kind},
    id::{MandateId, PersonId},
    mandate::{
        Awaited, DisputeGround, Mandate, MandateState, RenunciationGround, RevocationGround, SuspensionGround,
    },
    notice::{Matter, NoticeKind, of_event},
};
use tillid_service::{
    Error, MandateChange, NewErasure, NewMandate, NewPresentation, Other, Overview, PersonRef, Said, Together,
};
use tillid_testkit::{
    World,
    people::{OWN, acting, citizen},
};

const REVOKE: MandateChange = MandateChange::Revoke { ground: RevocationGround::NotStated, quiet: false };
const QUIETLY: MandateChange = MandateChange::Revoke { ground: RevocationGround::Misuse, quiet: true };
const SUSPEND: MandateChange = MandateChange::Suspend(SuspensionGround::Unsure);
const DISPUTE: MandateChange = MandateChange::Dispute(DisputeGround::Disagreement, None);
const READ: &str = "urn:dk:eksempelkommune:fuldmagt:byg:sag:laes";

struct Scene {
    anna: PersonId,
    bo: PersonId,
    gitte: PersonId,
    erik: PersonId,
}

impl Scene {
    async fn new(world: &World) -> Self {
        for code in ["M13", "M14", "M17"] {
            world.import(code).await;
        }
        Self {
            anna: world.anna().await,
            bo: world.bo().await,
            gitte: world.person("Gitte", "6505670016").await,
            erik: world.person("Erik", "6101710025").await,
        }
    }

    /// To Bo, and with others: who give it too, or are to hold it too.
    fn with(&self, world: &World, give: bool, quorum: u8, others: &[PersonId]) -> NewMandate {
        let others = others.iter().map(|id| Other { person: PersonRef::Id(*id), name: None }).collect();
        NewMandate {
            together: Some(Together { give, quorum, others }),
            ..world.mandate_to(self.bo, &["M14"])
        }
    }
}

async fn given(world: &World, by: PersonId, new: NewMandate) -> Result<Mandate, Error> {
    let shown = world.try_show(&citizen(by), NewPresentation::Mandate(new)).await?;
    Ok(world.service.give_mandate(&citizen(by), shown).await?.value)
}

async fn signed(world: &World, by: PersonId, id: MandateId) -> Result<Mandate, Error> {
    let shown = world.try_show(&citizen(by), NewPresentation::Signature(id)).await?;
    Ok(world.service.sign_mandate(&citizen(by), id, shown).await?.value)
}

async fn change(world: &World, by: PersonId, id: MandateId, what: MandateChange) -> Result<Mandate, Error> {
    later(world);
    let done = world.service.change_mandate(&citizen(by), id, what).await?.value;
    later(world);
    Ok(done)
}

/// That of the tied ones in which this person is the one who signs or holds.
async fn of(world: &World, first: &Mandate, who: PersonId) -> Mandate {
    let joint = first.joint.unwrap();
    let all = world.store.read().await.unwrap().mandates_joined(joint.id).await.unwrap();
    let is_theirs = |m: &Mandate| m.signer().unwrap_or(m.representative) == who;
    all.into_iter().find(is_theirs).unwrap()
}

async fn state(world: &World, id: MandateId) -> MandateState {
    world.store.read().await.unwrap().mandate(id).await.unwrap().unwrap().state
}

fn later(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

pub(crate) async fn m06_what_several_give_holds_for_those_who_signed_once_enough_have(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let first = given(world, anna, scene.with(world, true, 2, &[gitte, erik])).await.unwrap();
    later(world);
    assert_eq!(first.state, MandateState::Awaiting(Awaited::Others));
    for grantor in [anna, gitte, erik] {
        assert!(world.may_act(bo, grantor).await.is_err(), "one of three has signed");
    }
    // Each signs what was shown to them, in person, and nobody for another.
    let theirs = of(world, &first, gitte).await;
    assert_eq!(theirs.state, MandateState::Awaiting(Awaited::Signature));
    let by_other = world.try_show(&citizen(erik), NewPresentation::Signature(theirs.id)).await;
    assert_eq!(told(by_other), "not found");
    let by_bo = world.try_show(&citizen(bo), NewPresentation::Signature(theirs.id)).await;
    assert_eq!(told(by_bo), rule(Reason::MandateNotAwaiting));
    let again = world.try_show(&citizen(anna), NewPresentation::Signature(first.id)).await;
    assert_eq!(told(again), rule(Reason::MandateNotAwaiting));
    let shown = world.try_show(&citizen(gitte), NewPresentation::Signature(theirs.id)).await.unwrap();
    let stolen = world.service.sign_mandate(&citizen(erik), of(world, &first, erik).await.id, shown).await;
    assert_eq!(told(stolen), invalid("/presentation_id", Reason::PresentationMismatch));
    let given_alone = world.service.give_mandate(&citizen(gitte), shown).await;
    assert_eq!(told(given_alone), invalid("/presentation_id", Reason::PresentationMismatch));
    let done = world.service.sign_mandate(&citizen(gitte), theirs.id, shown).await.unwrap().value;
    later(world);
    assert_eq!(done.state, MandateState::Given);
    assert_eq!(state(world, first.id).await, MandateState::Given);
    for (grantor, holds) in [(anna, true), (gitte, true), (erik, false)] {
        assert_eq!(world.may_act(bo, grantor).await.is_ok(), holds);
    }
    // Whoever signs later joins at once.
    let last = signed(world, erik, of(world, &first, erik).await.id).await.unwrap();
    later(world);
    assert_eq!(last.state, MandateState::Given);
    assert!(world.may_act(bo, erik).await.is_ok());
    // One who lets it rest stops all; any one of them ends it.
    change(world, gitte, theirs.id, SUSPEND).await.unwrap();
    assert!(world.may_act(bo, anna).await.is_err() && world.may_act(bo, erik).await.is_err());
    let resumed = change(world, anna, first.id, MandateChange::Resume).await;
    assert_eq!(told(resumed), rule(Reason::MandateOthersStop));
    change(world, gitte, theirs.id, MandateChange::Resume).await.unwrap();
    assert!(world.may_act(bo, anna).await.is_ok() && world.may_act(bo, erik).await.is_ok());
    change(world, erik, last.id, REVOKE).await.unwrap();
    for grantor in [anna, gitte, erik] {
        assert!(world.may_act(bo, grantor).await.is_err());
    }
    let MandateState::Ended { cause, .. } = state(world, first.id).await else { panic!("ended") };
    assert_eq!(cause, EndCause::JointEnded);
}

pub(crate) async fn m06_an_objection_stops_it_until_they_agree(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let first = given(world, anna, scene.with(world, true, 2, &[gitte, erik])).await.unwrap();
    let (hers, his) = (of(world, &first, gitte).await.id, of(world, &first, erik).await.id);
    later(world);
    signed(world, gitte, hers).await.unwrap();
    later(world);
    assert!(world.may_act(bo, anna).await.is_ok());
    // Two have signed, and the third says no.
    for somebody in [anna, bo] {
        let objected = change(world, somebody, first.id, MandateChange::Object).await;
        assert_eq!(told(objected), rule(Reason::MandateNotAwaiting));
    }
    change(world, erik, his, MandateChange::Object).await.unwrap();
    assert!(world.may_act(bo, anna).await.is_err() && world.may_act(bo, gitte).await.is_err());
    let (whole, _) = world.service.whole_mandate(&citizen(anna), first.id).await.unwrap();
    let said: Vec<_> = whole.found.members.iter().map(|member| (member.person, member.said)).collect();
    assert_eq!(said.first(), Some(&(anna, Some(Said::Yes))));
    assert!(said.contains(&(gitte, Some(Said::Yes))) && said.contains(&(erik, Some(Said::No))));
    // They agree after all.
    signed(world, erik, his).await.unwrap();
    later(world);
    for grantor in [anna, gitte, erik] {
        assert!(world.may_act(bo, grantor).await.is_ok());
    }
    // A quiet revocation by one of them is an expiry to whoever held it, for all of them.
    change(world, gitte, hers, QUIETLY).await.unwrap();
    for grantor in [anna, gitte, erik] {
        assert_eq!(told(world.may_act(bo, grantor).await), denied(Reason::PowerExpired));
    }
    let (held, _) = world.service.read_mandate(&citizen(bo), first.id).await.unwrap();
    assert_eq!(held.state, MandateState::Given);
}

pub(crate) async fn m06_what_several_hold_nobody_uses_before_they_agree(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let new =
        NewMandate { packages: vec!["M13".parse().unwrap()], ..scene.with(world, false, 2, &[gitte, erik]) };
    let held = given(world, anna, new).await.unwrap();
    later(world);
    for holder in [bo, gitte, erik] {
        assert_eq!(told(world.may_act(holder, anna).await), denied(Reason::PowerHeldTogether));
        let (overview, _) = world.service.overview(&citizen(holder)).await.unwrap();
        let Overview::Own(own) = overview else { panic!("own") };
        assert_eq!((own.held.len(), own.may_act_for.len()), (1, 0));
        assert!(own.held[0].grantor_name.is_some(), "they know whose it is");
    }
    // One of them proposes something, for themselves.
    let (hers, his) = (of(world, &held, gitte).await, of(world, &held, erik).await);
    let act = |under: &Mandate, to: PersonId| NewMandate {
        privileges: vec![READ.parse().unwrap()],
        case: Some("27.36.04".parse().unwrap()),
        valid_until: world.now().local_date().plus(CalendarPeriod::months(1)),
        under: Some(under.id),
        ..world.mandate_to(to, &["M13"])
    };
    let at = |place: &str, reason| invalid(&format!("/about/mandate/{place}"), reason);
    let to_other = given(world, gitte, act(&hers, bo)).await;
    assert_eq!(told(to_other), at("representative", Reason::NotTogether));
    let agreed = given(world, gitte, act(&hers, gitte)).await.unwrap();
    later(world);
    assert_eq!(agreed.state, MandateState::Awaiting(Awaited::Others));
    assert!(world.may_act(gitte, anna).await.is_err());
    let bos = of(world, &agreed, bo).await;
    signed(world, bo, bos.id).await.unwrap();
    later(world);
    // Two of three: those who signed can, in that case, and the third cannot.
    let may = async |who: PersonId| {
        let mut tx = world.store.read().await.unwrap();
        let powers = tx.powers_of(of(world, &agreed, who).await.id.as_uuid()).await.unwrap();
        powers.iter().any(|p| p.known_to.is_none() && p.valid_from <= world.now() && world.now() < p.valid_to)
    };
    assert!(may(gitte).await && may(bo).await && !may(erik).await);
    // What was agreed on rests with what it rests on, for whichever of them.
    change(world, bo, held.id, DISPUTE).await.unwrap();
    assert!(!may(gitte).await && !may(bo).await);
    let stays = change(world, gitte, agreed.id, MandateChange::Object).await;
    assert_eq!(told(stays), rule(Reason::MandateNotAwaiting));
    // Whoever gave it is told before what would end, and exactly that does.
    let (preview, _) = world.service.revocation_preview(&citizen(anna), held.id).await.unwrap();
    let mut told: Vec<_> = preview.below.iter().map(|found| found.mandate.id).collect();
    told.push(preview.found.mandate.id);
    told.sort();
    let last = of(world, &agreed, erik).await.id;
    let mut all = vec![held.id, hers.id, his.id, agreed.id, bos.id, last];
    all.sort();
    assert_eq!(told, all);
    // One of the holders gives up: it ends for all of them, and with it what they agreed on.
    change(world, erik, his.id, MandateChange::Renounce(RenunciationGround::Unable)).await.unwrap();
    for mandate in all {
        if mandate == his.id {
            continue;
        }
        assert!(matches!(state(world, mandate).await, MandateState::Ended { .. }));
    }
}

pub(crate) async fn m06_who_and_how_many_is_checked_before_anything_is_shown(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let refused = async |new: NewMandate| told(given(world, anna, new).await);
    let at = |place: &str, reason| invalid(&format!("/about/mandate/together/{place}"), reason);
    for (quorum, others) in [(1, vec![gitte]), (3, vec![gitte]), (2, vec![])] {
        let new = scene.with(world, true, quorum, &others);
        assert_eq!(refused(new).await, at("quorum", Reason::QuorumImpossible), "{quorum}");
    }
    for (give, others) in
        [(true, [anna, erik]), (true, [bo, erik]), (false, [erik, bo]), (false, [erik, erik])]
    {
        let n = usize::from(!give);
        let new = scene.with(world, give, 2, &others);
        assert_eq!(refused(new).await, at(&format!("others/{n}"), Reason::NamedTwice));
    }
    let named = |name: &str| {
        let mut new = scene.with(world, true, 2, &[gitte]);
        let other = Other { person: PersonRef::Id(gitte), name: Some(name.parse().unwrap()) };
        new.together.as_mut().unwrap().others = vec![other];
        new
    };
    assert_eq!(refused(named("Erik")).await, at("others/0/name", Reason::RepresentativeMismatch));
    assert!(given(world, anna, named("Gitte")).await.is_ok());
    // It is not given for longer, and not while acting for somebody.
    let held = given(world, anna, scene.with(world, false, 2, &[gitte])).await.unwrap();
    later(world);
    let renewal = tillid_service::Renewal {
        mandate: held.id,
        valid_until: held.valid.to.local_date().plus(CalendarPeriod::months(1)),
    };
    let longer = world.try_show(&citizen(anna), NewPresentation::Renewal(renewal)).await;
    assert_eq!(told(longer), rule(Reason::NotTogether));
    let acted = world.try_show(&acting(bo, anna), NewPresentation::Signature(held.id)).await;
    assert!(acted.is_err());
}

pub(crate) async fn m06_r32_a_death_ends_it_for_all_and_each_is_told_once(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let first = given(world, anna, scene.with(world, true, 2, &[gitte, erik])).await.unwrap();
    let theirs = of(world, &first, gitte).await;
    later(world);
    signed(world, gitte, theirs.id).await.unwrap();
    let held = given(world, erik, scene.with(world, false, 2, &[gitte])).await.unwrap();
    // The others are asked to sign; whoever began it has it confirmed, and the representative is told once it can be used.
    let mut tx = world.store.read().await.unwrap();
    let events = tx.history(Kind::Mandate, theirs.id.as_uuid(), 9).await.unwrap();
    let matter = Matter::Mandate(theirs.clone(), "99100001".parse().unwrap());
    let heard: Vec<_> = events.iter().flat_map(|event| of_event(&event.recorded, &matter)).collect();
    let heard: Vec<_> = heard.iter().map(|notice| (notice.concerns, notice.kind)).collect();
    drop(tx);
    assert!(heard.contains(&(gitte, NoticeKind::MandateToSign)), "{heard:?}");
    assert!(heard.contains(&(bo, NoticeKind::MandateConfirmed)), "{heard:?}");
    later(world);
    world.service.register_death(erik, world.now().local_date()).await.unwrap();
    for mandate in [first.id, theirs.id, held.id, of(world, &held, gitte).await.id] {
        assert!(matches!(state(world, mandate).await, MandateState::Ended { .. }));
    }
    later(world);
    for grantor in [anna, gitte] {
        assert!(world.may_act(bo, grantor).await.is_err());
    }
}

pub(crate) async fn m06_r42_what_was_done_together_is_erased_together(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { anna, bo, gitte, erik } = scene;
    let first = given(world, anna, scene.with(world, true, 2, &[gitte, erik])).await.unwrap();
    let (hers, his) = (of(world, &first, gitte).await.id, of(world, &first, erik).await.id);
    let held = given(world, anna, scene.with(world, false, 2, &[gitte])).await.unwrap();
    later(world);
    signed(world, gitte, hers).await.unwrap();
    let act = NewMandate { under: Some(held.id), ..world.mandate_to(bo, &["M14"]) };
    let agreed = given(world, bo, act).await.unwrap();
    change(world, anna, first.id, REVOKE).await.unwrap();
    change(world, anna, held.id, REVOKE).await.unwrap();
    world.pass(CalendarPeriod::months(84));
    let officer = crate::erasing::officer(OWN);
    let new = NewErasure { person: PersonRef::Id(anna), ground: ErasureGround::RetentionOver, case: None };
    let erased = world.service.erase(&officer, &new).await.unwrap().value;
    assert!(erased.kept.is_empty(), "{:?}", erased.kept);
    let mut tx = world.store.read().await.unwrap();
    for mandate in [first.id, hers, his, held.id, agreed.id] {
        assert!(tx.mandate(mandate).await.unwrap().is_none());
    }
}
