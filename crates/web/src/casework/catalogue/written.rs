//! What is written in the form of a version: from a definition to the form, from the form to a definition, with nothing lost between.

use super::shape::{Field, Kind};
use crate::page::Page;
use serde_json::{Map, Value};
use tillid_edge::Fields;

/// More of one thing than any version has.
const MOST: usize = 60;

/// A part of the form, in its order.
pub(super) enum Part {
    /// A heading, with the address of what can be taken away under it.
    Heading { level: u8, id: String, words: String, remove: Option<String> },
    /// A field of one line.
    Line { id: String, label: String, hint: &'static str, value: String },
    /// A field of several lines.
    Lines { id: String, label: String, value: String },
    /// One or several of these.
    Choices { id: String, legend: &'static str, several: bool, choices: Vec<Pick> },
    /// A box to tick.
    Flag { id: String, label: &'static str, ticked: bool },
    /// How many there are of something, and the way to add one.
    More { id: String, count: usize, words: String },
}

impl Part {
    /// What the field at that place is called, if it is this one.
    pub(super) fn called(&self, place: &str) -> Option<&str> {
        match self {
            Self::Line { id, label, .. } | Self::Lines { id, label, .. } => {
                (id == place).then_some(label.as_str())
            }
            Self::Choices { id, legend: label, .. } | Self::Flag { id, label, .. } => {
                (id == place).then_some(*label)
            }
            Self::Heading { .. } | Self::More { .. } => None,
        }
    }
}

/// Something that can be chosen.
pub(super) struct Pick {
    pub(super) code: &'static str,
    pub(super) words: &'static str,
    pub(super) chosen: bool,
}

/// What was written, as the JSON that a definition may be read from.
pub(super) fn read(shape: &[Field], fields: &Fields, at: &str) -> Map<String, Value> {
    let read = |field: &Field| {
        let at = format!("{at}/{}", field.name);
        Some((field.name.to_owned(), value(&field.kind, fields, &at)?))
    };
    shape.iter().filter_map(read).collect()
}

fn value(kind: &Kind, fields: &Fields, at: &str) -> Option<Value> {
    let line = |at: &str| fields.get(at).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(match kind {
        Kind::Line | Kind::One(_) => line(at).unwrap_or_default().into(),
        Kind::MaybeLine => line(at)?.into(),
        Kind::Both => {
            let in_language = |tag: &str| line(&format!("{at}/{tag}")).unwrap_or_default();
            [("da", in_language("da")), ("en", in_language("en"))].into_iter().collect()
        }
        Kind::Number => {
            let text = line(at).unwrap_or_default();
            text.parse::<u64>().map_or(Value::String(text), Value::from)
        }
        Kind::MaybeNumber => {
            let text = line(at).filter(|text| !text.is_empty())?;
            text.parse::<u64>().map_or(Value::String(text), Value::from)
        }
        Kind::MaybeOne(_) => line(at).filter(|code| !code.is_empty())?.into(),
        Kind::Flag => fields.get(at).is_some().into(),
        Kind::Several(choices) => {
            // In the order of the form, whatever the order that they were sent in.
            let sent = |code: &str| fields.all(at).any(|one| one == code);
            choices.iter().map(|choice| choice.code).filter(|code| sent(code)).collect()
        }
        Kind::Group(shape) => read(shape, fields, at).into(),
        Kind::MaybeGroup(shape) => {
            let group = Value::from(read(shape, fields, at));
            is_written(&group).then_some(group)?
        }
        Kind::List(shape) => {
            let count = fields.get(&format!("{at}/count")).and_then(|count| count.parse().ok());
            let count = count.unwrap_or(0).min(MOST);
            (0..count).map(|n| read(shape, fields, &format!("{at}/{n}"))).collect()
        }
    })
}

fn is_written(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().any(is_written),
        Value::String(text) => !text.is_empty(),
        Value::Bool(ticked) => *ticked,
        Value::Array(list) => !list.is_empty(),
        Value::Number(_) => true,
        Value::Null => false,
    }
}

/// Adds an empty one to the list at that place, or takes away the one at that place. What is no such place changes nothing.
pub(super) fn step(written: &mut Value, step: &str) {
    let Some((what, place)) = step.split_once(' ') else { return };
    match what {
        "add" => {
            if let Some(list) = list_at(written, place).filter(|list| list.len() < MOST) {
                list.push(Value::Object(Map::new()));
            }
        }
        "remove" => {
            let Some((at, number)) = place.rsplit_once('/') else { return };
            let Ok(number) = number.parse::<usize>() else { return };
            if let Some(list) = list_at(written, at).filter(|list| number < list.len()) {
                list.remove(number);
            }
        }
        _ => {}
    }
}

fn list_at<'v>(written: &'v mut Value, at: &str) -> Option<&'v mut Vec<Value>> {
    written.pointer_mut(at).and_then(Value::as_array_mut)
}

/// The parts of the form of these fields, with what is written in them.
pub(super) fn parts(page: &Page, shape: &[Field], written: &Value) -> Vec<Part> {
    let mut form = Form { page, parts: Vec::new() };
    form.fields(shape, written, "", 2);
    form.parts
}

struct Form<'p> {
    page: &'p Page,
    parts: Vec<Part>,
}

