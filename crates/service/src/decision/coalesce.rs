//! Questions about now, answered together: those that arrive while others are looked for are looked for next, and all that was looked for
//! while a batch was recorded is recorded as the next one. There is no timer, and nothing is kept between batches but the
//! catalogues, whose version each look reads with its facts.
//!
//! - A look begins after its questions have arrived, so what it sees is always younger than they are: whatever was acknowledged
//!   before one was asked is there.
//! - An answer leaves only after its record has been committed.
//! - An item that fails takes no other with it: a batch that cannot be recorded is tried again item by item.

use crate::{Error, ambient::Ambient};
use futures_util::FutureExt as _;
use std::{
    error::Error as StdError,
    future::pending,
    mem::take,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};
use tillid_domain::{
    Instant, Reason,
    access::{AccessRecord, Outcome},
    catalogue::CatalogueEntry,
    decision::{
        Answer, Asker, Book, ConsentFacts, Decision, Question, Seen, ValidAt, decide_acting, decide_consent,
    },
    id::{BatchId, EventId},
};
use tillid_storage::{ActingKey, ConsentKey, Looked, Looks, Read, Store, Tx};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinError,
};

/// How many are answered together at most.
const BATCH: usize = 256;
/// How many wait at most; who comes then is told to come again.
const WAITING: usize = 16_384;

/// The build, as records name it.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// A question that waits.
pub(crate) struct Job {
    pub(crate) question: Question,
    pub(crate) asker: Asker,
    /// The moment that the caller named.
    pub(crate) valid_at: Option<Instant>,
    /// Why it is not to be answered, where that is clear already. It is recorded all the same.
    pub(crate) refused: Option<Reason>,
    /// The record, but for what is found.
    pub(crate) record: AccessRecord,
    /// Whether a person asks about their own affairs, which stands in the security log alone.
    pub(crate) is_own: bool,
    pub(crate) reply: oneshot::Sender<Result<Settled, Error>>,
}

/// An answer whose record is durable.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) answer: Answer,
    /// The record; `None` where there is no log that it would stand in: of somebody who is not known, or who asks about themselves.
    pub(crate) record: Option<AccessRecord>,
    /// Whether it was about somebody of whom nothing is known: who asks about many such tries numbers out.
    pub(crate) missed: bool,
    /// Whether one of those it is about goes on as another person: then this is no answer, and stands in no log. It is to be asked of
    /// who goes on (M10).
    pub(crate) moved: bool,
}

/// The catalogues, with the number of events that they had had.
type Catalogues = (u64, Arc<Book>);

/// Answers what waits.
#[derive(Clone)]
pub(crate) struct Decider(Arc<Shared>);

struct Shared {
    bench: Bench,
    queue: OnceLock<mpsc::Sender<Job>>,
}

/// What a worker works with.
#[derive(Clone)]
struct Bench {
    store: Store,
    ambient: Ambient,
    turnable_clock: bool,
    catalogues: Arc<RwLock<Option<Catalogues>>>,
}

impl Decider {
    pub(crate) fn new(store: Store, ambient: Ambient, turnable_clock: bool) -> Self {
        let bench = Bench { store, ambient, turnable_clock, catalogues: Arc::default() };
        Self(Arc::new(Shared { bench, queue: OnceLock::new() }))
    }

    /// Lets a question wait for its answer; refuses when too many do. Called within a runtime, whose worker starts with the first.
    pub(crate) fn enqueue(&self, job: Job) -> Result<(), Error> {
        let queue = self.0.queue.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tokio::spawn(work(self.0.bench.clone(), receiver));
            sender
        });
        queue.try_send(job).map_err(|full| Error::Busy(Box::from(full.to_string())))
    }

    /// The catalogues as that snapshot has them, whose version it told.
    pub(crate) async fn book_at(&self, version: u64, tx: &mut Tx<Read>) -> Result<Arc<Book>, Error> {
        Ok(self.0.bench.book(version, tx).await?.1)
    }
}

