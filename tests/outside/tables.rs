//! The database behind the service's back.

use crate::support::Tillid;
use std::collections::BTreeMap;
use tillid_testkit::Administrator;

/// What reading and being refused may add to: who looked, its events, and the log that takes them. And what follows a change some time
/// after: what people are told of it.
const GROWING: [&str; 15] = [
    "access_record",
    "external_record",
    "event",
    "event_body",
    "event_subject",
    "pending",
    "log_head",
    "log_entry",
    "log_tile",
    "log_checkpoint",
    "log_signature",
    "log_cosignature",
    "log_witness",
    "notice",
    "notice_cursor",
];

/// Every row of every table, as text; bytes in hexadecimal.
pub(crate) async fn dump(administrator: &mut Administrator) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in administrator.tables().await {
        let columns = administrator.columns(&table).await;
        let quoted: Vec<String> = columns
            .iter()
            .map(|c| match administrator {
                Administrator::Sqlite(_) => format!("quote({})", c.name),
                Administrator::Postgres(_) => format!("coalesce({}::text, '')", c.name),
            })
            .collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || '|' || "));
        all.insert(table, administrator.column(&sql).await);
    }
    all
}

/// Everything that only a change of a fact changes, and how many facts there are of each kind but the access records.
pub(crate) async fn facts(tillid: &Tillid) -> BTreeMap<String, Vec<String>> {
    let mut administrator = tillid.administrator().await;
    let mut all = dump(&mut administrator).await;
    let sql = "SELECT fact || ' ' || CAST(count(*) AS TEXT) FROM event WHERE fact <> 'access_recorded' GROUP BY fact ORDER BY fact";
    let kinds = administrator.column(sql).await;
    all.retain(|table, _| !GROWING.contains(&table.as_str()));
    // Each look at a person is an event that concerns them, and counts in their version.
    let people = "SELECT CAST(count(*) AS TEXT) FROM person";
    all.insert("person".to_owned(), administrator.column(people).await);
    all.insert("facts".to_owned(), kinds);
    all
}
