//! What follows from an event of a mandate: its own row, and the powers that rest on it.

use crate::{
    StoreError,
    column::json,
    engine::{Sql, Tx, Write, run},
    journal::signed,
    mandates::Columns,
};
use std::collections::BTreeMap;
use tillid_domain::{
    Instant,
    event::{Entity as _, Fact, Recorded},
    id::MandateId,
    mandate::Mandate,
    power::{Change, PowerEnd},
    text::PrivilegeUri,
};

/// Closes whatever was known of a mandate's powers.
const CLOSE_ALL: &str =
    "UPDATE power SET known_to = $2 WHERE source_id = $1 AND known_to IS NULL AND known_from < $2";
/// What goes on.
const CLOSE_LIVE: &str = "UPDATE power SET known_to = $2 WHERE source_id = $1 AND known_to IS NULL AND known_from < $2 AND ended IS NULL";
/// What reaches past an end, and what held last before it.
const CLOSE_LAST: &str = "UPDATE power SET known_to = $2 WHERE source_id = $1 AND known_to IS NULL AND known_from < $2 \
     AND (valid_to > $3 OR (COALESCE(ended, '') NOT IN ('withdrawn', 'withdrawn_at_once') AND valid_from = (SELECT MAX(last.valid_from) \
     FROM power last WHERE last.source_id = $1 AND last.known_to IS NULL AND last.valid_from < $3 \
     AND (last.valid_to > $3 OR COALESCE(last.ended, '') NOT IN ('withdrawn', 'withdrawn_at_once')))))";

impl Tx<Write> {
    pub(crate) async fn project_mandate(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let corrupt = || StoreError::Corrupt { table: "mandate", id: Some(event.aggregate) };
        let before = match event.fact {
            Fact::MandateGiven { .. } => None,
            _ => Some(self.mandate(MandateId::from_uuid(event.aggregate)).await?.ok_or_else(corrupt)?),
        };
        let is_new = before.is_none();
        let mandate = Mandate::replay(before, event).ok_or_else(corrupt)?;
        if is_new {
            self.insert_mandate(&mandate).await?;
        } else {
            self.update_mandate(&mandate).await?;
        }
        match Change::of(&mandate, &event.fact) {
            Change::Nothing => Ok(()),
            Change::Given(from) => self.give_powers(&mandate, from, false, event).await,
            Change::Together(from) => self.give_powers(&mandate, from, true, event).await,
            Change::Longer => {
                self.lengthen_powers(&mandate, event).await?;
                self.close_powers(&mandate, CLOSE_LIVE, None, event).await
            }
            Change::Withdrawn => self.withdraw_powers(&mandate, event).await,
            Change::Cut(at, why) => {
                self.cut_powers(&mandate, at, why, event).await?;
                self.close_powers(&mandate, CLOSE_LAST, Some(at), event).await
            }
            Change::Never => self.close_powers(&mandate, CLOSE_ALL, None, event).await,
        }
    }

    async fn insert_mandate(&mut self, mandate: &Mandate) -> Result<(), StoreError> {
        let columns = Columns::of(mandate);
        run!(self, sqlx::query(
            "INSERT INTO mandate (id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to, \
             presentation_id, given_at, state, route, awaits, under_id, passed_on_by, level, joint_id, bond, quorum, for_child) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
        )
        .bind(mandate.id.as_uuid())
        .bind(mandate.grantor.as_uuid())
        .bind(mandate.representative.as_uuid())
        .bind(json(&mandate.packages))
        .bind(json(&mandate.privileges))
        .bind(mandate.case.as_ref().map(|c| c.as_str().to_owned()))
        .bind(mandate.valid.from.as_micros())
        .bind(mandate.valid.to.as_micros())
        .bind(mandate.presentation.as_uuid())
        .bind(mandate.given_at.as_micros())
        .bind(columns.state)
        .bind((!mandate.route.is_digital()).then(|| json(&mandate.route)))
        .bind(columns.awaits)
        .bind(mandate.under.map(|under| under.mandate.as_uuid()))
        .bind(mandate.under.map(|under| under.by.as_uuid()))
        .bind(mandate.under.map(|under| i64::from(under.level)))
        .bind(mandate.joint.map(|joint| joint.id.as_uuid()))
        .bind(mandate.joint.map(|joint| joint.bond.code()))
        .bind(mandate.joint.map(|joint| i64::from(joint.quorum)))
        .bind(mandate.for_child.as_ref().map(json)))?;
        Ok(())
    }

