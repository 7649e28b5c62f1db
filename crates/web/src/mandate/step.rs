//! What one side of a power of attorney does to it, each on a page of its own with one button: revoke it, renounce it, accept it, let it
//! rest, let it be used again, or say that it is in doubt. Nobody has to say why.

use super::{
    show::{Told, told},
    words::ground as ground_words,
};
use crate::{
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Reason,
    id::MandateId,
    mandate::{
        DisputeGround, MandateStanding, MandateState, RenunciationGround, RevocationGround, SuspensionGround,
    },
};
use tillid_edge::{Fields, Form, Path, Problem};
use tillid_service::{Error, MandateChange};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Revoke,
    Renounce,
    Accept,
    Suspend,
    Resume,
    Dispute,
    /// Say no to what waits for one's signature.
    Object,
}

impl Step {
    pub(super) const ALL: [Self; 7] = [
        Self::Object,
        Self::Revoke,
        Self::Renounce,
        Self::Accept,
        Self::Suspend,
        Self::Resume,
        Self::Dispute,
    ];

    /// What it is for, in a sentence.
    pub(super) const fn in_a_sentence(self) -> &'static str {
        match self {
            Self::Revoke => "mandate.revoke_how",
            Self::Renounce => "mandate.renounce_how",
            Self::Accept => "mandate.accept_how",
            Self::Suspend => "mandate.suspend_how",
            Self::Resume => "mandate.resume_how",
            Self::Dispute => "mandate.dispute_how",
            Self::Object => "joint.object_how",
        }
    }

    /// The last part of its address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Renounce => "renounce",
            Self::Accept => "accept",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Dispute => "dispute",
            Self::Object => "object",
        }
    }

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Revoke => "mandate.revoke",
            Self::Renounce => "mandate.renounce",
            Self::Accept => "mandate.accept",
            Self::Suspend => "mandate.suspend",
            Self::Resume => "mandate.resume",
            Self::Dispute => "mandate.dispute",
            Self::Object => "joint.object",
        }
    }

    /// What it means, line by line.
    const fn means(self) -> &'static [&'static str] {
        match self {
            Self::Revoke => &[
                "mandate.end_at_once",
                "mandate.end_done_stays",
                "mandate.end_no_reason",
                "mandate.end_you_can_give",
            ],
            Self::Renounce => &[
                "mandate.end_at_once",
                "mandate.end_done_stays",
                "mandate.end_no_reason",
                "mandate.end_they_can_give",
            ],
            Self::Accept => &["mandate.accept_then", "mandate.accept_free", "mandate.accept_end"],
            Self::Suspend => &["mandate.rest_at_once", "mandate.rest_told", "mandate.rest_again"],
            Self::Resume => &["mandate.resume_at_once", "mandate.resume_told"],
            Self::Object => &["joint.object_at_once", "joint.object_again", "mandate.end_no_reason"],
            Self::Dispute => &["mandate.rest_at_once", "mandate.dispute_settled", "mandate.dispute_told"],
        }
    }

    /// Whether whoever holds it need not learn of it: the grantor's to choose.
    const fn can_be_quiet(self, mandate: &Told) -> bool {
        matches!(self, Self::Revoke) && mandate.is_grantors()
    }

    /// Whether everything below ends with it.
    const fn ends_it(self) -> bool {
        matches!(self, Self::Revoke | Self::Renounce)
    }

    /// How it is asked why.
    const fn asks_why(self) -> &'static str {
        match self {
            Self::Dispute => "mandate.what_doubt",
            _ => "mandate.why_if_you_like",
        }
    }

    fn grounds(self) -> Vec<&'static str> {
        match self {
            Self::Revoke => RevocationGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Renounce => RenunciationGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Suspend => SuspensionGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Dispute => DisputeGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Accept | Self::Resume | Self::Object => Vec::new(),
        }
    }

    /// Whether somebody on that side of it can do it now.
    pub(super) fn is_open_to(self, mandate: &Told) -> bool {
        let usable = matches!(
            mandate.standing,
            MandateStanding::Active | MandateStanding::Together | MandateStanding::Planned
        );
        match self {
            Self::Revoke => mandate.is_anothers() && mandate.standing.is_alive(),
            Self::Renounce => !mandate.is_anothers() && mandate.standing.is_alive(),
            Self::Accept => !mandate.is_anothers() && mandate.waits_for_acceptance(),
            Self::Suspend => mandate.is_grantors() && usable,
            Self::Resume => {
                mandate.is_grantors()
                    && matches!(mandate.value.state, MandateState::Suspended { .. })
                    && mandate.standing.is_alive()
            }
            Self::Object => mandate.is_mine_to_object,
            Self::Dispute => usable || mandate.standing == MandateStanding::Suspended,
        }
    }

    /// Whether it is that side's to do at all.
    const fn is_of(self, mandate: &Told) -> bool {
        match self {
            Self::Revoke => mandate.is_anothers(),
            Self::Suspend | Self::Resume => mandate.is_grantors(),
            Self::Renounce | Self::Accept => !mandate.is_anothers(),
            Self::Dispute => true,
            Self::Object => mandate.value.signer().is_some(),
        }
    }

    /// The change that the form asks for; `None` where it names a ground that is none.
    fn change(self, fields: &Fields) -> Option<MandateChange> {
        fn chosen<T: Copy>(all: &[T], code: fn(T) -> &'static str, said: Option<&str>) -> Option<T> {
            all.iter().copied().find(|ground| said == Some(code(*ground)))
        }
        let said = fields.get("ground");
        Some(match self {
            Self::Revoke => {
                let ground =
                    chosen(RevocationGround::ALL, RevocationGround::code, said.or(Some("not_stated")))?;
                MandateChange::Revoke { ground, quiet: fields.get("quiet").is_some() }
            }
            Self::Renounce => MandateChange::Renounce(chosen(
                RenunciationGround::ALL,
                RenunciationGround::code,
                said.or(Some("not_stated")),
            )?),
            Self::Suspend => MandateChange::Suspend(chosen(
                SuspensionGround::ALL,
                SuspensionGround::code,
                said.or(Some("not_stated")),
            )?),
            Self::Dispute => {
                MandateChange::Dispute(chosen(DisputeGround::ALL, DisputeGround::code, said)?, None)
            }
            Self::Accept => MandateChange::Accept,
            Self::Resume => MandateChange::Resume,
            Self::Object => MandateChange::Object,
        })
    }
}

