//! What the API takes in: parsed, not validated.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use tillid_domain::{
    Cpr, Cvr, Instant,
    id::{EmployeeId, MandateRequestId, PersonId, RequestId},
};
use tillid_edge::{Cursor, Problem, Protocol};
use tillid_service::{KnownAt, PersonRef, Times};
use utoipa::{IntoParams, ToSchema};

/// A CPR number in a body. It is never answered, logged or put into an address.
#[derive(ToSchema)]
#[schema(value_type = String)]
pub(crate) struct CprField(Cpr);

/// A person's id in a body, as the contract writes it.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = uuid::Uuid)]
pub(crate) struct PersonField(PersonId);

/// An organisation's CVR number in a body.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "99100001")]
pub(crate) struct CvrField(Cvr);

/// What an identity provider calls an employee, in a body.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = uuid::Uuid)]
pub(crate) struct EmployeeField(EmployeeId);

/// A request's id in a body, as the contract writes it.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = uuid::Uuid)]
pub(crate) struct RequestField(pub(crate) RequestId);

/// Likewise of a request for a mandate.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = uuid::Uuid)]
pub(crate) struct MandateRequestField(pub(crate) MandateRequestId);

impl<'de> Deserialize<'de> for CprField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An owned text, and no word of it in the error.
        let text = zeroize::Zeroizing::new(
            String::deserialize(deserializer).map_err(|_| D::Error::custom("invalid type"))?,
        );
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl CprField {
    pub(crate) fn into_number(self) -> Cpr {
        self.0
    }
}

/// A person, by CPR number or by id.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonBody {
    /// Ten digits, with or without a hyphen.
    Cpr(CprField),
    /// The id here.
    Id(PersonField),
}

/// Whoever may represent people: a person, an organisation, or somebody who works for one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartyBody {
    /// A person's CPR number: ten digits, with or without a hyphen.
    Cpr(CprField),
    /// The id here.
    Id(PersonField),
    /// An organisation's CVR number.
    Cvr(CvrField),
    /// An employee of one, by the UUID that the identity provider calls them.
    Employee(EmployeeField),
}

impl From<PartyBody> for PersonRef {
    fn from(body: PartyBody) -> Self {
        match body {
            PartyBody::Cpr(CprField(number)) => Self::Number(number),
            PartyBody::Id(PersonField(id)) => Self::Id(id),
            PartyBody::Cvr(CvrField(cvr)) => Self::Organisation(cvr),
            PartyBody::Employee(EmployeeField(id)) => Self::Employee(id),
        }
    }
}

impl From<PersonBody> for PersonRef {
    fn from(body: PersonBody) -> Self {
        match body {
            PersonBody::Cpr(CprField(number)) => Self::Number(number),
            PersonBody::Id(PersonField(id)) => Self::Id(id),
        }
    }
}

/// How many are answered at most, when nothing is said.
const USUAL: u32 = 50;
/// How many are answered at most.
const MOST: u32 = 200;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// How many, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next` of the part before.
    cursor: Option<String>,
}

impl Part {
    pub(crate) fn of(limit: Option<u32>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// The keys that the part comes after, in a list with that name.
    pub(crate) fn keys(&self, list: &str) -> Result<Option<Vec<String>>, Problem> {
        self.cursor.as_deref().map(|text| Cursor::decode(list, text)).transpose()
    }

    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        match self.limit {
            None => Ok(USUAL),
            Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            Some(_) => Err(Protocol::InvalidQuery.into()),
        }
    }

    /// The key that the part comes after, in a list with that name.
    pub(crate) fn after<K: std::str::FromStr>(&self, list: &str) -> Result<Option<K>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let keys = Cursor::decode(list, text)?;
        let [key] = keys.as_slice() else { return Err(Protocol::InvalidCursor.into()) };
        key.parse().map(Some).map_err(|_| Protocol::InvalidCursor.into())
    }
}

/// The cursor of the next part of a list with that name.
pub(crate) fn next<K: ToString>(list: &str, key: Option<K>) -> Option<String> {
    key.map(|key| Cursor::encode(list, &[key.to_string()]))
}

/// A time, as the contract writes it.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "date-time")]
pub(crate) struct TimeField(pub(crate) Instant);

/// As known when: a time, or a position of the log.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum KnownField {
    /// When the log had so many entries.
    Position(#[serde(deserialize_with = "position")] u64),
    /// At that moment.
    Time(TimeField),
}

/// A number that a log can have reached.
fn position<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(deserializer)?;
    if i64::try_from(size).is_ok() { Ok(size) } else { Err(D::Error::custom("out of range")) }
}

impl From<KnownField> for KnownAt {
    fn from(field: KnownField) -> Self {
        match field {
            KnownField::Position(size) => Self::Position(size),
            KnownField::Time(TimeField(at)) => Self::Time(at),
        }
    }
}

/// Which times are asked about, and which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PastPart {
    /// How many, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next` of the part before.
    cursor: Option<String>,
    /// Where things stood at that moment; when not said, that of `known_at`, or now.
    #[param(value_type = Option<String>, format = "date-time")]
    valid_at: Option<Instant>,
    /// As known then: a time, or how many entries the log had; now when not said.
    known_at: Option<String>,
}

impl PastPart {
    /// That part, as it is.
    pub(crate) fn of(part: Part, valid_at: Option<Instant>, known_at: Option<String>) -> Self {
        Self { limit: part.limit, cursor: part.cursor, valid_at, known_at }
    }

    /// Which part.
    pub(crate) fn part(&self) -> Part {
        Part { limit: self.limit, cursor: self.cursor.clone() }
    }

    /// Which times.
    pub(crate) fn times(&self) -> Result<Times, Problem> {
        times(self.valid_at, self.known_at.as_deref())
    }
}

/// Which times are asked about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PastTimes {
    /// Where it stood at that moment; when not said, that of `known_at`, or now.
    #[param(value_type = Option<String>, format = "date-time")]
    valid_at: Option<Instant>,
    /// As known then: a time, or how many entries the log had; now when not said.
    known_at: Option<String>,
}

impl PastTimes {
    /// Which times.
    pub(crate) fn times(&self) -> Result<Times, Problem> {
        times(self.valid_at, self.known_at.as_deref())
    }
}

fn times(valid_at: Option<Instant>, known_at: Option<&str>) -> Result<Times, Problem> {
    let known_at = match known_at {
        None => KnownAt::Now,
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            KnownAt::Position(text.parse().map_err(|_| Protocol::InvalidQuery)?)
        }
        Some(text) => KnownAt::Time(text.parse().map_err(|_| Protocol::InvalidQuery)?),
    };
    Ok(Times { valid_at, known_at })
}
