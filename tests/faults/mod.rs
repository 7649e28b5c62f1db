//! What happens when something breaks: the process, the disk, the database, a key.

mod decisions;
mod early;
mod fsync;
mod history;
mod kill;
mod ledger;
mod load;
mod nodes;
mod outage;
pub(crate) mod rekey;
mod syscalls;

use crate::support::Tillid;

/// The last day of a mandate that is given today.
async fn in_a_year(tillid: &Tillid) -> String {
    let now = tillid.get("/sandbox/clock").send().await.expect(200).json();
    let now = now["now"].as_str().expect("a time").to_owned();
    let year: i32 = now[..4].parse().expect("a year");
    format!("{}-{}-01", year + 1, &now[5..7])
}