#[derive(Template)]
#[template(path = "mandate_step.html")]
struct StepPage<'p> {
    page: &'p Page,
    step: Step,
    mandate: &'p Told,
    /// The grounds to choose from, each with its words and whether it was chosen.
    grounds: Vec<(&'static str, &'static str, bool)>,
    quiet: bool,
    notice: Option<Notice>,
}

pub(super) async fn before(step: Step, here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    let told = told(&here, id).await?;
    must_be(&here, told.acts() && step.is_of(&told))?;
    Ok(asked(&here.page, step, &told, &Fields::default(), None))
}

pub(super) async fn take(
    step: Step,
    mut here: Here,
    Path(id): Path<MandateId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let Some(change) = step.change(&fields) else {
        let told = told(&here, id).await?;
        must_be(&here, step.is_of(&told))?;
        here.page.wrong("ground", "mandate.ground_missing");
        return Ok(asked(&here.page, step, &told, &fields, None));
    };
    let key = format!("{}:{id}", step.path());
    let call = here.visitor.change(&key, &fields);
    match here.service.change_mandate(&call, id, change).await {
        Ok(_) => Ok(see(&format!("/mandates/{id}"))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => crate::problem::again_here(&here, &error),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            let told = told(&here, id).await?;
            Ok(asked(&here.page, step, &told, &fields, notice))
        }
    }
}

