//! `/sandbox`: who is there, tokens for them, the clock, and what happens to people.

use crate::{
    inbox,
    people::{Employer, PEOPLE, SYSTEMS},
    powers,
    provider::{self, Provider},
    seed::{first_day, login},
    tokens::{Broker, LIVES, Order},
};
use axum::{
    Router,
    extract::{FromRef, State},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use tillid_domain::{
    Audience, CalendarPeriod, Cpr, Instant, LocalDate,
    actor::Assurance,
    family::Holder,
    id::PersonId,
    source::Source,
    statutory::{Area, Form},
};
use tillid_edge::{Flaw, Json, Problem, Protocol, refusal};
use tillid_service::{Error, NewCharge, NewCustody, PersonRef, Service};
use utoipa::{OpenApi, ToSchema, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the sandbox's handlers share.
#[derive(Clone)]
pub struct Sandbox {
    /// The verbs.
    pub service: Service,
    /// The simulated broker of access tokens.
    pub broker: Arc<Broker>,
    /// The simulated MitID, where people log in.
    pub provider: Arc<Provider>,
}

impl FromRef<Sandbox> for Service {
    fn from_ref(sandbox: &Sandbox) -> Self {
        sandbox.service.clone()
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Tillid's sandbox",
    description = "Only in the demo world: invented people, tokens for them, a clock to turn."
))]
struct Contract;

fn routes() -> OpenApiRouter<Sandbox> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .routes(routes!(people))
        .routes(routes!(token))
        .routes(routes!(clock, turn_clock))
        .routes(routes!(happen))
        .merge(inbox::routes())
}

/// The sandbox's contract.
pub fn contract() -> Document {
    routes().split_for_parts().1
}

/// The sandbox's router.
pub fn router(sandbox: Sandbox) -> Router {
    routes().split_for_parts().0.merge(provider::routes()).merge(inbox::pages()).with_state(sandbox)
}

/// Somebody of the demo world.
#[derive(Serialize, ToSchema)]
struct PersonView {
    /// What they are called here; ask for tokens with it.
    key: &'static str,
    /// `citizen`, `employee` or `system`.
    kind: &'static str,
    /// Their name.
    name: &'static str,
    /// Who they are, in Danish.
    about_da: &'static str,
    /// Who they are, in English.
    about_en: &'static str,
    /// Their id here, as a citizen.
    person_id: Option<uuid::Uuid>,
    /// Their CPR number: a replacement number, which belongs to nobody.
    cpr: Option<String>,
    /// Their day of birth.
    #[schema(value_type = Option<String>, format = "date")]
    born: Option<LocalDate>,
    /// The CVR number of the authority that they work for.
    cvr: Option<String>,
}

/// The people.
#[derive(Serialize, ToSchema)]
struct PeopleView {
    /// All of them.
    items: Vec<PersonView>,
}

/// Everybody of the demo world.
#[utoipa::path(get, path = "/sandbox/people", tag = "sandbox", security(()), responses((status = 200, body = PeopleView)))]
async fn people(State(sandbox): State<Sandbox>) -> Result<Response, Problem> {
    let Sandbox { service, broker, .. } = sandbox;
    let first_day = first_day(&service, &broker).await.map_err(told)?;
    let cvr = |key: &str| Employer::of(key, broker.authorities()).map(|employer| employer.cvr.to_string());
    let mut items = Vec::with_capacity(PEOPLE.len() + SYSTEMS.len());
    for somebody in &PEOPLE {
        let person_id = match login(&broker, somebody.key) {
            Some((issuer, login)) => service.person_by_login(&issuer, &login).await.map_err(told)?,
            None => None,
        };
        let (kind, cvr) = match somebody.work.first() {
            None => ("citizen", None),
            Some(job) => ("employee", cvr(job.employer)),
        };
        items.push(PersonView {
            key: somebody.key,
            kind,
            name: somebody.name,
            about_da: somebody.about_da,
            about_en: somebody.about_en,
            person_id: person_id.map(tillid_domain::id::PersonId::as_uuid),
            cpr: somebody.number(first_day).map(|number| number.reveal().to_owned()),
            born: Some(somebody.born(first_day)),
            cvr,
        });
    }
    items.extend(SYSTEMS.iter().map(|system| PersonView {
        key: system.key,
        kind: "system",
        name: system.key,
        about_da: system.about_da,
        about_en: system.about_en,
        person_id: None,
        cpr: None,
        born: None,
        cvr: cvr(system.authority),
    }));
    Ok(Json(PeopleView { items }).into_response())
}

