//! The data-protection officer's pages: whose data, on what ground, what of it goes and what stays and why, and the last yes.
//!
//! Between the steps nothing is kept but in the form: whoever is erased must not stay behind in the officer's session.

use super::roles;
use crate::{
    fields,
    page::{Here, Page},
    problem::again_here,
    refused::{Notice, Places, form, noted},
    view::count,
    when,
};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tillid_domain::{
    Audience, Instant, Reason,
    access::{Act, is_fresh},
    actor::Role,
    erasure::{ErasureGround, Kept},
    event::Kind,
};
use tillid_edge::{Fields, Form, Problem};
use tillid_service::{Erasure, Error, NewErasure, PersonRef};

/// Where the flaws that the verbs find are shown.
const PLACES: &Places = &[("/person", "number"), ("/case", "case")];

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    number: String,
    ground: String,
    case: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { number: text("number"), ground: text("ground"), case: text("case") }
    }

    fn ground(&self) -> Option<ErasureGround> {
        ErasureGround::ALL.into_iter().find(|ground| ground.code() == self.ground)
    }
}

struct Choice {
    field: String,
    code: &'static str,
    words: &'static str,
    hint: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_erase.html")]
struct EraseForm<'p> {
    page: &'p Page,
    choices: Vec<Choice>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

/// What goes or went, and what stays.
struct Outcome {
    /// How much of each kind.
    goes: Vec<(&'static str, String)>,
    /// Whether the person goes too.
    person: bool,
    stays: Vec<Stays>,
}

/// Things of one kind that stay for one reason until one day.
struct Stays {
    kind: &'static str,
    count: String,
    title: &'static str,
    why: &'static str,
    until: Option<String>,
}

#[derive(Template)]
#[template(path = "casework_erase_plan.html")]
struct Plan<'p> {
    page: &'p Page,
    /// Names this page, so that sending it twice erases once.
    attempt: String,
    filled: &'p Filled,
    ground: &'static str,
    outcome: Outcome,
}

#[derive(Template)]
#[template(path = "casework_erase_done.html")]
struct Done<'p> {
    page: &'p Page,
    outcome: Outcome,
}

/// Whoever logged in too long ago to erase is told so before they fill anything in.
pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    must_erase(&here)?;
    match is_fresh(here.visitor.actor(), Act::Erase, here.service.security_now()) {
        Ok(()) => Ok(shown(&here, &Filled::default(), None)),
        Err(refusal) => again_here(&here, &refusal.into()),
    }
}

/// Shows what would go. It is a look at the person, and erases nothing.
pub(super) async fn plan(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_erase(&here)?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, &filled) else {
        return Ok(shown(&here, &filled, None));
    };
    match here.service.preview_erasure(&here.visitor.read(), &new).await {
        Ok(erasure) => {
            let attempt = here.service.ambient().id().to_string();
            Ok(here.page.answer(&Plan::new(&here.page, attempt, &filled, new.ground, &erasure)))
        }
        Err(error) => refused(here, &filled, &error),
    }
}

/// Erases. The answer is the page itself: there is no address at which anything of an erased person could be asked for again. Sent
/// anew, it tells what was done.
pub(super) async fn erase(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_erase(&here)?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, &filled) else {
        return Ok(shown(&here, &filled, None));
    };
    let attempt = fields.get("attempt").unwrap_or_default();
    let call = here.visitor.change(&format!("erase:{attempt}"), &fields);
    match here.service.erase(&call, &new).await {
        Ok(done) => {
            let outcome = Outcome::new(&here.page, &done.value);
            Ok(here.page.answer(&Done { page: &here.page, outcome }))
        }
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => again_here(&here, &error),
        Err(error) => refused(here, &filled, &error),
    }
}

fn refused(mut here: Here, filled: &Filled, error: &Error) -> Result<Response, Problem> {
    let notice = noted(&mut here, error, PLACES)?;
    Ok(shown(&here, filled, notice))
}

/// Whether erasing is a thing of these roles; the verb decides, this saves a way in vain.
pub(super) fn may_erase(roles: &[Role]) -> bool {
    roles.contains(&Role::DataProtectionOfficer)
}

