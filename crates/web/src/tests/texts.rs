//! Every text that is named is there in both languages, none is left over, and citizens can read them.

use super::{files, templates};
use crate::texts::{FILES, Text};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{Language, lix};

type Texts = BTreeMap<String, Text>;

fn written() -> Texts {
    let mut texts = Texts::new();
    for (group, file) in FILES {
        let read: BTreeMap<String, Text> = toml::from_str(file).unwrap_or_else(|e| panic!("{group}: {e}"));
        texts.extend(read.into_iter().map(|(name, text)| (format!("{group}.{name}"), text)));
    }
    texts
}

/// The string literals that can only be keys: a group that there is, a dot, a name.
fn named() -> BTreeSet<String> {
    let sources = files("src", ".rs").into_iter().filter(|(path, _)| !path.contains("/src/tests/"));
    let mut named = BTreeSet::new();
    for (_, text) in sources.chain(templates()) {
        for literal in text.split('"') {
            let Some((group, name)) = literal.split_once('.') else { continue };
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let is_name = !name.is_empty() && name.chars().all(plain);
            if is_name && name != "html" && FILES.iter().any(|(known, _)| *known == group) {
                named.insert(literal.to_owned());
            }
        }
    }
    named
}

#[test]
fn every_file_of_texts_is_read() {
    let known: BTreeSet<String> = FILES.iter().map(|(group, _)| (*group).to_owned()).collect();
    let stem = |(path, _): (String, String)| {
        path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).map(str::to_owned)
    };
    let there: BTreeSet<String> = files("data/texts", ".toml").into_iter().filter_map(stem).collect();
    assert_eq!(there, known);
}

#[test]
fn every_text_that_is_named_is_written_and_none_is_left_over() {
    let written: BTreeSet<String> = written().into_keys().collect();
    let named = named();
    let missing: Vec<&String> = named.difference(&written).collect();
    let left_over: Vec<&String> = written.difference(&named).collect();
    assert!(missing.is_empty(), "named and not written: {missing:?}");
    assert!(left_over.is_empty(), "written and not named: {left_over:?}");
}

fn names_in_braces(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

#[test]
fn the_two_languages_differ_and_leave_room_for_the_same_values() {
    for (key, text) in written() {
        let Text::Both { da, en } = text else { continue };
        assert_ne!(da, en, "{key}");
        assert_eq!(names_in_braces(&da), names_in_braces(&en), "{key}");
        for said in [&da, &en] {
            assert!(!said.is_empty() && said.trim() == said, "{key}");
        }
    }
}

#[test]
fn citizens_can_read_it() {
    let texts = written();
    let danish = |group: &str| -> Vec<&str> {
        let of_group = texts.iter().filter(|(key, _)| key.starts_with(&format!("{group}.")));
        let said = of_group.map(|(_, text)| text.in_language(Language::Da));
        // Labels of one or two words are no sentences to measure.
        said.filter(|text| text.split(' ').count() > 2 && !text.starts_with('{')).collect()
    };
    let groups = FILES.iter().map(|(group, _)| *group).filter(|group| *group != "casework");
    let mut all = Vec::new();
    for group in groups {
        let said = danish(group);
        let lix = lix(said.iter().copied());
        assert!(said.is_empty() || lix <= 45.0, "{group}: LIX {lix:.0}");
        all.extend(said);
    }
    let whole = lix(all);
    assert!(whole <= 40.0, "LIX {whole:.0}");
}
