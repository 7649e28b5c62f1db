//! Who may do what on PostgreSQL: the role of the service owns nothing, and gets what its statements need, table by table.
//!
//! Whoever owns a table can switch its triggers off; so the owner brings the tables to their version and grants, and the service
//! runs as another. SQLite has no roles.

use crate::{Store, StoreError, engine::Pools};
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeSet;

#[cfg(test)]
mod statements;

/// What the service does with a table.
#[derive(Clone, Copy, Debug)]
enum Class {
    /// Only ever added to.
    Journal,
    /// Added to; a row goes when what it tells of is erased, which a trigger sees to.
    Erasable,
    /// A queue: rows come and go and never change.
    Waiting,
    /// What is now: these columns change, no row goes.
    Head(&'static [&'static str]),
    /// Written from the events: these columns change, and rows go by erasure where the flag says so.
    Fact(&'static [&'static str], bool),
    /// Holds no fact.
    Operational,
    /// The owner's; read to tell the version.
    Version,
}

/// Every table of the schema; a test fails for one that is not here.
const TABLES: [(&str, Class); 46] = [
    ("_sqlx_migrations", Class::Version),
    ("access_record", Class::Fact(&[], true)),
    ("business_clock", Class::Operational),
    (
        "catalogue_entry",
        Class::Fact(
            &[
                "revision",
                "definition",
                "edited_by",
                "state",
                "submitted_at",
                "discarded_at",
                "published_at",
                "retired_at",
                "withdrawn_at",
                "withdrawn_from",
                "withdrawn_why",
            ],
            false,
        ),
    ),
    (
        "client",
        Class::Fact(
            &[
                "revision",
                "name",
                "scopes",
                "purposes",
                "keys",
                "binding",
                "quota",
                "resource",
                "state",
                "stopped_at",
            ],
            false,
        ),
    ),
    ("client_assertion", Class::Operational),
    (
        "consent",
        Class::Fact(&["revision", "state", "ended_at", "cause", "effective_at", "ended_through"], true),
    ),
    (
        "consent_request",
        Class::Fact(
            &[
                "revision",
                "state",
                "ended_at",
                "cause",
                "effective_at",
                "declaration_id",
                "presentation_id",
                "voices",
                "exceptions",
            ],
            true,
        ),
    ),
    ("custody", Class::Fact(&[], true)),
    ("custody_holder", Class::Fact(&[], true)),
    ("document", Class::Fact(&[], true)),
    ("document_key", Class::Fact(&["key_id", "sealed"], true)),
    ("event", Class::Journal),
    ("event_body", Class::Erasable),
    ("event_subject", Class::Erasable),
    (
        "external_entity",
        Class::Fact(&["revision", "properties", "caller_stated", "state", "ended_at"], false),
    ),
    ("external_grant", Class::Fact(&["revision", "state", "ended_at"], false)),
    ("external_grant_privilege", Class::Journal),
    (
        "external_privilege",
        Class::Fact(
            &["revision", "action", "object_type", "condition", "caller_stated", "state", "ended_at"],
            false,
        ),
    ),
    ("external_record", Class::Journal),
    ("idempotency", Class::Operational),
    ("log_checkpoint", Class::Journal),
    ("log_cosignature", Class::Journal),
    ("log_entry", Class::Journal),
    ("log_head", Class::Head(&["size", "root", "edge", "epoch", "holder", "lease_until"])),
    ("log_signature", Class::Journal),
    ("log_tile", Class::Journal),
    ("log_witness", Class::Head(&["size", "asked_at", "answer"])),
    ("login_attempt", Class::Operational),
    (
        "mandate",
        Class::Fact(
            &[
                "revision",
                "presentation_id",
                "valid_from",
                "valid_to",
                "state",
                "ended_at",
                "cause",
                "effective_at",
                "pauses",
                "renewals",
                "awaits",
                "ground",
                "quiet",
                "for_child",
                "withdrawn",
            ],
            true,
        ),
    ),
    (
        "mandate_request",
        Class::Fact(
            &["revision", "state", "ended_at", "cause", "effective_at", "mandate_id", "presentation_id"],
            true,
        ),
    ),
    ("notice", Class::Operational),
    ("notice_cursor", Class::Operational),
    ("pending", Class::Waiting),
    (
        "person",
        Class::Fact(
            &[
                "revision",
                "version",
                "born",
                "died_on",
                "death_known_at",
                "merged_into",
                "merge_known_at",
                "post_exempt_since",
                "stints",
            ],
            true,
        ),
    ),
    ("person_login", Class::Fact(&[], true)),
    ("person_number", Class::Fact(&["key_id", "sealed"], true)),
    ("person_number_index", Class::Fact(&[], true)),
    ("power", Class::Fact(&["known_to"], true)),
    ("presentation", Class::Fact(&[], true)),
    ("session", Class::Operational),
    ("statutory_holder", Class::Fact(&[], true)),
    (
        "statutory_power",
        Class::Fact(&["revision", "spans", "source", "documents", "ends_at", "changed_at"], true),
    ),
    ("task", Class::Fact(&["revision", "state", "closed_at", "outcome", "note"], true)),
    ("used_token", Class::Operational),
    ("withdrawal_progress", Class::Operational),
];