fn must_erase(here: &Here) -> Result<(), Problem> {
    let may = may_erase(roles(here)?);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

/// Whose data is to be erased and why, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, filled: &Filled) -> Option<NewErasure> {
    let number = fields::cpr(&filled.number).map_err(|flaw| page.wrong("number", page.t(flaw)));
    let ground = filled.ground();
    if ground.is_none() {
        page.wrong("ground-0", page.t("casework.erase_ground_missing"));
    }
    let case = match fields::case(&filled.case) {
        Ok(None) if ground.is_some_and(ErasureGround::needs_case) => Err("casework.case_missing"),
        read => read,
    };
    let case = case.map_err(|flaw| page.wrong("case", page.t(flaw)));
    Some(NewErasure { person: PersonRef::Number(number.ok()?), ground: ground?, case: case.ok()? })
}

fn shown(here: &Here, filled: &Filled, notice: Option<Notice>) -> Response {
    let status = notice.as_ref().map(|notice| notice.status);
    form(&here.page, status, &EraseForm::new(&here.page, filled, notice))
}

/// The ground, and what it means, as keys of texts.
const fn ground_words(ground: ErasureGround) -> (&'static str, &'static str) {
    match ground {
        ErasureGround::RetentionOver => {
            ("casework.erase_retention_over", "casework.erase_retention_over_hint")
        }
        ErasureGround::Ordered => ("casework.erase_ordered", "casework.erase_ordered_hint"),
    }
}

const fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "casework.erase_person",
        Kind::Consent => "casework.erase_consents",
        Kind::ConsentRequest => "casework.erase_requests",
        Kind::Mandate => "casework.erase_mandates",
        Kind::MandateRequest => "casework.erase_mandate_requests",
        Kind::Document => "casework.erase_documents",
        Kind::Task => "casework.erase_tasks",
        Kind::Custody => "casework.erase_custody",
        Kind::StatutoryPower => "casework.erase_statutory",
        Kind::Presentation
        | Kind::CatalogueEntry
        | Kind::Client
        | Kind::ExternalEntity
        | Kind::ExternalPrivilege
        | Kind::ExternalGrant => "casework.erase_presentations",
        Kind::AccessBatch => "casework.erase_looks",
    }
}

impl<'p> EraseForm<'p> {
    fn new(page: &'p Page, filled: &'p Filled, notice: Option<Notice>) -> Self {
        let choice = |(at, ground): (usize, ErasureGround)| {
            let (words, hint) = ground_words(ground);
            Choice {
                field: format!("ground-{at}"),
                code: ground.code(),
                words: page.t(words),
                hint: page.t(hint),
                chosen: ground.code() == filled.ground,
            }
        };
        Self {
            page,
            choices: ErasureGround::ALL.into_iter().enumerate().map(choice).collect(),
            filled,
            notice,
        }
    }
}

impl<'p> Plan<'p> {
    fn new(
        page: &'p Page,
        attempt: String,
        filled: &'p Filled,
        ground: ErasureGround,
        erasure: &Erasure,
    ) -> Self {
        let ground = page.t(ground_words(ground).0);
        Self { page, attempt, filled, ground, outcome: Outcome::new(page, erasure) }
    }
}

impl Outcome {
    fn new(page: &Page, erasure: &Erasure) -> Self {
        let e = erasure.erased;
        let goes = [
            (Kind::Consent, e.consents),
            (Kind::ConsentRequest, e.requests),
            (Kind::Mandate, e.mandates),
            (Kind::MandateRequest, e.mandate_requests),
            (Kind::Presentation, e.presentations),
            (Kind::Document, e.documents),
            (Kind::Task, e.tasks),
            (Kind::Custody, e.custody_statements),
            (Kind::StatutoryPower, e.statutory_powers),
            (Kind::AccessBatch, e.looks),
        ];
        let some = goes.into_iter().filter(|(_, number)| *number > 0);
        let goes = some.map(|(kind, number)| (page.t(kind_words(kind)), written(page, number)));
        Self { goes: goes.collect(), person: erasure.person, stays: stays(page, &erasure.kept) }
    }

    const fn is_nothing(&self) -> bool {
        self.goes.is_empty() && !self.person
    }
}

fn written(page: &Page, number: usize) -> String {
    count(page, u64::try_from(number).unwrap_or(u64::MAX))
}

