//! The list of an authority's consents, in parts.

use crate::{
    StoreError,
    column::code_of,
    consents::{ConsentRow, consent_columns},
    engine::{Tx, on},
};
use sqlx::AssertSqlSafe;
use std::fmt::Write as _;
use tillid_domain::{
    Cvr, Instant,
    consent::{Consent, ConsentStanding},
    listing::{ConsentFilter, ConsentPlace},
};
use uuid::Uuid;

/// A part of the list of an authority's consents.
#[derive(Clone, Copy, Debug)]
pub struct ConsentPart<'a> {
    /// Whose.
    pub authority: Cvr,
    /// Which.
    pub filter: &'a ConsentFilter,
    /// At which moment.
    pub now: Instant,
    /// After that place; from the beginning without one.
    pub after: Option<ConsentPlace>,
    /// Before the place instead, the nearest first.
    pub back: bool,
    /// How many at most.
    pub limit: u32,
}

/// What stands for a question mark in a statement.
enum Value {
    Id(Uuid),
    Text(String),
    Number(i64),
}

/// A statement with no condition but those that are asked: what is left open would hide from the database how few rows the others leave.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    /// The condition, with the values of its question marks in their order.
    fn and<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        self.sql.push_str(" AND ");
        let mut values = values.into_iter();
        for part in condition.split_inclusive('?') {
            match (part.strip_suffix('?'), values.next()) {
                (Some(before), Some(value)) => {
                    self.values.push(value);
                    // Writing to a text cannot fail.
                    let _ = write!(self.sql, "{before}${}", self.values.len());
                }
                _ => self.sql.push_str(part),
            }
        }
    }

    fn and_text(&mut self, condition: &str, text: Option<String>) {
        if let Some(text) = text {
            self.and(condition, [Value::Text(text)]);
        }
    }
}

impl ConsentPart<'_> {
    fn statement(&self) -> Statement {
        let sql = consent_columns!("WHERE authority = $1").to_owned();
        let mut statement = Statement { sql, values: vec![Value::Text(self.authority.to_string())] };
        let filter = self.filter;
        statement.and_text("case_ref = ?", filter.case.as_ref().map(ToString::to_string));
        statement.and_text("code = ?", filter.consent_type.as_ref().map(ToString::to_string));
        statement.and_text("polarity = ?", filter.polarity.as_ref().map(code_of));
        statement.and_text("channel = ?", filter.channel.as_ref().map(code_of));
        self.stands(&mut statement);
        let order =
            if filter.is_by_end() { self.by_end(&mut statement) } else { self.newest(&mut statement) };
        statement.values.push(Value::Number(i64::from(self.limit)));
        let _ = write!(statement.sql, " ORDER BY {order} LIMIT ${}", statement.values.len());
        statement
    }

    /// Where it stands: what has been recorded, and where the moment lies in its times.
    fn stands(&self, statement: &mut Statement) {
        let now = || Value::Number(self.now.as_micros());
        let state = match self.filter.standing {
            None => return,
            Some(ConsentStanding::Active | ConsentStanding::Planned | ConsentStanding::Expired) => "given",
            Some(ConsentStanding::Declined) => "declined",
            Some(ConsentStanding::Withdrawn) => "withdrawn",
            Some(ConsentStanding::Lapsed) => "lapsed",
            Some(ConsentStanding::Annulled) => "annulled",
        };
        statement.and("state = ?", [Value::Text(state.to_owned())]);
        match self.filter.standing {
            Some(ConsentStanding::Active) => {
                statement.and("valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)", [now(), now()]);
            }
            Some(ConsentStanding::Planned) => statement.and("valid_from > ?", [now()]),
            Some(ConsentStanding::Expired) => {
                statement.and("valid_from <= ? AND valid_to <= ?", [now(), now()]);
            }
            _ => {}
        }
    }

    fn newest(&self, statement: &mut Statement) -> &'static str {
        if let Some(ConsentPlace::Newest(id)) = self.after {
            let condition = if self.back { "id > ?" } else { "id < ?" };
            statement.and(condition, [Value::Id(id.as_uuid())]);
        }
        if self.back { "id" } else { "id DESC" }
    }

    /// A place within the range takes the side of it that it comes after.
    fn by_end(&self, statement: &mut Statement) -> &'static str {
        let ends = self.filter.ends();
        let (after, by) = (ends.after.as_micros(), ends.by.as_micros());
        statement.and("state = 'given'", []);
        let place = match self.after {
            Some(ConsentPlace::Ending(end, id)) => Some((end.as_micros(), id.as_uuid())),
            _ => None,
        };
        let place = place.filter(|(end, _)| after < *end && *end <= by);
        match place {
            Some((end, id)) if self.back => {
                statement.and("(valid_to, id) < (?, ?)", [Value::Number(end), Value::Id(id)]);
                statement.and("valid_to > ?", [Value::Number(after)]);
            }
            Some((end, id)) => {
                statement.and("(valid_to, id) > (?, ?)", [Value::Number(end), Value::Id(id)]);
                statement.and("valid_to <= ?", [Value::Number(by)]);
            }
            None => {
                statement.and("valid_to > ? AND valid_to <= ?", [Value::Number(after), Value::Number(by)]);
            }
        }
        if self.back { "valid_to DESC, id DESC" } else { "valid_to, id" }
    }
}

impl<Mode> Tx<Mode> {
    /// The next consents of an authority's list, in its order; before a place, in the opposite one.
    pub async fn consents_towards(&mut self, part: &ConsentPart<'_>) -> Result<Vec<Consent>, StoreError> {
        let Statement { sql, values } = part.statement();
        let rows: Vec<ConsentRow> = on!(self, |conn| {
            // Made of nothing but the words above.
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for value in values {
                query = match value {
                    Value::Id(id) => query.bind(id),
                    Value::Text(text) => query.bind(text),
                    Value::Number(number) => query.bind(number),
                };
            }
            query.fetch_all(conn).await
        })?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