impl Class {
    /// Privileges as `GRANT` takes them, each column of an update by itself.
    fn privileges(self) -> Vec<String> {
        let (whole, columns): (&[&str], &[&str]) = match self {
            Self::Version => (&["SELECT"], &[]),
            Self::Journal => (&["SELECT", "INSERT"], &[]),
            Self::Erasable | Self::Waiting => (&["SELECT", "INSERT", "DELETE"], &[]),
            Self::Head(columns) | Self::Fact(columns, false) => (&["SELECT", "INSERT"], columns),
            Self::Fact(columns, true) => (&["SELECT", "INSERT", "DELETE"], columns),
            Self::Operational => (&["SELECT", "INSERT", "UPDATE", "DELETE"], &[]),
        };
        let columns = columns.iter().map(|column| format!("UPDATE ({column})"));
        whole.iter().map(|&privilege| privilege.to_owned()).chain(columns).collect()
    }
}

/// Why a role was not granted what the service needs. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The engine has no roles.
    #[error("SQLite has no roles: whoever can write the file can do everything")]
    NoRoles,
    /// The name cannot be a role's of the service: empty, over 63 bytes, with control characters, `public`, `none` or `pg_...`.
    #[error("{0:?} cannot be the name of a role")]
    Name(String),
    /// There is no such role.
    #[error("there is no role {0:?}; make it first")]
    Unknown(String),
    /// It owns what it must not be able to change, or may act as the owner, or is a superuser.
    #[error(
        "the role {0:?} owns the tables, may act as their owner or is a superuser; the service needs a role of its own"
    )]
    Owner(String),
    /// It would still have more than the service needs: rights that another gave or that come with what it belongs to.
    #[error("the role {role:?} would have more than the service needs, and whoever grants cannot take it away: {}", excess.join(", "))]
    Excess {
        /// The role.
        role: String,
        /// What it has too much, such as `event: UPDATE`.
        excess: Vec<String>,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for GrantError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What the role that the service is connected as has, beside what it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The role.
    pub role: String,
    /// Whether it owns tables, may act as their owner, or is a superuser: then no trigger and no right holds it.
    pub is_owner: bool,
    /// What the service needs and the role has not, such as `event: INSERT`.
    pub missing: Vec<String>,
    /// What it has and the service does not need.
    pub excess: Vec<String>,
}

