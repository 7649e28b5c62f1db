//! What can go wrong below the domain.

use uuid::Uuid;

/// Why storage could not do what was asked. The driver's words stay in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else did something at the same time that excludes this; done again, it may succeed or be refused.
    #[error("somebody else changed it at the same time")]
    Contention(#[source] sqlx::Error),
    /// Something that must be unique exists already.
    #[error("it exists already")]
    Exists(#[source] sqlx::Error),
    /// A row breaks a rule of the domain: it was not written by this service.
    #[error("a row of {table} breaks a rule of the domain")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row, where it has an id.
        id: Option<Uuid>,
    },
    /// A person was about to be decided about without having been locked; a mistake in this program.
    #[error("a person was not locked before deciding about them")]
    NotLocked,
    /// A CPR number is encrypted under a key that is not configured, or was altered.
    #[error("a CPR number in the database does not open with the configured keys")]
    Sealed,
    /// The configuration of keys does not serve.
    #[error("the keys do not serve: {0}")]
    Keys(&'static str),
    /// The database cannot be reached or is overloaded.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A flush failed before; nothing more is written until another process has begun anew. SQLite only.
    #[error("a flush of the database failed, and nothing more is written")]
    FlushFailed,
    /// The database refused a statement that this program should never send; a mistake in this program or in the schema.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
    /// The migrations do not fit the database.
    #[error("the database's migrations do not fit this version")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let db = match &error {
            sqlx::Error::Database(db) => db,
            // A column holds something that no column of ours can hold.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return Self::Corrupt { table: "?", id: None };
            }
            _ => return Self::Unavailable(error),
        };
        if db.is_unique_violation() {
            return Self::Exists(error);
        }
        let code = db.code().unwrap_or_default();
        // SQLite gives numbers, whose lowest byte is the kind; PostgreSQL gives five characters, the first two a class.
        match (code.len() < 5, code.parse::<u32>().map(|n| n & 0xff)) {
            // Busy and locked.
            (true, Ok(5 | 6)) => Self::Contention(error),
            // Read-only, input or output, disk full, cannot open.
            (true, Ok(8 | 10 | 13 | 14)) => Self::Unavailable(error),
            (true, _) => Self::Refused(error),
            (false, _) if matches!(code.as_ref(), "40001" | "40P01" | "55P03") => Self::Contention(error),
            // Connection, read-only, resources, operator, system.
            (false, _) if ["08", "25", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                Self::Unavailable(error)
            }
            (false, _) => Self::Refused(error),
        }
    }
}
