//! One power of attorney: where it stands, what may be done with it, and its receipt.

use super::{
    form::last_day_before,
    has_custody,
    renew::can_be_renewed,
    step::Step,
    together::Circle,
    withdrawn,
    words::{self, Right},
};
use crate::{
    page::{Here, Page},
    refused::{Notice, form},
    uses::Uses,
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Instant, LocalDate,
    event::EndCause,
    id::{DocumentId, MandateId, PersonId},
    mandate::{Awaited, Confirmation, Mandate, MandateStanding, MandateState},
    text::{Code, Name},
};
use tillid_edge::{Path, Problem};
use tillid_service::{Call, FoundMandate, Overview, WholeMandate};

/// On which side of the mandate the visitor is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Grantor,
    Representative,
    /// They passed it on.
    PassedOn,
    /// Neither: they look at it for the grantor, as a trusted person or a guardian does.
    Onlooker,
}

/// What the visitor can do with a mandate here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Whatever is open to their side.
    Acts,
    /// Look at it: they act for somebody else. Those who have custody of a child act on what was given for it.
    Looks,
}

/// A mandate as its pages tell of it.
pub(super) struct Told {
    pub(super) value: Mandate,
    pub(super) side: Side,
    pub(super) standing: MandateStanding,
    /// What the other side is called; never a name that only a register told.
    pub(super) other: String,
    pub(super) packages: Vec<Package>,
    /// What whoever passed it on is called, where somebody did.
    passed_on_by: Option<String>,
    /// What was passed on of it.
    pub(super) below: Vec<Lower>,
    pub(super) can_be_passed_on: bool,
    /// Those who give or hold it together.
    circle: Option<Circle>,
    /// Whether it waits for the visitor's signature.
    pub(super) is_mine_to_sign: bool,
    /// Whether the visitor has objected to it.
    pub(super) is_mine_to_object: bool,
    given: String,
    from: String,
    pub(super) until: String,
    pub(super) reach: Reach,
    /// Who of those who have custody have signed it, in words; of what was given for a child.
    signed_by: Option<String>,
    /// The address of its page.
    pub(super) address: String,
}

pub(super) struct Package {
    pub(super) code: Code,
    pub(super) title: String,
    authority: String,
    does_not_cover: String,
    withdrawn: Option<String>,
    pub(super) rights: Vec<Right>,
}

/// What was passed on of a mandate.
pub(super) struct Lower {
    id: MandateId,
    /// What whoever passed it on called whom they gave it to.
    pub(super) to: String,
    pub(super) until: String,
    /// What may be done by it.
    pub(super) rights: Vec<String>,
    /// Whether it would end with the mandate.
    pub(super) falls: bool,
}

impl Told {
    /// Whether the visitor can do something with it here.
    pub(super) const fn acts(&self) -> bool {
        matches!(self.reach, Reach::Acts)
    }

