//! Properties: what is known of a subject, an object or an action, as far as conditions look at it.

use crate::{Cpr, digest::canonical, text::PropertyKey};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Why something is no property, or no set of properties. Says nothing of what it is.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotProperties {
    /// More than [`Properties::MOST`].
    #[error("at most 32 properties")]
    TooMany,
    /// More than [`Properties::LARGEST`] bytes in all, or a list or a text that is too long.
    #[error("too long")]
    TooLong,
    /// An object, or a list within a list.
    #[error("a text, a number, true, false, null or a list of them is asked for")]
    Shape,
    /// A number that is not exact with fifteen digits.
    #[error("a number has at most fifteen digits, and is not smaller than 0.00000001")]
    Number,
    /// A text with control characters.
    #[error("must not hold control characters")]
    Control,
    /// It holds a CPR number, which would be kept in clear.
    #[error("must not hold a CPR number")]
    PersonNumber,
}

/// A number with at most fifteen significant digits, 0 or of a size from 10⁻⁸ to less than 10¹⁵: such a one is read and written as
/// the same number everywhere, for good.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Number(f64);

// It is finite, and there is one zero.
impl Eq for Number {}

impl Number {
    /// The number, if it is exact.
    pub fn new(number: f64) -> Option<Self> {
        if number == 0.0 {
            return Some(Self(0.0));
        }
        if !number.is_finite() {
            return None;
        }
        let shortest = format!("{number:e}");
        let (digits, exponent) = shortest.split_once('e')?;
        let digits = digits.bytes().filter(u8::is_ascii_digit).count();
        let exponent: i32 = exponent.parse().ok()?;
        (digits <= 15 && (-8..15).contains(&exponent)).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_possible_truncation, reason = "below 10^15 nothing is cut off")]
        let whole = self.0 as i64;
        if self.0.fract() == 0.0 { serializer.serialize_i64(whole) } else { serializer.serialize_f64(self.0) }
    }
}

impl TryFrom<serde_json::Value> for Number {
    type Error = NotProperties;

