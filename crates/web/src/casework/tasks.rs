//! What the authority has to do because a consent is gone: the list, one of them, and saying what came of it.

use super::roles;
use crate::{
    fields::{self, Radio},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
    when,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Instant,
    actor::Role,
    id::TaskId,
    task::{TaskOutcome, TaskState},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::TypedTask;

const AT_A_TIME: u32 = 50;

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[("/note", "note")];

#[derive(Deserialize)]
pub(super) struct Part {
    after: Option<TaskId>,
}

pub(super) struct Row {
    address: String,
    title: String,
    /// Whose consent it was.
    whose: String,
    case: Option<String>,
    since: String,
    due: Option<String>,
    overdue: bool,
}

#[derive(Template)]
#[template(path = "casework_tasks.html")]
struct Tasks<'p> {
    page: &'p Page,
    rows: Vec<Row>,
    /// The address of what comes after these.
    next: Option<String>,
    first: bool,
}

#[derive(Template)]
#[template(path = "casework_task.html")]
struct TaskPage<'p> {
    page: &'p Page,
    task: Row,
    statement: String,
    what: String,
    /// What came of it, when, and in whose words.
    closed: Option<(&'static str, String, Option<String>)>,
    outcomes: Vec<Radio>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    outcome: String,
    note: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { outcome: text("outcome"), note: text("note") }
    }
}

/// Whether tasks and cases are a thing of these roles; the verbs decide, this saves a way in vain.
pub(super) fn may_work(roles: &[Role]) -> bool {
    roles.contains(&Role::Caseworker)
}

pub(super) async fn list(here: Here, Query(part): Query<Part>) -> Result<Response, Problem> {
    roles(&here)?;
    let listed = here.service.list_tasks(&here.visitor.read(), part.after, AT_A_TIME).await;
    let (found, now) = here.told(listed)?;
    let page = &here.page;
    let rows = found.items.iter().map(|typed| Row::new(page, typed, now)).collect();
    let next = found.next.map(|after| format!("/casework/tasks?after={after}"));
    Ok(page.answer(&Tasks { page, rows, next, first: part.after.is_none() }))
}

pub(super) async fn page(here: Here, Path(id): Path<TaskId>) -> Result<Response, Problem> {
    shown(&here, id, &Filled::default(), None).await
}

async fn shown(
    here: &Here,
    id: TaskId,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    roles(here)?;
    let (typed, now) = here.told(here.service.read_task(&here.visitor.read(), id).await)?;
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &TaskPage::new(&here.page, &typed, now, filled, notice)))
}

