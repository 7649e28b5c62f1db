//! A receipt as a page: what happened, and in words and a picture what is proven of it and by whom.

use crate::{
    Web,
    page::{Here, Page, see},
    picture::{self, PathPicture},
    receipt_terms::Terms,
    view::{actor, authority, count},
};
use askama::Template;
use axum::{Router, body::Body, response::Response, routing::get};
use http::{HeaderValue, header};
use std::fmt::Write as _;
use tillid_domain::{
    actor::ActorTrace,
    event::{Fact, Kind, Recorded},
    id::{ConsentId, EventId, MandateId, MandateRequestId, RequestId},
};
use tillid_edge::{Path, Problem, Protocol};
use tillid_service::{Flaw, PathStep, Place, Placed, ReceiptOf, ReceiptView, Side, Signatures, is_on_paper};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/receipts/{event_id}", get(receipt))
        .route("/receipts/{event_id}/download", get(download))
        .route("/receipts/{event_id}/pdf", get(pdf))
        .route("/receipts/{event_id}/proof", get(proof))
        .route("/consents/{id}/receipt", get(of_consent))
        .route("/mandates/{id}/receipt", get(of_mandate))
        .route("/requests/{id}/receipt", get(of_request))
}

#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct ReceiptPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) id: EventId,
    /// What the receipt tells; nothing when it does not hold.
    pub(crate) told: Option<Told>,
    pub(crate) standing: Standing,
    pub(crate) chain: Option<Chain>,
    /// Whether it can be had on paper.
    pub(crate) paper: bool,
    /// Whether the operator asks for witnesses, so that a policy helps whoever checks.
    pub(crate) policy: bool,
}

