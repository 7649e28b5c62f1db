//! A request for a power of attorney: whoever is asked reads what it is about and answers, whoever asked sees where it stands.

use super::words::rights;
use crate::{
    page::{Here, Page, see},
    refused::{Notice, form, noted},
    view::{Titles, authority},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    id::MandateRequestId,
    mandate_request::{MandateRequestStanding, MandateRequestState},
    text::CaseRef,
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{NewPresentation, RequestReader, SeenMandateRequest};

/// A request as its pages tell of it.
pub(super) struct Told {
    id: MandateRequestId,
    /// Whether the visitor is the one who is asked.
    is_mine_to_answer: bool,
    standing: MandateRequestStanding,
    /// What the other side is called, where that is known.
    other: Option<String>,
    /// The authority that asked.
    authority: Option<String>,
    packages: String,
    /// What of these would be allowed.
    rights: Vec<String>,
    case: Option<CaseRef>,
    until: String,
    deadline: String,
    asked: String,
    /// The address of the mandate that was given.
    mandate: Option<String>,
}

impl Told {
    fn is_open(&self) -> bool {
        self.standing == MandateRequestStanding::Open
    }

    fn heading(&self, page: &Page) -> String {
        match (self.is_mine_to_answer, &self.other) {
            (false, _) => page.t("asking.you_asked").to_owned(),
            (true, Some(name)) => page.fill("asking.asks_you", "name", name),
            (true, None) => page.t("asking.someone_asks").to_owned(),
        }
    }
}

/// Where it stands, in words; nothing where it waits for the visitor.
struct State {
    class: &'static str,
    heading: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "mandate_request.html")]
struct RequestPage<'p> {
    page: &'p Page,
    request: &'p Told,
    heading: String,
    state: Option<State>,
    notice: Option<Notice>,
}

pub(super) async fn page(here: Here, Path(id): Path<MandateRequestId>) -> Result<Response, Problem> {
    shown(&here, id, None).await
}

pub(super) async fn back(Path(id): Path<MandateRequestId>) -> Response {
    see(&format!("/mandate-requests/{id}"))
}

/// Shows what approving it would give: the summary, on which the last yes is.
pub(super) async fn open(mut here: Here, Path(id): Path<MandateRequestId>) -> Result<Response, Problem> {
    let about = NewPresentation::MandateRequest(id);
    match here.service.present(&here.visitor.read(), &about, here.page.language).await {
        Ok(done) => Ok(see(&format!("/mandate-requests/{id}/{}", done.value.presentation.id))),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, id, notice).await
        }
    }
}

pub(super) async fn decline(
    mut here: Here,
    Path(id): Path<MandateRequestId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let call = here.visitor.change(&format!("decline:{id}"), &fields);
    match here.service.decline_mandate_request(&call, id).await {
        Ok(_) => Ok(see(&format!("/mandate-requests/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, id, notice).await
        }
    }
}

async fn shown(here: &Here, id: MandateRequestId, notice: Option<Notice>) -> Result<Response, Problem> {
    let told = told(here, id).await?;
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &RequestPage::new(&here.page, &told, notice)))
}

/// Everything about the request that its pages need.
pub(super) async fn told(here: &Here, id: MandateRequestId) -> Result<Told, Problem> {
    let seen = here.told(here.service.read_mandate_request(&here.visitor.read(), id).await)?;
    let titles = Titles::of(&here.service, here.page.language, seen.request.packages.iter().collect()).await;
    let asker = seen.request.authority.map(|cvr| authority(&here.service, cvr, here.page.language));
    let rights = rights(here, &seen.request.packages, &seen.request.privileges).await?;
    Ok(Told::new(&here.page, &seen, titles.line(&seen.request.packages), rights, asker))
}

impl Told {
    fn new(
        page: &Page,
        seen: &SeenMandateRequest,
        packages: String,
        rights: Vec<String>,
        authority: Option<String>,
    ) -> Self {
        let is_mine_to_answer = seen.reader == RequestReader::Grantor;
        let other = if is_mine_to_answer { seen.representative_name.as_ref() } else { seen.grantor_name() };
        let request = &seen.request;
        Self {
            id: request.id,
            is_mine_to_answer,
            standing: seen.standing,
            other: other.map(ToString::to_string),
            authority,
            packages,
            rights,
            case: request.case.clone(),
            until: page.last_day(request.until()),
            deadline: page.last_day(request.deadline),
            asked: page.moment(request.asked_at),
            mandate: match request.state {
                MandateRequestState::Approved { mandate, .. } => Some(format!("/mandates/{mandate}")),
                _ => None,
            },
        }
    }
}