pub(super) async fn close(
    mut here: Here,
    Path(id): Path<TaskId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    roles(&here)?;
    let filled = Filled::sent(&fields);
    let outcome = TaskOutcome::ALL.into_iter().find(|outcome| outcome.code() == filled.outcome);
    if outcome.is_none() {
        here.page.wrong("outcome-0", here.page.t("tasks.outcome_missing"));
    }
    let note = match filled.note.as_str() {
        "" => Ok(None),
        text => fields::prose(text, "tasks.note_missing").map(Some),
    };
    let note = note.map_err(|flaw| here.page.wrong("note", here.page.t(flaw)));
    let (Some(outcome), Ok(note)) = (outcome, note) else { return shown(&here, id, &filled, None).await };
    let call = here.visitor.change(&format!("close:{id}"), &fields);
    match here.service.close_task(&call, id, outcome, note.as_ref()).await {
        Ok(_) => Ok(see(&format!("/casework/tasks/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, id, &filled, notice).await
        }
    }
}

impl Row {
    fn new(page: &Page, typed: &TypedTask, now: Instant) -> Self {
        let task = &typed.task;
        let name = typed.name.as_ref().map(ToString::to_string);
        Self {
            address: format!("/casework/tasks/{}", task.id),
            title: page.say(&typed.of.title).to_owned(),
            whose: name.unwrap_or_else(|| page.t("tasks.nameless").to_owned()),
            case: task.work.case.as_ref().map(ToString::to_string),
            since: page.moment(task.opened_at),
            due: task.work.due.map(|due| when::day(due, page.language)),
            overdue: task.is_overdue(now),
        }
    }
}

const fn outcome_words(outcome: TaskOutcome) -> (&'static str, &'static str) {
    match outcome {
        TaskOutcome::Done => ("tasks.done", "tasks.done_hint"),
        TaskOutcome::OtherBasis => ("tasks.other_basis", "tasks.other_basis_hint"),
        TaskOutcome::NothingThere => ("tasks.nothing_there", "tasks.nothing_there_hint"),
    }
}

impl<'p> TaskPage<'p> {
    fn new(
        page: &'p Page,
        typed: &TypedTask,
        now: Instant,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let radio = |outcome: TaskOutcome| {
            let (words, hint) = outcome_words(outcome);
            let code = outcome.code();
            Radio {
                code,
                words: page.t(words).to_owned(),
                hint: Some(page.t(hint)),
                chosen: filled.outcome == code,
            }
        };
        let closed = match &typed.task.state {
            TaskState::Open => None,
            TaskState::Closed { at, outcome, note } => {
                let words = page.t(outcome_words(*outcome).0);
                Some((words, page.moment(*at), note.as_ref().map(ToString::to_string)))
            }
        };
        let item = typed.of.item(&typed.task.work.item);
        Self {
            page,
            task: Row::new(page, typed, now),
            statement: item.map_or("", |item| page.say(&item.statement)).to_owned(),
            what: page.say(&typed.of.withdrawal_for_staff).to_owned(),
            closed,
            outcomes: TaskOutcome::ALL.into_iter().map(radio).collect(),
            filled,
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{consent_type, must_hold_together, page};
    use tillid_domain::{
        Language,
        catalogue::EntryVersion,
        id::{ConsentId, EntryId, PersonId},
        task::{Task, TaskWork},
    };
    use uuid::Uuid;

    fn typed(state: TaskState, due: Option<&str>) -> TypedTask {
        let of = consent_type("C02");
        let work = TaskWork {
            person: PersonId::from_uuid(Uuid::from_u128(1)),
            authority: of.authority,
            consent: ConsentId::from_uuid(Uuid::from_u128(2)),
            entry: EntryVersion {
                entry: EntryId::from_uuid(Uuid::from_u128(3)),
                code: of.code.clone(),
                number: 1,
            },
            item: of.items.first().expect("an item").code.clone(),
            case: Some("27.36.04".parse().expect("a case")),
            effects: of.withdrawal_effects.clone(),
            due: due.map(|day| day.parse().expect("a day")),
        };
        let opened_at = "2026-11-22T09:15:00Z".parse().expect("a time");
        let task = Task { id: TaskId::from_uuid(Uuid::from_u128(4)), revision: 1, work, opened_at, state };
        TypedTask { task, of, name: Some("Anna <b>".parse().expect("a name")) }
    }

    #[test]
    fn a_task_says_what_to_do_and_what_came_of_it() {
        let now: Instant = "2026-12-24T09:15:00Z".parse().expect("a time");
        for language in Language::ALL {
            let page = page(language);
            let open = typed(TaskState::Open, Some("2026-12-22"));
            let filled = Filled { outcome: "other_basis".to_owned(), note: "§ 11 <b>".to_owned() };
            let html = TaskPage::new(&page, &open, now, &filled, None).render().expect("a page");
            must_hold_together(&html);
            assert!(
                html.contains("27.36.04") && html.contains(page.t("tasks.overdue")) && !html.contains("<b>")
            );
            assert!(html.contains("value=\"other_basis\" aria-describedby") && html.contains("§ 11 &"));
            assert_eq!(html.matches(" checked").count(), 1);
            let at = now;
            let note = Some("Slettet".parse().expect("a text"));
            let closed =
                typed(TaskState::Closed { at, outcome: TaskOutcome::Done, note }, Some("2026-12-22"));
            let empty = Filled::default();
            let html = TaskPage::new(&page, &closed, now, &empty, None).render().expect("a page");
            must_hold_together(&html);
            assert!(
                html.contains("Slettet")
                    && !html.contains("/close\"")
                    && !html.contains(page.t("tasks.overdue"))
            );
        }
    }

    #[test]
    fn the_list_marks_what_is_overdue_and_leads_on() {
        let now: Instant = "2026-12-24T09:15:00Z".parse().expect("a time");
        for language in Language::ALL {
            let page = page(language);
            let rows = [Some("2026-12-22"), Some("2026-12-24"), None];
            let rows = rows.map(|due| Row::new(&page, &typed(TaskState::Open, due), now)).into();
            let next = Some("/casework/tasks?after=1".to_owned());
            let html = Tasks { page: &page, rows, next, first: true }.render().expect("a page");
            must_hold_together(&html);
            assert_eq!(html.matches(page.t("tasks.overdue")).count(), 1);
            assert!(html.contains("?after=1"));
            let html = Tasks { page: &page, rows: Vec::new(), next: None, first: true }.render();
            let html = html.expect("a page");
            must_hold_together(&html);
            assert!(html.contains(page.t("tasks.none")));
        }
    }
}