/// What stays, without telling things apart that are alike: nobody needs to read the same sentence forty times.
fn stays(page: &Page, kept: &[Kept]) -> Vec<Stays> {
    type Alike = (Kind, Reason, Option<String>);
    type Until = Option<Instant>;
    let mut alike: BTreeMap<Alike, (Until, usize)> = BTreeMap::new();
    for one in kept {
        let day = one.until.map(|until| until.local_date().to_string());
        alike.entry((one.kind, one.reason, day)).or_insert((one.until, 0)).1 += 1;
    }
    let stays = |((kind, reason, _), (until, number)): (Alike, (Until, usize))| Stays {
        kind: page.t(kind_words(kind)),
        count: if kind == Kind::Person { String::new() } else { written(page, number) },
        title: reason.title().map_or("", |title| page.say(title)),
        why: reason.sentence(Audience::Caseworker).map_or("", |sentence| page.say(sentence)),
        until: until.map(|until| {
            page.fill("casework.erase_from", "day", when::day(until.local_date(), page.language))
        }),
    };
    alike.into_iter().map(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use tillid_service::Erased;
    use uuid::Uuid;

    fn filled(number: &str, ground: &str, case: &str) -> Filled {
        Filled { number: number.into(), ground: ground.into(), case: case.into() }
    }

    #[test]
    fn nothing_is_erased_without_a_ground_and_nothing_ordered_without_a_case() {
        for (filled, fields) in [
            (Filled::default(), vec!["number", "ground-0"]),
            (filled("6702451236", "because", ""), vec!["ground-0"]),
            (filled("6702451236", "ordered", ""), vec!["case"]),
            (filled("67024512", "retention_over", "670245-1236"), vec!["number", "case"]),
            (filled("670245-1236", "retention_over", ""), vec![]),
            (filled("670245-1236", "ordered", "00.07.10-K12-1-26"), vec![]),
        ] {
            let mut page = page(Language::Da);
            let read = read(&mut page, &filled);
            let wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!((read.is_none(), &wrong), (!fields.is_empty(), &fields), "{}", filled.ground);
            let html = EraseForm::new(&page, &filled, None).render().expect("a page");
            must_hold_together(&html);
            let known = filled.ground().is_some();
            assert_eq!(html.matches(" checked").count(), usize::from(known), "nothing is chosen beforehand");
        }
    }

    fn kept(kind: Kind, id: u128, reason: Reason, until: Option<&str>) -> Kept {
        let until = until.map(|text| text.parse().expect("a time"));
        Kept { kind, id: Uuid::from_u128(id), reason, until }
    }

    fn some() -> Erasure {
        let until = Some("2031-03-02T23:00:00Z");
        Erasure {
            erased: Erased { consents: 2, looks: 1234, ..Erased::default() },
            kept: vec![
                kept(Kind::Consent, 1, Reason::RetentionRuns, until),
                kept(Kind::Consent, 2, Reason::RetentionRuns, until),
                kept(Kind::Mandate, 3, Reason::StillInForce, None),
                kept(Kind::Person, 4, Reason::KeptByAnother, None),
            ],
            person: false,
        }
    }

    #[test]
    fn what_stays_is_told_with_its_reason_and_its_day_before_the_last_yes() {
        for language in Language::ALL {
            let page = page(language);
            let filled = filled("670245-1236", "retention_over", "");
            let plan = |erasure: &Erasure| {
                Plan::new(&page, "1".to_owned(), &filled, ErasureGround::RetentionOver, erasure)
            };
            let some = some();
            let html = plan(&some).render().expect("a page");
            must_hold_together(&html);
            let (told, yes) = html.split_once("action=\"/casework/erasures/confirm\"").expect("a form");
            for reason in [Reason::RetentionRuns, Reason::StillInForce, Reason::KeptByAnother] {
                let sentence = reason.sentence(Audience::Caseworker).expect("a sentence");
                assert_eq!(told.matches(page.say(sentence)).count(), 1, "{reason:?}");
            }
            let day = when::day("2031-03-03".parse().expect("a day"), language);
            assert!(told.contains(&day) && told.contains("670245-1236"), "{told}");
            assert!(yes.contains("name=\"attempt\" value=\"1\"") && yes.contains("value=\"retention_over\""));
            assert!(!told.contains(page.t("casework.erase_whole_person")));

            let nothing = Erasure { erased: Erased::default(), ..some.clone() };
            let html = plan(&nothing).render().expect("a page");
            must_hold_together(&html);
            assert!(!html.contains("/casework/erasures/confirm"), "there is nothing to say yes to");
            let whole = Erasure { kept: Vec::new(), person: true, ..some };
            let html = plan(&whole).render().expect("a page");
            assert!(html.contains(page.t("casework.erase_whole_person")));
            let html = Done { page: &page, outcome: Outcome::new(&page, &whole) }.render().expect("a page");
            must_hold_together(&html);
            assert!(html.contains(page.t("casework.erase_gone")) && !html.contains("670245"));
        }
    }
}
