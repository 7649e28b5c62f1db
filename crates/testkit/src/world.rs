//! A service on a fresh database, a clock that stands still, and the short ways to what tests begin with.

use crate::{
    Administrator, Database, Engine, Fresh,
    catalogue::{authority, consent_type, defined},
    people::{OTHER, OWN, acting, caseworker, citizen},
};
use aws_lc_rs::{digest, signature::Ed25519KeyPair};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tillid_documents::ReceiptKeys;
use tillid_domain::{
    CalendarPeriod, Instant, Language,
    catalogue::CaseBinding,
    id::{ConsentId, PersonId, PresentationId, RequestId},
    mandate::Mandate,
    presentation::Presented,
    terms::Proposal,
};
use tillid_log::{Algorithm, KeyName, Signer};
use tillid_service::{
    Answer, Call, Directory, Error, LogKeys, NewMandate, NewPerson, NewPresentation, NewRequest, PersonRef,
    Service, Settings, TypedConsent, ambient::Ambient,
};
use tillid_storage::{Store, Vault};
use zeroize::Zeroizing;

/// A vault with these keys, the active one first, and chance that repeats.
pub fn vault(keys: &[(&str, u8)]) -> Vault {
    let keys: Vec<_> = keys
        .iter()
        .map(|(id, fill)| ((*id).to_owned(), Zeroizing::new([[*fill; 32], [fill ^ 0xff; 32]].concat())))
        .collect();
    let counter = AtomicU64::new(0);
    let fill = move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(32) {
            let count = counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&digest::digest(&digest::SHA256, &count).as_ref()[..chunk.len()]);
        }
    };
    Vault::new(&keys, Arc::new(fill)).unwrap()
}

/// What the log calls itself in tests.
pub const LOG_ORIGIN: &str = "tillid.example/log";

/// The keys of the tests' log: one that signs, one that is only known, no witnesses.
pub fn log_keys() -> LogKeys {
    let retired = vec![retired_log_signer().verifier()];
    LogKeys::new(LOG_ORIGIN.parse().unwrap(), vec![log_signer()], retired, None).unwrap()
}

/// A key of the log that does not sign.
pub fn retired_log_signer() -> Signer {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[10; 32]).unwrap();
    Signer::ed25519(LOG_ORIGIN.parse().unwrap(), Algorithm::Ed25519, pair.to_pkcs8().unwrap().as_ref())
        .unwrap()
}

/// The same, with a witness that may sign and need not.
pub fn witnessed_log_keys() -> LogKeys {
    let (log, witness) = (log_signer().verifier(), log_witness().verifier());
    let policy = format!("log {log}\nwitness W {witness}\nquorum none\n");
    LogKeys::new(LOG_ORIGIN.parse().unwrap(), vec![log_signer()], Vec::new(), Some(policy.parse().unwrap()))
        .unwrap()
}

/// The key that signs the tests' log.
pub fn log_signer() -> Signer {
    signer(LOG_ORIGIN, Algorithm::Ed25519, 9)
}

/// The key of the witness.
pub fn log_witness() -> Signer {
    signer("witness.example", Algorithm::Ed25519Cosignature, 11)
}

/// A key that is the same each time.
pub fn signer(name: &str, algorithm: Algorithm, seed: u8) -> Signer {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let name: KeyName = name.parse().unwrap();
    Signer::ed25519(name, algorithm, pair.to_pkcs8().unwrap().as_ref()).unwrap()
}

/// A receipt key that is the same each time.
pub fn receipt_keys() -> ReceiptKeys {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    ReceiptKeys::new(pair.to_pkcs8().unwrap().as_ref(), vec![vec![9; 32]]).unwrap()
}

/// A service with all that it stands on.
pub struct World {
    /// The verbs.
    pub service: Service,
    /// What they write to.
    pub store: Store,
    /// Time and chance.
    pub ambient: Ambient,
    /// The database.
    pub database: Database,
}

impl World {
    /// An empty world on a Monday morning in March.
    pub async fn new(engine: Engine) -> Self {
        Self::with(engine, morning(), false, log_keys()).await
    }

    /// The same with a witness.
    pub async fn witnessed(engine: Engine) -> Self {
        Self::with(engine, morning(), false, witnessed_log_keys()).await
    }

    /// The same on the system's clock.
    pub async fn running(engine: Engine) -> Self {
        Self::with(engine, Ambient::system(), false, log_keys()).await
    }

    /// The same with a clock that an operator can turn.
    pub async fn turnable(engine: Engine) -> Self {
        Self::with(engine, morning(), true, log_keys()).await
    }

    async fn with(engine: Engine, ambient: Ambient, turnable_clock: bool, log_keys: LogKeys) -> Self {
        let Fresh { store, database } = Fresh::new(engine).await;
        let service = Self::service_on(&store, &ambient, turnable_clock, log_keys);
        service.begin_log().await.unwrap();
        Self { service, store, ambient, database }
    }

