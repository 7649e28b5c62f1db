//! Conditions of privileges: a small closed expression over properties.

use super::value::{Number, Value};
use crate::{instant::serde_as_text, text::PropertyKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// Whose property.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// The subject's.
    Subject,
    /// The object's.
    Resource,
    /// The action's.
    Action,
}

impl Side {
    const ALL: [Self; 3] = [Self::Subject, Self::Resource, Self::Action];

    const fn code(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Resource => "resource",
            Self::Action => "action",
        }
    }
}

/// A property that a condition looks at, written as `subject.role`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term {
    /// Whose.
    pub side: Side,
    /// Which.
    pub key: PropertyKey,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.side.code(), self.key)
    }
}

/// Why something is no condition.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotACondition {
    /// A property is `subject.`, `resource.` or `action.` and its name.
    #[error("a property is written as subject.name, resource.name or action.name")]
    Term,
    /// It is nested more than [`Condition::DEEPEST`] deep.
    #[error("nested more than eight deep")]
    TooDeep,
    /// It has more than [`Condition::LARGEST`] parts.
    #[error("more than 64 parts")]
    TooLarge,
    /// It compares with `null`, which nothing equals.
    #[error("nothing equals null")]
    Null,
}

impl FromStr for Term {
    type Err = NotACondition;

    fn from_str(text: &str) -> Result<Self, NotACondition> {
        let (side, key) = text.split_once('.').ok_or(NotACondition::Term)?;
        let side = Side::ALL.into_iter().find(|s| s.code() == side).ok_or(NotACondition::Term)?;
        Ok(Self { side, key: key.parse().map_err(|_| NotACondition::Term)? })
    }
}

serde_as_text!(Term);

/// What a condition finds of a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen<'a> {
    /// This value; never null.
    Value(&'a Value),
    /// The caller said something that is no value here: it is there, and like nothing else.
    Odd,
}

/// When a privilege can be used.
///
/// A key that is not known is absent, and so is one that is `null`. A comparison with what is absent is false; so `not` of it is
/// true: `{"not": {"equals": {"of": "resource.status", "value": "archived"}}}` holds of an object without a status. Whoever wants
/// the other meaning adds `present`. It always ends, and costs at most [`Condition::LARGEST`] comparisons.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Node")]
pub struct Condition(Node);

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Equals { of: Term, value: Value },
    OneOf { of: Term, values: Vec<Value> },
    Present { of: Term },
    AtLeast { of: Term, value: Number },
    AtMost { of: Term, value: Number },
}

impl Default for Condition {
    /// The condition that always holds.
    fn default() -> Self {
        Self(Node::All(Vec::new()))
    }
}

impl TryFrom<Node> for Condition {
    type Error = NotACondition;

    fn try_from(node: Node) -> Result<Self, NotACondition> {
        let mut parts = 0;
        node.check(1, &mut parts)?;
        Ok(Self(node))
    }
}

impl Condition {
    /// How deep it can be nested.
    pub const DEEPEST: usize = 8;
    /// How many parts it can have: each operator, and each value of `one_of`.
    pub const LARGEST: usize = 64;

    /// Whether it holds of what is seen.
    pub(super) fn holds<'a>(&self, see: &impl Fn(&Term) -> Option<Seen<'a>>) -> bool {
        self.0.holds(see)
    }
}