impl Form<'_> {
    fn fields(&mut self, shape: &[Field], written: &Value, at: &str, level: u8) {
        for field in shape {
            let at = format!("{at}/{}", field.name);
            self.field(field, written.get(field.name).unwrap_or(&Value::Null), at, level);
        }
    }

    fn field(&mut self, field: &Field, value: &Value, id: String, level: u8) {
        let label = self.page.t(field.label);
        let chosen = |code: &str| match value {
            Value::Array(several) => several.iter().any(|one| one == code),
            Value::Null => code.is_empty(),
            one => one == code,
        };
        match &field.kind {
            Kind::Line | Kind::MaybeLine | Kind::Number | Kind::MaybeNumber => {
                let optional = matches!(field.kind, Kind::MaybeLine | Kind::MaybeNumber);
                let hint = if optional { self.page.t("catalogue.may_be_empty") } else { "" };
                self.parts.push(Part::Line { id, label: label.to_owned(), hint, value: plain(value) });
            }
            Kind::Both => {
                for (tag, words) in [("da", "catalogue.in_danish"), ("en", "catalogue.in_english")] {
                    let label = format!("{label} ({})", self.page.t(words));
                    let value = value.get(tag).map(plain).unwrap_or_default();
                    self.parts.push(Part::Lines { id: format!("{id}/{tag}"), label, value });
                }
            }
            Kind::Flag => {
                self.parts.push(Part::Flag { id, label, ticked: value.as_bool().unwrap_or_default() });
            }
            Kind::One(choices) | Kind::MaybeOne(choices) | Kind::Several(choices) => {
                let pick = |c: &super::shape::Choice| Pick {
                    code: c.code,
                    words: self.page.t(c.words),
                    chosen: chosen(c.code),
                };
                let (several, choices) =
                    (matches!(field.kind, Kind::Several(_)), choices.iter().map(pick).collect());
                self.parts.push(Part::Choices { id, legend: label, several, choices });
            }
            Kind::Group(shape) | Kind::MaybeGroup(shape) => {
                self.heading(level, &id, label.to_owned(), None);
                self.fields(shape, value, &id, level + 1);
            }
            Kind::List(shape) => self.list(label, shape, value, &id, level),
        }
    }

    fn list(&mut self, label: &str, shape: &[Field], value: &Value, id: &str, level: u8) {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for (n, one) in list.iter().enumerate() {
            let at = format!("{id}/{n}");
            self.heading(level, &at, format!("{label}: {}", n + 1), Some(format!("remove {at}")));
            self.fields(shape, one, &at, level + 1);
        }
        let words = self.page.fill("catalogue.add", "what", label.to_lowercase());
        self.parts.push(Part::More { id: id.to_owned(), count: list.len(), words });
    }

    fn heading(&mut self, level: u8, id: &str, words: String, remove: Option<String>) {
        self.parts.push(Part::Heading { level: level.min(6), id: id.to_owned(), words, remove });
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::shape::fields, *};
    use crate::tests::{page, seeds};
    use tillid_domain::{
        Language,
        catalogue::{Definition, Shelf},
    };

    /// What a browser sends of a form that nobody has changed.
    fn sent(parts: &[Part]) -> Fields {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for part in parts {
            match part {
                Part::Line { id, value, .. } | Part::Lines { id, value, .. } => {
                    pairs.append_pair(id, value);
                }
                Part::Choices { id, choices, .. } => {
                    for choice in choices.iter().filter(|choice| choice.chosen) {
                        pairs.append_pair(id, choice.code);
                    }
                }
                Part::Flag { id, ticked: true, .. } => drop(pairs.append_pair(id, "yes")),
                Part::More { id, count, .. } => {
                    pairs.append_pair(&format!("{id}/count"), &count.to_string());
                }
                Part::Flag { .. } | Part::Heading { .. } => {}
            }
        }
        Fields::parse(pairs.finish().as_bytes()).expect("fields")
    }

    fn json(definition: &Definition) -> Value {
        match definition {
            Definition::ConsentType(of) => serde_json::to_value(of),
            Definition::MandatePackage(of) => serde_json::to_value(of),
        }
        .expect("json")
    }

    #[test]
    fn every_version_of_the_seed_catalogue_comes_back_as_it_was() {
        let page = page(Language::Da);
        let seeds = seeds();
        assert!(seeds.len() > 30, "{}", seeds.len());
        for definition in seeds {
            let (shape, before) = (fields(definition.shelf()), json(&definition));
            let mut after = Value::from(read(shape, &sent(&parts(&page, shape, &before)), ""));
            for kept in ["code", "authority"] {
                after[kept] = before[kept].clone();
            }
            let read: Definition = match definition.shelf() {
                Shelf::ConsentType => Definition::ConsentType(serde_json::from_value(after).expect("a type")),
                Shelf::MandatePackage => {
                    Definition::MandatePackage(serde_json::from_value(after).expect("a package"))
                }
            };
            assert_eq!(json(&read), before, "{}", definition.code());
        }
    }

    #[test]
    fn things_are_added_and_taken_away_where_they_are_and_nowhere_else() {
        let mut written =
            serde_json::json!({"items": [{"data": []}, {"data": [{"code": "a"}]}], "title": {}});
        step(&mut written, "add /items/0/data");
        step(&mut written, "add /items");
        step(&mut written, "remove /items/1/data/0");
        let expected = serde_json::json!({"items": [{"data": [{}]}, {"data": []}, {}], "title": {}});
        assert_eq!(written, expected);
        for nothing in
            ["", "add", "add /title", "add /nowhere", "remove /items", "remove /items/9", "drop /items/0"]
        {
            step(&mut written, nothing);
            assert_eq!(written, expected, "{nothing}");
        }
        for _ in 0..2 * MOST {
            step(&mut written, "add /items");
        }
        assert_eq!(written["items"].as_array().map(Vec::len), Some(MOST));
    }
}