    /// Another service, on any store.
    pub fn service_on(store: &Store, ambient: &Ambient, turnable_clock: bool, log_keys: LogKeys) -> Service {
        let directory = Directory::new([authority(OWN), authority(OTHER)]);
        let settings =
            Settings { base_url: "https://tillid.example".to_owned(), turnable_clock, witness_grace: None };
        Service::new(store.clone(), ambient.clone(), directory, receipt_keys(), log_keys, settings)
    }

    /// Lets time pass.
    pub fn pass(&self, period: CalendarPeriod) {
        let day = self.ambient.now().local_date();
        let days = day.plus(period).start().seconds_since(day.start());
        self.ambient.set(self.ambient.now().plus_seconds(days));
    }

    /// Registers a person with that replacement number, whose birthday it tells.
    pub async fn person(&self, name: &str, number: &str) -> PersonId {
        let number: tillid_domain::Cpr = number.parse().unwrap();
        let new = NewPerson {
            name: Some(name.parse().unwrap()),
            born: number.born(),
            login: Some(("https://login.example".parse().unwrap(), name.to_lowercase().parse().unwrap())),
            number: Some(number),
        };
        self.service.register_person(&new).await.unwrap()
    }

    /// Anna, 82.
    pub async fn anna(&self) -> PersonId {
        self.person("Anna", "7405433008").await
    }

    /// Bo, 55.
    pub async fn bo(&self) -> PersonId {
        self.person("Bo", "6101710017").await
    }

    /// Brings a code of the seed catalogue into use.
    pub async fn import(&self, code: &str) {
        assert!(self.service.import_entry(defined(code)).await.unwrap(), "{code} was in use already");
    }

    /// What the caseworker would ask of the person: everything of the type, for a case where it needs one.
    pub fn question(person: PersonId, code: &str) -> NewRequest {
        let bound = consent_type(code).case_binding == CaseBinding::Required;
        NewRequest {
            person: PersonRef::Id(person),
            consent_type: code.parse().unwrap(),
            items: Vec::new(),
            case: bound.then(|| "27.36.04-G01-12-26".parse().unwrap()),
            deadline: None,
            proposal: Proposal::default(),
        }
    }

    /// Asks the person for everything of the type.
    pub async fn ask(&self, person: PersonId, code: &str) -> RequestId {
        let asked = self.service.ask_for_consent(&caseworker(OWN), &Self::question(person, code)).await;
        asked.unwrap().value.id
    }

    /// Shows a request.
    pub async fn show(&self, call: &Call, request: RequestId) -> PresentationId {
        self.try_show(call, NewPresentation::Request(request)).await.unwrap()
    }

    /// Shows anything.
    pub async fn try_show(&self, call: &Call, new: NewPresentation) -> Result<PresentationId, Error> {
        self.service.present(call, &new, Language::Da).await.map(|done| done.value.presentation.id)
    }

    /// Yes to every item that was shown.
    pub async fn all(&self, given: bool, shown: PresentationId) -> Vec<Answer> {
        let mut tx = self.store.read().await.unwrap();
        let (presentation, _) = tx.presentation(shown).await.unwrap().unwrap();
        let Presented::Consent { items, .. } = presentation.presented else { panic!("not of consents") };
        items.into_iter().map(|item| Answer { item, given }).collect()
    }

    /// Asks, shows and answers yes to everything; returns the consents.
    pub async fn consent(&self, person: PersonId, code: &str) -> Vec<TypedConsent> {
        let request = self.ask(person, code).await;
        let shown = self.show(&citizen(person), request).await;
        let answers = self.all(true, shown).await;
        self.service.answer_request(&citizen(person), request, shown, &answers).await.unwrap().value
    }

    /// Asks, shows and answers yes to everything; returns the first consent.
    pub async fn one_consent(&self, person: PersonId, code: &str) -> ConsentId {
        self.consent(person, code).await[0].consent.id
    }

    /// A mandate with all privileges of these packages, for a year.
    pub fn mandate_to(&self, representative: PersonId, packages: &[&str]) -> NewMandate {
        NewMandate {
            representative: PersonRef::Id(representative),
            representative_name: None,
            packages: packages.iter().map(|code| code.parse().unwrap()).collect(),
            privileges: Vec::new(),
            case: None,
            valid_until: self.ambient.now().local_date().plus(CalendarPeriod::months(12)),
            under: None,
            together: None,
        }
    }

    /// Shows such a mandate to its grantor.
    pub async fn show_mandate(
        &self,
        grantor: PersonId,
        representative: PersonId,
        packages: &[&str],
    ) -> PresentationId {
        let new = NewPresentation::Mandate(self.mandate_to(representative, packages));
        self.try_show(&citizen(grantor), new).await.unwrap()
    }

