//! Callers: so many at a time, or so many a second.

use crate::{http::Line, questions::Questions};
use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinSet, LocalSet},
    time::sleep_until,
};

/// What came of a load.
pub(crate) struct Done {
    /// How many decisions were answered.
    pub(crate) decisions: u64,
    pub(crate) took: Duration,
    /// How long each request took; with an even rate, from the moment when it was due.
    pub(crate) times: Vec<Duration>,
}

impl Done {
    #[expect(clippy::cast_precision_loss, reason = "fewer than a mantissa holds")]
    pub(crate) fn rate(&self) -> f64 {
        self.decisions as f64 / self.took.as_secs_f64()
    }
}

/// All callers share one thread, so that the service and its database have the processors.
pub(crate) fn thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Each caller asks the next question when it has the answer to the last one.
pub(crate) fn closed(address: &str, callers: Vec<Questions>, each: u64, during: Duration) -> Done {
    let began = Instant::now();
    let until = began + during;
    let times = run(callers.into_iter().map(|mut questions| {
        let address = address.to_owned();
        async move {
            let mut line = Line::to(&address).await;
            let mut times = Vec::with_capacity(1 << 16);
            while Instant::now() < until {
                times.push(ask(&mut line, &mut questions).await);
            }
            times
        }
    }));
    Done { decisions: times.len() as u64 * each, took: began.elapsed(), times }
}

/// So many questions a second, whether or not the earlier ones have been answered: each is due at its moment, and what it waits because
/// every caller is busy counts. Timers have milliseconds, so that each begins up to one late; that counts too.
pub(crate) fn open(address: &str, callers: Vec<Questions>, rate: f64, during: Duration) -> Done {
    let began = Instant::now() + Duration::from_millis(50);
    let next = Rc::new(Cell::new(0_u32));
    let times = run(callers.into_iter().map(|mut questions| {
        let (address, next) = (address.to_owned(), next.clone());
        async move {
            let mut line = Line::to(&address).await;
            let mut times = Vec::new();
            loop {
                let number = next.replace(next.get() + 1);
                let after = Duration::from_secs_f64(f64::from(number) / rate);
                if after > during {
                    return times;
                }
                let due = began + after;
                sleep_until(due.into()).await;
                ask(&mut line, &mut questions).await;
                times.push(due.elapsed());
            }
        }
    }));
    Done { decisions: times.len() as u64, took: began.elapsed(), times }
}

fn run<F: Future<Output = Vec<Duration>> + 'static>(callers: impl Iterator<Item = F>) -> Vec<Duration> {
    thread().block_on(LocalSet::new().run_until(async {
        let mut tasks = JoinSet::new();
        for caller in callers {
            tasks.spawn_local(caller);
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }))
}

async fn ask(line: &mut Line, questions: &mut Questions) -> Duration {
    let (request, is_yes) = questions.next();
    let began = Instant::now();
    let (status, answer) = line.ask(request).await.unwrap();
    let took = began.elapsed();
    let expected: &[u8] = if is_yes { b"\"decision\":true" } else { b"\"decision\":false" };
    let is_expected = status == 200 && answer.windows(expected.len()).any(|text| text == expected);
    assert!(is_expected, "{status} {}", String::from_utf8_lossy(answer));
    took
}
