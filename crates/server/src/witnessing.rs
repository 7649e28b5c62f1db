//! Asks the witnesses of the log to sign it too (C2SP tlog-witness). Every node does: a second one that asks does no harm.

use crate::config::is_safe_url;
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tillid_domain::Instant;
use tillid_log::{AddCheckpoint, Note, WitnessLine};
use tillid_service::{Error, Service, WitnessAnswer, WitnessTask};

const PATIENCE: Duration = Duration::from_secs(5);
/// Signatures of many keys, or a checkpoint with them.
const MAX_BODY: usize = 16 * 1024;
/// How often a witness that has seen another size is asked again at once.
const AGAIN: usize = 2;
/// The longest pause for a witness that does not sign, in seconds.
const LONGEST_PAUSE: i64 = 60;

/// Witnesses that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessesError {
    /// Everybody on the way could answer in its place.
    #[error("witness_not_https: the address of witness {0} must be https:// unless its host is this machine")]
    NotHttps(String),
    /// The HTTP client cannot be made.
    #[error("witnesses cannot be asked: {0}")]
    Client(#[from] reqwest::Error),
}

/// The witnesses that have an address.
pub(crate) struct Witnesses {
    service: Service,
    client: Client,
    places: Vec<Place>,
}

/// A witness process; each of its keys is a line of the policy.
struct Place {
    url: String,
    lines: Vec<WitnessLine>,
    pace: Mutex<Pace>,
}

/// When a witness is asked next.
#[derive(Debug, Default)]
struct Pace {
    failures: u32,
    not_before: Option<Instant>,
    /// What it has signed; if the same is to be asked again, its signature was of no use.
    signed: Option<AddCheckpoint>,
}

/// How a round with a witness ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Idle,
    Signed,
    Failed,
}

/// What a witness has of this log.
enum Seen {
    Checkpoint(Note),
    Nothing,
    /// It does not say.
    Unknown,
}

impl Pace {
    fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    fn book(&mut self, outcome: Outcome, now: Instant) {
        if outcome == Outcome::Failed {
            let pause = 1_i64.checked_shl(self.failures).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
            self.failures = self.failures.saturating_add(1).min(6);
            self.not_before = Some(now.plus_seconds(pause));
        } else {
            self.failures = 0;
            self.not_before = None;
        }
    }
}

impl Witnesses {
    /// The witnesses of the service's policy; refuses an address that anybody on the way could answer for.
    pub(crate) fn new(service: Service) -> Result<Self, WitnessesError> {
        let mut places: BTreeMap<String, Vec<WitnessLine>> = BTreeMap::new();
        for line in service.log_policy().map(tillid_log::Policy::witnesses).unwrap_or_default() {
            let Some(url) = &line.url else { continue };
            if !is_safe_url(url) {
                return Err(WitnessesError::NotHttps(line.name.clone()));
            }
            places.entry(url.trim_end_matches('/').to_owned()).or_default().push(line.clone());
        }
        let places = places.into_iter().map(|(url, lines)| Place { url, lines, pace: Mutex::default() });
        let client =
            Client::builder().redirect(Policy::none()).connect_timeout(PATIENCE).timeout(PATIENCE).build()?;
        Ok(Self { service, client, places: places.collect() })
    }

    /// Holds what each witness has seen against the database. Before a node signs anything: a database that was restored from a copy
    /// would go on with a fork. A witness that cannot be reached is passed over; the log does not stand still for it.
    pub(crate) async fn look_back(&self) {
        let looks = self.places.iter().map(|place| {
            Box::pin(async move {
                match self.seen_by(place).await {
                    Seen::Checkpoint(checkpoint) => self.confront(&checkpoint).await,
                    Seen::Nothing => {}
                    Seen::Unknown => {
                        tracing::warn!(witness = place.url, "a witness cannot say what it has seen");
                    }
                }
            })
        });
        all(looks.collect()).await;
    }

    /// Asks every witness that is due, all at the same time.
    pub(crate) async fn ask(&self) {
        all(self.places.iter().map(|place| Box::pin(self.round(place))).collect()).await;
        self.tell_ages().await;
    }