    /// Shows and gives such a mandate.
    pub async fn give(&self, grantor: PersonId, representative: PersonId, packages: &[&str]) -> Mandate {
        let shown = self.show_mandate(grantor, representative, packages).await;
        self.service.give_mandate(&citizen(grantor), shown).await.unwrap().value
    }

    /// Whether the one may act for the other now: what the service answers to somebody who tries.
    pub async fn may_act(&self, representative: PersonId, grantor: PersonId) -> Result<(), Error> {
        self.service.overview(&acting(representative, grantor)).await.map(|_| ())
    }

    /// Business time.
    pub fn now(&self) -> Instant {
        self.ambient.now()
    }

    /// Holds the whole database against the journal, the log and the invariants: as it is, and when everything is in the log.
    pub async fn check(&self) {
        self.check_log().await;
        if self.service.log_trouble().is_none_or(|trouble| !trouble.is_for_good()) {
            // A sequencer that a test left behind still has its lease.
            let free = "UPDATE log_head SET lease_until = 0";
            self.database.administrator().await.execute(free).await.unwrap();
            self.service.sequence_all().await.unwrap();
            self.check_log().await;
        }
        let mut administrator = self.database.administrator().await;
        Invariants::hold(&mut administrator).await;
        let (sentence, sql) = Invariants::ON_ONE_CLOCK;
        assert_eq!(administrator.count(sql).await, 0, "{sentence}");
    }

    async fn check_log(&self) {
        let audit = self.service.audit(&[], |_| ()).await.unwrap();
        assert_eq!(audit.findings, [], "the log is what the journal says");
    }
}

/// A Monday in March.
fn morning() -> Ambient {
    Ambient::fixed("2026-03-02T09:00:00Z".parse().unwrap(), 1)
}

impl Fresh {
    /// Holds the whole database against the journal and the invariants.
    pub async fn check(&self) {
        check(&self.store, &self.database).await;
    }
}

async fn check(store: &Store, database: &Database) {
    let mut tx = store.read().await.unwrap();
    let audit = tx.audit(|_| ()).await.unwrap();
    drop(tx);
    assert_eq!(audit.findings, [], "the tables are what the journal says");
    let mut administrator = database.administrator().await;
    Invariants::hold(&mut administrator).await;
}

/// What holds in every database, whatever was done.
#[derive(Clone, Copy, Debug)]
pub struct Invariants;

