//! Values as columns keep them, and back. A column that breaks a rule of the domain is a corrupt row.

use crate::StoreError;
use serde::{Serialize, de::DeserializeOwned};
use std::str::FromStr;
use tillid_domain::{
    Instant, basis::Basis, canonical, catalogue::Channel, consent::ConsentState, event::EndCause,
    power::PowerEnd, terms::Terms,
};
use uuid::Uuid;

/// The canonical JSON of a list or structure.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8(canonical(value)).unwrap_or_default()
}

/// The terms, where they are less than the type.
pub(crate) fn terms(terms: &Terms) -> Option<String> {
    (!terms.is_whole()).then(|| json(terms))
}

/// The code of a value whose JSON form is a string.
pub(crate) fn code_of<T: Serialize>(value: &T) -> String {
    json(value).trim_matches('"').to_owned()
}

/// The row that is being read, to say which one is corrupt.
#[derive(Clone, Copy)]
pub(crate) struct RowRef {
    pub(crate) table: &'static str,
    pub(crate) id: Uuid,
}

impl RowRef {
    pub(crate) fn corrupt(self) -> StoreError {
        StoreError::Corrupt { table: self.table, id: Some(self.id) }
    }

    pub(crate) fn text<T: FromStr>(self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|_| self.corrupt())
    }

    pub(crate) fn text_opt<T: FromStr>(self, text: Option<&str>) -> Result<Option<T>, StoreError> {
        text.map(|t| self.text(t)).transpose()
    }

    /// Reads canonical JSON; another spelling of the same value is corrupt too.
    pub(crate) fn json<T: Serialize + DeserializeOwned>(self, text: &str) -> Result<T, StoreError> {
        let read: T = serde_json::from_str(text).map_err(|_| self.corrupt())?;
        if json(&read) == text { Ok(read) } else { Err(self.corrupt()) }
    }

    pub(crate) fn code<T: DeserializeOwned>(self, code: &str) -> Result<T, StoreError> {
        serde_json::from_value(serde_json::Value::String(code.to_owned())).map_err(|_| self.corrupt())
    }

    pub(crate) fn code_opt<T: DeserializeOwned>(self, code: Option<&str>) -> Result<Option<T>, StoreError> {
        code.map(|c| self.code(c)).transpose()
    }

    /// Why and since when something lapsed: both or neither.
    pub(crate) fn lapse(
        self,
        cause: Option<&str>,
        at: Option<i64>,
    ) -> Result<Option<(EndCause, Instant)>, StoreError> {
        match (cause, at) {
            (None, None) => Ok(None),
            (Some(cause), Some(at)) => Ok(Some((self.code(cause)?, instant(at)))),
            _ => Err(self.corrupt()),
        }
    }

    /// What a power rests on.
    pub(crate) fn basis(self, code: &str) -> Result<Basis, StoreError> {
        Basis::of_code(code).ok_or_else(|| self.corrupt())
    }

    /// Why a power stopped early.
    pub(crate) fn power_end(self, code: Option<&str>) -> Result<Option<PowerEnd>, StoreError> {
        code.map(|code| PowerEnd::of_code(code).ok_or_else(|| self.corrupt())).transpose()
    }

    /// What has been recorded of a consent.
    pub(crate) fn consent_state(self, end: &ConsentEnd<'_>) -> Result<ConsentState, StoreError> {
        let ConsentEnd { state, at, cause, effective_at, through } = end;
        match (*state, at.map(instant), *cause, effective_at.map(instant), *through) {
            ("given", None, None, None, None) => Ok(ConsentState::Given),
            ("declined", None, None, None, None) => Ok(ConsentState::Declined),
            ("withdrawn", Some(at), None, None, through) => {
                let channel = self.code_opt(through)?.unwrap_or(Channel::Digital);
                Ok(ConsentState::Withdrawn { at, channel })
            }
            ("lapsed", Some(at), Some(cause), Some(effective_at), None) => {
                Ok(ConsentState::Lapsed { at, effective_at, cause: self.code(cause)? })
            }
            ("annulled", Some(at), Some(ground), None, None) => {
                Ok(ConsentState::Annulled { at, ground: self.code(ground)? })
            }
            _ => Err(self.corrupt()),
        }
    }

    /// Within what; nothing stands where it is all of the type.
    pub(crate) fn terms(self, text: Option<&str>) -> Result<Terms, StoreError> {
        let Some(text) = text else { return Ok(Terms::default()) };
        let terms: Terms = self.json(text)?;
        if terms.is_whole() { Err(self.corrupt()) } else { Ok(terms) }
    }

    pub(crate) fn number<T: TryFrom<i64>>(self, number: i64) -> Result<T, StoreError> {
        number.try_into().map_err(|_| self.corrupt())
    }
}

/// The columns that tell how a consent ended.
pub(crate) struct ConsentEnd<'a> {
    pub(crate) state: &'a str,
    pub(crate) at: Option<i64>,
    pub(crate) cause: Option<&'a str>,
    pub(crate) effective_at: Option<i64>,
    pub(crate) through: Option<&'a str>,
}

pub(crate) fn instant(micros: i64) -> Instant {
    Instant::from_micros(micros)
}
