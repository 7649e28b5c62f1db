//! One question, and many together.

use super::{
    body::{Body, EvaluationBody, EvaluationsBody, Semantic},
    error::{Asking, Failure},
    question::{Asked, Complete, ExternalAsked},
    view::{DecisionView, DecisionsView},
};
use crate::Api;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use tillid_domain::actor::Who;
use tillid_edge::{Caller, Gate};
use tillid_service::{Decided, Service};

/// More are refused as a whole: a batch is never cut.
const MOST: usize = 1000;

/// Whether somebody may do something: act for a person, use a person's data, or what your authority has registered.
///
/// The answer rests on what was so when it was asked, and its record is durable before you get it. A no has a code and says the
/// smallest thing that would make it a yes.
#[utoipa::path(post, operation_id = "evaluation", path = "/access/v1/evaluation", tag = "decisions", request_body = EvaluationBody,
    responses((status = 200, body = DecisionView), (status = 400, body = String), (status = 401, body = String),
        (status = 403, body = String)))]
pub(super) async fn evaluation(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(body): Body<EvaluationBody>,
) -> Result<Json<DecisionView>, Failure> {
    single(&api.gate, &caller, body).await.map(Json)
}

/// Up to a thousand questions together, answered in their order.
#[utoipa::path(post, operation_id = "evaluations", path = "/access/v1/evaluations", tag = "decisions", request_body = EvaluationsBody,
    responses((status = 200, body = DecisionsView, description = "without `evaluations` in the request: one decision"),
        (status = 400, body = String), (status = 401, body = String), (status = 403, body = String)))]
pub(super) async fn evaluations(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(mut body): Body<EvaluationsBody>,
) -> Result<Response, Failure> {
    let gate = &api.gate;
    let Some(items) = body.items() else {
        return Ok(Json(single(gate, &caller, body.top()).await?).into_response());
    };
    if items.len() > MOST {
        return Err(Failure::bad_request(format!("evaluations has more than {MOST} items")));
    }
    let evaluations = match body.options.evaluations_semantic {
        Semantic::ExecuteAll => together(gate, &caller, items).await?,
        Semantic::DenyOnFirstDeny => until(gate, &caller, items, false).await?,
        Semantic::PermitOnFirstPermit => until(gate, &caller, items, true).await?,
    };
    Ok(Json(DecisionsView { evaluations }).into_response())
}

async fn single(gate: &Gate, caller: &Caller, body: EvaluationBody) -> Result<DecisionView, Failure> {
    // Whatever is wrong with it is wrong with the request.
    let asked = Complete::read(body)?.asked()?;
    let mut answers = answer(gate, caller, vec![Ok(asked)]).await?;
    answers.pop().ok_or_else(|| Failure::bad_request("there is no question"))
}

async fn together(
    gate: &Gate,
    caller: &Caller,
    items: Vec<Result<EvaluationBody, Failure>>,
) -> Result<Vec<DecisionView>, Failure> {
    answer(gate, caller, items.into_iter().map(read).collect()).await
}

/// One after the other, so that no question is asked, nor recorded, whose answer is not given.
async fn until(
    gate: &Gate,
    caller: &Caller,
    items: Vec<Result<EvaluationBody, Failure>>,
    decisive: bool,
) -> Result<Vec<DecisionView>, Failure> {
    let mut answers = Vec::new();
    for item in items {
        let next = answer(gate, caller, vec![read(item)]).await?;
        let is_decided = next.iter().any(|answer| answer.decision == decisive);
        answers.extend(next);
        if is_decided {
            break;
        }
    }
    Ok(answers)
}

fn read(item: Result<EvaluationBody, Failure>) -> Result<Asked, Failure> {
    item.and_then(Complete::read).and_then(Complete::asked)
}

async fn answer(
    gate: &Gate,
    caller: &Caller,
    items: Vec<Result<Asked, Failure>>,
) -> Result<Vec<DecisionView>, Failure> {
    let service = &gate.service;
    let audience = caller.audience();
    let mut answers: Vec<Option<DecisionView>> = Vec::with_capacity(items.len());
    let (mut places, mut questions) = (Vec::new(), Vec::new());
    let (mut external_places, mut external) = (Vec::new(), Vec::new());
    let mut about_nothing = false;
    for (place, item) in items.into_iter().enumerate() {
        answers.push(None);
        match item {
            Ok(Asked::Question(question)) => {
                places.push(place);
                questions.push(question);
            }
            Ok(Asked::External(complete)) => match complete.external() {
                Ok(question) => {
                    external_places.push(place);
                    external.push(question);
                }
                Err(failure) => set(&mut answers, place, DecisionView::flawed(failure.message())),
            },
            Ok(Asked::Nothing) => {
                about_nothing = true;
                set(&mut answers, place, DecisionView::nothing(service.ambient().id(), audience));
            }
            Err(failure) => set(&mut answers, place, DecisionView::flawed(failure.message())),
        }
    }
    // Who may ask nothing learns nothing, not even that something does not exist.
    if !questions.is_empty() || about_nothing {
        let decided = service.decide(&caller.read(), questions).await;
        let decided = decided.map_err(|e| Failure::of(caller, &e))?;
        count(gate, caller, &decided);
        for (place, decided) in places.into_iter().zip(decided) {
            set(&mut answers, place, DecisionView::new(decided, audience));
        }
    }
    for (place, answer) in external_places.into_iter().zip(self::external(service, caller, external).await?) {
        set(&mut answers, place, answer);
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Who asks about many of whom nothing is known tries numbers out (S19).
fn count(gate: &Gate, caller: &Caller, decided: &[Decided]) {
    if let Who::System(machine) = &caller.actor().who {
        let missed = decided.iter().filter(|decided| decided.missed).count();
        let now = gate.service.security_now();
        gate.allowances.count(&machine.client, decided.len() as u64, missed as u64, now);
    }
}

/// Questions about what the caller's authority has registered; of a citizen, about nothing.
async fn external(
    service: &Service,
    caller: &Caller,
    asked: Vec<ExternalAsked>,
) -> Result<Vec<DecisionView>, Failure> {
    let audience = caller.audience();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    if caller.authority().is_none() {
        let nothing = |_| DecisionView::nothing(service.ambient().id(), audience);
        return Ok(asked.into_iter().map(nothing).collect());
    }
    let now = service.external_now().await.map_err(|e| Failure::of(caller, &e))?;
    let questions: Vec<_> = asked.into_iter().map(|asked| asked.at(now)).collect();
    let decided = service.ask_external(&caller.read(), &questions).await;
    let decided = decided.map_err(|e| Failure::of(caller, &e))?;
    Ok(decided.into_iter().map(|decided| DecisionView::external(decided, audience)).collect())
}

fn set(answers: &mut [Option<DecisionView>], place: usize, answer: DecisionView) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(answer);
    }
}
