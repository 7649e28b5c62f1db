//! What can be done in Tillid: a file for each verb. REST, pages and command line share them.
//!
//! A verb loads, asks the domain, and commits events; it locks the persons that it decides about first. Reads of a
//! person's data by anyone but themselves are answered only after their access record is durable, and so are refusals.

mod access;
pub mod ambient;
mod call;
pub mod catalogue;
mod client;
mod consent;
mod decision;
mod directory;
mod document;
mod erasure;
mod error;
mod external;
mod family;
mod guard;
mod log;
mod mandate;
mod notice;
mod organisation;
mod person;
mod represent;
mod session;
mod statutory;
mod task;
mod times;

pub use access::{
    export::Export,
    lookup::{FoundConsent, FoundMandate, LookedUp, NewLookup, UnderLookup},
    overview::{MayActFor, Overview, OwnOverview, RepresentativeOverview},
    paper::{Paper, is_on_paper},
    receipts::ReceiptOf,
    upcoming::{Coming, ComingTo},
};
pub use call::{Call, Done, Key, Through};
pub use catalogue::CatalogueWords;
pub use client::NewClient;
pub use consent::{
    answer::Answer,
    ask::NewRequest,
    close_case::ClosedCase,
    exchange::{ExportedDeclaration, ImportedDeclaration},
    list::{ConsentList, ListPart, ListedConsent, NewListing},
    present::{NewPresentation, Shown},
    shown::ShownFor,
    view::TypedConsent,
};
pub use decision::{AskedAbout, Decided, Found, Question, SearchFor, Searched, StatedPurpose};
pub use directory::{Authority, Directory};
pub use erasure::{Erased, Erasure, NewErasure};
pub use error::Error;
pub use external::{ExternalDecided, ExternalFound, NewEntity, NewGrant, NewPrivilege, Put};
pub use family::{NewCustody, NewException, VoiceSeen, VoiceState};
pub use log::{
    Flaw, LogHealth, LogKeys, LogKeysError, LogNumbers, LogTrouble, LogTrust, LogView, OwnKey, PathStep,
    Place, Placed, Proof, ReceiptView, Sequenced, Sequencer, Side, Signatures, Step, WitnessAnswer,
    WitnessTask, WitnessView, Witnessed, audit, entry, root_text,
};
pub use mandate::{
    EmployeeUsing, MandateChange, MandateEntry, MandateService, MandateUse, Member, Other, PrintedMandate,
    Renewal, Said, Together, WholeMandate,
    give::NewMandate,
    privileges::{CheckedClaim, HeldPrivileges},
    request::{NewMandateRequest, RequestReader, SeenMandateRequest},
};
pub use notice::{Addressed, Delivered, NotHandedOver, Postal, SandboxPost};
pub use organisation::{EmployeeSeen, NewEmployee};
pub use person::register::{NewPerson, PersonRef};
pub use represent::{ActsAt, Represented, Representing, Wanted};
pub use statutory::{NewCharge, NewStatutory, StatutoryHolder, StatutorySeen, StatutoryWhat};
pub use task::{LateUse, TypedTask};
pub use tillid_storage::{
    Audit, ClientRights, Fault, Finding, KnownAt, LatePlace, NoticeNumbers, OutboxNotice, Posted, Session,
    Whose,
};
pub use times::{AsOf, Times};

use ambient::Ambient;
use std::{sync::Arc, time::Duration};
use tillid_documents::ReceiptKeys;
use tillid_domain::Instant;
use tillid_storage::{Store, Tx};

/// How long whoever asks after the database's health waits.
const SOON: Duration = Duration::from_secs(2);

/// Everything that a verb needs. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    store: Store,
    ambient: Ambient,
    directory: Arc<Directory>,
    receipts: Arc<ReceiptKeys>,
    log_keys: Arc<LogKeys>,
    log_health: Arc<LogHealth>,
    decider: decision::Decider,
    rights: client::Rights,
    settings: Arc<Settings>,
}

/// What an operator decides about the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that people and systems know it by, without a slash at the end; also who signs receipts.
    pub base_url: String,
    /// Whether business time can be turned: in the sandbox only.
    pub turnable_clock: bool,
    /// For how long, in seconds, the log may go without the witnesses that its policy asks for, before the service says that it is not
    /// ready; `None` to go on for ever.
    pub witness_grace: Option<i64>,
}