impl Store {
    /// Grants a role what the service needs on the tables that are there, and takes everything else on them away from it and from
    /// everybody (`PUBLIC`), also the right to create things in the schema or temporary tables. All or nothing. For the owner of the
    /// tables, who owns the database too.
    pub async fn grant_to(&self, role: &str) -> Result<(), GrantError> {
        let Pools::Postgres(pool) = &self.pools else { return Err(GrantError::NoRoles) };
        let quoted = quoted(role).ok_or_else(|| GrantError::Name(role.to_owned()))?;
        let mut tx = pool.begin().await?;
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)")
            .bind(role)
            .fetch_one(&mut *tx)
            .await?;
        if !known {
            return Err(GrantError::Unknown(role.to_owned()));
        }
        // Two who grant at once would update the same rows of the system's tables.
        sqlx::query("SELECT pg_advisory_xact_lock(7238114)").execute(&mut *tx).await?;
        let there: Vec<(String, String)> = sqlx::query_as(OURS).fetch_all(&mut *tx).await?;
        let database: String =
            sqlx::query_scalar("SELECT quote_ident(current_database())").fetch_one(&mut *tx).await?;
        let statements = statements(&database, &there, &quoted);
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *tx).await?;
        let standing = standing(&mut tx, role).await?;
        if standing.is_owner {
            return Err(GrantError::Owner(role.to_owned()));
        }
        if !standing.excess.is_empty() {
            return Err(GrantError::Excess { role: role.to_owned(), excess: standing.excess });
        }
        Ok(tx.commit().await?)
    }

    /// The tables that have a class here, and so the service's rights.
    pub fn classed_tables() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|(table, _)| *table)
    }

    /// How the role that this store is connected as stands to its tables; `None` on SQLite.
    pub async fn standing(&self) -> Result<Option<Standing>, StoreError> {
        let Pools::Postgres(pool) = &self.pools else { return Ok(None) };
        let mut connection = pool.acquire().await?;
        // The role that logged in: it can become itself again, whatever it is set to.
        let role: String =
            sqlx::query_scalar("SELECT session_user::TEXT").fetch_one(&mut *connection).await?;
        Ok(Some(standing(&mut connection, &role).await?))
    }
}

/// A name as SQL takes it; `None` for one that no role of ours has. `public` and `none` mean something else even when quoted.
fn quoted(role: &str) -> Option<String> {
    let reserved = matches!(role, "public" | "none") || role.starts_with("pg_");
    let fits = (1..=63).contains(&role.len()) && !role.chars().any(char::is_control);
    (fits && !reserved).then(|| format!("\"{}\"", role.replace('"', "\"\"")))
}

/// Tables, sequences and functions in the schema that whoever grants has the rights of the owner on, but not
/// what came with an extension: their kind and quoted name.
const OURS: &str = "SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, quote_ident(relname) FROM pg_class \
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_has_role(relowner, 'USAGE') \
     AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE deptype = 'e' AND objid = pg_class.oid) \
     UNION ALL SELECT 'ROUTINE', oid::regprocedure::TEXT FROM pg_proc \
     WHERE pronamespace = 'public'::regnamespace AND pg_has_role(proowner, 'USAGE') \
     AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE deptype = 'e' AND objid = pg_proc.oid) ORDER BY 1, 2";

fn statements(database: &str, there: &[(String, String)], role: &str) -> String {
    let mut statements = vec![
        "SET LOCAL search_path = public".to_owned(),
        format!("REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"),
        format!("REVOKE ALL ON DATABASE {database} FROM {role}"),
        format!("REVOKE ALL ON SCHEMA public FROM PUBLIC, {role}"),
    ];
    for (kind, name) in there {
        statements.push(format!("REVOKE ALL ON {kind} {name} FROM PUBLIC, {role}"));
    }
    statements.push(format!("GRANT CONNECT ON DATABASE {database} TO {role}"));
    statements.push(format!("GRANT USAGE ON SCHEMA public TO {role}"));
    for (table, class) in TABLES {
        if there.iter().any(|(_, name)| name == table) {
            let privileges = class.privileges().join(", ");
            statements.push(format!("GRANT {privileges} ON TABLE {table} TO {role}"));
        }
    }
    statements.join(";\n")
}

/// What a role can do with the tables that belong to the owner of `event`, in whatever way it came by it.
const HELD: &str = "WITH ours AS (SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
     AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('public.event')) \
     AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE deptype = 'e' AND objid = pg_class.oid)) \
     SELECT relname || ': ' || privilege FROM ours CROSS JOIN \
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege \
     WHERE has_table_privilege($1::NAME, oid, privilege) \
     UNION ALL SELECT relname || ': ' || privilege || ' (' || attname || ')' FROM ours JOIN pg_attribute ON attrelid = oid CROSS JOIN \
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) privilege WHERE attnum > 0 AND NOT attisdropped \
     AND has_column_privilege($1::NAME, oid, attnum, privilege) AND NOT has_table_privilege($1::NAME, oid, privilege)";

