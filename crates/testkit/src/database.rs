//! Empty databases of either engine, and the administrator who can change them behind the service's back.

use crate::{Cluster, world};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
    sqlite::SqliteConnectOptions,
};
use std::{
    fmt, process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};
use tempfile::TempDir;
use tillid_storage::{Address, Store};

/// The two engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database of a test's own; gone when dropped. On a server it has its tables, and a role for the service that owns none of them.
#[derive(Debug)]
pub struct Database {
    /// Its engine.
    pub engine: Engine,
    /// Where the service finds it: on a server, as a role that has been granted what it needs and no more.
    pub address: Address,
    /// Where its owner finds it; the same on a file.
    pub owner: Address,
    name: String,
    /// The administrator of the server; a file has none.
    admin: Option<String>,
    _folder: Option<TempDir>,
}

/// A migrated database, and the open store on it.
#[derive(Debug)]
pub struct Fresh {
    /// The store.
    pub store: Store,
    /// Its database, which must outlive it.
    pub database: Database,
}

impl Fresh {
    /// A migrated database with one key in its vault.
    pub async fn new(engine: Engine) -> Self {
        let database = Database::new(engine).await;
        let store = database.open(world::vault(&[("k1", 1)])).await;
        Self { store, database }
    }
}

impl Database {
    /// A file that is not there yet, or a database of the run's cluster with its tables.
    pub async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let address = Address::Sqlite(folder.path().join("tillid.db"));
                let owner = address.clone();
                Self { engine, address, owner, name: new_name(), admin: None, _folder: Some(folder) }
            }
            Engine::Postgres => Self::empty(Cluster::shared()).await.prepared().await,
        }
    }

    /// A database with its tables on that cluster, which must outlive it.
    pub async fn on(cluster: &Cluster) -> Self {
        Self::empty(&cluster.url).await.prepared().await
    }

    /// A database without a table, whose service's role has no rights yet, on the cluster of that administrator.
    pub async fn empty(admin: &str) -> Self {
        let name = new_name();
        let mut connection = PgConnection::connect(admin).await.unwrap();
        for create in [
            format!("CREATE DATABASE {name} TEMPLATE template0"),
            format!("CREATE ROLE \"{name} \"\"App\"\"\" LOGIN PASSWORD '{name}'"),
        ] {
            connection.execute(AssertSqlSafe(create)).await.unwrap();
        }
        connection.close().await.unwrap();
        let server = admin.rsplit_once('/').unwrap().0;
        let host = server.rsplit_once(['@', '/']).unwrap().1;
        Self {
            engine: Engine::Postgres,
            address: Address::Postgres(format!("postgres://{name}%20%22App%22:{name}@{host}/{name}")),
            owner: Address::Postgres(format!("{server}/{name}")),
            name,
            admin: Some(admin.to_owned()),
            _folder: None,
        }
    }

    /// The name of the service's role. It needs its quotes: capitals, a space and a quote.
    pub fn role(&self) -> String {
        format!("{} \"App\"", self.name)
    }

    async fn prepared(self) -> Self {
        let owner = Store::open(&self.owner, world::vault(&[("k1", 1)])).await.unwrap();
        owner.migrate().await.unwrap();
        owner.grant_to(&self.role()).await.unwrap();
        owner.close().await;
        self
    }

    /// Opens it with this vault and brings it to the newest version.
    pub async fn open(&self, vault: tillid_storage::Vault) -> Store {
        let store = Store::open(&self.address, vault).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Connects beside the service, as the owner of the tables. Their triggers and keys still hold.
    pub async fn administrator(&self) -> Administrator {
        Administrator::of(&self.owner).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(admin) = self.admin.take() else { return };
        let name = &self.name;
        let drops = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("DROP ROLE IF EXISTS \"{name} \"\"App\"\"\""),
        ];
        // A runtime of its own: this may run where blocking is not allowed. A leftover goes with the cluster.
        let done = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await.map_err(std::io::Error::other)?;
                for drop in drops {
                    connection.execute(AssertSqlSafe(drop)).await.map_err(std::io::Error::other)?;
                }
                Ok::<_, std::io::Error>(())
            })
        });
        let _ = done.join();
    }
}