/// What happened.
pub(crate) struct Told {
    pub(crate) what: &'static str,
    pub(crate) about: Option<String>,
    pub(crate) when: String,
    pub(crate) who: String,
    /// What was agreed to; of a consent alone.
    pub(crate) terms: Option<Terms>,
    /// The page of what it happened to.
    pub(crate) link: Option<(String, &'static str)>,
}

/// What is proven, in a sentence and a colour.
pub(crate) struct Standing {
    pub(crate) class: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    /// Whether the proof can be had.
    pub(crate) proof: bool,
    /// Whether it is worth looking again.
    pub(crate) again: bool,
}

/// From the receipt to the signatures.
pub(crate) struct Chain {
    pub(crate) signer: String,
    pub(crate) entry: String,
    pub(crate) placed: Option<InTree>,
}

/// The part of it that is in the tree.
pub(crate) struct InTree {
    pub(crate) picture: PathPicture,
    pub(crate) index: String,
    pub(crate) size: String,
    pub(crate) steps: String,
    /// Each step from below, in words.
    pub(crate) path: Vec<String>,
    pub(crate) root: String,
    pub(crate) signed: String,
    pub(crate) log_keys: Vec<String>,
    pub(crate) witnesses: Vec<(String, String)>,
    pub(crate) heading: String,
    pub(crate) witnessed: &'static str,
}

async fn receipt(here: Here, Path(id): Path<EventId>) -> Result<Response, Problem> {
    let view = here.told(here.service.receipt_view(&here.visitor.read(), id).await)?;
    let page = &here.page;
    let paper = view.as_ref().is_ok_and(|view| is_on_paper(&view.recorded));
    let (told, standing, chain) = match view {
        Ok(view) => (Some(told(&here, &view.recorded).await), standing(page, &view), Some(chain(page, view))),
        Err(flaw) => (None, flawed(page, flaw), None),
    };
    let policy = here.service.log_policy().is_some();
    Ok(page.answer(&ReceiptPage { page, id, told, standing, chain, paper, policy }))
}

/// What the receipt tells, with the names that only the thing's own page has.
async fn told(here: &Here, recorded: &Recorded) -> Told {
    let page = &here.page;
    let (about, link) = about(here, recorded).await;
    let terms = terms(here, recorded).await;
    Told {
        what: what(page, &recorded.fact),
        about,
        when: page.moment(recorded.recorded_at),
        who: who(here, &recorded.actor),
        terms,
        link,
    }
}

async fn terms(here: &Here, recorded: &Recorded) -> Option<Terms> {
    let id = ConsentId::from_uuid(recorded.aggregate);
    if recorded.aggregate_kind != Kind::Consent {
        return None;
    }
    let typed = here.service.read_consent(&here.visitor.read(), id).await.ok()?;
    Some(Terms::new(&typed, &here.service, &here.page))
}

async fn about(here: &Here, recorded: &Recorded) -> (Option<String>, Option<(String, &'static str)>) {
    let (call, page, service, id) = (here.visitor.read(), &here.page, &here.service, recorded.aggregate);
    let named = |title: &str, cvr| format!("{title} ({})", authority(service, cvr, page.language));
    match recorded.aggregate_kind {
        Kind::Consent => {
            let Ok(typed) = service.read_consent(&call, ConsentId::from_uuid(id)).await else {
                return (None, None);
            };
            let answer = &typed.consent.answer;
            let statement = typed.of.item(&answer.item).map(|item| page.say(&item.statement));
            let about = named(statement.unwrap_or_else(|| page.say(&typed.of.title)), answer.authority);
            (Some(about), Some((format!("/consents/{id}"), page.t("receipt.see_consent"))))
        }
        Kind::ConsentRequest => {
            let found = service.read_request(&call, RequestId::from_uuid(id)).await;
            let Ok((request, of, _)) = found else { return (None, None) };
            let about = named(page.say(&of.title), request.authority);
            (Some(about), Some((format!("/requests/{id}"), page.t("receipt.see_request"))))
        }
        Kind::Mandate => {
            let found = service.read_mandate(&call, MandateId::from_uuid(id)).await;
            let Ok((mandate, _)) = found else { return (None, None) };
            let packages = mandate.packages.iter().collect();
            let titles = crate::view::Titles::of(service, page.language, packages).await;
            let about = titles.line(&mandate.packages);
            (Some(about), Some((format!("/mandates/{id}"), page.t("overview.see_mandate"))))
        }
        Kind::MandateRequest => {
            let found = service.read_mandate_request(&call, MandateRequestId::from_uuid(id)).await;
            let Ok(seen) = found else { return (None, None) };
            let packages = seen.request.packages.iter().collect();
            let titles = crate::view::Titles::of(service, page.language, packages).await;
            let about = titles.line(&seen.request.packages);
            (Some(about), Some((format!("/mandate-requests/{id}"), page.t("receipt.see_request"))))
        }
        Kind::Person
        | Kind::Custody
        | Kind::StatutoryPower
        | Kind::CatalogueEntry
        | Kind::Presentation
        | Kind::Client
        | Kind::ExternalEntity
        | Kind::ExternalPrivilege
        | Kind::ExternalGrant
        | Kind::Document
        | Kind::Task
        | Kind::AccessBatch => (None, None),
    }
}

fn what(page: &Page, fact: &Fact) -> &'static str {
    page.t(match fact {
        Fact::PersonRegistered { .. } => "receipt.person_registered",
        Fact::CustodyStated { .. } => "receipt.custody_stated",
        Fact::LastingPowerRegistered { .. } => "receipt.lasting_power_registered",
        Fact::ChargeStated { .. } => "receipt.charge_stated",
        Fact::ChargeEnded { .. } => "receipt.charge_ended",
        Fact::RequestVoiced { .. } => "receipt.request_voiced",
        Fact::HolderExcepted { .. } => "receipt.holder_excepted",
        Fact::OrganisationRegistered { .. } | Fact::EmployeeRegistered { .. } => "receipt.person_registered",
        Fact::EmployeeAdmitted {} => "work.receipt_admitted",
        Fact::EmployeeStopped {} => "work.receipt_stopped",
        Fact::NumberChanged { .. } => "receipt.number_changed",
        Fact::PersonMerged { .. } => "receipt.person_merged",
        Fact::BirthdayCorrected { .. } => "receipt.birthday_corrected",
        Fact::LoginBound { .. } => "receipt.login_bound",
        Fact::PersonDied { .. } => "receipt.person_died",
        Fact::PostChanged { .. } => "receipt.post_changed",
        Fact::PresentationShown { .. } => "receipt.presentation_shown",
        Fact::ConsentRequested { .. } => "receipt.consent_requested",
        Fact::RequestAnswered { .. } => "receipt.request_answered",
        Fact::RequestCancelled {} => "receipt.request_cancelled",
        Fact::RequestLapsed { .. } => "receipt.request_lapsed",
        Fact::ConsentGiven(_) => "receipt.consent_given",
        Fact::ConsentDeclined(_) => "receipt.consent_declined",
        Fact::ConsentWithdrawn { .. } => "receipt.consent_withdrawn",
        Fact::ConsentAnnulled { .. } => "receipt.consent_annulled",
        Fact::ConsentLapsed { .. } => "receipt.consent_lapsed",
        Fact::DocumentKept { .. } => "receipt.document_kept",
        Fact::TaskOpened(_) => "receipt.task_opened",
        Fact::TaskClosed { .. } => "receipt.task_closed",
        Fact::MandateGiven { .. } => "receipt.mandate_given",
        Fact::MandateRenewed { .. } => "receipt.mandate_renewed",
        Fact::MandatePackageWithdrawn(_) => "receipt.mandate_package_withdrawn",
        Fact::MandateSigned { .. } => "receipt.mandate_signed",
        Fact::MandateAgreed { .. } => "receipt.mandate_agreed",
        Fact::MandateObjected {} => "receipt.mandate_objected",
        Fact::MandateConfirmed { .. } => "receipt.mandate_confirmed",
        Fact::MandateSuspended { .. } => "receipt.mandate_suspended",
        Fact::MandateDisputed { .. } => "receipt.mandate_disputed",
        Fact::MandateRested {} => "receipt.mandate_rested",
        Fact::MandateResumed {} => "receipt.mandate_resumed",
        Fact::MandateAnnulled { .. } => "receipt.mandate_annulled",
        Fact::MandateRevoked { .. } => "receipt.mandate_revoked",
        Fact::MandateRenounced { .. } => "receipt.mandate_renounced",
        Fact::MandateEnded { .. } => "receipt.mandate_ended",
        Fact::MandateRequested { .. } => "receipt.mandate_requested",
        Fact::MandateRequestApproved { .. } => "receipt.mandate_request_approved",
        Fact::MandateRequestDeclined {} => "receipt.mandate_request_declined",
        Fact::MandateRequestLapsed { .. } => "receipt.mandate_request_lapsed",
        Fact::AccessRecorded { .. } => "receipt.access_recorded",
        Fact::EntityRegistered { .. }
        | Fact::EntityChanged { .. }
        | Fact::EntityRemoved {}
        | Fact::PrivilegeRegistered { .. }
        | Fact::PrivilegeChanged { .. }
        | Fact::PrivilegeRemoved {}
        | Fact::ExternalGranted { .. }
        | Fact::ExternalGrantRevoked {}
        | Fact::EntryDrafted { .. }
        | Fact::EntryChanged { .. }
        | Fact::EntrySubmitted {}
        | Fact::EntryReturned { .. }
        | Fact::EntryDiscarded {}
        | Fact::EntryPublished {}
        | Fact::EntryRetired {}
        | Fact::EntryWithdrawn { .. }
        | Fact::ClientRegistered { .. }
        | Fact::ClientChanged { .. }
        | Fact::ClientStopped {}
        | Fact::ClientResumed {}
        | Fact::AccessErased { .. }
        | Fact::Erased { .. } => "receipt.other",
    })
}

/// Who did it: oneself, an authority, or another person, whom the receipt does not name.
fn who(here: &Here, trace: &ActorTrace) -> String {
    let (page, me) = (&here.page, here.visitor.person());
    match trace {
        ActorTrace::Citizen { person, .. } if me != Some(*person) => page.t("overview.someone").to_owned(),
        ActorTrace::Representative { acting_for, .. } if me == Some(*acting_for) => {
            page.t("receipt.for_you").to_owned()
        }
        ActorTrace::Representative { person, .. } if me == Some(*person) => {
            page.t("overview.by_you").to_owned()
        }
        ActorTrace::Representative { .. } => page.t("overview.someone").to_owned(),
        _ => actor(&here.service, page, trace),
    }
}

fn standing(page: &Page, view: &ReceiptView) -> Standing {
    let (class, heading, text) = match &view.placed {
        Placed::Waiting { late: false } => {
            ("info", "receipt.waiting", page.t("receipt.waiting_text").to_owned())
        }
        Placed::Waiting { late: true } => ("warning", "receipt.late", page.t("receipt.late_text").to_owned()),
        Placed::Logged(place) => logged(page, &place.signatures),
    };
    let proof = matches!(view.placed, Placed::Logged(_));
    Standing { class, heading: page.t(heading), text, proof, again: !proof }
}

fn logged(page: &Page, signatures: &Signatures) -> (&'static str, &'static str, String) {
    let number = witnesses(page, signatures.witnesses.len());
    match (signatures.witnesses.is_empty(), signatures.quorum) {
        (true, _) => ("success", "receipt.logged", page.t("receipt.logged_text").to_owned()),
        (false, true) => ("success", "receipt.vouched", page.fill("receipt.vouched_text", "number", number)),
        (false, false) => ("success", "receipt.logged", page.fill("receipt.too_few_text", "number", number)),
    }
}

fn flawed(page: &Page, flaw: Flaw) -> Standing {
    let text = page.t(match flaw {
        Flaw::Receipt => "receipt.flaw_receipt",
        Flaw::Path => "receipt.flaw_path",
        Flaw::Signature => "receipt.flaw_signature",
    });
    let text = format!("{text} {}", page.t("receipt.flaw_keep"));
    Standing { class: "error", heading: page.t("receipt.flawed"), text, proof: true, again: false }
}

fn chain(page: &Page, view: ReceiptView) -> Chain {
    let mut entry = String::with_capacity(66);
    for byte in view.entry {
        let _ = write!(entry, "{byte:02x}");
    }
    let placed = match view.placed {
        Placed::Waiting { .. } => None,
        Placed::Logged(place) => Some(in_tree(page, place)),
    };
    Chain { signer: view.signer, entry, placed }
}

fn in_tree(page: &Page, place: Place) -> InTree {
    let Place { index, size, steps, root, signed_at, signatures } = place;
    let shown = picture::signed(page, &signatures, signed_at);
    let number = witnesses(page, signatures.witnesses.len());
    let (heading, witnessed) = match (signatures.witnesses.is_empty(), signatures.asked) {
        (true, 0) => (page.t("receipt.unwitnessed").to_owned(), "receipt.nobody_asked_text"),
        (true, _) => (page.t("receipt.unwitnessed").to_owned(), "receipt.unwitnessed_text"),
        (false, _) => (page.fill("receipt.witnessed_heading", "number", number), "receipt.witnessed_text"),
    };
    let at = |w: tillid_service::Witnessed| {
        let at = w.at.map(|at| page.fill("receipt.witness_at", "at", page.moment(at)));
        (w.name, at.unwrap_or_default())
    };
    InTree {
        picture: PathPicture::new(page, index, size, &steps, shown),
        index: count(page, index),
        size: entries(page, size),
        steps: many(page, "receipt.step", "receipt.steps", u64::try_from(steps.len()).unwrap_or_default()),
        path: steps.iter().map(|step| in_words(page, *step)).collect(),
        root,
        signed: signed_at.map_or_else(
            || page.t("receipt.log_signed_some_day").to_owned(),
            |at| page.fill("receipt.log_signed", "at", page.moment(at)),
        ),
        log_keys: signatures.log_keys,
        witnesses: signatures.witnesses.into_iter().map(at).collect(),
        heading,
        witnessed: page.t(witnessed),
    }
}

fn in_words(page: &Page, step: PathStep) -> String {
    let beside = many(page, "receipt.one_other", "receipt.others", step.beside);
    let key = match step.from {
        Side::Left => "receipt.from_left",
        Side::Right => "receipt.from_right",
    };
    page.fill(key, "number", beside)
}

pub(crate) fn entries(page: &Page, number: u64) -> String {
    many(page, "receipt.one_entry", "receipt.entries", number)
}

fn witnesses(page: &Page, number: usize) -> String {
    many(page, "receipt.one_witness", "receipt.witnesses", u64::try_from(number).unwrap_or_default())
}

fn many(page: &Page, one: &'static str, several: &'static str, number: u64) -> String {
    if number == 1 { page.t(one).to_owned() } else { page.fill(several, "number", count(page, number)) }
}

/// The receipt as it was signed, to keep: it proves itself to whoever doubts it.
async fn download(here: Here, Path(id): Path<EventId>) -> Result<Response, Problem> {
    let receipt = here.told(here.service.receipt(&here.visitor.read(), id).await)?;
    let json = serde_json::to_vec_pretty(&receipt).map_err(|_| Protocol::Internal)?;
    let name = format!("{}-{id}.json", here.page.t("receipt.file"));
    attachment("application/json", &name, json)
}

/// The receipt as people print it, in the language of the page.
async fn pdf(here: Here, Path(id): Path<EventId>) -> Result<Response, Problem> {
    let language = here.page.language;
    let paper = here.told(here.service.receipt_on_paper(&here.visitor.read(), id, language).await)?;
    let name = format!("{}-{}.pdf", here.page.t("receipt.file"), paper.code);
    attachment("application/pdf", &name, paper.pdf)
}

/// The log's proof alone (C2SP tlog-proof); until there is one, the page says when.
async fn proof(here: Here, Path(id): Path<EventId>) -> Result<Response, Problem> {
    let receipt = here.told(here.service.receipt(&here.visitor.read(), id).await)?;
    let Some(proof) = receipt.proof else { return Ok(see(&format!("/receipts/{id}"))) };
    let name = format!("{}-{id}.tlog-proof", here.page.t("receipt.proof_file"));
    attachment("text/plain; charset=utf-8", &name, proof)
}

/// Something to keep, under that name.
pub(crate) fn attachment(kind: &'static str, name: &str, body: impl Into<Body>) -> Result<Response, Problem> {
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Protocol::Internal)?;
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

async fn of_consent(here: Here, Path(id): Path<ConsentId>) -> Result<Response, Problem> {
    newest(&here, ReceiptOf::Consent(id)).await
}

async fn of_mandate(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    newest(&here, ReceiptOf::Mandate(id)).await
}

async fn of_request(here: Here, Path(id): Path<RequestId>) -> Result<Response, Problem> {
    newest(&here, ReceiptOf::Request(id)).await
}

/// Goes to the newest receipt of something.
async fn newest(here: &Here, of: ReceiptOf) -> Result<Response, Problem> {
    let event = here.told(here.service.newest_receipt(&here.visitor.read(), of).await)?;
    Ok(see(&format!("/receipts/{event}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{Instant, Language, event::Event};
    use tillid_service::Witnessed;
    use uuid::Uuid;

    fn recorded() -> Recorded {
        let event = Event {
            id: EventId::from_uuid(Uuid::from_u128(1)),
            kind: Kind::Consent,
            aggregate: Uuid::from_u128(2),
            revision: 1,
            at: Instant::from_micros(1),
            actor: ActorTrace::Service,
            subjects: Vec::new(),
            fact: Fact::ConsentWithdrawn { assisted: None },
        };
        Recorded::new(event, Vec::new())
    }

    fn place(witnesses: &[&str], asked: usize) -> Placed {
        let at = Some(Instant::from_micros(1));
        let witnesses: Vec<_> = witnesses.iter().map(|w| Witnessed { name: (*w).to_owned(), at }).collect();
        let quorum = witnesses.len() == asked;
        let log_keys = vec!["tillid.example/log+01020304".to_owned()];
        Placed::Logged(Place {
            index: 4,
            size: 1007,
            steps: vec![
                PathStep { from: Side::Left, beside: 2 },
                PathStep { from: Side::Right, beside: 1004 },
            ],
            root: "cm9vdA==".to_owned(),
            signed_at: at,
            signatures: Signatures { log_keys, witnesses, asked, quorum },
        })
    }

    fn html(page: &Page, placed: Result<Placed, Flaw>) -> String {
        let view = placed.map(|placed| ReceiptView {
            recorded: recorded(),
            signer: "thumbprint".to_owned(),
            entry: [1; 33],
            placed,
        });
        let told = Told {
            what: what(page, &recorded().fact),
            about: Some("Sygehuset".to_owned()),
            when: "nu".to_owned(),
            who: "Dig selv".to_owned(),
            terms: None,
            link: Some(("/consents/1".to_owned(), "Se")),
        };
        let paper = view.is_ok();
        let (told, standing, chain) = match view {
            Ok(view) => (Some(told), standing(page, &view), Some(chain(page, view))),
            Err(flaw) => (None, flawed(page, flaw), None),
        };
        let id = recorded().id;
        let html = ReceiptPage { page, id, told, standing, chain, paper, policy: true };
        let html = html.render().expect("a page");
        must_hold_together(&html);
        html
    }

    #[test]
    fn each_state_says_what_is_proven_and_no_more() {
        for language in Language::ALL {
            let page = page(language);
            let says = |html: &str, keys: &[&'static str]| keys.iter().all(|key| html.contains(page.t(key)));
            let waiting = html(&page, Ok(Placed::Waiting { late: false }));
            assert!(says(
                &waiting,
                &["receipt.waiting_text", "receipt.picture_waiting", "receipt.waiting_again"]
            ));
            assert!(!waiting.contains("/proof") && waiting.contains("/download"));
            let late = html(&page, Ok(Placed::Waiting { late: true }));
            assert!(says(&late, &["receipt.late_text"]) && late.contains("alert-warning"));

            let alone = html(&page, Ok(place(&[], 0)));
            assert!(says(
                &alone,
                &["receipt.logged_text", "receipt.unwitnessed", "receipt.nobody_asked_text"]
            ));
            let asked = html(&page, Ok(place(&[], 2)));
            assert!(says(&asked, &["receipt.logged_text", "receipt.unwitnessed_text"]));
            let few = html(&page, Ok(place(&["norden"], 2)));
            assert!(few.contains("norden") && !says(&few, &["receipt.vouched"]));
            let both = html(&page, Ok(place(&["norden", "vesten"], 2)));
            assert!(says(&both, &["receipt.vouched", "receipt.witnessed_text"]) && both.contains("vesten"));
            assert!(!both.contains(page.t("receipt.unwitnessed")) && both.contains("/proof"));
            assert!(both.contains("/pdf\" download"));
            assert!(both.contains(&page.fill("receipt.others", "number", count(&page, 1004))));
        }
    }

    #[test]
    fn what_does_not_hold_is_said_in_red_and_nothing_is_claimed() {
        let page = page(Language::Da);
        for (flaw, key) in [
            (Flaw::Receipt, "receipt.flaw_receipt"),
            (Flaw::Path, "receipt.flaw_path"),
            (Flaw::Signature, "receipt.flaw_signature"),
        ] {
            let html = html(&page, Err(flaw));
            assert!(html.contains("alert-error") && html.contains(page.t(key)));
            assert!(!html.contains("<svg role") && !html.contains(page.t("receipt.chain")));
            assert!(!html.contains(page.t("receipt.consent_withdrawn")) && html.contains("/download"));
            assert!(!html.contains("/pdf"), "nothing to print");
        }
    }
}
