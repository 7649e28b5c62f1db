//! The two engines: how they are opened, and how a transaction begins and ends on each.

use crate::{
    StoreError,
    disk::{Disk, Turn},
    vault::Vault,
};
use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::OpenOptions,
    io::ErrorKind,
    marker::PhantomData,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
use tillid_domain::id::PersonId;

/// Where the data is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, as a connection URL.
    Postgres(String),
}

/// Where consents, mandates and the journal are kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pools: Pools,
    pub(crate) vault: Vault,
}

#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// SQLite has one writer; readers see the last committed state beside it.
    Sqlite {
        /// One connection.
        write: SqlitePool,
        /// Several, read-only.
        read: SqlitePool,
        /// Whether what is written gets there.
        disk: Disk,
    },
    Postgres(PgPool),
}

/// A transaction that reads one snapshot.
#[derive(Debug)]
pub enum Read {}
/// A transaction that changes facts, by events alone.
#[derive(Debug)]
pub enum Write {}
/// A transaction on the operational tables.
#[derive(Debug)]
pub enum Upkeep {}

/// A transaction; rolled back when dropped. Only a `Tx<Write>` can change a fact, and only by [`Tx::commit`].
pub struct Tx<Mode> {
    pub(crate) engine: Engine,
    pub(crate) vault: Vault,
    pub(crate) locked: Vec<PersonId>,
    /// What writes to a file has this; it goes after the transaction.
    pub(crate) turn: Option<Turn>,
    mode: PhantomData<Mode>,
}