    pub(super) fn title(&self) -> String {
        self.packages.iter().map(|package| package.title.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(super) const fn is_grantors(&self) -> bool {
        matches!(self.side, Side::Grantor)
    }

    /// The scanned paper that they signed, to the grantor.
    pub(super) fn paper(&self, in_person: bool) -> Option<DocumentId> {
        self.value.route.document().filter(|_| in_person && self.is_grantors())
    }

    /// The last day on which it can be used.
    pub(super) fn last_day(&self) -> LocalDate {
        last_day_before(self.value.valid.to)
    }

    /// Whether anything would end with it.
    pub(super) fn has_falling(&self) -> bool {
        self.below.iter().any(|lower| lower.falls)
    }

    /// How it is asked what is to be passed on or agreed on.
    pub(super) const fn asks_what(&self) -> &'static str {
        if self.value.is_held_together() { "joint.what" } else { "mandate.rights" }
    }

    /// Whether somebody else passed it on to whoever holds it; those who agree on something do so for themselves.
    pub(super) fn is_passed_on(&self) -> bool {
        self.value.under.is_some_and(|under| under.by != self.value.representative)
    }

    /// What whoever passed it on is called.
    pub(super) fn passed_on_by(&self, page: &Page) -> String {
        match (&self.passed_on_by, self.side) {
            (_, Side::PassedOn) => page.t("mandate.yourself").to_owned(),
            (Some(name), _) => name.clone(),
            (None, Side::Onlooker) => page.t("overview.someone").to_owned(),
            (None, _) => page.t("mandate.some_representative").to_owned(),
        }
    }

    /// What is done when part of it is passed on: the heading and a sentence. Those who hold it together propose something to one another.
    pub(super) const fn pass_on_words(&self) -> (&'static str, &'static str) {
        if self.value.is_held_together() {
            ("joint.propose", "joint.propose_how")
        } else {
            ("mandate.pass_on", "mandate.pass_on_how")
        }
    }

    /// Whether somebody else holds it.
    pub(super) const fn is_anothers(&self) -> bool {
        matches!(self.side, Side::Grantor | Side::PassedOn | Side::Onlooker)
    }
}

#[derive(Template)]
#[template(path = "mandate_show.html")]
struct Show<'p> {
    page: &'p Page,
    mandate: &'p Told,
    state: State,
    /// What can be done, each with a sentence about it.
    steps: Vec<(Step, &'static str)>,
    renewable: bool,
    /// Whether it can be ended here and its receipt be had: not by whoever acts for somebody.
    in_person: bool,
    notice: Option<Notice>,
    /// Its newest uses; to its grantor alone.
    uses: Option<Uses>,
}

impl<'p> Show<'p> {
    fn new(page: &'p Page, mandate: &'p Told, in_person: bool) -> Self {
        let steps = Step::ALL.into_iter().filter(|step| step.is_open_to(mandate));
        let steps = steps.map(|step| (step, step.in_a_sentence())).collect();
        let state = state(page, mandate);
        let renewable = can_be_renewed(mandate);
        Self { page, mandate, state, steps, renewable, in_person, notice: None, uses: None }
    }
}

/// Where it stands, in words.
struct State {
    class: &'static str,
    heading: &'static str,
    text: String,
}

pub(super) async fn page(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    let told = told(&here, id).await?;
    answer(&here, &told, None).await
}

/// The page of the mandate, with what was refused.
pub(super) async fn answer(here: &Here, told: &Told, notice: Option<Notice>) -> Result<Response, Problem> {
    let in_person = here.visitor.acting_for().is_none();
    // M12: who used it is for its grantor to see, and for whom they trust with that.
    let uses = match told.side {
        Side::Grantor if told.acts() => Some(()),
        Side::Onlooker => Some(()),
        _ => None,
    };
    let uses = match uses {
        Some(()) => Some(here.told(Uses::first(here, &here.visitor.read(), told.value.id).await)?),
        None => None,
    };
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &Show { notice, uses, ..Show::new(&here.page, told, in_person) }))
}