/// Takes what waits, for as long as anybody can still ask. One batch is recorded at a time, because two of half the size cost more than
/// one; who asks while that record is on its way to the disk is looked for meanwhile, and recorded with the next.
async fn work(bench: Bench, mut receiver: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH);
    let mut looked = Vec::new();
    let mut telling = None;
    loop {
        let told = async {
            match &mut telling {
                Some(telling) => telling.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            told = told => {
                ended(&told);
                telling = None;
            }
            taken = receiver.recv_many(&mut jobs, BATCH), if looked.len() < BATCH => {
                if taken == 0 {
                    break;
                }
                // Those who wait for a batch that panics are told to come again; the next one is answered.
                let batch = AssertUnwindSafe(bench.look(take(&mut jobs))).catch_unwind().await;
                looked.extend(batch.unwrap_or_else(|_| unanswered()));
            }
        }
        if telling.is_none() && !looked.is_empty() {
            let (bench, looked) = (bench.clone(), take(&mut looked));
            telling = Some(tokio::spawn(async move { bench.tell(looked).await }));
        }
    }
    if let Some(telling) = telling {
        ended(&telling.await);
    }
    bench.tell(looked).await;
}

fn ended(told: &Result<(), JoinError>) {
    if told.is_err() {
        unanswered();
    }
}

fn unanswered() -> Vec<(Job, Settled)> {
    tracing::error!("a batch of questions has no answers");
    Vec::new()
}

impl Bench {
    /// The jobs with their answers, which nobody knows of yet. Who cannot be answered is told so.
    async fn look(&self, mut jobs: Vec<Job>) -> Vec<(Job, Settled)> {
        // Whoever has gone away costs nothing.
        jobs.retain(|job| !job.reply.is_closed());
        if jobs.is_empty() {
            return Vec::new();
        }
        match self.answers(&jobs).await {
            Ok(settled) => jobs.into_iter().zip(settled).collect(),
            Err(Error::Busy(cause)) => {
                refuse(jobs, &*cause);
                Vec::new()
            }
            Err(_) => {
                let mut looked = Vec::with_capacity(jobs.len());
                for job in jobs {
                    match self.answers(std::slice::from_ref(&job)).await {
                        Ok(settled) => looked.extend(settled.into_iter().next().map(|one| (job, one))),
                        Err(error) => drop(job.reply.send(Err(error))),
                    }
                }
                looked
            }
        }
    }

    /// Makes the records durable, and answers.
    async fn tell(&self, looked: Vec<(Job, Settled)>) {
        let records = looked.iter().filter_map(|(_, settled)| settled.record.clone()).collect();
        match self.record(records).await {
            Ok(()) => {
                for (job, settled) in looked {
                    let _ = job.reply.send(Ok(settled));
                }
            }
            Err(Error::Busy(cause)) => refuse(looked.into_iter().map(|(job, _)| job), &*cause),
            Err(_) => {
                for (job, settled) in looked {
                    let recorded = self.record(settled.record.iter().cloned().collect()).await;
                    let _ = job.reply.send(recorded.map(|()| settled));
                }
            }
        }
    }

    /// The answers, in the order of the questions.
    async fn answers(&self, jobs: &[Job]) -> Result<Vec<Settled>, Error> {
        let offset = self.offset().await?;
        let now = Instant::from_micros(self.ambient.now().as_micros().saturating_add(offset));
        let (mut acting, mut consents) = (Vec::new(), Vec::new());
        for job in jobs {
            match &job.question {
                Question::Acting(asked) => acting.push(ActingKey::of(asked)),
                Question::Consent(asked) => consents.push(ConsentKey::of(asked)),
            }
        }
        // Each of the two looks in a snapshot of its own; both are younger than every question of the batch.
        let (acting_saw, powers) =
            if acting.is_empty() { (None, Vec::new()) } else { self.store.acting_now(&acting).await? };
        let (consents_saw, given) =
            if consents.is_empty() { (None, Vec::new()) } else { self.store.consents_now(&consents).await? };
        let (mut powers, mut given) = (powers.into_iter(), given.into_iter());
        let (version, book) = self.book_of(acting_saw.max(consents_saw)).await?;
        let mut settled = Vec::with_capacity(jobs.len());
        for job in jobs {
            let at = job.valid_at.map_or(ValidAt::Now(now), ValidAt::Moment);
            settled.push(match &job.question {
                Question::Acting(asked) => {
                    let looked = powers.next().flatten();
                    let related = looked.as_ref().is_some_and(|l| l.facts.is_any());
                    let decide = |facts: &_| decide_acting(asked, &job.asker, at, facts, &book);
                    conclude(job, looked, related, (at, now), version, decide)
                }
                Question::Consent(asked) => {
                    let looked: Option<Looked<ConsentFacts>> = given.next().flatten();
                    let related = looked.as_ref().is_some_and(|l| !l.facts.consents.is_empty());
                    let decide = |facts: &_| decide_consent(asked, &job.asker, at, facts, &book);
                    conclude(job, looked, related, (at, now), version, decide)
                }
            });
        }
        Ok(settled)
    }

