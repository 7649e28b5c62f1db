//! From what is sent to a question that the service answers.

use super::{
    body::{ActionBody, EntityBody, EvaluationBody},
    error::Failure,
};
use serde_json::{Map, Value};
use std::str::FromStr;
use tillid_domain::{
    Cpr, Cvr, Instant,
    actor::Purpose,
    decision::Operation,
    external,
    id::{AccessId, EmployeeId, PersonId},
    text::{CaseRef, Code, PrivilegeUri},
};
use tillid_service::{AskedAbout, KnownAt, PersonRef, Question, StatedPurpose};

/// The types that mean something here; all others are the caller's authority's own.
pub(super) const PERSON: &str = "person";
pub(super) const ORGANISATION: &str = "organisation";
pub(super) const PERSON_DATA: &str = "person-data";

/// A question as it is sent, with every required field.
pub(super) struct Complete {
    pub(super) subject: Stated,
    pub(super) action: StatedAction,
    pub(super) resource: Stated,
    pub(super) context: Map<String, Value>,
}

/// An entity with its type and id.
pub(super) struct Stated {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) properties: Map<String, Value>,
}

/// An action with its name.
pub(super) struct StatedAction {
    pub(super) name: String,
    pub(super) properties: Map<String, Value>,
}

/// What is asked, by the kind of question it is.
pub(super) enum Asked {
    /// One of persons or consents.
    Question(Question),
    /// One of what the caller's authority has registered.
    External(Complete),
    /// One that can only be answered no: the types are ours, and the rest names nothing that there could be.
    Nothing,
}

impl Stated {
    pub(super) fn read(entity: Option<EntityBody>, name: &str) -> Result<Self, Failure> {
        let entity = entity.ok_or_else(|| missing(name))?;
        Ok(Self {
            kind: entity.kind.ok_or_else(|| missing(&format!("{name}.type")))?,
            id: entity.id.ok_or_else(|| missing(&format!("{name}.id")))?,
            properties: entity.properties.unwrap_or_default(),
        })
    }

    /// The person that is meant; `None` where it can be nobody.
    pub(super) fn person(&self) -> Option<PersonRef> {
        match self.id.strip_prefix("cpr:") {
            Some(number) => number.parse::<Cpr>().ok().map(PersonRef::Number),
            None => self.id.parse::<PersonId>().ok().map(PersonRef::Id),
        }
    }

    /// Whoever would act: a person, an organisation, or somebody who works for one.
    pub(super) fn party(&self) -> Option<PersonRef> {
        if let Some(employee) = self.id.strip_prefix("employee:") {
            return employee.parse::<EmployeeId>().ok().map(PersonRef::Employee);
        }
        self.cvr().map(PersonRef::Organisation).or_else(|| self.person())
    }

    pub(super) fn external(&self) -> external::Stated {
        external::Stated::of(&self.kind, &self.id, &self.properties)
    }

    pub(super) fn cvr(&self) -> Option<Cvr> {
        self.id.strip_prefix("cvr:")?.parse().ok()
    }
}

impl StatedAction {
    pub(super) fn read(action: Option<ActionBody>) -> Result<Self, Failure> {
        let action = action.ok_or_else(|| missing("action"))?;
        let name = action.name.ok_or_else(|| missing("action.name"))?;
        Ok(Self { name, properties: action.properties.unwrap_or_default() })
    }

    pub(super) fn external(&self) -> external::StatedAction {
        external::StatedAction::of(&self.name, &self.properties)
    }

    pub(super) fn operation(&self) -> Option<Operation> {
        OPERATIONS.iter().find(|(_, name)| *name == self.name).map(|(operation, _)| *operation)
    }
}

/// What can be done with a person's data, by name.
pub(super) const OPERATIONS: [(Operation, &str); 3] = [
    (Operation::Obtain, "data.obtain"),
    (Operation::Disclose, "data.disclose"),
    (Operation::Use, "data.use"),
];

impl Complete {
    pub(super) fn read(body: EvaluationBody) -> Result<Self, Failure> {
        Ok(Self {
            subject: Stated::read(body.subject, "subject")?,
            action: StatedAction::read(body.action)?,
            resource: Stated::read(body.resource, "resource")?,
            context: body.context.unwrap_or_default(),
        })
    }

    /// The kind of question that it is.
    pub(super) fn asked(self) -> Result<Asked, Failure> {
        let about = match (self.subject.kind.as_str(), self.resource.kind.as_str()) {
            (PERSON | ORGANISATION, PERSON) => self.acting(),
            (ORGANISATION, PERSON_DATA) => self.consent()?,
            _ => return Ok(Asked::External(self)),
        };
        let Some(about) = about else { return Ok(Asked::Nothing) };
        let When { purpose, case, valid_at, known_at } =
            When::read(&self.context, &self.resource.properties)?;
        Ok(Asked::Question(Question { about, purpose, case, valid_at, known_at }))
    }

