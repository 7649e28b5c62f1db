//! Requests as they are sent. Unknown fields are ignored, as the specification asks for; what is known must have its type.

use super::error::Failure;
use axum::http::header;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A subject or a resource.
#[derive(Clone, Deserialize, Default, ToSchema)]
pub(crate) struct EntityBody {
    /// Its type, such as `person`, `organisation` or `person-data`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Its id: of a person a UUID or `cpr:` and a number, of an organisation `cvr:` and a number, or the authority's own.
    pub(super) id: Option<String>,
    /// What the caller says of it.
    #[schema(value_type = Option<Object>)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// An action.
#[derive(Clone, Deserialize, Default, ToSchema)]
pub(crate) struct ActionBody {
    /// Its name: a privilege's URN, `data.obtain`, `data.disclose` or `data.use`, or the authority's own.
    pub(super) name: Option<String>,
    /// What the caller says of it.
    #[schema(value_type = Option<Object>)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// One question. `context` takes `purpose`, `case`, `valid_at` (RFC 3339) and `known_at` (RFC 3339, a size of the log, or a
/// `decision_id`).
#[derive(Clone, Deserialize, Default, ToSchema)]
pub(crate) struct EvaluationBody {
    /// Who would do it.
    pub(super) subject: Option<EntityBody>,
    /// What.
    pub(super) action: Option<ActionBody>,
    /// To what.
    pub(super) resource: Option<EntityBody>,
    /// For what, in which case, when.
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
}

/// How far a batch is answered.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Semantic {
    /// To its end.
    #[default]
    ExecuteAll,
    /// Up to and with the first no.
    DenyOnFirstDeny,
    /// Up to and with the first yes.
    PermitOnFirstPermit,
}

/// How a batch is to be answered.
#[derive(Clone, Copy, Deserialize, Default, ToSchema)]
pub(crate) struct OptionsBody {
    /// How far.
    #[serde(default)]
    pub(super) evaluations_semantic: Semantic,
}

/// Questions together. What stands at the top is taken for each of them that does not say it itself: whole, never in part.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EvaluationsBody {
    /// For those that name no subject.
    subject: Option<EntityBody>,
    /// For those that name no action.
    action: Option<ActionBody>,
    /// For those that name no resource.
    resource: Option<EntityBody>,
    /// For those that have no context.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// How far it is answered.
    #[serde(default)]
    pub(super) options: OptionsBody,
    /// At most a thousand; none is the same as one question of what stands at the top.
    #[schema(value_type = Option<Vec<EvaluationBody>>)]
    evaluations: Option<Vec<Value>>,
}

impl EvaluationsBody {
    /// What stands at the top, as one question.
    pub(super) fn top(&self) -> EvaluationBody {
        EvaluationBody {
            subject: self.subject.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            context: self.context.clone(),
        }
    }

    /// The questions, each made whole, or what is wrong with it; `None` where there are none.
    pub(super) fn items(&mut self) -> Option<Vec<Result<EvaluationBody, Failure>>> {
        let items = self.evaluations.take().filter(|items| !items.is_empty())?;
        Some(items.into_iter().map(|item| self.whole(item)).collect())
    }

    fn whole(&self, item: Value) -> Result<EvaluationBody, Failure> {
        let item = EvaluationBody::deserialize(item)
            .map_err(|_| Failure::bad_request("this evaluation has a field of the wrong type"))?;
        Ok(EvaluationBody {
            subject: item.subject.or_else(|| self.subject.clone()),
            action: item.action.or_else(|| self.action.clone()),
            resource: item.resource.or_else(|| self.resource.clone()),
            context: item.context.or_else(|| self.context.clone()),
        })
    }
}

/// Which part of what is found.
#[derive(Clone, Deserialize, Default, ToSchema)]
pub(crate) struct PageBody {
    /// The `next_token` of the part before; everything else must be as it was.
    pub(super) token: Option<String>,
    /// How many candidates are looked at for one part, 1 to 200; 50 when not said. A part can have fewer results, also none, and
    /// still be followed by another.
    pub(super) limit: Option<u32>,
}

/// A search: the entity that is searched for has a type alone.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct SearchBody {
    /// Who would do it.
    pub(super) subject: Option<EntityBody>,
    /// What.
    pub(super) action: Option<ActionBody>,
    /// To what.
    pub(super) resource: Option<EntityBody>,
    /// For what, in which case, when.
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
    /// Which part.
    #[serde(default)]
    pub(super) page: PageBody,
}

/// A JSON body; whatever is wrong with it is 400, as the specification asks for.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let mut kinds = request.headers().get_all(header::CONTENT_TYPE).iter();
        let is_json = |line: &axum::http::HeaderValue| {
            let essence = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        };
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) if is_json(kind) => {}
            _ => return Err(Failure::bad_request("the content type must be application/json")),
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Failure::bad_request("the body cannot be read, or is too large"))?;
        if bytes.is_empty() {
            return Err(Failure::bad_request("the body is empty"));
        }
        read(&bytes).map(Self)
    }
}

/// The message tells where, and nothing of what stands there.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what =
            if error.is_data() { "a field has the wrong type or value" } else { "the body is not JSON" };
        Failure::bad_request(format!("{what} (line {line}, column {column})"))
    })
}
