//! Closes that jump as in a split which nothing tells of.

use lookback::bundle::IngestOptions;
use lookback::{AssetId, Bundle};

use crate::files::{Folder, stderr, stdout};

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

#[test]
fn a_naked_split_is_not_called_adjusted_by_any_output() {
    let folder = Folder::new();
    folder.write("AAPL.csv", NAKED);
    folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
    let shown = |arguments: &[&str]| {
        let done = folder.run(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", stderr(&done));
        stdout(&done)
    };
    let history = shown(&["history", "--bundle", "bundle", "--asset", "AAPL", "--bars", "2"]);
    let unknown = "as in the files, with no splits or dividends known";
    assert!(history.ends_with(&format!("volume in shares, {unknown}; as of 2020-09-01\n")), "{history}");
    let rules = ["--bundle", "bundle", "--param", "fast=1", "--param", "slow=2"];
    for command in ["sweep", "run"] {
        let table = shown(&[&[command, "sma-cross"][..], &rules].concat());
        assert!(table.contains(&format!("prices {unknown}, 252 periods a year")), "{table}");
        let json = shown(&[&[command, "sma-cross"][..], &rules, &["--format", "json"]].concat());
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["settings"]["prices"], unknown);
    }
    // As traded is what they are.
    let raw = shown(&["history", "--bundle", "bundle", "--asset", "AAPL", "--bars", "2", "--adjust", "raw"]);
    assert!(raw.ends_with("volume in shares, as traded\n"), "{raw}");
}

#[test]
fn info_shows_of_which_assets_nothing_is_known_and_the_jump() {
    let folder = Folder::new();
    folder.write("AAPL.csv", NAKED);
    folder.write(
        "FB.csv",
        "date,open,high,low,close,volume,adj close\n2020-08-28,9,9,9,9,1,9\n2020-08-31,9,9,9,9,1,9\n",
    );
    folder.ingest(&["AAPL.csv", "FB.csv"], &IngestOptions::default()).unwrap();
    let info = folder.run(&["info", "bundle"]);
    let table = stdout(&info);
    assert!(table.contains("AAPL   2020-08-26  2020-09-01     5       -          -"), "{table}");
    assert!(table.contains("FB     2020-08-28  2020-08-31     2       0          0"), "{table}");
    assert!(
        table.ends_with("-: nothing tells of splits or dividends; prices are as in the files\n"),
        "{table}"
    );
    assert_eq!(stderr(&info), format!("warning: {WARNING}\n"));
    let json = stdout(&folder.run(&["info", "bundle", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["assets"][0]["jumps"][0]["split"], 4.0);
    assert_eq!(
        (&json["assets"][0]["events"], &json["assets"][1]["events"]),
        (&"unknown".into(), &"adj close".into())
    );
    let both = folder.run(&["history", "--bundle", "bundle", "--asset", "AAPL,FB", "--bars", "1"]);
    let footer = "adjusted for splits and dividends, but none known of AAPL; as of 2020-09-01\n";
    assert!(stdout(&both).ends_with(footer), "{}", stdout(&both));
}
