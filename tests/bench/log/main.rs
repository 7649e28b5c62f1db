//! What the log costs those who write, and how the log is when it is long. It prints; it judges nothing.
//!
//! `cargo bench -p tillid --bench log` compares the service with its sequencer and without. `cargo bench -p tillid --bench log --
//! 1000000` fills a database with as many events and measures all that reads or writes the log, at a tenth of them and at all. Only the
//! ratios say something: the machine, its disk and whoever else uses it are in all rows alike.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

mod fill;
mod leaves;
mod memory;
mod rate;

use std::{fmt, time::Duration};
use tillid_service::ambient::Ambient;
use tillid_testkit::{Cluster, Database, Engine, World, log_keys, vault};
use tokio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().unwrap();
    let number = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    for engine in Engine::ALL {
        let cluster = (engine == Engine::Postgres).then(Cluster::start_durable);
        println!("\n{engine:?}");
        runtime.block_on(async {
            let world = world(cluster.as_ref()).await;
            match number {
                Some(number) => leaves::measure(world, number).await,
                None => rate::compare(world).await,
            }
        });
    }
}

/// A service on the system's clock, on a file or on that cluster; both flush what they acknowledge.
async fn world(cluster: Option<&Cluster>) -> World {
    let database = match cluster {
        Some(cluster) => Database::on(cluster).await,
        None => Database::new(Engine::Sqlite).await,
    };
    let store = database.open(vault(&[("k1", 1)])).await;
    let ambient = Ambient::system();
    let service = World::service_on(&store, &ambient, false, log_keys());
    service.begin_log().await.unwrap();
    World { service, store, ambient, database }
}

/// Measurements of the same thing.
struct Spread(Vec<f64>);

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    fn of_times(times: &[Duration]) -> Self {
        Self::of(times.iter().map(Duration::as_secs_f64).collect())
    }

    /// The value that so many of a hundred are not above.
    fn percentile(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    fn median(&self) -> f64 {
        self.percentile(50)
    }

    fn milliseconds(&self) -> String {
        format!("p50 {:.2} ms, p99 {:.2} ms", self.percentile(50) * 1e3, self.percentile(99) * 1e3)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median(), self.percentile(0), self.percentile(100))
    }
}
