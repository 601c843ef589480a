//! The known names nearest to one that is not known: what an error suggests.

#![forbid(unsafe_code)]

/// The most names that are suggested.
const MOST: usize = 3;

/// How alike a name must be to be suggested: a typing error is near, and another word is not.
const LIKE_ENOUGH: f64 = 0.6;

/// How far below the best another suggestion may be: `bar` means `bars`, and not `share` as well.
const MARGIN: f64 = 0.2;

/// The known names most like `name`, best first, at most three; none where nothing is like it. Case does not count.
///
/// - Source: Winkler, String Comparator Metrics and Enhanced Decision Rules (1990): a common start counts more.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_uppercase();
    let likeness = |known: &str| strsim::jaro_winkler(&name, &known.to_uppercase());
    let mut ranked: Vec<_> = known.into_iter().map(|known| (likeness(known), known)).collect();
    ranked.retain(|(likeness, _)| *likeness >= LIKE_ENOUGH);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let least = ranked.first().map_or(0.0, |(best, _)| best - MARGIN);
    ranked.retain(|(likeness, _)| *likeness >= least);
    ranked.into_iter().take(MOST).map(|(_, known)| known).collect()
}

/// As the end of a message: `; nearest: fast, slow`, or nothing where nothing is like it.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(name, known);
    if nearest.is_empty() { String::new() } else { format!("; nearest: {}", nearest.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word_and_another_word_finds_none() {
        assert_eq!(nearest("bar", ["bars", "share"]), ["bars"]);
        assert_eq!(nearest("slw", ["fast", "slow"]), ["slow"]);
        assert_eq!(nearest("profit", ["sortino", "profit_factor"])[0], "profit_factor");
        assert_eq!(suggestion("appl", ["AAPL", "XOM"]), "; nearest: AAPL");
        assert_eq!(suggestion("gold", ["AAPL", "XOM"]), "");
    }
}