/// Everything about the mandate that its pages need.
pub(super) async fn told(here: &Here, id: MandateId) -> Result<Told, Problem> {
    let call = here.visitor.read();
    let (whole, now) = here.told(here.service.whole_mandate(&call, id).await)?;
    let WholeMandate { found, passed_on_by, below, can_be_passed_on } = whole;
    let FoundMandate { mandate, representative_name, grantor_name, members, .. } = found;
    let circle = mandate.joint.filter(|_| !members.is_empty());
    let circle = circle.map(|joint| Circle::new(here, joint, &members));
    let awaited = match mandate.state {
        MandateState::Awaiting(awaited) if mandate.standing(now).is_alive() => Some(awaited),
        _ => None,
    };
    let me = here.visitor.person();
    let is_mine = mandate.signer().is_some() && mandate.signer() == me;
    let for_child = mandate.for_child.is_some() && has_custody(here);
    let side = if for_child { Side::Grantor } else { side(me, &mandate) };
    let signs_too = for_child && me.is_some_and(|me| !mandate.has_signed(me));
    let mut packages = Vec::new();
    for version in &mandate.packages {
        let entry = words::package(here, version).await?;
        let Some(package) = entry.mandate_package() else { continue };
        let given = package.privileges.iter().filter(|p| mandate.privileges.contains(&p.uri));
        packages.push(Package {
            code: package.code.clone(),
            title: here.page.say(&package.title).to_owned(),
            authority: authority(&here.service, package.authority, here.page.language),
            does_not_cover: here.page.say(&package.does_not_cover).to_owned(),
            withdrawn: withdrawn(&here.page, &mandate, version.entry),
            rights: given.map(|privilege| Right::new(&here.page, privilege)).collect(),
        });
    }
    let other = match side {
        Side::Grantor | Side::PassedOn => called(&here.page, representative_name),
        Side::Onlooker => called_by_others(&here.page, representative_name),
        Side::Representative => match grantor_name {
            Some(name) => name.to_string(),
            None => grantor(here, &call, mandate.grantor).await?,
        },
    };
    let mut lower = Vec::new();
    for found in below {
        lower.push(Lower::new(here, side, found, now).await?);
    }
    Ok(Told {
        side,
        passed_on_by: passed_on_by.map(|name| name.to_string()),
        below: lower,
        can_be_passed_on,
        circle,
        is_mine_to_sign: match awaited {
            Some(Awaited::Signature | Awaited::Agreement) => is_mine,
            Some(Awaited::Holders) => signs_too,
            _ => false,
        },
        is_mine_to_object: is_mine && awaited == Some(Awaited::Signature),
        standing: mandate.standing(now),
        other,
        packages,
        given: here.page.moment(mandate.given_at),
        from: here.page.moment(mandate.valid.from),
        until: here.page.last_day(mandate.valid.to),
        reach: if here.visitor.acting_for().is_none() || for_child { Reach::Acts } else { Reach::Looks },
        signed_by: signed_by(&here.page, me, &mandate),
        address: format!("/mandates/{id}"),
        value: mandate,
    })
}

/// Who of those who have custody have signed it. The one is not told here who the other is: that the family knows.
fn signed_by(page: &Page, me: Option<PersonId>, mandate: &Mandate) -> Option<String> {
    let signed = mandate.for_child.as_ref().map(|child| &child.signed)?;
    let mine = me.filter(|me| signed.contains(me)).map(|_| page.t("child.you"));
    let others = signed.len() - usize::from(mine.is_some());
    let others = match others {
        0 => None,
        1 => Some(page.t("child.another")),
        _ => Some(page.t("child.others")),
    };
    Some(mine.into_iter().chain(others).collect::<Vec<_>>().join(", "))
}

fn side(me: Option<PersonId>, mandate: &Mandate) -> Side {
    if me == Some(mandate.grantor) {
        Side::Grantor
    } else if me == Some(mandate.representative) {
        Side::Representative
    } else if mandate.under.is_some_and(|under| me == Some(under.by)) {
        Side::PassedOn
    } else {
        Side::Onlooker
    }
}

/// What whoever gave it called the representative.
fn called(page: &Page, name: Option<Name>) -> String {
    name.map_or_else(|| page.t("mandate.some_representative").to_owned(), |name| name.to_string())
}

/// Likewise, to somebody who called them nothing.
fn called_by_others(page: &Page, name: Option<Name>) -> String {
    name.map_or_else(|| page.t("overview.someone").to_owned(), |name| name.to_string())
}