/// Whom a token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// Somebody of `/sandbox/people`.
    person: String,
    /// Somebody that they say they act for.
    acting_for: Option<String>,
    /// `low`, `substantial` or `high`; substantial when not said.
    #[schema(value_type = Option<String>)]
    loa: Option<Assurance>,
    /// `private` makes an employee log in as a citizen.
    #[schema(value_type = Option<String>)]
    identity: Option<Identity>,
}

#[derive(Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Identity {
    Private,
    Professional,
}

/// A token.
#[derive(Serialize, ToSchema)]
struct TokenView {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds it can be used.
    expires_in: i64,
}

/// A token for somebody of the demo world.
#[utoipa::path(post, path = "/sandbox/tokens", tag = "sandbox", security(()), request_body = TokenBody,
    responses((status = 200, body = TokenView), (status = 422)))]
async fn token(State(sandbox): State<Sandbox>, Json(body): Json<TokenBody>) -> Result<Response, Problem> {
    let order = Order {
        person: &body.person,
        acting_for: body.acting_for.as_deref(),
        assurance: body.loa.unwrap_or(Assurance::Substantial),
        privately: body.identity == Some(Identity::Private),
    };
    let now = sandbox.service.security_now();
    let jti = sandbox.service.ambient().id();
    let access_token = sandbox.broker.token(&order, now, jti).ok_or_else(|| flawed("#/person"))?;
    Ok(Json(TokenView { access_token, token_type: "Bearer", expires_in: LIVES }).into_response())
}

/// What time it is in the demo world.
#[derive(Serialize, ToSchema)]
struct ClockView {
    /// Business time.
    #[schema(value_type = String, format = "date-time")]
    now: Instant,
}

/// What time it is in the demo world. Tokens and look-ups live by real time.
#[utoipa::path(get, path = "/sandbox/clock", tag = "sandbox", security(()), responses((status = 200, body = ClockView)))]
async fn clock(State(service): State<Service>) -> Result<Response, Problem> {
    let now = service.business_now().await.map_err(told)?;
    Ok(Json(ClockView { now }).into_response())
}

/// Where the clock is turned to: a moment, or so much later.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TurnBody {
    /// To this moment.
    Now(MomentField),
    /// By this much, such as `P30D`.
    Advance(PeriodField),
}

#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "date-time")]
struct MomentField(Instant);

#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
struct PeriodField(CalendarPeriod);

/// Turn the clock forward; it never goes back.
#[utoipa::path(post, path = "/sandbox/clock", tag = "sandbox", security(()), request_body = TurnBody,
    responses((status = 200, body = ClockView), (status = 409), (status = 422)))]
async fn turn_clock(State(service): State<Service>, Json(body): Json<TurnBody>) -> Result<Response, Problem> {
    let to = match body {
        TurnBody::Now(MomentField(moment)) => moment,
        TurnBody::Advance(PeriodField(period)) => {
            let now = service.business_now().await.map_err(told)?;
            let today = now.local_date();
            // The same time of day on the later day, as near as the clock change allows.
            now.plus_seconds(today.plus(period).start().seconds_since(today.start()))
        }
    };
    let now = service.turn_clock(to).await.map_err(told)?;
    Ok(Json(ClockView { now }).into_response())
}

