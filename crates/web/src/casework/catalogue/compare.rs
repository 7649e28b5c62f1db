//! What differs between two versions, field by field.

use serde_json::Value;
use std::collections::BTreeMap;
use tillid_domain::catalogue::Definition;

/// A field that differs.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Change {
    /// The field, as a JSON pointer.
    pub(super) pointer: String,
    /// What it says in the version in use; `None` where it is not there.
    pub(super) before: Option<String>,
    /// What it says in this one.
    pub(super) after: Option<String>,
}

/// Every field that differs, in the order of the fields' names.
pub(super) fn changes(before: &Definition, after: &Definition) -> Vec<Change> {
    let (mut before, after) = (leaves(before), leaves(after));
    let mut found: BTreeMap<String, Change> = BTreeMap::new();
    for (pointer, now) in after {
        let was = before.remove(&pointer);
        if was.as_ref() != Some(&now) {
            found.insert(pointer.clone(), Change { pointer, before: was, after: Some(now) });
        }
    }
    for (pointer, was) in before {
        found.insert(pointer.clone(), Change { pointer, before: Some(was), after: None });
    }
    found.into_values().collect()
}

fn leaves(definition: &Definition) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let value = match definition {
        Definition::ConsentType(of) => serde_json::to_value(of),
        Definition::MandatePackage(of) => serde_json::to_value(of),
    };
    walk(&value.unwrap_or_default(), String::new(), &mut found);
    found
}

fn walk(value: &Value, at: String, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| walk(field, format!("{at}/{name}"), found));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, one)| walk(one, format!("{at}/{n}"), found));
        }
        Value::String(text) => drop(found.insert(at, text.clone())),
        other => drop(found.insert(at, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::consent_type;

    #[test]
    fn what_was_changed_added_and_taken_away_is_told_and_nothing_else() {
        let before = consent_type("C15");
        let mut after = before.clone();
        after.min_age = 16;
        after.channels.pop();
        after.items[0].statement.da = "Kommunen må skrive til mig.".parse().expect("a text");
        let of = |t| Definition::ConsentType(Box::new(t));
        let told = changes(&of(before.clone()), &of(after));
        let pointers: Vec<_> = told.iter().map(|c| c.pointer.as_str()).collect();
        assert_eq!(pointers, ["/channels/2", "/items/0/statement/da", "/min_age"]);
        assert_eq!((told[0].before.as_deref(), &told[0].after), (Some("oral"), &None));
        assert_eq!((told[2].before.as_deref(), told[2].after.as_deref()), (Some("15"), Some("16")));
        assert!(changes(&of(before.clone()), &of(before)).is_empty());
    }
}