    async fn round(&self, place: &Place) {
        if !pace(place).is_due(self.service.ambient().now()) {
            return;
        }
        let outcome = match self.exchange(place).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(witness = place.url, %error, cause = ?error, "a witness was not asked");
                Outcome::Failed
            }
        };
        pace(place).book(outcome, self.service.ambient().now());
    }

    async fn exchange(&self, place: &Place) -> Result<Outcome, Error> {
        for _ in 0..=AGAIN {
            let Some(task) = self.task(place).await? else { return Ok(Outcome::Idle) };
            let told = self.post(place, &task).await;
            let answer = self.look_into(place, &task, told).await;
            let mut again = false;
            for line in &place.lines {
                again |= self.service.witness_answered(line, &task, &answer).await?;
            }
            if matches!(answer, WitnessAnswer::Signed(_)) {
                let useless = pace(place).signed.replace(task.request.clone()) == Some(task.request);
                if useless {
                    tracing::warn!(witness = place.url, "what a witness answers is not its signature");
                }
                return Ok(if useless { Outcome::Failed } else { Outcome::Signed });
            }
            if !again {
                tracing::warn!(witness = place.url, ?answer, "a witness did not sign");
                return Ok(Outcome::Failed);
            }
        }
        Ok(Outcome::Failed)
    }

    /// What to ask: what the first of its keys lacks.
    async fn task(&self, place: &Place) -> Result<Option<WitnessTask>, Error> {
        for line in &place.lines {
            if let Some(task) = self.service.witness_task(line).await? {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// An answer that hints at another tree is followed up before it is booked: booked, the witness would be left in peace. As long as
    /// it does not show what it has seen, it has not answered.
    async fn look_into(&self, place: &Place, task: &WitnessTask, answer: WitnessAnswer) -> WitnessAnswer {
        if !self.service.is_suspicious(task, &answer) {
            return answer;
        }
        match self.seen_by(place).await {
            Seen::Checkpoint(checkpoint) => {
                self.confront(&checkpoint).await;
                answer
            }
            Seen::Nothing => answer,
            Seen::Unknown => WitnessAnswer::Silent,
        }
    }

    async fn confront(&self, checkpoint: &Note) {
        if let Err(error) = self.service.confront(checkpoint).await {
            tracing::error!(%error, "what a witness has seen could not be held against the database");
        }
    }

    async fn post(&self, place: &Place, task: &WitnessTask) -> WitnessAnswer {
        let request = self.client.post(format!("{}/add-checkpoint", place.url));
        let request =
            request.header("content-type", "text/plain; charset=utf-8").body(task.request.to_string());
        let Ok(response) = request.send().await else { return WitnessAnswer::Silent };
        let status = response.status();
        match (status, text_of(response).await) {
            (StatusCode::OK, Some(lines)) => WitnessAnswer::Signed(lines),
            (StatusCode::CONFLICT, Some(size)) => {
                size_of(&size).map_or(WitnessAnswer::Silent, WitnessAnswer::Conflict)
            }
            (StatusCode::OK | StatusCode::CONFLICT, None) => WitnessAnswer::Silent,
            _ => WitnessAnswer::Refused(status.as_u16()),
        }
    }

    /// The checkpoint that a witness serves for this log.
    async fn seen_by(&self, place: &Place) -> Seen {
        let hash = crate::witness::origin_hash(self.service.log_origin().as_ref());
        let request = self.client.get(format!("{}/{hash}/checkpoint", place.url));
        let Ok(response) = request.send().await else { return Seen::Unknown };
        match response.status() {
            StatusCode::OK => {
                let note = text_of(response).await.and_then(|text| text.parse().ok());
                note.map_or(Seen::Unknown, Seen::Checkpoint)
            }
            StatusCode::NOT_FOUND => Seen::Nothing,
            _ => Seen::Unknown,
        }
    }

    async fn tell_ages(&self) {
        if self.places.is_empty() {
            return;
        }
        match self.service.log_witnesses().await {
            Ok(witnesses) => {
                let now = self.service.ambient().now();
                for witness in witnesses {
                    let age = witness.signed.map(|(_, at)| now.seconds_since(at));
                    #[expect(clippy::cast_precision_loss, reason = "a gauge; seconds of centuries fit")]
                    let age = age.map_or(f64::INFINITY, |age| age as f64);
                    metrics::gauge!("tillid_log_witness_age_seconds", "witness" => witness.name).set(age);
                }
            }
            Err(error) => tracing::warn!(%error, "the ages of signatures cannot be told"),
        }
    }
}

fn pace(place: &Place) -> std::sync::MutexGuard<'_, Pace> {
    place.pace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls all of them until the last one is done.
async fn all<F: Future<Output = ()> + Unpin>(mut rounds: Vec<F>) {
    std::future::poll_fn(|cx| {
        rounds.retain_mut(|round| std::pin::Pin::new(round).poll(cx).is_pending());
        if rounds.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// The body, if it is text and not too much of it.
async fn text_of(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_BODY {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).ok()
}

/// A size as a witness tells it: decimal, with a newline.
fn size_of(body: &str) -> Option<u64> {
    let digits = body.strip_suffix('\n')?;
    let canonical = digits == "0" || !digits.starts_with('0');
    if canonical && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_that_does_not_sign_is_asked_ever_less_often_until_it_does() {
        let mut pace = Pace::default();
        let mut now = Instant::from_micros(0);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            assert!(pace.is_due(now));
            pace.book(Outcome::Failed, now);
            let pause = (1..100).find(|s| pace.is_due(now.plus_seconds(*s))).expect("an end");
            pauses.push(pause);
            now = now.plus_seconds(pause);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        pace.book(Outcome::Signed, now);
        assert!(pace.is_due(now));
    }

    #[test]
    fn the_example_of_a_policy_is_one_and_its_witnesses_can_be_asked() {
        let policy: tillid_log::Policy =
            include_str!("../../../deploy/log-policy.example.txt").parse().expect("a policy");
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 3));
        assert!(policy.witnesses().iter().all(|w| w.url.as_deref().is_some_and(is_safe_url)));
        let names = |names: &[&'static str]| policy.quorum_of(&names.iter().copied().collect());
        assert!(!names(&["tilsyn"]) && names(&["tilsyn", "kommune-c"]));
    }

    #[test]
    fn a_size_is_read_as_it_must_be_written() {
        assert_eq!((size_of("0\n"), size_of("17\n")), (Some(0), Some(17)));
        for wrong in ["17", "", "\n", "017\n", "+1\n", "-1\n", " 1\n", "1\n\n", "18446744073709551616\n"] {
            assert_eq!(size_of(wrong), None, "{wrong:?}");
        }
    }
}
