//! The rights are those that this crate's own statements need: no statement without its right, and no right on a fact without a
//! statement.

use super::{Class, TABLES};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if !path.to_string_lossy().contains("src/roles") {
            found.push(path);
        }
    }
}

/// The program text without its tests, each string on one line.
fn program() -> String {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut program = String::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        program.push_str(text.split("#[cfg(test)]").next().unwrap());
    }
    let lines = program.split("\\\n").map(str::trim_start);
    lines.collect::<Vec<_>>().concat()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The columns that stand before the equals signs of `SET`, up to the end of the clause.
fn columns(clause: &str) -> Vec<String> {
    let end = ["\"", " WHERE ", " RETURNING "].iter().filter_map(|end| clause.find(end)).min().unwrap();
    let mut depth = 0;
    let parts = clause[..end].split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(|part| word(part.trim()).to_owned()).collect()
}

/// What the statements need, such as `event: INSERT`.
fn needed() -> BTreeSet<String> {
    let program = program();
    let mut needed = BTreeSet::new();
    for (before, privilege) in [("INSERT INTO ", "INSERT"), ("DELETE FROM ", "DELETE")] {
        for (at, _) in program.match_indices(before) {
            let statement = &program[at + before.len()..];
            let table = word(statement);
            assert!(!table.is_empty(), "a statement must name its table: {}", &statement[..40]);
            needed.insert(format!("{table}: {privilege}"));
            let end = statement.find('"').unwrap();
            if let Some(update) = statement[..end].find("DO UPDATE SET ") {
                for column in columns(&statement[update + "DO UPDATE SET ".len()..]) {
                    needed.insert(format!("{table}: UPDATE ({column})"));
                }
            }
        }
    }
    for (at, before) in program.match_indices("UPDATE ") {
        let statement = &program[at + before.len()..];
        let table = word(statement);
        if let Some(clause) = statement[table.len()..].strip_prefix(" SET ").filter(|_| table != "SET") {
            for column in columns(clause) {
                needed.insert(format!("{table}: UPDATE ({column})"));
            }
        }
    }
    needed
}

fn granted(only: impl Fn(Class) -> bool) -> BTreeSet<String> {
    let tables = TABLES.iter().filter(|(_, class)| only(*class));
    tables
        .flat_map(|(table, class)| class.privileges().into_iter().map(move |p| format!("{table}: {p}")))
        .collect()
}

#[test]
fn every_statement_has_its_right() {
    let (needed, granted) = (needed(), granted(|_| true));
    assert!(needed.len() >= 60, "the statements are found: {}", needed.len());
    let refused = needed.iter().filter(|right| {
        let whole = right.split(" (").next().unwrap();
        !granted.contains(*right) && !granted.contains(whole)
    });
    assert_eq!(refused.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn no_right_on_what_counts_is_without_its_statement() {
    let granted = granted(|class| !matches!(class, Class::Operational | Class::Version));
    let needed = needed();
    let idle = granted.iter().filter(|right| !right.ends_with("SELECT") && !needed.contains(*right));
    assert_eq!(idle.collect::<Vec<_>>(), [""; 0]);
}