impl Service {
    /// The service on an open and migrated store.
    pub fn new(
        store: Store,
        ambient: Ambient,
        directory: Directory,
        receipts: ReceiptKeys,
        log_keys: LogKeys,
        settings: Settings,
    ) -> Self {
        let rights = client::Rights::new(store.clone());
        let decider = decision::Decider::new(store.clone(), ambient.clone(), settings.turnable_clock);
        Self {
            store,
            ambient,
            decider,
            rights,
            directory: Arc::new(directory),
            receipts: Arc::new(receipts),
            log_keys: Arc::new(log_keys),
            log_health: Arc::default(),
            settings: Arc::new(settings),
        }
    }

    /// Security time.
    pub fn security_now(&self) -> Instant {
        self.ambient.now()
    }

    /// The sources of time and chance.
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// The authorities that are known.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The public keys that receipts verify under, as a JWK set.
    pub fn receipt_keys(&self) -> serde_json::Value {
        self.receipts.jwks()
    }

    /// Every public key that something of ours verifies under: those of receipts as a JWK set, with those of the log beside them.
    pub fn published_keys(&self) -> serde_json::Value {
        let mut set = self.receipt_keys();
        let keys = self
            .log_keys()
            .into_iter()
            .map(|own| serde_json::json!({"vkey": own.key.to_string(), "signs": own.signs}));
        let log = serde_json::json!({
            "origin": self.log_origin().to_string(),
            "keys": keys.collect::<Vec<_>>(),
            "policy": self.log_policy().map(ToString::to_string),
        });
        if let Some(members) = set.as_object_mut() {
            members.insert("log".to_owned(), log);
        }
        set
    }

    /// What the names in receipts mean (JSON-LD).
    pub fn receipt_context(&self) -> serde_json::Value {
        tillid_documents::context(&self.settings.base_url)
    }

    /// Business time, read once for each verb: everything in a transaction has one time.
    async fn now<M>(&self, tx: &mut Tx<M>) -> Result<Instant, Error> {
        let now = self.ambient.now();
        if !self.settings.turnable_clock {
            return Ok(now);
        }
        let offset = tx.business_offset().await?;
        Ok(Instant::from_micros(now.as_micros().saturating_add(offset)))
    }

    /// Business time.
    pub async fn business_now(&self) -> Result<Instant, Error> {
        if !self.settings.turnable_clock {
            return Ok(self.ambient.now());
        }
        let mut tx = self.store.read().await?;
        self.now(&mut tx).await
    }

    /// Turns business time forward to that moment; only where it can be turned.
    pub async fn turn_clock(&self, to: Instant) -> Result<Instant, Error> {
        if !self.settings.turnable_clock {
            return Err(Error::NotFound);
        }
        let mut tx = self.store.upkeep().await?;
        let before = tx.business_offset().await?;
        let offset = to.as_micros() - self.ambient.now().as_micros();
        if offset < before {
            return Err(Error::Rule(tillid_domain::Reason::ClockBackwards));
        }
        tx.turn_business_clock(offset).await?;
        tx.finish().await?;
        Ok(to)
    }

    /// How far this node's clock is from the database's, in microseconds; also tells whether the database answers, and soon: one
    /// that hangs is away.
    pub async fn clock_skew(&self) -> Result<i64, Error> {
        let asked = async {
            let mut tx = self.store.read().await?;
            let before = self.ambient.now().as_micros();
            let theirs = tx.database_time().await?;
            // Theirs was read somewhere in between; a slow answer is no skew.
            Ok(0.max(before - theirs).max(theirs - self.ambient.now().as_micros()))
        };
        tokio::time::timeout(SOON, asked).await.map_err(|late| Error::Busy(Box::new(late)))?
    }

    /// Whether a flush of the database has failed: nothing more is written, and the process is to end.
    pub fn flush_failed(&self) -> bool {
        self.store.flush_failed()
    }

    /// Waits until a flush of the database fails.
    pub async fn until_flush_fails(&self) {
        self.store.until_flush_fails().await;
    }

    /// Removes ended sessions and old idempotency keys.
    pub async fn purge(&self) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.purge(self.ambient.now()).await?;
        tx.finish().await?;
        Ok(self.store.scrub().await?)
    }

    /// Brings up to a hundred CPR numbers under the active key, and says how many were and how many are left.
    pub async fn rekey(&self) -> Result<(u64, u64), Error> {
        let mut tx = self.store.upkeep().await?;
        let done = tx.rekey(100).await?;
        tx.finish().await?;
        Ok(done)
    }

    /// Closes the database after the current work.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