impl Invariants {
    /// Each sentence, and the number of rows that break it.
    pub const ALL: [(&str, &str); 15] = [
        (
            "an ended mandate gives no power from its end on",
            "SELECT COUNT(*) FROM power p JOIN mandate m ON m.id = p.source_id \
             WHERE m.state <> 'given' AND p.known_to IS NULL AND p.valid_to > COALESCE(m.effective_at, m.ended_at)",
        ),
        (
            "a mandate that nobody ended has all its powers",
            "SELECT COUNT(*) FROM mandate m WHERE m.state = 'given' AND COALESCE(m.bond, '') <> 'holders' AND NOT EXISTS ( \
             SELECT 1 FROM power p WHERE p.source_id = m.id AND p.known_to IS NULL AND p.valid_to = m.valid_to)",
        ),
        (
            "what was passed on gives nothing that what it rests on does not give",
            "SELECT COUNT(*) FROM mandate m JOIN mandate above ON above.id = m.under_id \
             WHERE m.state = 'given' AND (above.state = 'awaiting' OR (above.state <> 'given' AND m.valid_to > above.ended_at))",
        ),
        (
            "what was passed on is for the same person, by who holds it, within its time",
            "SELECT COUNT(*) FROM mandate m LEFT JOIN mandate above ON above.id = m.under_id WHERE m.under_id IS NOT NULL \
             AND (above.id IS NULL OR above.grantor_id <> m.grantor_id OR above.representative_id <> m.passed_on_by \
             OR above.valid_to < m.valid_to OR m.representative_id = m.grantor_id \
             OR (m.representative_id = m.passed_on_by) <> (COALESCE(m.bond, '') = 'signers'))",
        ),
        (
            "what several hold together is nobody's to use alone",
            "SELECT COUNT(*) FROM power p JOIN mandate m ON m.id = p.source_id WHERE m.bond = 'holders' AND p.valid_to > p.valid_from",
        ),
        (
            "what several sign gives nothing before enough have, or while one of them stops it",
            "SELECT COUNT(*) FROM mandate m WHERE m.state = 'given' AND m.bond IN ('grantors', 'signers') AND ((SELECT COUNT(*) \
             FROM mandate o WHERE o.joint_id = m.joint_id AND COALESCE(o.awaits, '') NOT IN ('signature', 'agreement')) < m.quorum \
             OR EXISTS (SELECT 1 FROM mandate o WHERE o.joint_id = m.joint_id AND (o.awaits = 'agreement' \
             OR (o.state = 'suspended' AND o.ground IS NOT NULL) OR o.state IN ('disputed', 'revoked', 'renounced', 'ended', 'annulled'))))",
        ),
        (
            "the dead give no power and hold none",
            "SELECT COUNT(*) FROM mandate m JOIN person p ON p.id IN (m.grantor_id, m.representative_id) \
             WHERE p.died_on IS NOT NULL AND m.state = 'given' AND m.valid_to > p.death_known_at",
        ),
        (
            "no consent of the dead holds",
            "SELECT COUNT(*) FROM consent c JOIN person p ON p.id = c.person_id WHERE p.died_on IS NOT NULL \
             AND c.state = 'given' AND (c.valid_to IS NULL OR c.valid_to > p.death_known_at)",
        ),
        (
            "nobody waits for an answer of the dead",
            "SELECT COUNT(*) FROM consent_request r JOIN person p ON p.id = r.person_id \
             WHERE p.died_on IS NOT NULL AND r.state = 'open' AND r.deadline > p.death_known_at",
        ),
        (
            "who is one with another gives, holds, consents to and waits for nothing, and is nobody whom others go on as",
            "SELECT (SELECT COUNT(*) FROM mandate m JOIN person p ON p.id IN (m.grantor_id, m.representative_id) \
             WHERE p.merged_into IS NOT NULL AND m.state IN ('awaiting', 'given', 'suspended', 'disputed') AND m.valid_to > p.merge_known_at) \
             + (SELECT COUNT(*) FROM consent c JOIN person p ON p.id = c.person_id WHERE p.merged_into IS NOT NULL \
             AND c.state = 'given' AND (c.valid_to IS NULL OR c.valid_to > p.merge_known_at)) \
             + (SELECT COUNT(*) FROM consent_request r JOIN person p ON p.id = r.person_id \
             WHERE p.merged_into IS NOT NULL AND r.state = 'open' AND r.deadline > p.merge_known_at) \
             + (SELECT COUNT(*) FROM mandate_request r JOIN person p ON p.id IN (r.grantor_id, r.representative_id) \
             WHERE p.merged_into IS NOT NULL AND r.state = 'open' AND r.deadline > p.merge_known_at) \
             + (SELECT COUNT(*) FROM person p JOIN person o ON o.id = p.merged_into WHERE o.merged_into IS NOT NULL)",
        ),
        (
            "a consent that was asked for has its answer",
            "SELECT COUNT(*) FROM consent c JOIN consent_request r ON r.id = c.request_id \
             WHERE (r.state <> 'answered' OR r.declaration_id <> c.declaration_id) \
             AND NOT (c.for_child IS NOT NULL AND c.state = 'declined')",
        ),
        (
            "a request is answered once",
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM consent WHERE request_id IS NOT NULL \
             GROUP BY request_id, item HAVING COUNT(*) > 1) t",
        ),
        (
            "one version of a code is in use",
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM catalogue_entry WHERE state = 'published' \
             GROUP BY shelf, code HAVING COUNT(*) > 1) t",
        ),
        (
            "nobody waits for a mandate of the dead or for the dead",
            "SELECT COUNT(*) FROM mandate_request r JOIN person p ON p.id IN (r.grantor_id, r.representative_id) \
             WHERE p.died_on IS NOT NULL AND r.state = 'open' AND r.deadline > p.death_known_at",
        ),
        (
            "a request that was approved has the mandate that was asked for",
            "SELECT COUNT(*) FROM mandate_request r WHERE r.state = 'approved' AND NOT EXISTS ( \
             SELECT 1 FROM mandate m WHERE m.id = r.mandate_id AND m.grantor_id = r.grantor_id \
             AND m.representative_id = r.representative_id AND m.presentation_id = r.presentation_id \
             AND m.privileges = r.privileges AND m.packages = r.packages)",
        ),
    ];

    /// What holds besides where one clock tells the time of every event.
    pub const ON_ONE_CLOCK: (&str, &str) = (
        "what is known of a person grows as time does",
        "SELECT COUNT(*) FROM event_subject a JOIN event_subject b ON b.person_id = a.person_id AND b.version = a.version + 1 \
         JOIN event x ON x.id = a.event_id JOIN event y ON y.id = b.event_id WHERE y.recorded_at < x.recorded_at",
    );

    /// The sentences that do not hold.
    pub async fn broken(administrator: &mut Administrator) -> Vec<&'static str> {
        let mut broken = Vec::new();
        for (sentence, sql) in Self::ALL {
            if administrator.count(sql).await != 0 {
                broken.push(sentence);
            }
        }
        broken
    }

    async fn hold(administrator: &mut Administrator) {
        assert_eq!(Self::broken(administrator).await, [""; 0]);
    }
}
