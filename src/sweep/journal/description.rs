//! What a run is: everything that its results depend on.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Everything that the results of a run depend on: strategy, rules, parameters, settings, assets, bundle, program.
///
/// Two runs with one digest have the same results, byte by byte. What only decides how fast they come is not in it.
///
/// # Examples
/// ```
/// use lookback::sweep::Description;
/// let one = Description::default().with("strategy", "sma-cross").with("settings", serde_json::json!({ "fee": 0.001 }));
/// let other = one.clone().with("settings", serde_json::json!({ "fee": 0.002 }));
/// assert_ne!(one.digest(), other.digest());
/// assert_eq!(one.difference(&other).unwrap(), "settings.fee is 0.001, not 0.002");
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Description(Map<String, Value>);

impl Description {
    /// Adds what results depend on, or puts it in the place of what was said before.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// All of it.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Takes what [`as_json`](Self::as_json) gave.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Description;
    /// let one = Description::default().with("strategy", "sma-cross");
    /// assert_eq!(Description::from_json(one.as_json().clone()), one);
    /// ```
    #[must_use]
    pub fn from_json(json: Map<String, Value>) -> Self {
        Self(json)
    }

    /// The SHA-256 of it, in hexadecimal; the order of keys does not matter.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut text = String::new();
        write_canonical(&Value::Object(self.0.clone()), &mut text);
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(text) {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// The first thing, by key, that is another one in another run; `None` where both are the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        difference("", &Value::Object(self.0.clone()), &Value::Object(other.0.clone()))
    }
}

/// Writes a value with the keys of objects in their order as text.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in sorted {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                write_canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for value in values {
                write_canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}

fn difference(key: &str, one: &Value, other: &Value) -> Option<String> {
    if let (Value::Object(one), Value::Object(other)) = (one, other) {
        let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let dot = if key.is_empty() { "" } else { "." };
        let value = |of: &'_ Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or(Value::Null);
        return keys.into_iter().find_map(|name| {
            difference(&format!("{key}{dot}{name}"), &value(one, name), &value(other, name))
        });
    }
    (one != other).then(|| format!("{key} is {one}, not {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_changes_no_digest_and_a_value_does() {
        let one = Description::default().with("a", 1).with("b", "x");
        let other = Description::default().with("b", "x").with("a", 1);
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.difference(&other), None);
        let third = other.with("b", "y");
        assert_ne!(one.digest(), third.digest());
        assert_eq!(one.difference(&third).unwrap(), "b is \"x\", not \"y\"");
        assert_eq!(one.difference(&Description::default()).unwrap(), "a is 1, not null");
    }
}