impl Node {
    fn check(&self, depth: usize, parts: &mut usize) -> Result<(), NotACondition> {
        if depth > Condition::DEEPEST {
            return Err(NotACondition::TooDeep);
        }
        *parts += 1;
        if *parts > Condition::LARGEST {
            return Err(NotACondition::TooLarge);
        }
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().try_for_each(|n| n.check(depth + 1, parts)),
            Self::Not(node) => node.check(depth + 1, parts),
            Self::Equals { value, .. } => not_null(value),
            Self::OneOf { values, .. } => {
                *parts += values.len();
                if *parts > Condition::LARGEST {
                    return Err(NotACondition::TooLarge);
                }
                values.iter().try_for_each(not_null)
            }
            Self::Present { .. } | Self::AtLeast { .. } | Self::AtMost { .. } => Ok(()),
        }
    }

    fn holds<'a>(&self, see: &impl Fn(&Term) -> Option<Seen<'a>>) -> bool {
        let value = |of| match see(of) {
            Some(Seen::Value(value)) => Some(value),
            Some(Seen::Odd) | None => None,
        };
        let number = |of| value(of).and_then(Value::number);
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(see)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(see)),
            Self::Not(node) => !node.holds(see),
            Self::Equals { of, value: wanted } => value(of) == Some(wanted),
            Self::OneOf { of, values } => value(of).is_some_and(|value| values.contains(value)),
            Self::Present { of } => see(of).is_some(),
            Self::AtLeast { of, value: least } => number(of).is_some_and(|n| n >= *least),
            Self::AtMost { of, value: most } => number(of).is_some_and(|n| n <= *most),
        }
    }
}