    async fn record(&self, records: Vec<AccessRecord>) -> Result<(), Error> {
        let Some(at) = records.iter().map(|record| record.at).max() else { return Ok(()) };
        let looks = Looks {
            batch: BatchId::from_uuid(self.ambient.id()),
            event: EventId::from_uuid(self.ambient.id()),
            at,
            records,
            external: Vec::new(),
        };
        Ok(self.store.record(looks).await?)
    }

    /// How far business time is turned.
    async fn offset(&self) -> Result<i64, Error> {
        if !self.turnable_clock {
            return Ok(0);
        }
        Ok(self.store.read().await?.business_offset().await?)
    }

    /// The catalogues that a snapshot saw: those that are kept, if they are still the same.
    async fn book_of(&self, version: Option<u64>) -> Result<Catalogues, Error> {
        if let Some(kept) = self.kept().filter(|(of, _)| version.is_none_or(|version| version == *of)) {
            return Ok(kept);
        }
        let mut tx = self.store.read().await?;
        let version = tx.catalogue_version().await?;
        self.book(version, &mut tx).await
    }

    fn kept(&self) -> Option<Catalogues> {
        self.catalogues.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The catalogues as that snapshot has them, whose version it told.
    async fn book(&self, version: u64, tx: &mut Tx<Read>) -> Result<Catalogues, Error> {
        if let Some(kept) = self.kept().filter(|(of, _)| *of == version) {
            return Ok(kept);
        }
        let entries: Vec<CatalogueEntry> = tx.catalogue().await?;
        let fresh = (version, Arc::new(Book::at(&entries, Instant::from_micros(i64::MAX))));
        *self.catalogues.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }
}

/// The database is away or slow: for all of them.
fn refuse(jobs: impl IntoIterator<Item = Job>, cause: &(dyn StdError + Send + Sync)) {
    let told = cause.to_string();
    tracing::warn!(error = told, "questions cannot be answered");
    for job in jobs {
        let _ = job.reply.send(Err(Error::Busy(Box::from(told.clone()))));
    }
}

/// The answer to one question from what was found, for the moment that was asked about, with its record of this moment of business time.
pub(super) fn conclude<Facts: Default>(
    job: &Job,
    looked: Option<Looked<Facts>>,
    related: bool,
    (at, now): (ValidAt, Instant),
    catalogue: u64,
    decide: impl FnOnce(&Facts) -> Answer,
) -> Settled {
    let Some(looked) = looked else {
        // What is not the asker's to ask about is told first, of whomever they ask; nobody can be asked for anything.
        let answer = job.refused.map_or_else(|| decide(&Facts::default()), Answer::no);
        let answer = Answer { would_permit: Vec::new(), ..answer };
        return Settled { answer, record: None, missed: true, moved: false };
    };
    if looked.moved {
        return Settled {
            answer: Answer::no(Reason::PersonMerged),
            record: None,
            missed: false,
            moved: true,
        };
    }
    let answer = job.refused.map_or_else(|| decide(&looked.facts), Answer::no);
    let outcome = match (job.refused.is_some(), answer.is_yes()) {
        (true, _) => Outcome::Refused,
        (false, true) => Outcome::Found,
        (false, false) => Outcome::Nothing,
    };
    let seen = Seen::now(looked.person, looked.representative, catalogue, BUILD);
    let record = AccessRecord {
        at: now,
        outcome,
        decision: Some(Decision::new(job.question.clone(), at, &answer, seen)),
        ..job.record.clone()
    };
    let missed = !related && (is_new(looked.person) || looked.representative.is_some_and(is_new));
    Settled { answer, record: Some(record).filter(|_| !job.is_own), missed, moved: false }
}

/// Whether nothing is known of somebody but that they are: as of whom is known by being asked about.
const fn is_new(version: u64) -> bool {
    version <= 1
}

/// Waits for the answers to questions that have been let in, in their order.
pub(crate) async fn wait(
    replies: Vec<oneshot::Receiver<Result<Settled, Error>>>,
) -> Result<Vec<Settled>, Error> {
    let mut settled = Vec::with_capacity(replies.len());
    for reply in replies {
        // The worker went away with the runtime: the process is ending.
        let outcome = reply.await.map_err(|gone| Error::Busy(Box::new(gone)))?;
        settled.push(outcome?);
    }
    Ok(settled)
}