/// What happens to somebody.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
enum HappenBody {
    /// They die.
    Death {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// When; today when not said.
        #[schema(value_type = Option<String>, format = "date")]
        on: Option<LocalDate>,
    },
    /// They are exempt from Digital Post and get letters, or no longer are.
    PostExempt {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// Whether they are; true when not said.
        exempt: Option<bool>,
        /// Since when; today when not said.
        #[schema(value_type = Option<String>, format = "date")]
        since: Option<LocalDate>,
    },
    /// They are given another CPR number.
    NumberChanged {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// The number: a replacement number that is nobody's.
        cpr: String,
    },
    /// They and somebody else turn out to be one, and go on as this one.
    PersonsMerged {
        /// Who goes on: somebody of `/sandbox/people`.
        person: String,
        /// Who is the same: somebody else of `/sandbox/people`.
        gone: String,
    },
    /// They were born on another day than was known.
    BirthdayCorrected {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// On which day.
        #[schema(value_type = String, format = "date")]
        born: LocalDate,
    },
    /// Others get custody of them, in place of whoever had it.
    Custody {
        /// A child of `/sandbox/people`.
        person: String,
        /// Who has custody of them; nobody where that is what is known.
        holders: Vec<HolderBody>,
        /// Since when; today when not said.
        #[schema(value_type = Option<String>, format = "date")]
        from: Option<LocalDate>,
    },
    /// Somebody becomes their guardian; something else holds of it; or it is over, where nobody is named.
    Guardianship {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// Who is guardian; nobody where it is over.
        #[serde(default)]
        guardians: Vec<String>,
        /// `guardianship` (section 5), `without_capacity` (6) or `co_guardianship` (7); the first when not said.
        #[schema(value_type = Option<String>)]
        form: Option<Form>,
        /// `economic`, `personal`; both when not said.
        #[schema(value_type = Option<Vec<String>>)]
        areas: Option<BTreeSet<Area>>,
        /// Since when; today when not said.
        #[schema(value_type = Option<String>, format = "date")]
        from: Option<LocalDate>,
        /// The last day, where one was decided.
        #[schema(value_type = Option<String>, format = "date")]
        until: Option<LocalDate>,
    },
    /// Their lasting power is registered; put in force; or over, where nobody is named.
    LastingPower {
        /// Somebody of `/sandbox/people`.
        person: String,
        /// Who would hold it, or holds it; nobody where it is over.
        #[serde(default)]
        attorneys: Vec<String>,
        /// Whether it is put in force; false when not said: it is registered and gives nothing yet.
        #[serde(default)]
        in_force: bool,
        /// `economic`, `personal`; both when not said.
        #[schema(value_type = Option<Vec<String>>)]
        areas: Option<BTreeSet<Area>>,
        /// Since when; today when not said.
        #[schema(value_type = Option<String>, format = "date")]
        from: Option<LocalDate>,
    },
}

impl HappenBody {
    fn person(&self) -> &str {
        match self {
            Self::Death { person, .. }
            | Self::PostExempt { person, .. }
            | Self::NumberChanged { person, .. }
            | Self::PersonsMerged { person, .. }
            | Self::BirthdayCorrected { person, .. }
            | Self::Custody { person, .. }
            | Self::Guardianship { person, .. }
            | Self::LastingPower { person, .. } => person,
        }
    }
}

/// Somebody who has custody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HolderBody {
    /// Somebody of `/sandbox/people`.
    person: String,
    /// Whether the child lives with them.
    lives_with: bool,
}

/// What happened.
#[derive(Serialize, ToSchema)]
struct HappenedView {
    /// To whom.
    person_id: uuid::Uuid,
}

/// Let something happen to somebody, as the register of persons would tell it.
#[utoipa::path(post, path = "/sandbox/events", tag = "sandbox", security(()), request_body = HappenBody,
    responses((status = 200, body = HappenedView), (status = 409), (status = 422)))]