/// Different in each process, also where two share a cluster and a process id.
fn new_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    let (count, tail) = (COUNTER.fetch_add(1, Ordering::Relaxed), u32::from_be_bytes(bytes));
    format!("tillid_{}_{count}_{tail:08x}", process::id())
}

/// A column as its database describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine calls it.
    pub kind: String,
    /// Whether it takes no value.
    pub nullable: bool,
}

/// Somebody who can run any statement.
pub enum Administrator {
    /// On a file.
    Sqlite(SqliteConnection),
    /// On a server.
    Postgres(PgConnection),
}

impl fmt::Debug for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administrator")
    }
}

impl Administrator {
    /// Connects to a database that is there.
    pub async fn of(address: &Address) -> Self {
        match address {
            Address::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path).foreign_keys(true);
                Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
            Address::Postgres(url) => Self::Postgres(PgConnection::connect(url).await.unwrap()),
        }
    }

    /// Runs statements, and says how many rows they changed.
    pub async fn execute(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(|done| done.rows_affected()),
            Self::Postgres(connection) => sql.execute(connection).await.map(|done| done.rows_affected()),
        }
    }

    /// The rows of a query of which each column is a text.
    pub async fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        macro_rules! texts {
            ($connection:expr) => {{
                let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
                let rows = query.fetch_all($connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
                rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect()
            }};
        }
        match self {
            Self::Sqlite(connection) => texts!(connection),
            Self::Postgres(connection) => texts!(connection),
        }
    }

    /// The first column of a query.
    pub async fn column(&mut self, sql: &str) -> Vec<String> {
        self.rows(sql).await.into_iter().map(|row| row[0].clone().unwrap_or_default()).collect()
    }

    /// One number.
    pub async fn count(&mut self, sql: &str) -> i64 {
        let text = format!("SELECT CAST(({sql}) AS TEXT)");
        self.column(&text).await[0].parse().unwrap()
    }

    /// The tables of the service, without the engine's and the migrations' own.
    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\' \
                 ORDER BY name"
            }
            Self::Postgres(_) => {
                "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public' \
                 AND table_name NOT LIKE '\\_%' ORDER BY table_name COLLATE \"C\""
            }
        };
        self.column(sql).await
    }

    /// The columns of a table, in their order.
    pub async fn columns(&mut self, table: &str) -> Vec<Column> {
        let sql = match self {
            Self::Sqlite(_) => format!(
                "SELECT name, type, CASE WHEN \"notnull\" = 0 AND pk = 0 THEN 'YES' ELSE 'NO' END FROM pragma_table_info('{table}') \
                 ORDER BY cid"
            ),
            Self::Postgres(_) => format!(
                "SELECT column_name::TEXT, upper(data_type)::TEXT, is_nullable::TEXT FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
            ),
        };
        let rows = self.rows(&sql).await;
        let text = |row: &[Option<String>], at: usize| row[at].clone().unwrap_or_default();
        rows.iter()
            .map(|row| Column { name: text(row, 0), kind: text(row, 1), nullable: text(row, 2) == "YES" })
            .collect()
    }

    /// Takes away what protects the rows, as whoever owns the database can: triggers, references and the sequence.
    pub async fn take_protection_away(&mut self) {
        match self {
            Self::Sqlite(_) => {
                self.execute("PRAGMA foreign_keys = OFF").await.unwrap();
                for name in self.column("SELECT name FROM sqlite_master WHERE type = 'trigger'").await {
                    self.execute(&format!("DROP TRIGGER {name}")).await.unwrap();
                }
            }
            Self::Postgres(_) => {
                self.execute("SET session_replication_role = replica").await.unwrap();
                self.execute("ALTER TABLE pending ALTER position DROP IDENTITY").await.unwrap();
            }
        }
    }
}
