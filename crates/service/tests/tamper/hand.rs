//! Somebody who owns the database and changes it as they like.

use tillid_storage::{Fault, Finding};
use tillid_testkit::{Administrator, Column, Engine, World};

/// Tables that hold no fact; losing them changes nothing of what is true.
pub(crate) const OPERATIONAL: [&str; 10] = [
    "idempotency",
    "session",
    "login_attempt",
    "used_token",
    "client_assertion",
    "business_clock",
    "log_witness",
    "notice",
    "notice_cursor",
    "withdrawal_progress",
];

/// Columns of the other tables that hold none: who extends the log, and the key of a table with one row.
const NO_FACT: [(&str, &str); 4] =
    [("log_head", "id"), ("log_head", "epoch"), ("log_head", "holder"), ("log_head", "lease_until")];

/// For each table: the columns by which a row can be named, and those that a copy needs anew.
const NAMES: [(&str, &[&str], &[&str]); 34] = [
    ("access_record", &["id"], &["id"]),
    ("catalogue_entry", &["id"], &["id", "code"]),
    ("client", &["id"], &["id", "client_id"]),
    ("consent", &["id"], &["id"]),
    ("consent_request", &["id"], &["id"]),
    ("custody", &["id"], &["id"]),
    ("custody_holder", &["custody_id"], &["person_id"]),
    ("document", &["id"], &["id"]),
    ("document_key", &["document_id"], &["document_id"]),
    ("event", &["id"], &["id", "revision"]),
    ("event_body", &["event_id"], &["event_id"]),
    ("event_subject", &["event_id", "person_id"], &["version"]),
    ("external_entity", &["id"], &["id", "entity_id"]),
    ("external_grant", &["id"], &["id"]),
    ("external_grant_privilege", &["grant_id"], &["privilege_id"]),
    ("external_privilege", &["id"], &["id", "code"]),
    ("external_record", &["id"], &["id"]),
    ("log_checkpoint", &["size"], &["size"]),
    ("log_cosignature", &["size", "signer"], &["signer"]),
    ("log_entry", &["entry_index", "event_id"], &["entry_index", "event_id"]),
    ("log_head", &["id"], &["id"]),
    ("log_signature", &["size", "signer"], &["signer"]),
    ("log_tile", &["level", "tile_index"], &["tile_index"]),
    ("mandate", &["id"], &["id"]),
    ("mandate_request", &["id"], &["id"]),
    ("pending", &["event_id"], &["position", "event_id"]),
    ("person", &["id"], &["id", "cvr", "employee_id"]),
    ("person_login", &["person_id"], &["login"]),
    ("person_number", &["id"], &["id"]),
    ("person_number_index", &["number_id"], &["lookup"]),
    ("power", &["source_id"], &["known_from"]),
    ("statutory_holder", &["statutory_id"], &["person_id"]),
    ("statutory_power", &["id"], &["id"]),
    ("task", &["id"], &["id"]),
];

/// Whether a finding in one table names a row of another: itself, the other half of a commitment, or what it is a part of.
fn named_as(table: &str, found: &str) -> bool {
    let commitment = ["event", "event_body"];
    table == found
        || commitment.contains(&table) && commitment.contains(&found)
        || [("custody_holder", "custody"), ("statutory_holder", "statutory_power")].contains(&(table, found))
}

fn keys(table: &str) -> (&'static [&'static str], &'static [&'static str]) {
    let known = NAMES.iter().find(|(name, ..)| *name == table);
    known.map_or((&["id"], &["id"]), |(_, names, anew)| (*names, *anew))
}

pub(crate) async fn findings(world: &World) -> Vec<Finding> {
    world.service.audit(&[], |_| ()).await.unwrap().findings
}

/// A row that was tampered with, under the names that it had before and has now.
pub(crate) struct Touched {
    table: String,
    /// What the audit must call it, where only one word is right.
    fault: Option<Fault>,
    names: Vec<String>,
}

impl Touched {
    /// What was done, unless the audit names it.
    pub(crate) async fn unnamed(&self, world: &World, done: &str) -> Option<String> {
        let findings = findings(world).await;
        let named = findings.iter().any(|f| {
            // What loses or gains a part is itself changed.
            let is_part = self.table.ends_with("_holder") && f.fault == Fault::Changed;
            let right = |fault| fault == f.fault || is_part;
            named_as(&self.table, f.table)
                && self.fault.is_none_or(right)
                && f.id
                    .split(' ')
                    .chain(f.id.split('/'))
                    .any(|name| self.names.contains(&name.replace('-', "").to_lowercase()))
        });
        (!named).then(|| format!("{done}: {:?} not in {findings:?}", self.names))
    }
}

pub(crate) struct Hand {
    pub(crate) administrator: Administrator,
    engine: Engine,
}

impl Hand {
    /// Takes the protection away and keeps a copy of each table to restore it from.
    pub(crate) async fn on(world: &World) -> Self {
        let mut administrator = world.database.administrator().await;
        administrator.take_protection_away().await;
        let mut hand = Self { administrator, engine: world.database.engine };
        for table in hand.facts().await {
            let copy = format!("CREATE TABLE _{table} AS SELECT * FROM {table}");
            hand.administrator.execute(&copy).await.unwrap();
        }
        hand
    }

