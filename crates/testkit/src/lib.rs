//! Throw-away databases of both engines, and a small world to act in. For tests alone.
//!
//! A test that asks for PostgreSQL gets a real one or fails: nothing is skipped and nothing is mocked.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests use this, and a test stops where it cannot go on"
)]

pub mod catalogue;
mod cluster;
mod database;
pub mod people;
mod world;

pub use cluster::{Cluster, Frozen, URL, program};
pub use database::{Administrator, Column, Database, Engine, Fresh};
pub use world::{
    Invariants, LOG_ORIGIN, World, log_keys, log_signer, log_witness, receipt_keys, retired_log_signer,
    signer, vault, witnessed_log_keys,
};

/// Runs every listed test on each engine: one list, two modules.
///
/// A test is an `async fn` of a module of the crate that borrows what `$fresh` makes of an [`Engine`]. Afterwards the whole
/// database is held against the journal and the invariants.
#[macro_export]
#[expect(clippy::crate_in_macro_def, reason = "the tests are the calling crate's")]
macro_rules! on_both_engines {
    ($fresh:path; $($module:ident: $($name:ident),+ $(,)?;)+) => {
        mod sqlite {
            $crate::on_both_engines!(@ Sqlite, $fresh; $($module: $($name),+;)+);
        }
        mod postgres {
            $crate::on_both_engines!(@ Postgres, $fresh; $($module: $($name),+;)+);
        }
    };
    (@ $engine:ident, $fresh:path; $($module:ident: $($name:ident),+;)+) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let fresh = $fresh($crate::Engine::$engine).await;
                    crate::$module::$name(&fresh).await;
                    fresh.check().await;
                }
            )+
        }
    )+};
}
