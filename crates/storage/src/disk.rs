//! What becomes of what SQLite writes, and of a flush that fails.
//!
//! After a failed `fsync` the pages that it was about may be lost, and the kernel may call them clean: flushed again, it says that all
//! is well. So nothing is written after it. A new process goes on from what the disk has, and first writes all of it again
//! ([`Store::settle`]). PostgreSQL does the same by itself: it ends, and recovers (`data_sync_retry = off`).

use crate::{Store, StoreError, engine::Pools};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    time::timeout,
};

/// After how many transactions the log that is written ahead is copied into the file; about a thousand pages.
const CHECKPOINT_AFTER: u32 = 64;
/// How many pages may be left over for the next time.
const MANY_PAGES: i64 = 1000;
/// `SQLITE_IOERR`; its kinds stand in the bits above.
const INPUT_OUTPUT: u32 = 10;

/// The file as this process knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    failed: Arc<watch::Sender<bool>>,
    turn: Arc<Mutex<()>>,
    since_checkpoint: Arc<AtomicU32>,
}

/// The right to write. Whoever has it next sees whether this one's flush failed.
#[derive(Debug)]
pub(crate) struct Turn {
    disk: Disk,
    _held: OwnedMutexGuard<()>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self {
            failed: Arc::new(watch::channel(false).0),
            turn: Arc::default(),
            since_checkpoint: Arc::default(),
        }
    }

    /// Waits for the right to write, as long as for a connection; refused after a failed flush.
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        let held = timeout(crate::engine::ACQUIRE, self.turn.clone().lock_owned()).await;
        let held = held.map_err(|_| StoreError::Unavailable(sqlx::Error::PoolTimedOut))?;
        self.check()?;
        Ok(Turn { disk: self.clone(), _held: held })
    }

    /// Refuses after a failed flush.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if *self.failed.borrow() { Err(StoreError::FlushFailed) } else { Ok(()) }
    }

    /// Passes on what came of a write, and takes note of a failure that may have lost something.
    pub(crate) fn noted<T>(&self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if outcome.as_ref().is_err_and(may_have_lost) {
            self.failed.send_replace(true);
        }
        outcome
    }

    /// What happens when the connection that writes is given back, and before anybody else has it; whether it can be used again.
    ///
    /// SQLite would copy the log into the file by itself, but tells nobody when that fails.
    pub(crate) async fn given_back(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        // A rollback may be on its way. Where SQLite has rolled back already, for want of space, sqlx 0.9.0 believes in a
        // transaction that is no more, and would begin no other.
        connection.ping().await?;
        if connection.is_in_transaction() || *self.failed.borrow() {
            return Ok(false);
        }
        if self.since_checkpoint.fetch_add(1, Ordering::Relaxed) >= CHECKPOINT_AFTER {
            let copied = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
            let copied = self.noted(copied.fetch_one(connection).await);
            // Where readers keep much of it from being copied it is tried again at once; without space, later.
            if !matches!(copied, Ok((busy, ahead, copied)) if busy != 0 || ahead - copied > MANY_PAGES) {
                self.since_checkpoint.store(0, Ordering::Relaxed);
            }
            return Ok(copied.is_ok());
        }
        Ok(true)
    }
}

impl Turn {
    pub(crate) fn noted<T>(&self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.disk.noted(outcome)
    }

    /// Commits. It goes on when the caller has gone away meanwhile: what came of the flush is known before anybody else writes.
    pub(crate) async fn commit(self, tx: Transaction<'static, Sqlite>) -> Result<(), sqlx::Error> {
        let committed = tokio::spawn(async move { self.noted(tx.commit().await) });
        committed.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// Whether SQLite says that reading, writing or flushing failed. A full disk refuses before anything is lost.
fn may_have_lost(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(db) = error else { return false };
    let code = db.code().unwrap_or_default();
    // PostgreSQL's codes have five characters.
    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == INPUT_OUTPUT)
}

impl Store {
    /// Whether a flush has failed: then nothing more is written, what is read may go on for a moment, and the process is to end.
    pub fn flush_failed(&self) -> bool {
        match &self.pools {
            Pools::Sqlite { disk, .. } => *disk.failed.borrow(),
            Pools::Postgres(_) => false,
        }
    }