    /// A statement that is written for PostgreSQL, as this engine has it.
    pub(crate) fn dialect(&self, sql: &str) -> String {
        // PostgreSQL has no smallest UUID.
        match self.engine {
            Engine::Sqlite => sql.to_owned(),
            Engine::Postgres => sql.replace("MIN(id)", "MIN(id::TEXT)::UUID"),
        }
    }

    pub(crate) async fn facts(&mut self) -> Vec<String> {
        let mut tables = self.administrator.tables().await;
        tables.retain(|table| !OPERATIONAL.contains(&table.as_str()));
        assert!(tables.len() >= 20, "{tables:?}");
        tables
    }

    pub(crate) async fn columns(&mut self, table: &str) -> Vec<Column> {
        let mut columns = self.administrator.columns(table).await;
        columns.retain(|column| !NO_FACT.contains(&(table, column.name.as_str())));
        columns
    }

    /// The engine's own name for a row.
    fn place(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "rowid",
            Engine::Postgres => "ctid",
        }
    }

    fn literal(&self, kind: &str) -> String {
        match (self.engine, kind) {
            (_, "TEXT") => "'x'".to_owned(),
            (_, "BIGINT" | "INTEGER") => "1".to_owned(),
            (Engine::Postgres, "UUID") => "'0fffffff-0000-4000-8000-00000000000f'::uuid".to_owned(),
            (Engine::Postgres, _) => format!("'\\x{}'::bytea", "0f".repeat(32)),
            (Engine::Sqlite, _) => "X'0FFFFFFF00004000800000000000000F'".to_owned(),
        }
    }

    /// The values that somebody could put into a column instead of what is there.
    pub(crate) fn changes(&self, table: &str, column: &Column) -> Vec<String> {
        let c = &column.name;
        if (table, c.as_str()) == ("pending", "position") {
            // A place means nothing but the order; what leaves the order as it is has changed nothing. The first one has others after
            // it that could not be without it; the last one, moved to the end, would not have moved.
            let first = format!(
                "CASE WHEN {c} = (SELECT MIN(o.{c}) FROM {table} o) THEN {c} + 100000000 ELSE {c} END"
            );
            return vec![first];
        }
        let place = self.place();
        // What another row has is a value that breaks no rule of its own.
        let mut changes = vec![format!(
            "(SELECT o.{c} FROM {table} o WHERE o.{c} <> {table}.{c} ORDER BY o.{place} DESC LIMIT 1)"
        )];
        match column.kind.as_str() {
            "TEXT" => changes.push(format!("{c} || 'x'")),
            "BIGINT" | "INTEGER" => {
                changes.extend([
                    format!("{c} + 1"),
                    format!("{c} - 1"),
                    format!("{c} + 100000000"),
                    format!("-{c} - 1"),
                ]);
            }
            _ => changes.push(self.literal(&column.kind)),
        }
        if table.starts_with("log_") && ["BLOB", "BYTEA"].contains(&column.kind.as_str()) {
            // A hash, and a tile.
            changes.extend([32, 8192].map(|length| self.blob(&vec![0; length])));
        }
        if column.nullable {
            changes.push("NULL".to_owned());
            // Something where there was nothing.
            changes.push(format!("COALESCE({c}, {})", self.literal(&column.kind)));
        }
        changes
    }

    /// Changes the first row that can be changed so; `None` where the database itself refuses for each of them.
    pub(crate) async fn change(&mut self, table: &str, column: &str, value: &str) -> Option<Touched> {
        let place = self.place();
        let rows = format!(
            "SELECT CAST({place} AS TEXT) FROM {table} WHERE ({value}) IS DISTINCT FROM {column} ORDER BY {table}.{place}"
        );
        let mut done = None;
        for row in self.administrator.column(&rows).await {
            let before = self.names(table, &row).await;
            let update = format!("UPDATE {table} SET {column} = {value} WHERE {}", self.at(&row));
            if let Ok(changed) = self.administrator.execute(&update).await {
                assert_eq!(changed, 1, "{update}");
                done = Some((row, before));
                break;
            }
        }
        let (row, mut names) = done?;
        if self.engine == Engine::Sqlite {
            names.extend(self.names(table, &row).await);
        } else {
            // The row has moved; its new names are those that were not there before.
            let (columns, _) = keys(table);
            for name in columns.iter().filter(|name| **name == column) {
                let sql = format!(
                    "SELECT replace({name}::TEXT, '-', '') FROM {table} EXCEPT SELECT replace({name}::TEXT, '-', '') FROM _{table}"
                );
                names.extend(self.administrator.column(&sql).await);
            }
        }
        Some(Touched { table: table.to_owned(), fault: None, names })
    }

    /// The first row, the last one, and one in between.
    pub(crate) async fn some_rows(&mut self, table: &str) -> Vec<String> {
        let place = self.place();
        let sql = format!("SELECT CAST({place} AS TEXT) FROM {table} ORDER BY {table}.{place}");
        let all = self.administrator.column(&sql).await;
        assert!(!all.is_empty(), "{table} has no row");
        let mut some = vec![0, all.len() / 2, all.len() - 1];
        some.dedup();
        // A row moves when its table is restored; its number in the order does not.
        some.into_iter().map(|n| n.to_string()).collect()
    }

    async fn nth(&mut self, table: &str, n: &str) -> String {
        let place = self.place();
        let sql =
            format!("SELECT CAST({place} AS TEXT) FROM {table} ORDER BY {table}.{place} LIMIT 1 OFFSET {n}");
        self.administrator.column(&sql).await.remove(0)
    }

    pub(crate) async fn delete(&mut self, table: &str, n: &str) -> Touched {
        let row = self.nth(table, n).await;
        let names = self.names(table, &row).await;
        let delete = format!("DELETE FROM {table} WHERE {}", self.at(&row));
        assert_eq!(self.administrator.execute(&delete).await.unwrap(), 1);
        // An event is missed by what hangs on it: its body has no event.
        let fault = if table == "event" { Fault::Added } else { Fault::Missing };
        Touched { table: table.to_owned(), fault: Some(fault), names }
    }

    /// Adds a copy of a row under a new key.
    pub(crate) async fn copy(&mut self, table: &str, n: &str) -> Touched {
        let row = self.nth(table, n).await;
        let mut names = self.names(table, &row).await;
        let (by, anew) = keys(table);
        if anew.iter().any(|column| by.contains(column)) {
            names.clear();
        }
        let columns = self.administrator.columns(table).await;
        let value = |c: &Column| match (anew.contains(&c.name.as_str()), c.kind.as_str()) {
            (false, _) => c.name.clone(),
            (true, "TEXT") => format!("{} || 'x'", c.name),
            (true, "BIGINT" | "INTEGER") => format!("{} + 1000000", c.name),
            // What is not there in the row is not there in its copy.
            (true, other) => {
                format!("CASE WHEN {0} IS NULL THEN {0} ELSE {1} END", c.name, self.literal(other))
            }
        };
        let list: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        let is_new = |c: &Column| anew.contains(&c.name.as_str()) && c.kind != "UUID" && c.kind != "BLOB";
        for (_, value) in columns.iter().zip(&values).filter(|(c, _)| is_new(c)) {
            let sql = format!("SELECT lower(CAST({value} AS TEXT)) FROM {table} WHERE {}", self.at(&row));
            names.extend(self.administrator.column(&sql).await);
        }
        let insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {}",
            list.join(", "),
            values.join(", "),
            self.at(&row)
        );
        assert_eq!(self.administrator.execute(&insert).await.unwrap(), 1, "{insert}");
        names.push("0fffffff00004000800000000000000f".to_owned());
        // A new event lacks its body; anything else is one too many.
        let fault = if table == "event" { Fault::Missing } else { Fault::Added };
        Touched { table: table.to_owned(), fault: Some(fault), names }
    }

    /// Bytes as a literal.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
        match self.engine {
            Engine::Sqlite => format!("X'{hex}'"),
            Engine::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    /// An id as a literal.
    pub(crate) fn uuid(&self, id: uuid::Uuid) -> String {
        match self.engine {
            Engine::Sqlite => format!("X'{}'", id.simple()),
            Engine::Postgres => format!("'{id}'::uuid"),
        }
    }

    /// Runs statements that must change something.
    pub(crate) async fn run(&mut self, sql: &str) {
        let changed = self.administrator.execute(sql).await;
        assert!(changed.as_ref().is_ok_and(|rows| *rows > 0), "{sql}: {changed:?}");
    }

    /// Lets the service write events again, which it cannot without the sequence of the queue.
    pub(crate) async fn let_life_go_on(&mut self) {
        if self.engine == Engine::Postgres {
            let again =
                "ALTER TABLE pending ALTER position ADD GENERATED BY DEFAULT AS IDENTITY (START 1000000)";
            self.administrator.execute(again).await.unwrap();
        }
    }

    /// Puts every table back to what it was.
    pub(crate) async fn restore_all(&mut self) {
        for table in self.facts().await {
            self.restore(&table).await;
        }
    }

    /// Puts a table back to what it was.
    pub(crate) async fn restore(&mut self, table: &str) {
        let sql = format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM _{table}");
        self.administrator.execute(&sql).await.unwrap();
    }

    fn at(&self, row: &str) -> String {
        match self.engine {
            Engine::Sqlite => format!("rowid = {row}"),
            Engine::Postgres => format!("ctid = '{row}'::tid"),
        }
    }

    async fn names(&mut self, table: &str, row: &str) -> Vec<String> {
        let mut names = Vec::new();
        for column in keys(table).0 {
            let text = match self.engine {
                Engine::Sqlite => format!(
                    "lower(CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE replace({column}, '-', '') END)"
                ),
                Engine::Postgres => format!("lower(replace({column}::TEXT, '-', ''))"),
            };
            let sql = format!("SELECT {text} FROM {table} WHERE {}", self.at(row));
            names.extend(self.administrator.column(&sql).await);
        }
        names
    }
}