    async fn update_mandate(&mut self, mandate: &Mandate) -> Result<(), StoreError> {
        let columns = Columns::of(mandate);
        run!(self, sqlx::query(
            "UPDATE mandate SET revision = $2, valid_from = $3, state = $4, ended_at = $5, cause = $6, effective_at = $7, pauses = $8, \
             awaits = $9, ground = $10, quiet = $11, valid_to = $12, renewals = $13, presentation_id = $14, for_child = $15, withdrawn = $16 \
             WHERE id = $1"
        )
        .bind(mandate.id.as_uuid())
        .bind(signed(mandate.revision))
        .bind(mandate.valid.from.as_micros())
        .bind(columns.state)
        .bind(columns.at)
        .bind(columns.cause)
        .bind(columns.effective_at)
        .bind((!mandate.pauses.is_empty()).then(|| json(&mandate.pauses)))
        .bind(columns.awaits)
        .bind(columns.ground)
        .bind(i64::from(columns.quiet))
        .bind(mandate.valid.to.as_micros())
        .bind((!mandate.renewals.is_empty()).then(|| json(&mandate.renewals)))
        .bind(mandate.presentation.as_uuid())
        .bind(mandate.for_child.as_ref().map(json))
        .bind((!mandate.withdrawn.is_empty()).then(|| json(&mandate.withdrawn))))?;
        Ok(())
    }

    /// Each of the privileges for as long as the mandate gives it. What nobody can use alone is there for no time at all, with why.
    async fn give_powers(
        &mut self,
        mandate: &Mandate,
        from: Instant,
        together: bool,
        event: &Recorded,
    ) -> Result<(), StoreError> {
        const POWERS: Sql = Sql {
            postgres: "INSERT INTO power (grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, \
                valid_from, valid_to, known_from, ended) SELECT $1, $2, q.privilege, $4, $5, $6, $7, $8, $9, $10, $11 \
                FROM json_array_elements_text($3::JSON) AS q(privilege)",
            sqlite: "INSERT INTO power (grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, \
                valid_from, valid_to, known_from, ended) SELECT $1, $2, q.value, $4, $5, $6, $7, $8, $9, $10, $11 FROM json_each($3) AS q",
        };
        let sql = self.sql(&POWERS);
        for ((to, withdrawn), privileges) in by_end(mandate) {
            if from >= to {
                continue;
            }
            let (to, ended) = if together {
                (from, Some(PowerEnd::Together))
            } else {
                (to, withdrawn.then_some(PowerEnd::Withdrawn))
            };
            run!(
                self,
                sqlx::query(sql)
                    .bind(mandate.grantor.as_uuid())
                    .bind(mandate.representative.as_uuid())
                    .bind(json(&privileges))
                    .bind(mandate.case.as_ref().map(|c| c.as_str().to_owned()))
                    .bind(mandate.basis().code())
                    .bind(event.aggregate)
                    .bind(signed(event.revision))
                    .bind(from.as_micros())
                    .bind(to.as_micros())
                    .bind(known_from(mandate, event))
                    .bind(ended.map(PowerEnd::code))
            )?;
        }
        Ok(())
    }