impl<'p> RequestPage<'p> {
    fn new(page: &'p Page, request: &'p Told, notice: Option<Notice>) -> Self {
        Self { page, request, heading: request.heading(page), state: state(page, request), notice }
    }
}

fn state(page: &Page, told: &Told) -> Option<State> {
    let (class, heading, text) = match (told.standing, told.is_mine_to_answer) {
        (MandateRequestStanding::Open, true) => return None,
        (MandateRequestStanding::Open, false) => {
            ("info", "asking.waits", page.fill("asking.waits_text", "day", &told.deadline))
        }
        (MandateRequestStanding::Approved, _) => {
            ("success", "asking.is_approved", page.t("asking.is_approved_text").to_owned())
        }
        (MandateRequestStanding::Declined, mine) => {
            let text = if mine { "asking.declined_you" } else { "asking.declined_they" };
            ("info", "asking.is_declined", page.t(text).to_owned())
        }
        (MandateRequestStanding::Lapsed, _) => {
            ("info", "asking.is_lapsed", page.t("asking.is_lapsed_text").to_owned())
        }
        (MandateRequestStanding::ExpiredUnanswered, mine) => {
            let text = if mine { "asking.expired_you" } else { "asking.expired_they" };
            ("info", "asking.is_expired", page.t(text).to_owned())
        }
    };
    Some(State { class, heading: page.t(heading), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn told(standing: MandateRequestStanding, is_mine_to_answer: bool, other: Option<&str>) -> Told {
        Told {
            id: MandateRequestId::from_uuid(Uuid::from_u128(7)),
            is_mine_to_answer,
            standing,
            other: other.map(str::to_owned),
            authority: Some("Eksempel Kommune".to_owned()),
            packages: "Ældre".to_owned(),
            rights: vec!["Se din hjemmehjælp".to_owned()],
            case: None,
            until: "1. maj 2027".to_owned(),
            deadline: "1. juni 2026".to_owned(),
            asked: "nu".to_owned(),
            mandate: (standing == MandateRequestStanding::Approved).then(|| "/mandates/7".to_owned()),
        }
    }

    fn html(page: &Page, told: &Told) -> String {
        let html = RequestPage::new(page, told, None).render().expect("a page");
        must_hold_together(&html);
        html
    }

    #[test]
    fn whoever_is_asked_can_read_on_or_say_no_and_whoever_asked_can_do_neither() {
        for language in Language::ALL {
            let page = page(language);
            let mine = html(&page, &told(MandateRequestStanding::Open, true, Some("Bo <Lind>")));
            for action in ["mandate-requests/00000000-0000-0000-0000-000000000007\"", "/decline\""] {
                assert_eq!(mine.matches(action).count(), 1, "{action}: {mine}");
            }
            assert!(!mine.contains(page.t("asking.nameless")));
            let nameless = html(&page, &told(MandateRequestStanding::Open, true, None));
            assert!(nameless.contains(page.t("asking.nameless")));
            let theirs = html(&page, &told(MandateRequestStanding::Open, false, Some("Anna")));
            assert!(!theirs.contains("action=\"/mandate-requests") && theirs.contains("Anna"));
        }
    }

    #[test]
    fn what_has_ended_says_how_and_cannot_be_answered() {
        let page = page(Language::Da);
        for (standing, mine, words) in [
            (MandateRequestStanding::Approved, true, "Svaret blev ja"),
            (MandateRequestStanding::Declined, true, "Du sagde nej"),
            (MandateRequestStanding::Declined, false, "Personen sagde nej"),
            (MandateRequestStanding::Lapsed, true, "faldet bort"),
            (MandateRequestStanding::ExpiredUnanswered, true, "Du svarede ikke"),
            (MandateRequestStanding::ExpiredUnanswered, false, "Der kom intet svar"),
        ] {
            let shown = html(&page, &told(standing, mine, Some("Bo")));
            assert!(shown.contains(words), "{words}");
            assert!(!shown.contains("action=\"/mandate-requests"), "{words}");
            assert_eq!(shown.contains("href=\"/mandates/7\""), standing == MandateRequestStanding::Approved);
        }
    }
}
