//! The only crate with SQL in it.
//!
//! A [`Tx<Write>`] changes facts, and its [`Tx::commit`] wants the events: the tables follow from them, in the same
//! transaction. When a commit returns, it is durable (`synchronous = FULL`, `synchronous_commit = on`). A [`Tx<Read>`]
//! sees one snapshot taken after it began. [`Tx<Upkeep>`] writes the operational tables and no fact.
//!
//! The SQL is written once; `on!` types one body for each engine. Rows are private structs of primitives, and the only
//! door from a row to the domain is a conversion that refuses what breaks its rules.

mod access;
mod audit;
mod catalogue;
mod clients;
mod column;
mod consent_list;
mod consents;
mod custody;
mod decide;
mod disk;
mod documents;
mod engine;
mod erasure;
mod error;
mod external;
mod external_records;
mod external_writes;
mod facts;
mod held;
mod history;
mod journal;
mod known;
mod log;
mod mandate_requests;
mod mandates;
mod notices;
mod organisations;
mod persons;
mod project;
mod project_mandates;
mod roles;
mod sessions;
mod statutory;
mod tasks;
mod upkeep;
mod uses;
mod vault;
mod withdrawals;

pub use access::Looks;
pub use audit::{Audit, CheckpointRow, Fault, Finding, LoggedEvent, SignatureRow};
pub use clients::ClientRights;
pub use consent_list::ConsentPart;
pub use decide::{ActingKey, ConsentKey, Looked};
pub use engine::{Address, Read, Store, Tx, Upkeep, Write};
pub use erasure::LookTrace;
pub use error::StoreError;
pub use held::HeldPower;
pub use journal::Opened;
pub use known::KnownAt;
pub use log::{Growth, LogHead, SignatureLine, SignedTree, Waiting, WitnessRow};
pub use notices::{Ending, NewNotice, NoticeCursor, NoticeNumbers, OutboxNotice, Posted};
pub use roles::{GrantError, Standing};
pub use sessions::{Session, Whose};
pub use upkeep::{Claim, Effect, IdempotencyKey, OPERATIONAL_TABLES};
pub use uses::{LatePart, LatePlace};
pub use vault::{Entropy, Vault};
pub use withdrawals::{MandatePart, WithdrawalProgress};