/// Refuses whoever would be refused in the end.
fn must_be(here: &Here, the_right_side: bool) -> Result<(), Problem> {
    here.told(the_right_side.then_some(()).ok_or(Error::Denied(Reason::OnlyInPerson)))
}

/// What it means, and the one button; of a mandate to which it cannot be done any more, where it stands.
fn asked(page: &Page, step: Step, told: &Told, fields: &Fields, notice: Option<Notice>) -> Response {
    if notice.is_none() && !step.is_open_to(told) {
        return see(&told.address);
    }
    let status = notice.as_ref().map(|notice| notice.status);
    let grounds = grounds(page, step, fields.get("ground"));
    let quiet = fields.get("quiet").is_some();
    form(page, status, &StepPage { page, step, mandate: told, grounds, quiet, notice })
}

fn grounds(page: &Page, step: Step, chosen: Option<&str>) -> Vec<(&'static str, &'static str, bool)> {
    let words = |code| (code, page.t(ground_words(code)), chosen == Some(code));
    step.grounds().into_iter().map(words).collect()
}

impl Told {
    /// Whether the representative's word is awaited.
    fn waits_for_acceptance(&self) -> bool {
        use tillid_domain::mandate::Confirmation;
        matches!(self.value.state, MandateState::Awaiting(awaited) if awaited.waits_for(Confirmation::Acceptance))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::show::{Side, tests::told},
        *,
    };
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{Language, mandate::Awaited};

    #[test]
    fn one_button_does_it_and_a_refusal_is_told_above() {
        let at = "2026-05-01T08:00:00Z".parse().expect("a time");
        let given = (MandateState::Given, MandateStanding::Active);
        let waits = (MandateState::Awaiting(Awaited::Acceptance), MandateStanding::Awaiting);
        let rests = MandateState::Suspended { at, ground: SuspensionGround::NotStated };
        for language in Language::ALL {
            let page = page(language);
            for (step, side, (state, standing)) in [
                (Step::Revoke, Side::Grantor, given),
                (Step::Suspend, Side::Grantor, given),
                (Step::Resume, Side::Grantor, (rests, MandateStanding::Suspended)),
                (Step::Dispute, Side::Grantor, given),
                (Step::Dispute, Side::Representative, given),
                (Step::Renounce, Side::Representative, given),
                (Step::Accept, Side::Representative, waits),
            ] {
                let told = told(&page, side, state, standing);
                assert!(step.is_open_to(&told) && step.is_of(&told), "{step:?}");
                let notice = Notice {
                    heading: "Nej".to_owned(),
                    text: "Fordi".to_owned(),
                    code: "mandate_revoked",
                    status: http::StatusCode::CONFLICT,
                };
                let grounds = grounds(&page, step, None);
                let template = StepPage {
                    page: &page,
                    step,
                    mandate: &told,
                    grounds,
                    quiet: false,
                    notice: Some(notice),
                };
                let html = template.render().expect("a page");
                must_hold_together(&html);
                assert!(html.contains(&format!("/{}\">", step.path())), "{step:?}");
                assert!(html.contains("data-code=\"mandate_revoked\""));
                assert_eq!(html.contains("name=\"quiet\""), step == Step::Revoke);
                let main = html.split_once("<main").and_then(|(_, main)| main.split_once("</main>"));
                assert_eq!(main.expect("the page's own").0.matches("<button").count(), 1);
            }
        }
    }

    #[test]
    fn a_ground_that_is_none_is_not_taken_for_another() {
        let read = |step: Step, text: &[u8]| step.change(&Fields::parse(text).expect("a form"));
        assert_eq!(read(Step::Revoke, b"ground=mistak"), None);
        assert_eq!(read(Step::Dispute, b""), None, "a doubt has a ground");
        let quiet = MandateChange::Revoke { ground: RevocationGround::Pressured, quiet: true };
        assert_eq!(read(Step::Revoke, b"ground=pressured&quiet=yes"), Some(quiet));
        assert_eq!(read(Step::Renounce, b""), Some(MandateChange::Renounce(RenunciationGround::NotStated)));
    }
}