pub(crate) enum Engine {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// One statement that must differ between the engines.
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Runs one body on the open engine. The body is typed once for each engine; the SQL is written once.
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.engine {
            crate::engine::Engine::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            crate::engine::Engine::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

/// All rows of one statement whose only parameter are ids: on PostgreSQL an array, on SQLite a JSON list of their digits.
macro_rules! all_of {
    ($tx:expr, $sql:expr, $ids:expr) => {{
        let ids: &[uuid::Uuid] = $ids;
        match &mut $tx.engine {
            crate::engine::Engine::Postgres(tx) => {
                sqlx::query_as($sql.postgres).bind(ids).fetch_all(&mut **tx).await?
            }
            crate::engine::Engine::Sqlite(tx) => {
                let digits: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
                sqlx::query_as($sql.sqlite).bind(crate::column::json(&digits)).fetch_all(&mut **tx).await?
            }
        }
    }};
}
pub(crate) use all_of;

/// Executes one statement on the open engine and says how many rows it concerned.
macro_rules! run {
    ($tx:expr, $query:expr) => {
        match &mut $tx.engine {
            crate::engine::Engine::Sqlite(tx) => {
                let done = ($query).execute(&mut **tx).await.map(|done| done.rows_affected());
                match &$tx.turn {
                    Some(turn) => turn.noted(done),
                    None => done,
                }
            }
            crate::engine::Engine::Postgres(tx) => {
                ($query).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
    };
}
pub(crate) use run;

pub(crate) const ACQUIRE: Duration = Duration::from_secs(2);

impl Store {
    /// Opens the database without touching its tables. Waits at most two seconds for a connection, now and later.
    pub async fn open(address: &Address, vault: Vault) -> Result<Self, StoreError> {
        let pools = match address {
            Address::Sqlite(path) => {
                owned_by_us(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    // An acknowledged write survives a power cut.
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    // What is deleted is overwritten: erased is erased, also in the pages that are free.
                    .pragma("secure_delete", "ON")
                    .busy_timeout(Duration::from_secs(5));
                let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE).test_before_acquire(false);
                let disk = Disk::new();
                let writer = disk.clone();
                // The copying into the file is ours: see `Disk::given_back`.
                let write = pool().max_connections(1).after_release(move |connection, _| {
                    let disk = writer.clone();
                    Box::pin(async move { disk.given_back(connection).await })
                });
                let write = write.connect_with(options.clone().pragma("wal_autocheckpoint", "0")).await?;
                let read = pool().max_connections(4).connect_with(options.read_only(true)).await?;
                Pools::Sqlite { write, read, disk }
            }
            Address::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?.application_name("tillid").options([
                    ("statement_timeout", "5s"),
                    ("lock_timeout", "3s"),
                    ("idle_in_transaction_session_timeout", "15s"),
                    // Every statement finds its rows by keys, whatever they are: one plan for all of them, which must not be the one
                    // for a table that was still small. Where arrays are bound, the server would plan anew each time.
                    ("plan_cache_mode", "force_generic_plan"),
                    ("enable_seqscan", "off"),
                    ("jit", "off"),
                ]);
                let pool = PgPoolOptions::new()
                    .max_connections(16)
                    .acquire_timeout(ACQUIRE)
                    .test_before_acquire(false);
                Pools::Postgres(pool.connect_with(options).await?)
            }
        };
        Ok(Self { pools, vault })
    }

    /// Brings the tables to this version; forward only. Where they are at it already, anybody may ask.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.is_migrated().await? {
            return Ok(());
        }
        match &self.pools {
            Pools::Sqlite { write, .. } => sqlx::migrate!("../../migrations/sqlite").run(write).await,
            Pools::Postgres(pool) => sqlx::migrate!("../../migrations/postgres").run(pool).await,
        }
        .map_err(StoreError::Migration)
    }

    /// Whether the tables are at this version: every migration of it has been applied as it is, and no other.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
        let (applied, known) = match &self.pools {
            Pools::Sqlite { read, .. } => (
                sqlx::query_as::<_, (i64, Vec<u8>)>(APPLIED).fetch_all(read).await,
                sqlx::migrate!("../../migrations/sqlite"),
            ),
            Pools::Postgres(pool) => (
                sqlx::query_as::<_, (i64, Vec<u8>)>(APPLIED).fetch_all(pool).await,
                sqlx::migrate!("../../migrations/postgres"),
            ),
        };
        match applied {
            Ok(applied) => Ok(known.iter().map(|m| (m.version, m.checksum.to_vec())).eq(applied)),
            // A database without any table of ours.
            Err(sqlx::Error::Database(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Refuses keys that do not fit what is in the database: with them everyone would seem unknown, and be made known again.
    pub async fn check_keys(&self) -> Result<(), StoreError> {
        self.read().await?.try_keys().await
    }

    /// The vault that opens the CPR numbers.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Closes every connection after its current work.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Begins to read one snapshot, taken after this call.
    pub async fn read(&self) -> Result<Tx<Read>, StoreError> {
        let engine = match &self.pools {
            Pools::Sqlite { read, .. } => Engine::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => {
                Engine::Postgres(begin_on(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(self.tx(engine, None))
    }

    /// Begins to change facts. Lock the persons before reading what is decided on.
    pub async fn write(&self) -> Result<Tx<Write>, StoreError> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    /// Begins work on the operational tables.
    pub async fn upkeep(&self) -> Result<Tx<Upkeep>, StoreError> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    /// Begins work on the log. What it reads is one snapshot, and whoever else extends the log meanwhile makes it fail.
    pub async fn log_upkeep(&self) -> Result<Tx<Upkeep>, StoreError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ").await
    }

    async fn begin<Mode>(&self, postgres: &'static str) -> Result<Tx<Mode>, StoreError> {
        match &self.pools {
            Pools::Sqlite { write, disk, .. } => {
                let turn = disk.turn().await?;
                // An upgrade of a deferred transaction would fail at once when another writer came first.
                let tx = turn.noted(write.begin_with("BEGIN IMMEDIATE").await)?;
                // What was copied into the file while this waited may have failed.
                disk.check()?;
                Ok(self.tx(Engine::Sqlite(tx), Some(turn)))
            }
            Pools::Postgres(pool) => Ok(self.tx(Engine::Postgres(begin_on(pool, postgres).await?), None)),
        }
    }

    fn tx<Mode>(&self, engine: Engine, turn: Option<Turn>) -> Tx<Mode> {
        Tx { engine, vault: self.vault.clone(), locked: Vec::new(), turn, mode: PhantomData }
    }
}

/// A new file is its owner's alone; SQLite gives the files beside it the same mode.
fn owned_by_us(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Unavailable(sqlx::Error::Io(error)))
        }
        _ => Ok(()),
    }
}

/// Begins on a connection of the pool. One that died while it lay there costs another try and no caller: it was sent nothing
/// yet that could have been done.
///
/// It goes on when the caller has gone away meanwhile, and ends what it began: sqlx 0.9.0 takes back a connection on which nobody
/// waited for the answer to `BEGIN` with its transaction open, and whoever came next would act within it (sqlx issue 4393).
async fn begin_on(pool: &PgPool, begin: &'static str) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move {
        let mut tries = pool.options().get_max_connections();
        loop {
            match pool.begin_with(begin).await {
                Err(error) if tries > 0 && is_of_the_connection(&error) => tries -= 1,
                outcome => return outcome,
            }
        }
    });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

fn is_of_the_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // The server said farewell: it was shut down, or it crashed.
        sqlx::Error::Database(db) => matches!(db.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}

impl<Mode> Tx<Mode> {
    pub(crate) fn sql(&self, sql: &Sql) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => sql.sqlite,
            Engine::Postgres(_) => sql.postgres,
        }
    }

    pub(crate) async fn end(self) -> Result<(), StoreError> {
        match (self.engine, self.turn) {
            (Engine::Sqlite(tx), Some(turn)) => turn.commit(tx).await?,
            (Engine::Sqlite(tx), None) => tx.commit().await?,
            (Engine::Postgres(tx), _) => tx.commit().await?,
        }
        Ok(())
    }

    /// The database's own time, in microseconds since 1970: what the nodes' clocks are held against.
    pub async fn database_time(&mut self) -> Result<i64, StoreError> {
        const NOW: Sql = Sql {
            sqlite: "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            postgres: "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT",
        };
        let sql = self.sql(&NOW);
        Ok(on!(self, |conn| sqlx::query_scalar(sql).fetch_one(conn).await)?)
    }
}
