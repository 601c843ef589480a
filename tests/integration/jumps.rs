//! Closes that jump as in a split which nothing tells of.

use lookback::bundle::IngestOptions;
use lookback::{AssetId, Bundle};

use crate::files::{Folder, stderr};

const NAKED: &str = "date,open,high,low,close,volume\n\
    2020-08-26,504,507,500,506.09,1\n2020-08-27,508,509,495,500.04,1\n2020-08-28,504,505,498,499.23,1\n\
    2020-08-31,127.58,131,126,129.04,1\n2020-09-01,132,135,130,134.18,1\n";

const WARNING: &str = "AAPL: from a close of 499.23 the price falls to an open of 127.58 on 2020-08-31, as in a split of \
                       4:1, and nothing tells of one; --adjustments or a column stock splits or adj close would";

#[test]
fn a_naked_split_of_four_is_warned_of_by_asset_date_and_ratio() {
    let folder = Folder::new();
    folder.write("AAPL.csv", NAKED);
    let done = folder.run(&["ingest", "AAPL.csv", "--out", "bundle"]);
    assert_eq!(stderr(&done), format!("warning: {WARNING}\n"));
    assert_eq!(done.status.code(), Some(0));
}

#[test]
fn a_split_given_for_prices_that_are_adjusted_already_is_warned_of() {
    let folder = Folder::new();
    folder.write(
        "AAPL.csv",
        "date,open,high,low,close,volume\n2020-08-28,126,127,124,124.81,1\n2020-08-31,127,131,126,129.04,1\n",
    );
    let adjustments = Some(folder.write("events.csv", "symbol,date,kind,value\nAAPL,2020-08-31,split,4\n"));
    let done =
        folder.ingest(&["AAPL.csv"], &IngestOptions { adjustments, ..IngestOptions::default() }).unwrap();
    let warning = "AAPL: a split of 4:1 is known of 2020-08-31, but a close of 124.81 is followed by an open of 127: the prices may be \
                   adjusted for it already, or it belongs to another day; --adjustments corrects it";
    assert_eq!(done.warnings, [warning]);
}

#[test]
fn the_sample_has_no_jump_that_its_events_do_not_explain_and_without_them_has_the_splits() {
    let sample = Bundle::sample().unwrap();
    for asset in (0..5).map(AssetId) {
        assert_eq!(sample.jumps(asset).unwrap(), [], "{}", sample.symbols()[asset.index()]);
    }
    // The same file without its last column.
    let text = crate::derived::sample();
    let cut = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    let folder = Folder::new();
    let bundle = folder.bundle(text.lines().map(cut).collect::<String>());
    let found = |asset: &str| -> Vec<String> {
        let jumps = bundle.jumps(bundle.asset(asset).unwrap()).unwrap();
        jumps.iter().map(|jump| format!("{} {}", jump.date, jump.split)).collect()
    };
    // Not Apple's worst day, 29 September 2000, which took 52 % of the close before.
    assert_eq!(found("AAPL"), ["2000-06-21 2", "2005-02-28 2"]);
    assert_eq!(found("MSFT"), ["2003-02-18 2"]);
    for asset in ["FB", "GOOG", "IBM"] {
        assert!(found(asset).is_empty(), "{asset}");
    }
}
