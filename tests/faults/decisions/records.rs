//! What the database has, against what somebody was told (R1, house rule 2): each answer has its record, with the same answer in it; each
//! acknowledged change is there.

use super::{
    callers::{Answer, Scene, id},
    history::{Seen, What},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use tillid_testkit::Administrator;
use uuid::Uuid;

/// The records of decisions, and the mandates, as the database has them.
pub(crate) struct Database {
    /// The mandates that each recorded decision rested on.
    records: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// The mandate of each presentation, and its state.
    mandates: BTreeMap<Uuid, (Uuid, String)>,
}

impl Database {
    pub(crate) async fn read(administrator: &mut Administrator) -> Self {
        let text = |column: &str| match administrator {
            Administrator::Sqlite(_) => format!("lower(hex({column}))"),
            Administrator::Postgres(_) => format!("CAST({column} AS TEXT)"),
        };
        let (record, mandate, presentation) = (text("id"), text("id"), text("presentation_id"));
        let decisions = format!("SELECT {record}, decision FROM access_record WHERE decision IS NOT NULL");
        let mandates = format!("SELECT {presentation}, {mandate}, state FROM mandate");
        let cell = |row: &[Option<String>], at: usize| row[at].clone().expect("a text");
        let uuid = |text: String| text.parse::<Uuid>().expect("an id");
        let rows = administrator.rows(&decisions).await;
        let records = rows.iter().map(|row| (uuid(cell(row, 0)), rests_on(&cell(row, 1)))).collect();
        let rows = administrator.rows(&mandates).await;
        let mandates =
            rows.iter().map(|row| (uuid(cell(row, 0)), (uuid(cell(row, 1)), cell(row, 2)))).collect();
        Self { records, mandates }
    }

    /// The mandate that was given on the strength of a presentation.
    pub(crate) fn given_on(&self, presentation: Uuid) -> Option<Uuid> {
        self.mandates.get(&presentation).map(|(mandate, _)| *mandate)
    }

    /// As if one record had been lost.
    pub(crate) fn forget_a_record(&mut self, answers: &[Answer]) {
        self.records.remove(&answers.first().expect("an answer").id);
    }

    /// As if one acknowledged revocation had been lost.
    pub(crate) fn forget_a_revocation(&mut self) {
        let revoked = self.mandates.values_mut().find(|(_, state)| state == "revoked");
        "given".clone_into(&mut revoked.expect("a revocation").1);
    }

    /// Everything that is not as somebody was told.
    pub(crate) fn faults(&self, scene: &Scene, history: &[Seen]) -> Vec<String> {
        let mut faults = self.unrecorded(&scene.answers(), scene.unanswered.load(Ordering::SeqCst));
        let states: BTreeMap<Uuid, &str> =
            self.mandates.values().map(|(mandate, state)| (*mandate, state.as_str())).collect();
        let mut maybe = BTreeSet::new();
        let (mut given, mut revoked) = (BTreeSet::new(), BTreeSet::new());
        for seen in history {
            match seen.what {
                What::Given(mandate) => given.insert(mandate),
                What::Revoked(mandate) | What::Over(mandate) => revoked.insert(mandate),
                What::MaybeRevoked(mandate) => maybe.insert(mandate),
                What::Asked(_) => continue,
            };
        }
        for mandate in &given {
            match (states.get(mandate), revoked.contains(mandate)) {
                (Some(&"revoked"), true) | (Some(&"given"), false) => {}
                (Some(&"revoked"), false) if maybe.contains(mandate) => {}
                (state, _) => faults.push(format!("lost: mandate {mandate} is {state:?}")),
            }
        }
        let unasked = states.keys().filter(|mandate| !given.contains(*mandate));
        faults.extend(unasked.map(|mandate| format!("doubled: nobody gave mandate {mandate}")));
        faults
    }

    fn unrecorded(&self, answers: &[Answer], unanswered: usize) -> Vec<String> {
        let mut faults = Vec::new();
        for answer in answers {
            match self.records.get(&answer.id) {
                Some(holding) if *holding == answer.holding => {}
                Some(holding) => faults.push(format!("the record of {} says {holding:?}", answer.id)),
                None => faults.push(format!("no record of the answer {}", answer.id)),
            }
        }
        let more = self.records.len().saturating_sub(answers.len());
        if more > unanswered {
            faults.push(format!("{more} records more than answers, of {unanswered} questions without one"));
        }
        faults
    }
}

/// What the decision in a record rests on.
fn rests_on(decision: &str) -> BTreeSet<Uuid> {
    let decision: Value = serde_json::from_str(decision).expect("a decision");
    let none = Vec::new();
    let basis = decision["basis"].as_array().unwrap_or(&none);
    let holding: BTreeSet<Uuid> = basis.iter().map(|ground| id(&ground["id"])).collect();
    assert_eq!(decision["decision"], !holding.is_empty(), "{decision}");
    holding
}

/// The answers about a grantor that they do not see in their own log.
pub(crate) async fn unseen_by(scene: &Scene, pair: usize) -> usize {
    let (grantor, token) = scene.grantor(pair);
    let mut shown = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = scene.nodes.get(0, &format!("/v1/access-log?limit=100{cursor}"), token).await;
        shown.extend(page["items"].as_array().expect("items").iter().map(|look| id(&look["id"])));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let theirs = scene.answers().into_iter().filter(|answer| scene.grantor(answer.pair).0 == grantor);
    theirs.filter(|answer| !shown.contains(&answer.id)).count()
}