    /// As a question about what the caller's authority has registered.
    pub(super) fn external(self) -> Result<ExternalAsked, Failure> {
        let When { valid_at, known_at, .. } = When::read(&self.context, &Map::new())?;
        if known_at != KnownAt::Now {
            return Err(Failure::bad_request("context.known_at is for questions about persons"));
        }
        Ok(ExternalAsked {
            subject: self.subject.external(),
            action: self.action.external(),
            resource: self.resource.external(),
            valid_at,
        })
    }

    fn acting(&self) -> Option<AskedAbout> {
        Some(AskedAbout::Acting {
            representative: self.subject.party()?,
            privilege: self.action.name.parse::<PrivilegeUri>().ok()?,
            grantor: self.resource.person()?,
        })
    }

    fn consent(&self) -> Result<Option<AskedAbout>, Failure> {
        let scope = Scope::read(&self.resource.properties)?;
        let (Some(authority), Some(operation), Some(person), Some(category)) =
            (self.subject.cvr(), self.action.operation(), self.resource.person(), scope.category)
        else {
            return Ok(None);
        };
        let Scope { consent_type, source, recipient, .. } = scope;
        Ok(Some(AskedAbout::Consent {
            authority,
            operation,
            person,
            category,
            consent_type,
            source,
            recipient,
        }))
    }
}

/// A question about what an authority has registered.
pub(super) struct ExternalAsked {
    subject: external::Stated,
    action: external::StatedAction,
    resource: external::Stated,
    valid_at: Option<Instant>,
}

impl ExternalAsked {
    /// The question, for the moment that it names or for this one.
    pub(super) fn at(self, now: Instant) -> external::Question {
        let Self { subject, action, resource, valid_at } = self;
        external::Question { subject, action, resource, at: valid_at.unwrap_or(now) }
    }
}

/// What of a person's data a question is about.
pub(super) struct Scope {
    pub(super) category: Option<Code>,
    pub(super) consent_type: Option<Code>,
    pub(super) source: Option<Code>,
    pub(super) recipient: Option<Code>,
}

impl Scope {
    pub(super) fn read(properties: &Map<String, Value>) -> Result<Self, Failure> {
        let code = |name: &str| text(properties, name, "resource.properties");
        Ok(Self {
            category: code("category")?,
            consent_type: code("consent_type")?,
            source: code("source")?,
            recipient: code("recipient")?,
        })
    }
}

/// For what, in which case and when something is asked.
pub(super) struct When {
    pub(super) purpose: Option<StatedPurpose>,
    pub(super) case: Option<CaseRef>,
    pub(super) valid_at: Option<Instant>,
    pub(super) known_at: KnownAt,
}

impl When {
    pub(super) fn read(
        context: &Map<String, Value>,
        properties: &Map<String, Value>,
    ) -> Result<Self, Failure> {
        let case = match text(properties, "case", "resource.properties")? {
            Some(case) => Some(case),
            None => text(context, "case", "context")?,
        };
        Ok(Self {
            purpose: purpose(context)?,
            case,
            valid_at: text(context, "valid_at", "context")?,
            known_at: known_at(context)?,
        })
    }
}

fn purpose(context: &Map<String, Value>) -> Result<Option<StatedPurpose>, Failure> {
    match context.get("purpose") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(code)) => {
            let known = Purpose::ALL.into_iter().find(|purpose| purpose.code() == code);
            Ok(Some(known.map_or(StatedPurpose::Unknown, StatedPurpose::Known)))
        }
        Some(_) => Err(wrong("context", "purpose")),
    }
}

fn known_at(context: &Map<String, Value>) -> Result<KnownAt, Failure> {
    match context.get("known_at") {
        None | Some(Value::Null) => Ok(KnownAt::Now),
        Some(Value::Number(size)) => {
            size.as_u64().map(KnownAt::Position).ok_or_else(|| wrong("context", "known_at"))
        }
        Some(Value::String(text)) => {
            let time = text.parse::<Instant>().ok().map(KnownAt::Time);
            let decision = || text.parse::<AccessId>().ok().map(KnownAt::Decision);
            time.or_else(decision).ok_or_else(|| wrong("context", "known_at"))
        }
        Some(_) => Err(wrong("context", "known_at")),
    }
}

/// A value that is a text of some form, if it is there.
fn text<T: FromStr>(of: &Map<String, Value>, name: &str, place: &str) -> Result<Option<T>, Failure> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong(place, name)),
        Some(_) => Err(wrong(place, name)),
    }
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::bad_request(format!("{name} is missing"))
}

fn wrong(place: &str, name: &str) -> Failure {
    Failure::bad_request(format!("{place}.{name} has no such value"))
}