impl Lower {
    async fn new(here: &Here, side: Side, found: FoundMandate, now: Instant) -> Result<Self, Problem> {
        let FoundMandate { mandate, representative_name, .. } = found;
        let mut rights = Vec::new();
        for version in &mandate.packages {
            let entry = words::package(here, version).await?;
            let privileges = entry.mandate_package().into_iter().flat_map(|package| &package.privileges);
            let held = privileges.filter(|privilege| mandate.privileges.contains(&privilege.uri));
            rights.extend(held.map(|privilege| here.page.say(&privilege.name).to_owned()));
        }
        Ok(Self {
            id: mandate.id,
            to: match side {
                Side::Onlooker => called_by_others(&here.page, representative_name),
                _ => called(&here.page, representative_name),
            },
            until: here.page.last_day(mandate.valid.to),
            rights,
            falls: mandate.standing(now).is_alive(),
        })
    }
}

/// The grantor's name, as long as the representative may act for them.
async fn grantor(here: &Here, call: &Call, grantor: PersonId) -> Result<String, Problem> {
    if let Some((person, name)) = here.visitor.acting_for()
        && person == grantor
    {
        return Ok(name.to_owned());
    }
    let (overview, _) = here.told(here.service.overview(call).await)?;
    let known = match overview {
        Overview::Own(own) => own.may_act_for.into_iter().find(|m| m.person == grantor).and_then(|m| m.name),
        Overview::Representative(_) => None,
    };
    Ok(known.map_or_else(|| here.page.t("mandate.some_grantor").to_owned(), |name| name.to_string()))
}

fn state(page: &Page, told: &Told) -> State {
    let (from, until) = (&told.from, &told.until);
    let (class, heading) = match (told.standing, told.side) {
        (MandateStanding::Active, Side::Grantor | Side::PassedOn | Side::Onlooker) => {
            ("success", "mandate.is_given")
        }
        (MandateStanding::Active, Side::Representative) => ("success", "mandate.is_held"),
        (MandateStanding::Together, _) => ("info", "joint.is_together"),
        (MandateStanding::Planned, _) => ("info", "mandate.is_planned"),
        (MandateStanding::Revoked, _) => ("info", "mandate.is_revoked"),
        (MandateStanding::Renounced, _) => ("info", "mandate.is_renounced"),
        (MandateStanding::Expired, _) => ("info", "mandate.is_expired"),
        (MandateStanding::Ended, _) => ("info", "mandate.is_ended"),
        (MandateStanding::Awaiting, _) => ("info", "mandate.is_awaiting"),
        (MandateStanding::Suspended, _) => ("warning", "mandate.is_suspended"),
        (MandateStanding::Disputed, _) => ("warning", "mandate.is_disputed"),
        (MandateStanding::Annulled, _) => ("info", "mandate.is_annulled"),
    };
    let text = match (told.value.state, told.standing) {
        (MandateState::Revoked { at, quiet: true, .. }, _) => {
            page.fill("mandate.revoked_quietly_at", "moment", page.moment(at))
        }
        (MandateState::Revoked { at, .. }, _) => page.fill("mandate.revoked_at", "moment", page.moment(at)),
        (MandateState::Renounced { at, .. }, _) => {
            page.fill("mandate.renounced_at", "moment", page.moment(at))
        }
        (MandateState::Ended { effective_at, cause, .. }, _) => {
            page.fill(end_cause(cause), "moment", page.moment(effective_at))
        }
        (MandateState::Annulled { at, .. }, _) => page.fill("mandate.annulled_at", "moment", page.moment(at)),
        (_, MandateStanding::Ended) => {
            page.fill("withdraw.ended", "moment", page.moment(told.value.valid.to))
        }
        (_, MandateStanding::Expired) => page.fill("mandate.expired_on", "until", until),
        (MandateState::Given, MandateStanding::Planned) => {
            page.fill_two("mandate.planned_from", "from", from, "until", until)
        }
        (MandateState::Given, _) if told.value.is_held_together() => {
            let times = page.fill_two("mandate.holds", "from", from, "until", until);
            format!("{} {times}", page.t("joint.nobody_alone"))
        }
        (MandateState::Given, _) => holds(page, told),
        (MandateState::Suspended { at, .. }, _) => {
            page.fill("mandate.suspended_since", "moment", page.moment(at))
        }
        (MandateState::Resting { at }, _) => page.fill("mandate.rests_since", "moment", page.moment(at)),
        (MandateState::Disputed { at, .. }, _) => {
            page.fill("mandate.disputed_since", "moment", page.moment(at))
        }
        (MandateState::Awaiting(Awaited::Holders), _) if told.is_mine_to_sign => {
            page.t("child.awaits_you").to_owned()
        }
        (MandateState::Awaiting(awaited), _) => awaits(page, awaited, told.side),
    };
    State { class, heading: page.t(heading), text }
}

