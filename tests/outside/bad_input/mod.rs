//! Bad input: a stable code, nothing changed, never a fault of ours, and the same on both engines.

mod bodies;
mod external;
mod headers;
mod lists;
mod states;
mod tokens;
mod xml;

/// Runs each listed test on each engine.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Sqlite).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Postgres).await;
            }
        )+}
    };
}
pub(crate) use on_both;