/// What would let a role do more than its rights on tables say. A table of its own, also a temporary one, could stand before one of
/// ours in the eyes of a trigger; and who makes roles or replicates needs no right at all.
const BEYOND: &str = "SELECT 'database: ' || privilege FROM unnest(ARRAY['CREATE', 'TEMPORARY']) privilege \
     WHERE has_database_privilege($1::NAME, current_database(), privilege) \
     UNION ALL SELECT 'schema ' || nspname || ': CREATE' FROM pg_namespace WHERE has_schema_privilege($1::NAME, oid, 'CREATE') \
     UNION ALL SELECT 'sequence ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
     AND CASE relkind WHEN 'S' THEN has_sequence_privilege($1::NAME, oid, 'USAGE, UPDATE') ELSE FALSE END \
     UNION ALL SELECT 'attribute ' || attribute FROM pg_roles CROSS JOIN LATERAL (VALUES ('SUPERUSER', rolsuper), \
     ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication)) held (attribute, yes) \
     WHERE rolname = $1 AND yes \
     UNION ALL SELECT 'member of ' || rolname FROM pg_roles WHERE rolname <> $1 AND pg_has_role($1::NAME, oid, 'MEMBER') \
     AND (rolsuper OR rolcreaterole OR rolreplication \
     OR rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')) \
     UNION ALL SELECT 'parameter session_replication_role' WHERE has_parameter_privilege($1::NAME, 'session_replication_role', 'SET')";

const OWNER: &str = "SELECT EXISTS (SELECT 1 FROM (\
     SELECT relowner AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace \
     UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
     UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'public' \
     UNION SELECT datdba FROM pg_database WHERE datname = current_database()) owners WHERE pg_has_role($1::NAME, owner, 'MEMBER'))";

async fn standing(connection: &mut PgConnection, role: &str) -> Result<Standing, StoreError> {
    let is_owner: bool = sqlx::query_scalar(OWNER).bind(role).fetch_one(&mut *connection).await?;
    let held: Vec<String> = sqlx::query_scalar(HELD).bind(role).fetch_all(&mut *connection).await?;
    let beyond: Vec<String> = sqlx::query_scalar(BEYOND).bind(role).fetch_all(&mut *connection).await?;
    let there = sqlx::query_scalar(
        "SELECT relname::TEXT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    );
    let there: BTreeSet<String> = there.fetch_all(&mut *connection).await?.into_iter().collect();
    let held: BTreeSet<String> = held.into_iter().collect();
    let needed: BTreeSet<String> = TABLES
        .iter()
        .filter(|(table, _)| there.contains(*table))
        .flat_map(|(table, class)| class.privileges().into_iter().map(move |p| format!("{table}: {p}")))
        .collect();
    // A right on a whole table is one on each of its columns.
    let covered = |right: &&String| match right.split_once(" (") {
        Some((whole, _)) => held.contains(*right) || held.contains(whole),
        None => held.contains(*right),
    };
    Ok(Standing {
        role: role.to_owned(),
        is_owner,
        missing: needed.iter().filter(|right| !covered(right)).cloned().collect(),
        excess: held.difference(&needed).cloned().chain(beyond).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_quoted_so_that_it_means_itself() {
        assert_eq!(quoted("tillid").as_deref(), Some("\"tillid\""));
        assert_eq!(quoted("Tillid \"app\"; --").as_deref(), Some("\"Tillid \"\"app\"\"; --\""));
        assert_eq!(quoted("Public").as_deref(), Some("\"Public\""));
        let long = "æ".repeat(32);
        for odd in ["", "public", "none", "pg_monitor", "a\0b", "a\nb", long.as_str()] {
            assert_eq!(quoted(odd), None, "{odd:?}");
        }
    }
}
