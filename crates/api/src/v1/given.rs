//! `/v1/consents` as an authority lists them: filters and a cursor, for a stated purpose.

use crate::{
    bodies::{Part, PastPart},
    view::{ConsentView, PastPageView, Reader, directory},
};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, de::Error as _};
use tillid_domain::{
    Instant, LocalDate,
    actor::Purpose,
    catalogue::{Channel, Polarity},
    consent::ConsentStanding,
    listing::{ConsentFilter, ConsentPlace},
    text::{CaseRef, Code},
};
use tillid_edge::{Caller, Cursor, Gate, Json, Problem, Protocol};
use tillid_service::{ListPart as Place, NewListing};
use utoipa::IntoParams;

/// Which consents, and which part of their list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListPart {
    /// How many, 1 to 200; 50 when not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next` of the part before.
    cursor: Option<String>,
    /// Where things stood at that moment; when not said, that of `known_at`, or now. Not for an authority's list.
    #[param(value_type = Option<String>, format = "date-time")]
    valid_at: Option<Instant>,
    /// As known then: a time, or how many entries the log had; now when not said. Not for an authority's list.
    known_at: Option<String>,
    /// What an authority's list is for: `consent_follow_up` or `supervision`; with a `case`, also `case_processing` or `automated_step`.
    #[param(value_type = Option<String>)]
    purpose: Option<Purpose>,
    /// Of that type, whichever version.
    #[param(value_type = Option<String>)]
    consent_type: Option<Code>,
    /// That stand so now: `active`, `planned`, `declined`, `withdrawn`, `lapsed`, `expired` or `annulled`.
    #[param(value_type = Option<String>)]
    #[serde(default, deserialize_with = "standing")]
    state: Option<ConsentStanding>,
    /// `consent` permits, `opt_out` forbids.
    #[param(value_type = Option<String>)]
    polarity: Option<Polarity>,
    /// For that case.
    #[param(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// `digital`, `paper`, `oral` or `imported`.
    #[param(value_type = Option<String>)]
    channel: Option<Channel>,
    /// What nobody ended and holds no longer than its time: with a last day from this one on, what ends first coming first.
    #[param(value_type = Option<String>, format = "date")]
    ends_from: Option<LocalDate>,
    /// Likewise up to this last day.
    #[param(value_type = Option<String>, format = "date")]
    ends_to: Option<LocalDate>,
}

fn standing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ConsentStanding>, D::Error> {
    let code = String::deserialize(deserializer)?;
    ConsentStanding::from_code(&code).map(Some).ok_or_else(|| D::Error::custom("not a state"))
}

/// Whose consents are asked for.
pub(super) enum Asked {
    /// One person's.
    Persons(PastPart),
    /// Those that were given to the caller's authority.
    Authoritys(NewListing, Part),
}

impl ListPart {
    /// What is asked for. What has no meaning together is refused: a list of many is no look at one.
    pub(super) fn read(self, has_lookup: bool) -> Result<Asked, Problem> {
        let part = Part::of(self.limit, self.cursor);
        let filter = ConsentFilter {
            consent_type: self.consent_type,
            standing: self.state,
            polarity: self.polarity,
            case: self.case,
            channel: self.channel,
            ends_from: self.ends_from,
            ends_to: self.ends_to,
        };
        let is_past = self.valid_at.is_some() || self.known_at.is_some();
        match self.purpose {
            Some(_) if has_lookup || is_past => Err(Protocol::InvalidQuery.into()),
            Some(purpose) => Ok(Asked::Authoritys(NewListing { purpose, filter }, part)),
            None if filter != ConsentFilter::default() => Err(Protocol::InvalidQuery.into()),
            None => Ok(Asked::Persons(PastPart::of(part, self.valid_at, self.known_at))),
        }
    }
}

/// What the cursors of a list are bound to: all of it but the part.
fn name(new: &NewListing) -> String {
    let said: Vec<String> = new.filter.said().iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("given-consents {} {}", new.purpose.code(), said.join("&"))
}

/// A part of what was given to the caller's authority.
pub(super) async fn list(
    gate: &Gate,
    caller: &Caller,
    new: &NewListing,
    part: &Part,
) -> Result<Response, Problem> {
    let (list, limit) = (name(new), part.limit()?);
    let from = match part.keys(&list)? {
        None => Place::First,
        Some(keys) => {
            let place = ConsentPlace::from_keys(&keys).filter(|place| new.filter.orders(*place));
            Place::After(place.ok_or(Protocol::InvalidCursor)?)
        }
    };
    gate.allowances.look_up(caller.actor(), gate.service.security_now())?;
    let listed = gate.service.list_given_consents(&caller.read(), new, from, limit).await;
    let listed = listed.map_err(|e| caller.problem(&e))?;
    let reader = Reader::from(caller.actor());
    let view =
        |one: tillid_service::ListedConsent| ConsentView::new(one.typed, reader, directory(&gate.service));
    let next = listed.after.map(|after| Cursor::encode(&list, &after.keys()));
    Ok(Json(PastPageView { items: listed.items.into_iter().map(view).collect(), next, as_of: None })
        .into_response())
}
