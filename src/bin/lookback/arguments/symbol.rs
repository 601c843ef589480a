//! Names of assets as they are typed.

#![forbid(unsafe_code)]

/// Takes one name of several that commas part: what the bundle says of an empty one helps nobody.
pub fn symbol(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("expected symbols with one comma between two, such as AAPL,IBM".to_owned()),
        false => Ok(text.to_owned()),
    }
}
