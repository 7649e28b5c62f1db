//! What happens when something breaks: the process, the disk, the database, a key.

mod early;
mod kill;
mod ledger;
