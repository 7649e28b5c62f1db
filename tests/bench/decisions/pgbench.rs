//! What `pgbench` does on the same server, with eight clients and prepared statements.

use crate::generate::{ALWAYS, Filling, id_in_sql};
use std::{path::Path, process::Command};
use tillid_storage::Address;
use tillid_testkit::{Administrator, Engine, program};

/// One event and its body, of about the size of ours.
const TWO_INSERTS: &str = "\
BEGIN;
INSERT INTO event VALUES (gen_random_uuid(), 'mandate', gen_random_uuid(), 2, 1800000000000000, decode(md5(random()::text) || md5(random()::text), 'hex'));
INSERT INTO audit VALUES (gen_random_uuid(), decode(md5(random()::text) || md5(random()::text), 'hex'), convert_to(repeat(md5(random()::text), 13), 'UTF8'));
COMMIT;
";

/// What [`TWO_INSERTS`] writes to.
pub(crate) async fn make_tables(administrator: &mut Administrator) {
    let tables = "CREATE TABLE event (id UUID NOT NULL PRIMARY KEY, kind TEXT NOT NULL, aggregate_id UUID NOT NULL, \
                  revision BIGINT NOT NULL, recorded_at BIGINT NOT NULL, commitment BYTEA NOT NULL); \
                  CREATE TABLE audit (event_id UUID NOT NULL PRIMARY KEY, salt BYTEA NOT NULL, bytes BYTEA NOT NULL)";
    administrator.execute(tables).await.unwrap();
}

/// A point look-up of a power, of a mandate that is drawn like ours.
pub(crate) fn look_up(filling: Filling) -> String {
    let persons = filling.persons();
    let id = |number: &str| id_in_sql(Engine::Postgres, 1, number);
    format!(
        "\\set i random(0, {})\n\\set g :i % {persons}\n\\set r (:g + {} + :i / {persons}) % {persons}\n\
         SELECT source_id, valid_from, valid_to FROM power WHERE grantor_id = {} AND representative_id = {} \
         AND privilege = U&'{}' AND known_to IS NULL;\n",
        filling.mandates - 1,
        persons / 2,
        id(":g::BIGINT"),
        id(":r::BIGINT"),
        // To `pgbench`, a word after a colon is a variable, also in a string.
        ALWAYS.replace(':', "\\003A"),
    )
}

/// Two inserts in a transaction.
pub(crate) const fn two_inserts() -> &'static str {
    TWO_INSERTS
}

/// Transactions a second.
pub(crate) fn run(address: &Address, script: &str, seconds: u64, folder: &Path) -> f64 {
    let Address::Postgres(url) = address else { panic!("not a server") };
    let file = folder.join("script.sql");
    std::fs::write(&file, script).unwrap();
    let output = Command::new(program("pgbench"))
        .args(["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", &seconds.to_string(), "-f"])
        .arg(&file)
        .arg(url)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}