    fn try_from(value: serde_json::Value) -> Result<Self, NotProperties> {
        match Scalar::try_from(value)? {
            Scalar::Number(number) => Ok(number),
            _ => Err(NotProperties::Shape),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

/// One value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", untagged)]
pub enum Scalar {
    /// `null`: there is none. In a condition it is as if it were absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// At most 256 characters, none of them a control character, and no CPR number.
    Text(String),
}

/// The value of a property.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", untagged)]
pub enum Value {
    /// One.
    One(Scalar),
    /// A list of at most 32, in its order.
    Many(Vec<Scalar>),
}

impl Scalar {
    /// The longest text, in characters.
    pub const LONGEST: usize = 256;

    /// A text, if it can be a value.
    pub fn text(text: String) -> Result<Self, NotProperties> {
        if text.chars().count() > Self::LONGEST {
            return Err(NotProperties::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NotProperties::Control);
        }
        if Cpr::stands_in(&text) { Err(NotProperties::PersonNumber) } else { Ok(Self::Text(text)) }
    }
}

impl TryFrom<serde_json::Value> for Scalar {
    type Error = NotProperties;

    fn try_from(value: serde_json::Value) -> Result<Self, NotProperties> {
        match value {
            serde_json::Value::Null => Ok(Self::Null),
            serde_json::Value::Bool(value) => Ok(Self::Bool(value)),
            serde_json::Value::Number(number) => {
                // Ten digits are a CPR number without quotes too.
                if Cpr::stands_in(&number.to_string()) {
                    return Err(NotProperties::PersonNumber);
                }
                number.as_f64().and_then(Number::new).map(Self::Number).ok_or(NotProperties::Number)
            }
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Err(NotProperties::Shape),
        }
    }
}

impl Value {
    /// The most that a list holds.
    pub const MOST: usize = 32;

    /// Whether it says that there is none.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::One(Scalar::Null))
    }

    /// Its values: the one, or those of the list.
    pub fn scalars(&self) -> &[Scalar] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// The number that it is.
    pub const fn number(&self) -> Option<Number> {
        match self {
            Self::One(Scalar::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

impl TryFrom<serde_json::Value> for Value {
    type Error = NotProperties;

    fn try_from(value: serde_json::Value) -> Result<Self, NotProperties> {
        match value {
            serde_json::Value::Array(items) if items.len() > Self::MOST => Err(NotProperties::TooLong),
            serde_json::Value::Array(items) => {
                items.into_iter().map(Scalar::try_from).collect::<Result<_, _>>().map(Self::Many)
            }
            one => Scalar::try_from(one).map(Self::One),
        }
    }
}

/// Names of properties.
pub type Keys = BTreeSet<PropertyKey>;

/// Properties by their names: at most 32, and 8 KiB as RFC 8785 writes them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<PropertyKey, Value>")]
pub struct Properties(BTreeMap<PropertyKey, Value>);

impl Properties {
    /// The most that there can be.
    pub const MOST: usize = 32;
    /// The most bytes of their canonical form.
    pub const LARGEST: usize = 8 * 1024;

    /// The value of one.
    pub fn get(&self, key: &PropertyKey) -> Option<&Value> {
        self.0.get(key)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&PropertyKey, &Value)> {
        self.0.iter()
    }
}

impl TryFrom<BTreeMap<PropertyKey, Value>> for Properties {
    type Error = NotProperties;

    fn try_from(map: BTreeMap<PropertyKey, Value>) -> Result<Self, NotProperties> {
        if map.len() > Self::MOST {
            return Err(NotProperties::TooMany);
        }
        let properties = Self(map);
        if canonical(&properties).len() > Self::LARGEST {
            Err(NotProperties::TooLong)
        } else {
            Ok(properties)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<Value, NotProperties> {
        Value::try_from(value)
    }

    #[test]
    fn a_value_is_a_scalar_or_a_list_of_them() {
        for value in
            [json!(null), json!(true), json!(-1.5), json!("æ"), json!(""), json!([]), json!([1, "a", null])]
        {
            let read = read(value.clone()).expect("a value");
            assert_eq!(serde_json::to_value(&read).expect("json"), value);
        }
        for value in [json!({}), json!([[1]]), json!([{"a": 1}])] {
            assert_eq!(read(value), Err(NotProperties::Shape));
        }
        assert_eq!(read(json!("a\0")), Err(NotProperties::Control));
        assert_eq!(read(json!("x".repeat(257))), Err(NotProperties::TooLong));
        assert_eq!(read(json!(vec![1; 33])), Err(NotProperties::TooLong));
    }

    #[test]
    fn a_cpr_number_is_no_value_with_or_without_quotes() {
        for value in [
            json!("1405509683"),
            json!("140550-9683 m.fl."),
            json!(1_405_509_683),
            json!(["a", "140550 9683"]),
        ] {
            assert_eq!(read(value), Err(NotProperties::PersonNumber));
        }
        assert!(read(json!(3_102_991_234_u64)).is_ok(), "ten digits that are no day");
    }

    #[test]
    fn a_number_that_would_not_come_back_is_refused() {
        for number in [
            "1000000000000000",
            "9007199254740993",
            "0.30000000000000004",
            "1e-9",
            "1e300",
            "-123456789012345.6",
        ] {
            assert_eq!(
                read(serde_json::from_str(number).expect("json")),
                Err(NotProperties::Number),
                "{number}"
            );
        }
        for number in ["999999999999999", "-0.1", "0.00000001", "1e14", "123456.789012345", "-0.0"] {
            assert!(read(serde_json::from_str(number).expect("json")).is_ok(), "{number}");
        }
        assert_eq!(read(json!(1)), read(json!(1.0)));
        assert_eq!(read(json!(0)), read(json!(-0.0)));
    }

    #[test]
    fn properties_are_few_and_small() {
        let many = |n: usize| (0..n).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<_, _>>();
        let read = |map| serde_json::from_value::<Properties>(serde_json::Value::Object(map));
        assert!(read(many(32)).is_ok());
        assert!(read(many(33)).is_err());
        let large = (0..32).map(|i| (format!("k{i}"), json!(vec!["x".repeat(256); 2]))).collect();
        assert!(read(large).is_err());
        for key in ["", " a", "æ", "a b", "a\0", &"k".repeat(65), "1405509683"] {
            let mut map = serde_json::Map::new();
            map.insert(key.to_owned(), json!(1));
            assert!(read(map).is_err(), "{key:?}");
        }
    }

    proptest! {
        /// The journal keeps canonical bytes and reads them again: every number that is accepted must be the same number then.
        #[test]
        fn a_number_comes_back_from_its_canonical_bytes(digits in -999_999_999_999_999_i64..=999_999_999_999_999, point in 0..23_i32) {
            let text = format!("{digits}e-{point}");
            let written: serde_json::Value = serde_json::from_str(&text).expect("json");
            if let Ok(value) = Scalar::try_from(written) {
                let bytes = canonical(&value);
                let again: Scalar = serde_json::from_slice(&bytes).expect("a value");
                prop_assert_eq!(&again, &value);
                prop_assert_eq!(canonical(&again), bytes);
            }
        }

        #[test]
        fn any_float_is_refused_or_comes_back(number: f64) {
            if let Some(number) = Number::new(number) {
                let bytes = canonical(&number);
                // What could be a CPR number is refused when it is read, and so never written.
                let looks_like_a_person = std::str::from_utf8(&bytes).is_ok_and(Cpr::stands_in);
                match serde_json::from_slice::<Number>(&bytes) {
                    Ok(again) => prop_assert_eq!(again, number),
                    Err(_) => prop_assert!(looks_like_a_person, "{}", number.get()),
                }
            }
        }
    }
}
