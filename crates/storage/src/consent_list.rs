//! The list of an authority's consents, in parts.

use crate::{
    StoreError,
    column::code_of,
    consents::{ConsentRow, consent_columns},
    engine::{Tx, on},
};
use sqlx::AssertSqlSafe;
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

/// Every filter and both sides of each range; an empty text and the widest range leave everything in. The conditions that find an index
/// stand before them.
const FILTERS: &str = "($4 = '' OR code = $4) AND ($5 = '' OR state = $5) AND ($6 = '' OR polarity = $6) AND ($7 = '' OR case_ref = $7) \
     AND ($8 = '' OR channel = $8) AND valid_from > $9 AND valid_from <= $10";

/// The range of the ends, where it is not the order of the list.
const ENDS: &str =
    "COALESCE(valid_to, 9223372036854775807) > $11 AND COALESCE(valid_to, 9223372036854775807) <= $12";

/// The values of the ranges.
struct Ranges {
    /// Begun after, begun by.
    begun: (i64, i64),
    /// Ending after, ending by.
    ends: (i64, i64),
}

impl ConsentPart<'_> {
    /// What has been recorded, where the filter is for it alone.
    fn state(&self) -> &'static str {
        match self.filter.standing {
            Some(ConsentStanding::Active | ConsentStanding::Planned | ConsentStanding::Expired) => "given",
            Some(ConsentStanding::Declined) => "declined",
            Some(ConsentStanding::Withdrawn) => "withdrawn",
            Some(ConsentStanding::Lapsed) => "lapsed",
            Some(ConsentStanding::Annulled) => "annulled",
            None if self.filter.is_by_end() => "given",
            None => "",
        }
    }

    /// Where something stands that nobody ended lies in its times.
    fn ranges(&self) -> Ranges {
        let now = self.now.as_micros();
        let mut ranges = Ranges { begun: (i64::MIN, i64::MAX), ends: (i64::MIN, i64::MAX) };
        match self.filter.standing {
            Some(ConsentStanding::Active) => (ranges.begun.1, ranges.ends.0) = (now, now),
            Some(ConsentStanding::Planned) => ranges.begun.0 = now,
            Some(ConsentStanding::Expired) => (ranges.begun.1, ranges.ends.1) = (now, now),
            _ => {}
        }
        if self.filter.is_by_end() {
            let ends = self.filter.ends();
            ranges.ends.0 = ranges.ends.0.max(ends.after.as_micros());
            ranges.ends.1 = ranges.ends.1.min(ends.by.as_micros());
        }
        ranges
    }

    /// The statement: by the filter that leaves the fewest, in the order of an index that begins with it.
    fn sql(&self) -> String {
        let by_end = self.filter.is_by_end();
        let lead = if by_end {
            "state = 'given'"
        } else if self.filter.case.is_some() {
            "case_ref = $7"
        } else if self.filter.consent_type.is_some() {
            "code = $4"
        } else if self.state().is_empty() {
            "$5 = ''"
        } else {
            "state = $5"
        };
        let (place, order) = match (by_end, self.back) {
            (false, false) => (format!("id < $2 AND {ENDS}"), "id DESC"),
            (false, true) => (format!("id > $2 AND {ENDS}"), "id"),
            (true, false) => ("(valid_to, id) > ($11, $2) AND valid_to <= $12".to_owned(), "valid_to, id"),
            (true, true) => {
                ("valid_to > $11 AND (valid_to, id) < ($12, $2)".to_owned(), "valid_to DESC, id DESC")
            }
        };
        let from = consent_columns!("WHERE authority = $1 AND ");
        format!("{from}{lead} AND {place} AND {FILTERS} ORDER BY {order} LIMIT $3")
    }

    /// The id of the place; what ends is looked for from its end on.
    fn place(&self, ranges: &mut Ranges) -> Uuid {
        let (lowest, highest) = (Uuid::nil(), Uuid::max());
        match (self.after, self.filter.is_by_end()) {
            (Some(ConsentPlace::Newest(id)), false) => id.as_uuid(),
            (_, false) => {
                if self.back {
                    lowest
                } else {
                    highest
                }
            }
            (Some(ConsentPlace::Ending(end, id)), true) => {
                let (end, edge) =
                    (end.as_micros(), if self.back { &mut ranges.ends.1 } else { &mut ranges.ends.0 });
                // A place outside the range is where the range begins.
                let outside = if self.back { end > *edge } else { end <= *edge };
                if outside {
                    highest
                } else {
                    *edge = end;
                    id.as_uuid()
                }
            }
            (_, true) => highest,
        }
    }
}

impl<Mode> Tx<Mode> {
    /// The next consents of an authority's list, in its order; before a place, in the opposite one.
    pub async fn consents_towards(&mut self, part: &ConsentPart<'_>) -> Result<Vec<Consent>, StoreError> {
        let filter = part.filter;
        let mut ranges = part.ranges();
        let place = part.place(&mut ranges);
        // Made of nothing but the words above.
        let sql = AssertSqlSafe(part.sql());
        let rows: Vec<ConsentRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(part.authority.to_string())
            .bind(place)
            .bind(i64::from(part.limit))
            .bind(filter.consent_type.as_ref().map(ToString::to_string).unwrap_or_default())
            .bind(part.state())
            .bind(filter.polarity.as_ref().map(code_of).unwrap_or_default())
            .bind(filter.case.as_ref().map(ToString::to_string).unwrap_or_default())
            .bind(filter.channel.as_ref().map(code_of).unwrap_or_default())
            .bind(ranges.begun.0)
            .bind(ranges.begun.1)
            .bind(ranges.ends.0)
            .bind(ranges.ends.1)
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
