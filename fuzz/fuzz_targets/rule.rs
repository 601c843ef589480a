//! A rule: read, typed, and worked out over a few bars.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookback::ErrorKind;
use lookback::rule::{Graph, Rule};

fuzz_target!(|text: &str| {
    let mut graph = Graph::default();
    for name in ["n", "m", "level"] {
        graph.declare(name).expect("a name that nothing hides");
    }
    match Rule::parse(text) {
        Ok(rule) => {
            let Ok(node) = graph.condition(&rule).or_else(|_| graph.number(&rule)) else { return };
            let values = [2.0, 3.0, 16.0];
            if graph.check(&[1; 3], |parameter, _| values[parameter]).is_ok() {
                assert!(graph.warm_up(node, &values) < usize::MAX);
                assert!(graph.canonical(node, &values).len() <= 200);
            }
        }
        Err(error) => assert!(matches!(error.kind(), ErrorKind::Expression { .. }), "{error:?}"),
    }
});
