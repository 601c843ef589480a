//! The values of a parameter.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookback::sweep::Parameter;

fuzz_target!(|text: &str| {
    if let Ok(one) = Parameter::new("n", text) {
        let last = one.count() - 1;
        assert!(!one.told(0).is_empty() && !one.told(last).is_empty());
        if one.told(0).parse::<f64>().is_ok() {
            assert!(one.value(0) <= one.value(last) || text.contains(','));
        }
    }
});