    /// Waits until a flush fails; for ever on PostgreSQL, which looks after its own.
    pub async fn until_flush_fails(&self) {
        if let Pools::Sqlite { disk, .. } = &self.pools {
            let mut failed = disk.failed.subscribe();
            if failed.wait_for(|failed| *failed).await.is_ok() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Writes everything again that was written ahead, and flushes it: another process may have ended because a flush failed, and
    /// what is read of it now may be in memory alone. To be called before anything is acknowledged. `false` when somebody else
    /// kept reading for seconds, and it was not done.
    pub async fn settle(&self) -> Result<bool, StoreError> {
        let Pools::Sqlite { write, disk, .. } = &self.pools else { return Ok(true) };
        let turn = disk.turn().await?;
        let settled =
            sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await;
        Ok(turn.noted(settled)?.0 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Vault};
    use sqlx::error::{DatabaseError, ErrorKind};
    use std::{borrow::Cow, error::Error, fmt};
    use zeroize::Zeroizing;

    /// An error as an engine reports it.
    #[derive(Debug)]
    struct Coded(&'static str);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn failure(code: &'static str) -> Result<(), sqlx::Error> {
        Err(sqlx::Error::Database(Box::new(Coded(code))))
    }

    #[test]
    fn a_failed_write_or_flush_is_one_and_a_full_disk_or_a_busy_file_is_not() {
        // SQLITE_IOERR, _WRITE, _FSYNC, _TRUNCATE; SQLITE_BUSY, _FULL, _CONSTRAINT_UNIQUE; PostgreSQL's io_error and disk_full.
        for (code, loses) in [
            ("10", true),
            ("778", true),
            ("1034", true),
            ("1546", true),
            ("5", false),
            ("13", false),
            ("2067", false),
            ("58030", false),
            ("53100", false),
        ] {
            let disk = Disk::new();
            assert!(disk.noted(failure(code)).is_err());
            assert_eq!(*disk.failed.borrow(), loses, "{code}");
        }
        let disk = Disk::new();
        assert!(disk.noted(Ok(())).is_ok());
        assert!(!*disk.failed.borrow());
    }

    #[tokio::test]
    async fn whoever_waits_to_write_while_a_flush_fails_is_refused() {
        let disk = Disk::new();
        let turn = disk.turn().await.expect("nobody writes");
        let next = tokio::spawn({
            let disk = disk.clone();
            async move { disk.turn().await.map(drop) }
        });
        let after = tokio::spawn({
            let disk = disk.clone();
            async move { disk.turn().await.map(drop) }
        });
        assert!(turn.noted(failure("1034")).is_err());
        drop(turn);
        for waited in [next, after] {
            assert!(matches!(waited.await.expect("it ends"), Err(StoreError::FlushFailed)));
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        let secret = Zeroizing::new((0..64).collect());
        let vault =
            Vault::new(&[("k".to_owned(), secret)], Arc::new(|bytes| bytes.fill(7))).expect("a vault");
        let store =
            Store::open(&Address::Sqlite(folder.path().join("tillid.db")), vault).await.expect("it opens");
        store.migrate().await.expect("its tables");
        store
    }

    #[tokio::test]
    async fn after_a_failed_flush_nothing_is_written_and_reads_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        // What is refused below is otherwise done.
        let mut tx = store.upkeep().await.expect("it begins");
        tx.turn_business_clock(1).await.expect("it is written");
        tx.finish().await.expect("it is committed");
        assert!(!store.flush_failed());

        let Pools::Sqlite { disk, .. } = &store.pools else { panic!("another engine") };
        assert!(disk.noted(failure("1034")).is_err());
        assert!(store.flush_failed());
        store.until_flush_fails().await;
        assert!(matches!(store.upkeep().await.err(), Some(StoreError::FlushFailed)));
        assert!(matches!(store.log_upkeep().await.err(), Some(StoreError::FlushFailed)));
        assert!(matches!(store.write().await.err(), Some(StoreError::FlushFailed)));
        assert!(matches!(store.scrub().await, Err(StoreError::FlushFailed)));
        assert!(matches!(store.settle().await, Err(StoreError::FlushFailed)));
        let mut tx = store.read().await.expect("it is read");
        assert_eq!(tx.business_offset().await.expect("it is there"), 1);
    }

    #[tokio::test]
    async fn what_was_written_ahead_is_all_in_the_file_once_it_is_settled() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let ahead = || std::fs::metadata(folder.path().join("tillid.db-wal")).expect("the log").len();
        assert!(ahead() > 0);
        let mut reader = store.read().await.expect("it is read");
        reader.business_offset().await.expect("a snapshot");
        drop(reader);
        assert!(store.settle().await.expect("it is settled"));
        assert_eq!(ahead(), 0);
    }

    #[tokio::test]
    async fn what_is_written_ahead_is_copied_into_the_file_from_time_to_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.settle().await.expect("it is settled");
        let ahead = || std::fs::metadata(folder.path().join("tillid.db-wal")).expect("the log").len();
        let write = async |offset| {
            let mut tx = store.upkeep().await.expect("it begins");
            tx.turn_business_clock(offset).await.expect("it is written");
            tx.finish().await.expect("it is committed");
        };
        for offset in 1..=i64::from(CHECKPOINT_AFTER) {
            write(offset).await;
        }
        let once = ahead();
        for offset in 1..=4 * i64::from(CHECKPOINT_AFTER) {
            write(1000 + offset).await;
        }
        // What was copied is written over.
        assert!(ahead() < 2 * once, "{once} bytes became {}", ahead());
    }

    #[tokio::test]
    async fn without_a_failed_flush_the_next_may_write() {
        let disk = Disk::new();
        let turn = disk.turn().await.expect("nobody writes");
        assert!(turn.noted(failure("13")).is_err());
        drop(turn);
        assert!(disk.turn().await.is_ok());
    }
}