fn not_null(value: &Value) -> Result<(), NotACondition> {
    if value.is_null() { Err(NotACondition::Null) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn condition(value: serde_json::Value) -> Condition {
        serde_json::from_value(value).expect("a condition")
    }

    fn holds(condition: &Condition, seen: &serde_json::Value) -> bool {
        let values: BTreeMap<String, Value> = serde_json::from_value(seen.clone()).expect("values");
        let see = |term: &Term| values.get(&term.to_string()).filter(|v| !v.is_null()).map(Seen::Value);
        condition.holds(&see)
    }

    #[test]
    fn each_operator_says_what_it_says() {
        let rows = [
            (json!({"all": []}), json!({}), true),
            (json!({"any": []}), json!({}), false),
            (
                json!({"equals": {"of": "subject.role", "value": "admin"}}),
                json!({"subject.role": "admin"}),
                true,
            ),
            (
                json!({"equals": {"of": "subject.role", "value": "admin"}}),
                json!({"subject.role": "Admin"}),
                false,
            ),
            (
                json!({"equals": {"of": "subject.role", "value": "admin"}}),
                json!({"resource.role": "admin"}),
                false,
            ),
            (json!({"equals": {"of": "action.soft", "value": true}}), json!({"action.soft": "true"}), false),
            (json!({"equals": {"of": "action.n", "value": 1}}), json!({"action.n": 1.0}), true),
            (
                json!({"equals": {"of": "subject.r", "value": ["a", "b"]}}),
                json!({"subject.r": ["a", "b"]}),
                true,
            ),
            (
                json!({"equals": {"of": "subject.r", "value": ["a", "b"]}}),
                json!({"subject.r": ["b", "a"]}),
                false,
            ),
            (json!({"one_of": {"of": "subject.r", "values": ["a", "b"]}}), json!({"subject.r": "b"}), true),
            (json!({"one_of": {"of": "subject.r", "values": []}}), json!({"subject.r": "b"}), false),
            (json!({"present": {"of": "subject.r"}}), json!({"subject.r": false}), true),
            (json!({"present": {"of": "subject.r"}}), json!({"subject.r": null}), false),
            (json!({"at_least": {"of": "subject.n", "value": 2}}), json!({"subject.n": 2}), true),
            (json!({"at_least": {"of": "subject.n", "value": 2}}), json!({"subject.n": 1.99}), false),
            (json!({"at_most": {"of": "subject.n", "value": 2}}), json!({"subject.n": 2}), true),
            (json!({"at_most": {"of": "subject.n", "value": 2}}), json!({"subject.n": "1"}), false),
        ];
        for (written, seen, expected) in rows {
            assert_eq!(holds(&condition(written.clone()), &seen), expected, "{written} of {seen}");
        }
    }

    #[test]
    fn a_comparison_with_what_is_absent_is_false_and_its_not_is_true() {
        for comparison in [
            json!({"equals": {"of": "subject.x", "value": 1}}),
            json!({"one_of": {"of": "subject.x", "values": [1]}}),
            json!({"at_least": {"of": "subject.x", "value": 1}}),
            json!({"at_most": {"of": "subject.x", "value": 1}}),
            json!({"present": {"of": "subject.x"}}),
        ] {
            for seen in [json!({}), json!({"subject.x": null})] {
                assert!(!holds(&condition(comparison.clone()), &seen), "{comparison}");
                assert!(holds(&condition(json!({"not": comparison})), &seen), "not {comparison}");
            }
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let nested = |depth| (0..depth).fold(json!({"all": []}), |inner, _| json!({"not": inner}));
        let wide = |parts: usize| json!({"any": vec![json!({"all": []}); parts]});
        assert_eq!(
            serde_json::from_value::<Condition>(nested(7)).map(|_| ()).map_err(|e| e.to_string()),
            Ok(())
        );
        assert!(serde_json::from_value::<Condition>(wide(63)).is_ok());
        for bad in [
            json!(null),
            json!({}),
            json!(true),
            json!("all"),
            json!({"all": [], "any": []}),
            json!({"none": []}),
            json!({"equals": {"of": "role", "value": 1}}),
            json!({"equals": {"of": "context.x", "value": 1}}),
            json!({"equals": {"of": "subject.", "value": 1}}),
            json!({"equals": {"of": "subject.x"}}),
            json!({"equals": {"of": "subject.x", "value": null}}),
            json!({"equals": {"of": "subject.x", "value": 1, "else": 2}}),
            json!({"equals": {"of": "subject.x", "value": {"a": 1}}}),
            json!({"one_of": {"of": "subject.x", "values": [null]}}),
            json!({"one_of": {"of": "subject.x", "values": vec![1; 64]}}),
            json!({"at_least": {"of": "subject.x", "value": "1"}}),
            nested(8),
            wide(64),
        ] {
            assert!(serde_json::from_value::<Condition>(bad.clone()).is_err(), "{bad}");
        }
    }

    fn any_node() -> impl Strategy<Value = serde_json::Value> {
        let term = prop_oneof![Just("subject.a"), Just("resource.b"), Just("action.c"), Just("nobody.d")];
        let value = prop_oneof![
            Just(json!(1)),
            Just(json!("x")),
            Just(json!(true)),
            Just(json!(null)),
            Just(json!([1, "x"]))
        ];
        let leaf = (term, value, 0..5_u8).prop_map(|(of, value, operator)| match operator {
            0 => json!({"equals": {"of": of, "value": value}}),
            1 => json!({"one_of": {"of": of, "values": [value]}}),
            2 => json!({"present": {"of": of}}),
            3 => json!({"at_least": {"of": of, "value": value}}),
            _ => json!({"at_most": {"of": of, "value": value}}),
        });
        leaf.prop_recursive(10, 80, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(|nodes| json!({"all": nodes})),
                proptest::collection::vec(inner.clone(), 0..8).prop_map(|nodes| json!({"any": nodes})),
                inner.prop_map(|node| json!({"not": node})),
            ]
        })
    }

    proptest! {
        /// Whatever is sent: refused, or read as it is written, and decided.
        #[test]
        fn a_condition_is_total(written in any_node(), a in 0..3_i64) {
            if let Ok(condition) = serde_json::from_value::<Condition>(written.clone()) {
                prop_assert_eq!(serde_json::to_value(&condition).expect("json"), written.clone());
                let seen = json!({"subject.a": a, "resource.b": "x"});
                let negated = serde_json::from_value::<Condition>(json!({"not": written}));
                if let Ok(negated) = negated {
                    prop_assert_ne!(holds(&condition, &seen), holds(&negated, &seen));
                }
            }
        }
    }
}