async fn happen(State(sandbox): State<Sandbox>, Json(body): Json<HappenBody>) -> Result<Response, Problem> {
    let service = &sandbox.service;
    let person = citizen(&sandbox, body.person()).await?.ok_or_else(|| flawed("#/person"))?;
    let today = service.business_now().await.map_err(told)?.local_date();
    match body {
        HappenBody::Death { on, .. } => service.register_death(person, on.unwrap_or(today)).await,
        HappenBody::PostExempt { exempt, since, .. } => {
            service.register_post(person, exempt.unwrap_or(true), since.unwrap_or(today)).await
        }
        HappenBody::NumberChanged { cpr, .. } => {
            let number = cpr.parse::<Cpr>().ok().filter(Cpr::is_replacement);
            service.register_number(person, &number.ok_or_else(|| flawed("#/cpr"))?).await
        }
        HappenBody::PersonsMerged { gone, .. } => {
            let gone = citizen(&sandbox, &gone).await?.ok_or_else(|| flawed("#/gone"))?;
            service.register_merge(person, gone).await
        }
        HappenBody::BirthdayCorrected { born, .. } => service.register_birthday(person, born).await,
        HappenBody::Custody { holders, from, .. } => {
            let holders = named(&sandbox, &holders).await?;
            let source = Source::Register {};
            let new = NewCustody { child: person, holders, from, source };
            service.state_custody(&new).await.map(|_| ())
        }
        HappenBody::Guardianship { guardians, form, areas, from, until, .. } => {
            let holders = called(&sandbox, &guardians, "guardians").await?;
            let form = form.unwrap_or(Form::Guardianship);
            let areas = areas.unwrap_or_else(|| Area::ALL.into());
            powers::guardianship(service, person, NewCharge { form, areas, holders, from, until }).await
        }
        HappenBody::LastingPower { attorneys, in_force, areas, from, .. } => {
            let holders = called(&sandbox, &attorneys, "attorneys").await?;
            let areas = areas.unwrap_or_else(|| Area::ALL.into());
            let charge = NewCharge { form: Form::LastingPower, areas, holders, from, until: None };
            powers::lasting(service, person, charge, in_force).await
        }
    }
    .map_err(told)?;
    Ok(Json(HappenedView { person_id: person.as_uuid() }).into_response())
}

async fn named(sandbox: &Sandbox, holders: &[HolderBody]) -> Result<Vec<Holder>, Problem> {
    let mut named = Vec::with_capacity(holders.len());
    for (at, holder) in holders.iter().enumerate() {
        let person = citizen(sandbox, &holder.person).await?;
        let person = person.ok_or_else(|| flawed(&format!("#/holders/{at}/person")))?;
        named.push(Holder { person, lives_with: holder.lives_with });
    }
    Ok(named)
}

async fn called(sandbox: &Sandbox, keys: &[String], field: &str) -> Result<Vec<PersonRef>, Problem> {
    let mut called = Vec::with_capacity(keys.len());
    for (at, key) in keys.iter().enumerate() {
        let person = citizen(sandbox, key).await?;
        called.push(PersonRef::Id(person.ok_or_else(|| flawed(&format!("#/{field}/{at}")))?));
    }
    Ok(called)
}

/// Whom the sandbox calls so.
pub(crate) async fn citizen(sandbox: &Sandbox, key: &str) -> Result<Option<PersonId>, Problem> {
    let Some((issuer, login)) = login(&sandbox.broker, key) else { return Ok(None) };
    sandbox.service.person_by_login(&issuer, &login).await.map_err(told)
}

fn flawed(pointer: &str) -> Problem {
    Problem::from(Protocol::Unprocessable).with_error(Flaw::InvalidValue.at(pointer))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(crate) fn told(error: Error) -> Problem {
    refusal(&error, Audience::System)
}