fn awaits(page: &Page, awaited: Awaited, side: Side) -> String {
    let acceptance = match side {
        Side::Grantor | Side::PassedOn | Side::Onlooker => "mandate.awaits_acceptance",
        Side::Representative => "mandate.awaits_your_acceptance",
    };
    match awaited {
        Awaited::Signature => return page.t("joint.awaits_signature").to_owned(),
        Awaited::Others => return page.t("joint.awaits_others").to_owned(),
        Awaited::Agreement => return page.t("joint.awaits_agreement").to_owned(),
        Awaited::Holders => return page.t("child.awaits_holders").to_owned(),
        Awaited::Acceptance | Awaited::SecondRegistrar | Awaited::Both => {}
    }
    let said =
        [(Confirmation::SecondRegistrar, "mandate.awaits_registrar"), (Confirmation::Acceptance, acceptance)];
    let texts =
        said.into_iter().filter(|(needed, _)| awaited.waits_for(*needed)).map(|(_, text)| page.t(text));
    texts.collect::<Vec<_>>().join(" ")
}

fn holds(page: &Page, told: &Told) -> String {
    let sentence = match told.side {
        Side::Grantor => page.fill("mandate.they_can_act", "name", &told.other),
        Side::PassedOn => page.fill("mandate.they_can_act_too", "name", &told.other),
        Side::Onlooker => page.fill("mandate.they_can_act_on_it", "name", &told.other),
        Side::Representative => page.fill("mandate.you_can_act", "name", &told.other),
    };
    format!("{sentence} {}", page.fill_two("mandate.holds", "from", &told.from, "until", &told.until))
}

