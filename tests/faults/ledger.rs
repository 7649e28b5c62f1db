//! What the service has promised to its callers, held against what its database has.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tillid_testkit::{Administrator, Engine};

/// The tables whose rows are promised one by one.
const TABLES: [&str; 4] = ["presentation", "mandate", "consent_request", "consent"];

/// What a change that was acknowledged promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// A presentation.
    Shown,
    /// A mandate that can be used.
    Given,
    /// A mandate that can no longer be used.
    Revoked,
    /// A mandate that the representative gave up.
    Renounced,
    /// A request for consent.
    Asked,
    /// The consents of one answer; the path names the request.
    Answered,
    /// A consent that is no longer given.
    Withdrawn,
}

/// Every promise, and the state that it must be found in.
#[derive(Default, Clone)]
pub(crate) struct Ledger {
    rows: BTreeMap<(&'static str, String), String>,
    /// Grantor and representative of each mandate.
    parties: BTreeMap<String, (Value, Value)>,
    lookups: BTreeSet<String>,
    /// Look-ups whose outcome nobody knows: each may have left a record.
    pub(crate) unknown_lookups: usize,
}

impl Ledger {
    /// Books an answer. What an answer names is what the service has promised to remember.
    pub(crate) fn book(&mut self, effect: Effect, path: &str, answer: &Value) {
        let mut row = |table, id: &Value, state: &str| {
            self.rows.insert((table, plain(id.as_str().expect("an id"))), state.to_owned());
        };
        if effect == Effect::Given {
            let parties = (answer["grantor_id"].clone(), answer["representative_id"].clone());
            self.parties.insert(plain(answer["id"].as_str().expect("an id")), parties);
        }
        match effect {
            Effect::Shown => row("presentation", &answer["id"], "shown"),
            Effect::Given => row("mandate", &answer["id"], "given"),
            Effect::Revoked => row("mandate", &answer["id"], "revoked"),
            Effect::Renounced => row("mandate", &answer["id"], "renounced"),
            Effect::Asked => row("consent_request", &answer["id"], "open"),
            Effect::Withdrawn => row("consent", &answer["id"], "withdrawn"),
            Effect::Answered => {
                let request = path.split('/').nth(3).expect("the request of the path");
                row("consent_request", &Value::from(request), "answered");
                for consent in answer["consents"].as_array().expect("consents") {
                    let state = if consent["state"] == "declined" { "declined" } else { "given" };
                    row("consent", &consent["id"], state);
                }
            }
        }
    }

    /// Books a look-up that was answered: it must stand in the person's log.
    pub(crate) fn book_lookup(&mut self, answer: &Value) {
        self.lookups.insert(plain(answer["lookup_id"].as_str().expect("an id")));
    }

    /// Forgets one mandate, as if nobody had been told of it.
    pub(crate) fn forget_a_mandate(&mut self) {
        let mandate = self.rows.keys().find(|(table, _)| *table == "mandate").expect("a mandate").clone();
        self.rows.remove(&mandate);
    }

    /// How many rows are promised.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() + self.lookups.len()
    }

    /// Whether a mandate between the two is promised to be usable.
    pub(crate) fn may_act(&self, grantor: &Value, representative: &Value) -> bool {
        self.rows.iter().any(|((table, id), state)| {
            *table == "mandate"
                && state == "given"
                && self.parties.get(id).is_some_and(|(g, r)| g == grantor && r == representative)
        })
    }

    /// Everything that is not as promised: what is lost, what is in another state, what is there and nobody was told.
    pub(crate) async fn faults(&self, engine: Engine, database: &mut Administrator) -> Vec<String> {
        let id = if engine == Engine::Sqlite { "lower(hex(id))" } else { "CAST(id AS TEXT)" };
        let mut faults = Vec::new();
        let mut found = BTreeMap::new();
        for table in TABLES {
            let state = if table == "presentation" { "'shown'" } else { "state" };
            for row in database.rows(&format!("SELECT {id}, {state} FROM {table}")).await {
                let text = |at: usize| row[at].clone().expect("a text");
                found.insert((table, plain(&text(0))), text(1));
            }
        }
        for ((table, id), promised) in &self.rows {
            match found.get(&(*table, id.clone())) {
                Some(state) if state == promised => {}
                Some(state) => faults.push(format!("lost: {table} {id} was {promised} and is {state}")),
                None => faults.push(format!("lost: {table} {id} was {promised} and is not there")),
            }
        }
        let unpromised = found.keys().filter(|key| !self.rows.contains_key(*key));
        faults.extend(
            unpromised.map(|(table, id)| format!("doubled: {table} {id} is there and nobody was told")),
        );

        let records = database.column(&format!("SELECT {id} FROM access_record WHERE act = 'look_up'")).await;
        let records: BTreeSet<String> = records.iter().map(|id| plain(id)).collect();
        faults
            .extend(self.lookups.difference(&records).map(|id| format!("lost: look-up {id} has no record")));
        let more = records.difference(&self.lookups).count();
        if more > self.unknown_lookups {
            faults.push(format!(
                "doubled: {more} look-ups more than were answered, {} unknown",
                self.unknown_lookups
            ));
        }
        faults
    }
}

/// An id as both engines can write it.
fn plain(id: &str) -> String {
    id.replace('-', "")
}
