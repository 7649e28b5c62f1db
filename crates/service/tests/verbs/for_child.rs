//! those who have custody of a child give a power of attorney for it, to foster carers for example. It is the child's, needs the word
//! of those whose word the law needs, and stands and falls with their custody.

use crate::{
    by_law::{CONTACT, SCHOOL, about, said},
    children::{Family, custody, family},
    collecting::prose,
    deciding::ask,
    expect::{denied, invalid, rule, told},
    living::{registrar, serving},
    noticing::{tell, told_to},
};
use std::collections::BTreeSet;
use tillid_domain::{
    CalendarPeriod, LocalDate, Reason,
    basis::Basis,
    event::EndCause,
    id::{MandateId, PersonId},
    mandate::{Awaited, DisputeGround, Mandate, MandateState, RevocationGround, SuspensionGround},
    notice::NoticeKind,
};
use tillid_service::{
    Call, Decided, Error, MandateChange, MandateService, NewMandate, NewPresentation, Overview, Question,
};
use tillid_testkit::{
    World,
    people::{OWN, acting, citizen, machine},
};

/// Of M16: for whom the child lives with.
const PLACE: &str = "urn:dk:eksempelkommune:fuldmagt:boern:pladsanvisning:handle";
const REVOKE: MandateChange = MandateChange::Revoke { ground: RevocationGround::NotStated, quiet: false };

struct Scene {
    clara: PersonId,
    dorte: PersonId,
    erik: PersonId,
    foster: PersonId,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let Family { clara, dorte, erik } = family(world).await;
        for code in ["M14", "M16"] {
            world.import(code).await;
        }
        let foster = world.bo().await;
        later(world);
        Self { clara, dorte, erik, foster }
    }

    fn of(&self, world: &World, privileges: &[&str]) -> NewMandate {
        let privileges = privileges.iter().map(|uri| uri.parse().unwrap()).collect();
        NewMandate { privileges, ..world.mandate_to(self.foster, &["M16"]) }
    }

    async fn gives(&self, world: &World, who: PersonId, new: NewMandate) -> Result<Mandate, Error> {
        let call = acting(who, self.clara);
        let shown = world.try_show(&call, NewPresentation::Mandate(new)).await?;
        let done = world.service.give_mandate(&call, shown).await?.value;
        later(world);
        Ok(done)
    }

    async fn signs(&self, world: &World, who: PersonId, id: MandateId) -> Result<Mandate, Error> {
        let call = acting(who, self.clara);
        let shown = world.try_show(&call, NewPresentation::Signature(id)).await?;
        let done = world.service.sign_mandate(&call, id, shown).await?.value;
        later(world);
        Ok(done)
    }

    /// What a system of the municipality is told.
    async fn may(&self, world: &World, privilege: &str) -> Vec<String> {
        self.may_at(world, about(self.foster, privilege, self.clara)).await
    }

    async fn may_at(&self, world: &World, question: Question) -> Vec<String> {
        let decided: Decided = ask(world, &machine(OWN), question).await;
        said(&decided)
    }
}