const fn end_cause(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Death => "mandate.ended_by_death",
        EndCause::RepresentativeDeath => "mandate.ended_by_representatives_death",
        EndCause::CprChangeUnresolved => "mandate.ended_by_merge",
        EndCause::PackageWithdrawn => "withdraw.ended",
        EndCause::EmployeeLeft => "work.ended_left",
        EndCause::ParentEnded => "mandate.ended_with_above",
        EndCause::ParentEndedQuietly => "mandate.ended_quietly_with_above",
        EndCause::JointEnded => "joint.ended_with_others",
        EndCause::JointEndedQuietly => "joint.ended_quietly_with_others",
        EndCause::CustodyChanged => "child.ended_with_custody",
        EndCause::Age => "child.ended_by_age",
        EndCause::CaseClosed | EndCause::Used => "mandate.ended_with_case",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::{
        Language,
        event::MandatePeriod,
        mandate::{MandateRoute, RenunciationGround, RevocationGround},
        text::CaseRef,
    };
    use uuid::Uuid;

    /// A mandate from Anna to Bo, for one case.
    pub(crate) fn told(page: &Page, side: Side, state: MandateState, standing: MandateStanding) -> Told {
        let (from, last): (LocalDate, LocalDate) =
            ("2026-03-02".parse().expect("a day"), "2027-02-01".parse().expect("a day"));
        let person = |n| PersonId::from_uuid(Uuid::from_u128(n));
        let definition = package("M14");
        let value = Mandate {
            id: MandateId::from_uuid(Uuid::from_u128(9)),
            revision: 1,
            grantor: person(1),
            representative: person(2),
            packages: Vec::new(),
            privileges: Vec::new(),
            case: Some("27.36.04".parse::<CaseRef>().expect("a case")),
            valid: MandatePeriod { from: from.start(), to: last.next().start() },
            presentation: tillid_domain::id::PresentationId::from_uuid(Uuid::from_u128(8)),
            given_at: from.start(),
            route: MandateRoute::Digital,
            under: None,
            joint: None,
            for_child: None,
            renewals: Vec::new(),
            withdrawn: Vec::new(),
            pauses: Vec::new(),
            state,
        };
        let rights = definition.privileges.iter().map(|privilege| Right::new(page, privilege)).collect();
        Told {
            side,
            standing,
            other: "Bo <Lind>".to_owned(),
            passed_on_by: None,
            below: Vec::new(),
            can_be_passed_on: false,
            circle: None,
            is_mine_to_sign: false,
            is_mine_to_object: false,
            reach: Reach::Acts,
            signed_by: None,
            packages: vec![Package {
                code: definition.code.clone(),
                title: page.say(&definition.title).to_owned(),
                authority: "Eksempel Kommune".to_owned(),
                withdrawn: None,
                does_not_cover: page.say(&definition.does_not_cover).to_owned(),
                rights,
            }],
            given: page.moment(value.given_at),
            from: page.moment(value.valid.from),
            until: page.last_day(value.valid.to),
            address: format!("/mandates/{}", value.id),
            value,
        }
    }

    fn html(page: &Page, told: &Told, in_person: bool) -> String {
        let html = Show::new(page, told, in_person).render().expect("a page");
        must_hold_together(&html);
        html
    }

    #[test]
    fn each_side_is_told_where_it_stands_and_how_to_end_it() {
        for language in Language::ALL {
            let page = page(language);
            for (side, way, other) in
                [(Side::Grantor, "/revoke", "/renounce"), (Side::Representative, "/renounce", "/revoke")]
            {
                let told = told(&page, side, MandateState::Given, MandateStanding::Active);
                let shown = html(&page, &told, true);
                let (heading, rest) = shown.split_once("alert-success").expect("the state");
                assert!(heading.contains("<h1>") && rest.contains(&page.last_day(told.value.valid.to)));
                assert!(shown.contains(way) && !shown.contains(other) && shown.contains("/receipt"));
                let acting = html(&page, &Told { reach: Reach::Looks, ..told }, false);
                assert!(!acting.contains(way) && !acting.contains("/receipt"));
            }
        }
    }

    #[test]
    fn what_has_ended_says_why_and_cannot_be_ended_again() {
        let page = page(Language::Da);
        let at = "2026-05-01T08:00:00Z".parse().expect("a time");
        let ended = |cause| MandateState::Ended { at, effective_at: at, cause };
        let revoked = |quiet| MandateState::Revoked { at, ground: RevocationGround::NotStated, quiet };
        let renounced = MandateState::Renounced { at, ground: RenunciationGround::NotStated };
        for (state, standing, words) in [
            (revoked(false), MandateStanding::Revoked, "Fuldmagten er trukket tilbage"),
            (revoked(true), MandateStanding::Revoked, "har ikke fået det at vide"),
            (renounced, MandateStanding::Renounced, "Fuldmagten er opgivet"),
            (MandateState::Given, MandateStanding::Expired, "Fuldmagten er udløbet"),
            (ended(EndCause::Death), MandateStanding::Ended, "Den, der gav fuldmagten, er død"),
            (
                ended(EndCause::RepresentativeDeath),
                MandateStanding::Ended,
                "Den, der havde fuldmagten, er død",
            ),
        ] {
            let shown = html(&page, &told(&page, Side::Grantor, state, standing), true);
            assert!(shown.contains(words), "{words}");
            assert!(!shown.contains("/revoke"), "{words}");
        }
    }
}