    /// What goes on and is withdrawn is said anew, with the end that it has by that.
    async fn withdraw_powers(&mut self, mandate: &Mandate, event: &Recorded) -> Result<(), StoreError> {
        macro_rules! shorter {
            ($privileges:literal) => {
                concat!(
                    "INSERT INTO power (grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, valid_from, \
                     valid_to, ended, known_from) SELECT grantor_id, representative_id, privilege, case_ref, basis, source_id, $4, \
                     valid_from, $2, $6, $3 FROM power WHERE source_id = $1 AND known_to IS NULL AND valid_from < $2 \
                     AND valid_to > $2 AND (ended IS NULL OR ended = 'withdrawn') AND privilege IN ",
                    $privileges
                )
            };
        }
        macro_rules! close {
            ($privileges:literal) => {
                concat!(
                    "UPDATE power SET known_to = $3 WHERE source_id = $1 AND known_to IS NULL AND known_from < $3 AND valid_to > $2 \
                     AND (ended IS NULL OR ended = 'withdrawn') AND privilege IN ",
                    $privileges
                )
            };
        }
        const SHORTER: Sql = Sql {
            postgres: shorter!("(SELECT json_array_elements_text($5::JSON))"),
            sqlite: shorter!("(SELECT value FROM json_each($5))"),
        };
        const CLOSE: Sql = Sql {
            postgres: close!("(SELECT json_array_elements_text($4::JSON))"),
            sqlite: close!("(SELECT value FROM json_each($4))"),
        };
        let (shorter, close) = (self.sql(&SHORTER), self.sql(&CLOSE));
        for ((to, withdrawn), privileges) in by_end(mandate) {
            if !withdrawn {
                continue;
            }
            let ended = PowerEnd::withdrawn(to, event.recorded_at);
            let (to, known, privileges) = (to.as_micros(), known_from(mandate, event), json(&privileges));
            run!(
                self,
                sqlx::query(shorter)
                    .bind(event.aggregate)
                    .bind(to)
                    .bind(known)
                    .bind(signed(event.revision))
                    .bind(privileges.as_str())
                    .bind(ended.code())
            )?;
            run!(
                self,
                sqlx::query(close).bind(event.aggregate).bind(to).bind(known).bind(privileges.as_str())
            )?;
        }
        Ok(())
    }

    /// What holds, with the new end.
    async fn lengthen_powers(&mut self, mandate: &Mandate, event: &Recorded) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO power (grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, valid_from, \
             valid_to, known_from) SELECT grantor_id, representative_id, privilege, case_ref, basis, source_id, $4, valid_from, $2, $3 \
             FROM power WHERE source_id = $1 AND known_to IS NULL AND ended IS NULL"
        )
        .bind(event.aggregate)
        .bind(mandate.valid.to.as_micros())
        .bind(known_from(mandate, event))
        .bind(signed(event.revision)))?;
        Ok(())
    }

    /// What had held last until that moment, with why there is nothing now.
    async fn cut_powers(
        &mut self,
        mandate: &Mandate,
        end: Instant,
        why: PowerEnd,
        event: &Recorded,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO power (grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, valid_from, \
             valid_to, ended, known_from) SELECT grantor_id, representative_id, privilege, case_ref, basis, source_id, $4, valid_from, \
             CASE WHEN valid_to > $2 THEN $2 ELSE valid_to END, $5, $3 FROM power WHERE source_id = $1 AND known_to IS NULL \
             AND (valid_to > $2 OR COALESCE(ended, '') NOT IN ('withdrawn', 'withdrawn_at_once')) \
             AND valid_from = (SELECT MAX(last.valid_from) FROM power last WHERE last.source_id = $1 AND last.known_to IS NULL \
             AND last.valid_from < $2 AND (last.valid_to > $2 OR COALESCE(last.ended, '') NOT IN ('withdrawn', 'withdrawn_at_once')))"
        )
        .bind(event.aggregate)
        .bind(end.as_micros())
        .bind(known_from(mandate, event))
        .bind(signed(event.revision))
        .bind(why.code()))?;
        Ok(())
    }

    /// Closes what was known before the event: all of it, or those rows.
    async fn close_powers(
        &mut self,
        mandate: &Mandate,
        sql: &'static str,
        end: Option<Instant>,
        event: &Recorded,
    ) -> Result<(), StoreError> {
        let known_from = known_from(mandate, event);
        match end {
            Some(end) => {
                run!(self, sqlx::query(sql).bind(event.aggregate).bind(known_from).bind(end.as_micros()))?
            }
            None => run!(self, sqlx::query(sql).bind(event.aggregate).bind(known_from))?,
        };
        Ok(())
    }
}

/// The privileges of a mandate by their ends, and by whether a withdrawn package gives them.
fn by_end(mandate: &Mandate) -> BTreeMap<(Instant, bool), Vec<&PrivilegeUri>> {
    let mut ends: BTreeMap<(Instant, bool), Vec<&PrivilegeUri>> = BTreeMap::new();
    for privilege in &mandate.privileges {
        let end = (mandate.gives_until(privilege), mandate.withdrawn_from(privilege).is_some());
        ends.entry(end).or_default().push(privilege);
    }
    ends
}

/// The grantor's version that the event makes.
fn known_from(mandate: &Mandate, event: &Recorded) -> i64 {
    event.subjects.iter().find(|s| s.person == mandate.grantor).map_or(0, |s| signed(s.version))
}