fn later(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

async fn change(world: &World, call: &Call, id: MandateId, what: MandateChange) -> Result<Mandate, Error> {
    let done = world.service.change_mandate(call, id, what).await?.value;
    later(world);
    Ok(done)
}

async fn kinds(world: &World, who: PersonId) -> Vec<NoticeKind> {
    told_to(world, who).await.into_iter().map(|sent| sent.kind).collect()
}

async fn now_is(world: &World, id: MandateId) -> MandateState {
    world.store.read().await.unwrap().mandate(id).await.unwrap().unwrap().state
}

/// What one holder of custody does alone, one gives alone: it is the child's, and lets the foster carer act for the child and for nobody else.
pub(crate) async fn r35_what_one_parent_does_alone_one_gives_alone(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { clara, dorte, erik, foster } = scene;
    let given = scene.gives(world, dorte, scene.of(world, &[CONTACT, PLACE])).await.unwrap();
    let read = async |call: Call| world.service.read_presentation(&call, given.presentation).await;
    assert_eq!(read(acting(dorte, clara)).await.unwrap().presentation.person, clara);
    assert_eq!(told(read(acting(foster, clara)).await), denied(Reason::OnlyInPerson));
    assert_eq!((given.grantor, given.representative, given.basis()), (clara, foster, Basis::FosterCarer));
    assert_eq!(given.for_child.as_ref().unwrap().signed, BTreeSet::from([dorte]));
    assert_eq!(scene.may(world, CONTACT).await, ["FOSTER_CARER"]);
    assert_eq!(scene.may(world, PLACE).await, ["FOSTER_CARER"]);
    assert_eq!(scene.may(world, SCHOOL).await, [Reason::NoPower.code()], "that was not given");
    for parent in [dorte, erik] {
        let asked = scene.may_at(world, about(foster, CONTACT, parent)).await;
        assert_eq!(asked, [Reason::NoPower.code()], "it is nobody's but the child's");
    }
    // Both parents see it as what they gave, and who used it; the foster carer sees it as what they hold.
    for parent in [dorte, erik] {
        let (seen, _) = world.service.read_mandate(&acting(parent, clara), given.id).await.unwrap();
        assert_eq!(seen, given);
        let (uses, _) = world.service.mandate_uses(&acting(parent, clara), given.id, None, 10).await.unwrap();
        assert_eq!(uses.items.len(), 2);
        let (seen, _) = world.service.overview(&acting(parent, clara)).await.unwrap();
        let Overview::Representative(seen) = seen else { panic!("of the child") };
        assert!(seen.mandates.iter().any(|found| found.mandate.id == given.id));
    }
    assert_eq!(world.service.read_mandate(&citizen(foster), given.id).await.unwrap().0.id, given.id);
    assert_eq!(
        told(world.service.read_mandate(&citizen(dorte), given.id).await),
        "not found",
        "not as herself"
    );
    tell(world).await;
    assert!(kinds(world, foster).await.contains(&NoticeKind::MandateReceived));
    assert!(kinds(world, erik).await.contains(&NoticeKind::MandateGiven), "the other parent is told");
}

/// What all must agree on waits until all have signed; until then nobody uses any of it.
pub(crate) async fn r35_what_both_parents_must_agree_on_both_sign(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { clara, dorte, erik, foster } = scene;
    let given = scene.gives(world, dorte, scene.of(world, &[CONTACT, SCHOOL, PLACE])).await.unwrap();
    assert_eq!(given.state, MandateState::Awaiting(Awaited::Holders));
    for privilege in [CONTACT, SCHOOL] {
        assert_eq!(scene.may(world, privilege).await, [Reason::NoPower.code()], "{privilege}");
    }
    tell(world).await;
    assert!(kinds(world, erik).await.contains(&NoticeKind::MandateToSign));
    assert!(
        !kinds(world, foster).await.contains(&NoticeKind::MandateReceived),
        "there is nothing to hold yet"
    );
    // Never the same one twice, nor the foster carer; and nobody who registers for others and is her parent.
    assert_eq!(told(scene.signs(world, dorte, given.id).await), rule(Reason::MandateNotAwaiting));
    let foster_signs = world.try_show(&citizen(foster), NewPresentation::Signature(given.id)).await;
    assert_eq!(told(foster_signs), rule(Reason::MandateNotAwaiting));
    for parent in [dorte, erik] {
        let registrar = serving(world, registrar(7, Some(parent)), clara).await;
        let doubt = MandateService::Dispute(DisputeGround::Capacity, prose("Tvivl."));
        let served = world.service.serve_mandate(&registrar, given.id, doubt).await;
        assert_eq!(told(served), denied(Reason::OwnCase));
    }
    let signed = scene.signs(world, erik, given.id).await.unwrap();
    assert_eq!(signed.state, MandateState::Given);
    assert_eq!(signed.for_child.unwrap().signed, BTreeSet::from([dorte, erik]));
    for privilege in [CONTACT, SCHOOL, PLACE] {
        assert_eq!(scene.may(world, privilege).await, ["FOSTER_CARER"], "{privilege}");
    }
    tell(world).await;
    assert!(kinds(world, foster).await.contains(&NoticeKind::MandateReceived));
    // Either of them lets it rest, and either of them ends it.
    let rest = MandateChange::Suspend(SuspensionGround::Unsure);
    change(world, &acting(erik, clara), given.id, rest).await.unwrap();
    assert_eq!(scene.may(world, CONTACT).await, [Reason::PowerEnded.code()], "to a system, that is all");
    change(world, &acting(dorte, clara), given.id, MandateChange::Resume).await.unwrap();
    assert_eq!(scene.may(world, CONTACT).await, ["FOSTER_CARER"]);
    change(world, &acting(erik, clara), given.id, REVOKE).await.unwrap();
    assert_eq!(scene.may(world, SCHOOL).await, [Reason::PowerEnded.code()]);
    // One no is enough while it waits, too.
    let again = scene.gives(world, erik, scene.of(world, &[SCHOOL])).await.unwrap();
    change(world, &acting(dorte, clara), again.id, REVOKE).await.unwrap();
    assert_eq!(told(scene.signs(world, dorte, again.id).await), rule(Reason::MandateRevoked));
    // M12: how it ended quietly, whoever held it does not learn by trying to sign.
    let quiet = scene.gives(world, erik, scene.of(world, &[SCHOOL])).await.unwrap();
    let quietly = MandateChange::Revoke { ground: RevocationGround::Misuse, quiet: true };
    change(world, &acting(dorte, clara), quiet.id, quietly).await.unwrap();
    let tried = world.try_show(&citizen(foster), NewPresentation::Signature(quiet.id)).await;
    assert_eq!(told(tried), rule(Reason::MandateNotAwaiting));
}

/// Nobody gives for a child what they do not have themselves, nor for longer, nor to one another.
pub(crate) async fn r35_nobody_gives_for_a_child_what_they_do_not_have(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { clara, dorte, erik, foster } = scene;
    let at = |place: &str, reason| invalid(&format!("/about/mandate/{place}"), reason);
    let try_it = async |who, new| told(scene.gives(world, who, new).await);
    let m14 = world.mandate_to(foster, &["M14"]);
    assert_eq!(try_it(dorte, m14).await, at("packages/0", Reason::PackageNotForChildren));
    let place = scene.of(world, &[PLACE]);
    assert_eq!(
        try_it(erik, place).await,
        at("privileges/0", Reason::PowerDoesNotCover),
        "she lives with Dorte"
    );
    for parent in [dorte, erik] {
        let to =
            NewMandate { privileges: vec![CONTACT.parse().unwrap()], ..world.mandate_to(parent, &["M16"]) };
        assert_eq!(try_it(dorte, to).await, at("representative", Reason::SelfMandate));
    }
    let birthday: LocalDate = "2029-04-03".parse().unwrap();
    let too_long = NewMandate { valid_until: birthday, ..scene.of(world, &[CONTACT]) };
    assert_eq!(try_it(dorte, too_long).await, at("valid_until", Reason::EndDateTooLate));
    // For oneself it is about nothing; and nobody else gives anything for the child.
    let own = NewPresentation::Mandate(world.mandate_to(foster, &["M16"]));
    let own = world.try_show(&citizen(dorte), own).await;
    assert_eq!(told(own), at("packages/0", Reason::PackageForChildren));
    assert_eq!(try_it(foster, scene.of(world, &[CONTACT])).await, denied(Reason::NoPower));
    let given = scene.gives(world, dorte, scene.of(world, &[CONTACT])).await.unwrap();
    assert_eq!(try_it(foster, scene.of(world, &[CONTACT])).await, denied(Reason::OnlyInPerson), "nor by it");
    let renewed = change(world, &acting(foster, clara), given.id, REVOKE).await;
    assert_eq!(told(renewed), denied(Reason::OnlyInPerson), "nor does it let them end it for the child");
}

/// It stands while those who gave it are those whose word it needs.
pub(crate) async fn r35_a_mandate_for_a_child_stands_and_falls_with_custody(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { clara, dorte, erik, .. } = scene;
    let alone = scene.gives(world, erik, scene.of(world, &[CONTACT])).await.unwrap();
    let both = scene.gives(world, dorte, scene.of(world, &[SCHOOL])).await.unwrap();
    scene.signs(world, erik, both.id).await.unwrap();
    let waiting = scene.gives(world, dorte, scene.of(world, &[SCHOOL])).await.unwrap();
    let home = scene.gives(world, dorte, scene.of(world, &[PLACE])).await.unwrap();
    world.pass(CalendarPeriod::days(1));
    // Dorte has it alone: what Erik gave alone ends, what both gave stands, and what waited for him waits no longer.
    custody(world, clara, &[(dorte, true)]).await;
    later(world);
    let ended = |state| matches!(state, MandateState::Ended { cause: EndCause::CustodyChanged, .. });
    assert!(ended(now_is(world, alone.id).await));
    for stands in [both.id, waiting.id, home.id] {
        assert_eq!(now_is(world, stands).await, MandateState::Given);
    }
    assert_eq!(scene.may(world, CONTACT).await, [Reason::PowerEnded.code()]);
    assert_eq!(told(change(world, &acting(erik, clara), both.id, REVOKE).await), denied(Reason::NoPower));
    tell(world).await;
    assert!(kinds(world, scene.foster).await.contains(&NoticeKind::MandateEnded));
    world.pass(CalendarPeriod::days(1));
    // Somebody who has not said yes to it has custody too, and the child lives with them.
    custody(world, clara, &[(dorte, false), (erik, true)]).await;
    later(world);
    assert_eq!(now_is(world, both.id).await, MandateState::Given, "both said yes to that");
    assert!(ended(now_is(world, waiting.id).await));
    assert!(ended(now_is(world, home.id).await), "only whom she lives with gives that");
    assert_eq!(scene.may(world, PLACE).await, [Reason::PowerEnded.code()]);
    // A death changes custody like anything else.
    let alone = scene.gives(world, dorte, scene.of(world, &[CONTACT])).await.unwrap();
    world.service.register_death(dorte, world.now().local_date()).await.unwrap();
    later(world);
    assert!(ended(now_is(world, alone.id).await));
    assert_eq!(now_is(world, both.id).await, MandateState::Given, "Erik has it alone and said yes");
    // Whoever gets custody acts by that, and by nothing that was given to them before.
    world.pass(CalendarPeriod::days(1));
    custody(world, clara, &[(erik, false), (scene.foster, true)]).await;
    later(world);
    assert!(ended(now_is(world, both.id).await));
    assert_eq!(scene.may(world, CONTACT).await, ["CUSTODY_JOINT"]);
    world.service.register_death(clara, world.now().local_date()).await.unwrap();
    later(world);
    assert_eq!(scene.may(world, SCHOOL).await, [Reason::PowerEnded.code()]);
}

/// It ends at the latest when custody does; and what was given for a child, the young person ends from 15.
pub(crate) async fn r36_at_eighteen_nothing_that_was_given_for_a_child_is_left(world: &World) {
    let scene = Scene::new(world).await;
    let Scene { clara, dorte, .. } = scene;
    let birthday: LocalDate = "2029-04-03".parse().unwrap();
    let until_then =
        || NewMandate { valid_until: "2029-04-02".parse().unwrap(), ..scene.of(world, &[CONTACT]) };
    let given = scene.gives(world, dorte, until_then()).await.unwrap();
    assert_eq!(given.valid.to, birthday.start());
    assert_eq!(told(change(world, &citizen(clara), given.id, REVOKE).await), rule(Reason::TooYoung));
    let doubt = MandateChange::Dispute(DisputeGround::Pressured, None);
    change(world, &citizen(clara), given.id, doubt).await.unwrap();
    assert_eq!(
        scene.may(world, CONTACT).await,
        [Reason::PowerEnded.code()],
        "a child may say no to somebody"
    );
    world.ambient.set("2026-04-03T12:00:00Z".parse().unwrap());
    change(world, &citizen(clara), given.id, REVOKE).await.unwrap();
    let last = scene.gives(world, dorte, until_then()).await.unwrap();
    // She turns out to be half a year older: it would outlive custody, and ends.
    world.service.register_birthday(clara, "2010-10-03".parse().unwrap()).await.unwrap();
    later(world);
    assert!(matches!(now_is(world, last.id).await, MandateState::Ended { cause: EndCause::Age, .. }));
    assert_eq!(scene.may(world, CONTACT).await, [Reason::PowerEnded.code()]);
    world.service.register_birthday(clara, "2011-04-03".parse().unwrap()).await.unwrap();
    later(world);
    scene.gives(world, dorte, until_then()).await.unwrap();
    world.ambient.set(birthday.start().plus_seconds(-1));
    assert_eq!(scene.may(world, CONTACT).await, ["FOSTER_CARER"]);
    world.ambient.set(birthday.start());
    assert_eq!(scene.may(world, CONTACT).await, [Reason::PowerEnded.code()]);
    let late = scene.gives(world, dorte, scene.of(world, &[CONTACT])).await;
    assert_eq!(told(late), denied(Reason::NoPower), "she is nobody's child any more");
}
