//! What is said to `ingest` of files that do not say it themselves, and what it refuses without.

use std::fs;
use std::path::PathBuf;

use lookback::bundle::{DecimalMark, Delimiter, IngestOptions, Stamp, append, ingest};
use lookback::{AssetId, Bundle, Field, Frequency};

use crate::files::{Folder, GOOD, stderr, stdout};

/// The message that refuses a file called AAPL.csv under some options; nothing may be left behind.
fn refusal(content: &str, options: &IngestOptions) -> String {
    let folder = Folder::new();
    folder.write("AAPL.csv", content);
    let error = folder.ingest(&["AAPL.csv"], options).unwrap_err();
    assert_eq!(folder.names(), ["AAPL.csv"]);
    folder.plain(&error.to_string())
}

fn rows(rows: &[impl AsRef<str>]) -> String {
    let rows: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
    format!("time,open,high,low,close,volume\n{}\n", rows.join("\n"))
}

/// Bars at these times, all alike.
fn at(times: &[&str]) -> String {
    rows(&times.iter().map(|time| format!("{time},10,12,9,11,100")).collect::<Vec<_>>())
}

fn moments(bundle: &Bundle) -> Vec<String> {
    let calendar = bundle.calendar(AssetId(0)).unwrap();
    (0..calendar.len()).map(|bar| calendar.timestamp(bar).unwrap().to_string()).collect()
}

fn closes(bundle: &Bundle, asset: &str) -> Vec<f64> {
    let asset = bundle.asset(asset).unwrap();
    let mut closes = Vec::new();
    bundle.read(asset, Field::Close, 0..bundle.bars(asset), &mut closes).unwrap();
    closes
}

fn new_york() -> IngestOptions {
    IngestOptions { time_zone: Some("America/New_York".to_owned()), ..IngestOptions::default() }
}

fn lenient() -> IngestOptions {
    IngestOptions { lenient: true, ..IngestOptions::default() }
}

#[test]
fn a_file_whose_first_row_is_data_is_told_so() {
    let folder = Folder::new();
    let version = folder.bundle(GOOD).version().to_owned();
    let headless = GOOD.split_once('\n').unwrap().1;
    assert_eq!(
        refusal(headless, &IngestOptions::default()),
        "AAPL.csv line 1: is data (2005-02-25, 89.60, 89.94, 88.13, …), expected a header; for a file without one pass \
         --columns date,open,high,low,close,volume with its columns in their order, or --preset binance, histdata or lean"
    );
    folder.write("AAPL.csv", headless);
    let columns = |names: &str| IngestOptions {
        columns: Some(names.split(',').map(str::to_owned).collect()),
        ..IngestOptions::default()
    };
    let given = folder.ingest(&["AAPL.csv"], &columns("date,open,high,low,close,volume")).unwrap();
    assert_eq!(given.bundle.version(), version);
    assert_eq!(
        refusal(headless, &columns("date,open,high,low,close")),
        "AAPL.csv line 1: has 6 fields, but --columns names 5 columns; expected one name for each, - for one to leave out"
    );
    let missing = refusal(headless, &columns("date,open,high,low,-,volume"));
    assert!(
        missing.starts_with("AAPL.csv line 1: --columns gives no column close; found date, open"),
        "{missing}"
    );
}

#[test]
fn names_in_place_of_a_header_are_said() {
    let folder = Folder::new();
    folder.write(
        "AAPL.csv",
        GOOD.replace("date,open,high,low,close,volume", "Datum,Auf,Hoch,Tief,Schluss,Stück"),
    );
    let columns = ["date", "open", "high", "low", "close", "-"].map(str::to_owned).to_vec();
    let options = IngestOptions { columns: Some(columns), ..IngestOptions::default() };
    let done = folder.ingest(&["AAPL.csv"], &options).unwrap();
    assert_eq!(closes(&done.bundle, "AAPL"), [88.99, 44.86, 44.5]);
    let notes: Vec<String> = done.notes.iter().map(|note| folder.plain(note)).collect();
    let header = "AAPL.csv: line 1 (Datum, Auf, Hoch, Tief, Schluss, Stück) is a header, and --columns stands in its place";
    assert_eq!(notes, [header, "AAPL.csv: has no volume, which is taken as 0"]);
}

#[test]
fn a_delimiter_may_be_asked_for() {
    // A comma would part it into five fields, and a pipe into seven.
    let text = GOOD.replace(',', "|");
    let options = |delimiter| IngestOptions { delimiter: Some(delimiter), ..IngestOptions::default() };
    let wrong = refusal(&text, &options(Delimiter::Semicolon));
    assert!(wrong.contains("no columns") && wrong.ends_with("--delimiter says what parts them"), "{wrong}");
    let folder = Folder::new();
    folder.write("AAPL.csv", &text);
    assert!(folder.ingest(&["AAPL.csv"], &options(Delimiter::Pipe)).is_ok());
}

#[test]
fn a_comma_that_may_be_either_is_asked_about() {
    let text = "date;open;high;low;close;volume\n2005-02-25;1,000;1,500;1,000;1,250;7\n";
    assert_eq!(
        refusal(text, &IngestOptions::default()),
        "AAPL.csv line 2: open is \"1,000\", where the comma may part thousands or decimals, and no other number of the \
         file tells; pass --decimal point or --decimal comma"
    );
    let folder = Folder::new();
    folder.write("AAPL.csv", text);
    for (mark, close) in [(DecimalMark::Point, 1250.0), (DecimalMark::Comma, 1.25)] {
        let options = IngestOptions { decimal: Some(mark), ..IngestOptions::default() };
        assert_eq!(closes(&folder.ingest(&["AAPL.csv"], &options).unwrap().bundle, "AAPL"), [close]);
    }
    let mixed =
        "date;open;high;low;close;volume\n2005-02-25;1,5;1,75;1,5;1,5;7\n2005-02-28;1.5;1.75;1.5;1.5;7\n";
    assert_eq!(
        refusal(mixed, &IngestOptions::default()),
        "AAPL.csv line 3: open is \"1.5\", with a decimal point, but open of line 2 is \"1,5\"; expected one notation for \
         the file, --decimal point or --decimal comma"
    );
}

#[test]
fn local_times_need_their_zone() {
    let times = ["2024-01-05 09:30:00", "2024-01-05 09:31:00"];
    assert_eq!(
        refusal(&at(&times), &IngestOptions::default()),
        "AAPL.csv line 2: time is \"2024-01-05 09:30:00\", a local time without an offset; pass --tz with its time zone, \
         such as --tz America/New_York or --tz UTC"
    );
    let folder = Folder::new();
    folder.write("AAPL.csv", at(&times));
    let done = folder.ingest(&["AAPL.csv"], &new_york()).unwrap();
    assert_eq!(moments(&done.bundle), ["2024-01-05T14:30:00Z", "2024-01-05T14:31:00Z"]);
    assert_eq!(done.bundle.session().time_zone, "America/New_York");
    let nowhere = IngestOptions { time_zone: Some("America/Gotham".to_owned()), ..IngestOptions::default() };
    assert_eq!(
        refusal(&at(&times), &nowhere),
        "--tz: is \"America/Gotham\", expected a time zone such as America/New_York, Europe/London or UTC"
    );
}

#[test]
fn the_hour_that_clocks_show_twice_is_read_in_the_order_of_its_rows() {
    let times = [
        "2024-11-03 00:30",
        "2024-11-03 01:00",
        "2024-11-03 01:30",
        "2024-11-03 01:00",
        "2024-11-03 01:30",
        "2024-11-03 02:00",
    ];
    let expected =
        ["04:30", "05:00", "05:30", "06:00", "06:30", "07:00"].map(|time| format!("2024-11-03T{time}:00Z"));
    let folder = Folder::new();
    for newest_first in [false, true] {
        let mut times = times;
        if newest_first {
            times.reverse();
        }
        folder.write("AAPL.csv", at(&times));
        let done = folder.ingest(&["AAPL.csv"], &new_york()).unwrap();
        assert_eq!(moments(&done.bundle), expected);
        assert_eq!(done.bundle.frequency(), Frequency::Minute30);
        let note = "AAPL.csv: 4 of the rows of AAPL lie in an hour that clocks showed twice; their order tells which is which";
        assert_eq!(folder.plain(&done.notes[0]), note);
    }
    assert_eq!(
        refusal(&at(&["2024-03-10 01:30", "2024-03-10 02:30"]), &new_york()),
        "AAPL.csv line 3: time is 2024-03-10T02:30:00, which no clock in America/New_York showed: they were put forward \
         that day; is --tz right?"
    );
}

#[test]
fn a_daily_bar_keeps_its_date_in_the_zone_that_was_given() {
    // Tokyo's midnights, as moments: without the zone these are refused.
    let midnights = ["03", "04", "08", "09", "10", "11", "14"].map(|day| format!("2024-01-{day}T15:00:00Z"));
    let folder = Folder::new();
    folder.write("AAPL.csv", at(&midnights.each_ref().map(String::as_str)));
    let options = IngestOptions { time_zone: Some("Asia/Tokyo".to_owned()), ..IngestOptions::default() };
    let done = folder.ingest(&["AAPL.csv"], &options).unwrap();
    assert_eq!(moments(&done.bundle)[..3], ["2024-01-04", "2024-01-05", "2024-01-09"]);
    let note = "AAPL.csv: each daily bar keeps its date in Asia/Tokyo: 2024-01-03T15:00:00Z in UTC is the bar of 2024-01-04";
    assert_eq!(folder.plain(&done.notes[0]), note);
}

#[test]
fn a_date_that_may_be_either_needs_its_format() {
    let text = at(&["01/02/2024", "01/03/2024"]);
    assert_eq!(
        refusal(&text, &IngestOptions::default()),
        "AAPL.csv line 2: time is \"01/02/2024\", in which day and month may stand either way; pass --date-format, such as \
         %m/%d/%Y or %d/%m/%Y"
    );
    let folder = Folder::new();
    folder.write("AAPL.csv", &text);
    for (format, dates) in
        [("%m/%d/%Y", ["2024-01-02", "2024-01-03"]), ("%d/%m/%Y", ["2024-02-01", "2024-03-01"])]
    {
        let options = IngestOptions { date_format: Some(format.to_owned()), ..IngestOptions::default() };
        match folder.ingest(&["AAPL.csv"], &options) {
            Ok(done) => assert_eq!(moments(&done.bundle), dates),
            // The first of each month is no frequency yet.
            Err(error) => assert!(error.to_string().contains("29 days apart"), "{error}"),
        }
    }
    let options = IngestOptions { date_format: Some("%Y.%m.%d".to_owned()), ..IngestOptions::default() };
    assert_eq!(
        refusal(&text, &options),
        "AAPL.csv line 2: time is \"01/02/2024\", expected it as --date-format \"%Y.%m.%d\" has it"
    );
}

#[test]
fn a_session_leaves_out_what_lies_outside_by_the_stamp_of_its_bars() {
    let times =
        ["2024-01-05 09:29", "2024-01-05 09:30", "2024-01-05 09:31", "2024-01-05 15:59", "2024-01-05 16:00"];
    let folder = Folder::new();
    folder.write("AAPL.csv", at(&times));
    let options =
        |stamp| IngestOptions { session: Some("09:30-16:00".parse().unwrap()), stamp, ..new_york() };
    for (stamp, expected) in [
        (None, ["14:30", "14:31", "20:59"]),
        (Some(Stamp::Start), ["14:30", "14:31", "20:59"]),
        (Some(Stamp::End), ["14:31", "20:59", "21:00"]),
    ] {
        let done = folder.ingest(&["AAPL.csv"], &options(stamp)).unwrap();
        assert_eq!(moments(&done.bundle), expected.map(|time| format!("2024-01-05T{time}:00Z")));
        assert_eq!(done.bundle.session().stamp, stamp.unwrap_or(Stamp::Start));
        let note = "AAPL: left out 2 of its bars, outside of the session of 09:30-16:00 (America/New_York)";
        assert_eq!(done.notes, [note]);
    }
    let night = IngestOptions { session: Some("01:00-02:00".parse().unwrap()), ..new_york() };
    assert_eq!(
        refusal(&at(&times), &night),
        "AAPL.csv: AAPL has no bar within the session of 01:00-02:00 (America/New_York), expected some; --tz says in which \
         time zone its hours are"
    );
}

#[test]
fn negative_prices_pass_where_they_are_asked_for() {
    let oil = rows(&[
        "2020-04-17,20,20.5,17.5,18.27,100",
        "2020-04-20,17.73,17.85,-40.32,-37.63,200",
        "2020-04-21,-14,13.86,-16.74,10.01,300",
    ]);
    let refused = "AAPL.csv line 3: low is -40.32, expected a number that is not negative; --allow-negative lets prices at \
                   or below 0 pass";
    assert_eq!(refusal(&oil, &IngestOptions::default()), refused);
    let folder = Folder::new();
    folder.write("CL.csv", &oil);
    let options = IngestOptions { allow_negative: true, ..IngestOptions::default() };
    assert_eq!(closes(&folder.ingest(&["CL.csv"], &options).unwrap().bundle, "CL"), [18.27, -37.63, 10.01]);
    let volume = rows(&["2020-04-17,20,20.5,17.5,18.27,-1"]);
    assert_eq!(
        refusal(&volume, &options),
        "AAPL.csv line 2: volume is -1, expected a number that is not negative"
    );
}

#[test]
fn equal_rows_and_missing_cells_pass_where_that_is_asked_for_and_are_counted() {
    let text = rows(&[
        "2024-01-02,10,12,9,11,100",
        "2024-01-02,10,12,9,11,100",
        "2024-01-03,10,12,9,NaN,100",
        "2024-01-04,null,12,9,11,100",
        "2024-01-05,10,12,9,11,",
        "2024-01-08,10,12,9,11,100",
    ]);
    assert_eq!(
        refusal(&text, &IngestOptions::default()),
        "AAPL.csv line 4: close is NaN, expected a finite decimal, or pass --lenient to skip such rows"
    );
    let folder = Folder::new();
    folder.write("AAPL.csv", &text);
    let done = folder.ingest(&["AAPL.csv"], &lenient()).unwrap();
    assert_eq!(moments(&done.bundle), ["2024-01-02", "2024-01-05", "2024-01-08"]);
    let notes: Vec<String> = done.notes.iter().map(|note| folder.plain(note)).collect();
    assert_eq!(
        notes,
        [
            "AAPL.csv: 1 of the rows of AAPL were there twice, the same; one of each is kept",
            "AAPL.csv line 4: skipped a row without close (and 1 more)",
            "AAPL.csv line 6: took a missing volume as 0",
        ]
    );
    let differ =
        text.replace("2024-01-02,10,12,9,11,100\n2024-01-02,10", "2024-01-02,10,12,9,11,100\n2024-01-02,11");
    assert!(
        refusal(&differ, &lenient()).ends_with("is there twice, first at line 2; the rows differ, keep one")
    );
}

#[test]
fn prices_that_cannot_stand_beside_each_other_are_refused() {
    let text =
        rows(&["2024-01-02,185.5,186,185,185.64,100", "2024-01-03,1856400,1857000,1850000,1856400,100"]);
    assert_eq!(
        refusal(&text, &IngestOptions::default()),
        "AAPL.csv line 3: open is 1856400 after a close of 185.64 in line 2, a thousand times apart or more; expected \
         prices of one unit (--price-scale multiplies all those of a file), or pass --lenient to keep them as they are"
    );
    let within = rows(&["2024-01-02,185.5,1860000,185,185.64,100"]);
    assert!(
        refusal(&within, &IngestOptions::default())
            .starts_with("AAPL.csv line 2: high is 1860000 and low 185, ")
    );
    let folder = Folder::new();
    folder.write("AAPL.csv", &text);
    let done = folder.ingest(&["AAPL.csv"], &lenient()).unwrap();
    assert!(done.notes[0].contains("line 3: open is 1856400 after a close of 185.64"), "{:?}", done.notes);
    let none = IngestOptions { price_scale: Some("0".parse().unwrap()), ..IngestOptions::default() };
    assert_eq!(refusal(&text, &none), "--price-scale: is 0, expected a factor above 0");
}

#[test]
fn unknown_words_on_the_command_line_are_answered_with_those_that_are_known() {
    let folder = Folder::new();
    folder.write("AAPL.csv", GOOD);
    for (flag, value, expected) in [
        ("--preset", "binanse", "is \"binanse\", expected a vendor that is known; nearest: binance"),
        ("--delimiter", "colon", "is \"colon\", expected comma, semicolon, tab or pipe"),
        ("--decimal", "dot", "is \"dot\", expected point or comma"),
        ("--stamp", "close", "is \"close\", expected start or end"),
        ("--session", "9-16", "is \"9-16\", expected the hours of a session such as 09:30-16:00"),
        ("--price-scale", "tiny", "expected a factor such as 0.0001 or 1e-9"),
    ] {
        let refused = folder.run(&["ingest", "AAPL.csv", "--out", "bundle", flag, value]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains(expected), "{}", stderr(&refused));
    }
}

#[test]
fn a_file_that_is_not_whole_is_refused_by_its_packing() {
    let folder = Folder::new();
    let vendors = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/vendors");
    for (file, cut, expected) in [
        ("binance/BTCUSDT-1m-2024-12.zip", 40, "is not a whole zip file"),
        ("databento/xnas-itch-20240102.ohlcv-1m.csv.zst", 40, "is not a whole zstd file"),
        ("others/AAPL.csv.bz2", 40, "is not a whole bzip2 file"),
    ] {
        let bytes = fs::read(vendors.join(file)).unwrap();
        folder.write("cut", &bytes[..bytes.len() - cut]);
        let error = folder.ingest(&["cut"], &IngestOptions::default()).unwrap_err().to_string();
        assert!(folder.plain(&error).starts_with(&format!("cut: {expected}")), "{error}");
    }
}

#[test]
fn files_of_one_asset_follow_one_another_in_any_order() {
    let folder = Folder::new();
    let whole = folder.bundle(GOOD).version().to_owned();
    let lines: Vec<&str> = GOOD.lines().collect();
    let part = |rows: &[&str]| format!("{}\n{}\n", lines[0], rows.join("\n"));
    fs::create_dir(folder.path("parts")).unwrap();
    folder.write("parts/late.csv", part(&lines[3..]));
    folder.write("parts/early.csv", part(&lines[1..3]));
    let symbol = IngestOptions { symbol: Some("AAPL".to_owned()), ..IngestOptions::default() };
    let done = folder.ingest(&["parts"], &symbol).unwrap();
    assert_eq!(done.bundle.version(), whole);
    assert_eq!(folder.plain(&done.notes[0]), "AAPL: joined from 2 files, parts/early.csv first");
    let reading = "parts/early.csv and 1 more: comma: date, open, high, low, close, volume; dates";
    assert_eq!(done.readings.iter().map(|one| folder.plain(one)).collect::<Vec<_>>(), [reading]);

    folder.write("parts/late.csv", part(&lines[2..]));
    let overlap = folder.plain(&folder.ingest(&["parts"], &symbol).unwrap_err().to_string());
    let expected = "parts/late.csv line 2: AAPL 2005-02-28 is there twice, first at parts/early.csv line 3; the rows are \
                    the same, pass --lenient to keep one";
    assert_eq!(overlap, expected);
    let options = IngestOptions { lenient: true, ..symbol.clone() };
    assert_eq!(folder.ingest(&["parts"], &options).unwrap().bundle.version(), whole);

    folder.write("parts/late.csv", part(&[lines[2]]));
    folder.write("parts/early.csv", part(&[lines[1], lines[3]]));
    let between = folder.plain(&folder.ingest(&["parts"], &symbol).unwrap_err().to_string());
    let expected = "parts/late.csv line 2: AAPL 2005-02-28 lies between the rows of parts/early.csv, which end at \
                    2005-03-01; expected files that follow one another";
    assert_eq!(between, expected);
}

#[test]
fn many_files_make_the_same_bundle_whatever_reads_first_and_the_first_fault_is_told() {
    let folder = Folder::new();
    fs::create_dir(folder.path("many")).unwrap();
    for index in 0..40 {
        let text = GOOD.replace("89.94", &format!("{}.5", 90 + index));
        folder.write(&format!("many/S{index:02}.csv"), text);
    }
    let ingest_all = || {
        let out = folder.path("bundle");
        ingest(&[folder.path("many")], &out, &IngestOptions::default()).map(|done| done.bundle)
    };
    let bundle = ingest_all().unwrap();
    assert_eq!(bundle.symbols().len(), 40);
    for _ in 0..5 {
        assert_eq!(ingest_all().unwrap().version(), bundle.version());
    }
    for index in [7, 21, 39] {
        folder.write(&format!("many/S{index:02}.csv"), GOOD.replace("44.86", "x"));
    }
    for _ in 0..5 {
        let error = folder.plain(&ingest_all().unwrap_err().to_string());
        assert!(error.starts_with("many/S07.csv line 3: close is \"x\""), "{error}");
    }
}

#[test]
fn append_makes_the_bundle_of_one_ingest_and_passes_over_what_is_there() {
    let folder = Folder::new();
    let whole = folder.bundle(GOOD).version().to_owned();
    let lines: Vec<&str> = GOOD.lines().collect();
    for overlap in [0, 1, 2] {
        folder.bundle(format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2]));
        folder.write("AAPL.csv", format!("{}\n{}\n", lines[0], lines[3 - overlap..].join("\n")));
        let done = folder.run(&["append", "bundle", "AAPL.csv"]);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        assert!(stdout(&done).contains(&whole), "{}", stdout(&done));
        let note = format!(
            "note: AAPL.csv: passed over {overlap} of the bars of AAPL, which the bundle has, the same\n"
        );
        assert_eq!(stderr(&done).contains(&note), overlap > 0, "{}", stderr(&done));
    }
    let again = folder.run(&["append", "bundle", "AAPL.csv"]);
    assert!(stderr(&again).contains("the bundle has all these bars already: nothing was appended"));
}

#[test]
fn append_takes_an_event_between_the_last_bar_that_is_there_and_the_first_that_comes() {
    let header = "date,open,high,low,close,volume,dividends,stock splits";
    let rows = [
        "2020-08-27,500,510,495,500,1,0,0",
        "2020-08-28,499,505,498,500,1,0,0",
        "2020-08-31,126,131,125,129,1,0.5,4",
    ];
    let folder = Folder::new();
    let whole = folder.bundle(format!("{header}\n{}\n", rows.join("\n"))).version().to_owned();
    folder.bundle(format!("{header}\n{}\n{}\n", rows[0], rows[1]));
    folder.write("AAPL.csv", format!("{header}\n{}\n", rows[2]));
    let done = append(&[folder.path("AAPL.csv")], &folder.path("bundle"), &IngestOptions::default()).unwrap();
    assert_eq!(done.bundle.version(), whole);
    assert_eq!(done.bundle.adjustments(AssetId(0)).len(), 2);
}

#[test]
fn append_says_which_bars_it_restates_and_what_the_versions_are_called() {
    let folder = Folder::new();
    let old = folder.bundle(GOOD).version().to_owned();
    let text = GOOD.replace("44.86", "44.85").replace("16672000", "16672001");
    folder.write("AAPL.csv", text);
    let done = folder.run(&["append", "bundle", "AAPL.csv"]);
    let new = Bundle::open(folder.path("bundle")).unwrap().version().to_owned();
    let warned = stderr(&done);
    let warned: Vec<&str> = warned.lines().filter(|line| !line.contains("split of 2:1")).collect();
    assert_eq!(
        warned.join("\n") + "\n",
        format!(
            "note: AAPL.csv: passed over 1 of the bars of AAPL, which the bundle has, the same\n\
             warning: restated AAPL 2005-02-28: close 44.86 is now 44.85 (and 1 more bars)\n\
             warning: version {old} is restated by version {new}\n"
        )
    );
    assert_eq!(new, folder.bundle(GOOD.replace("44.86", "44.85").replace("16672000", "16672001")).version());
}

#[test]
fn append_refuses_what_would_come_between_bars_or_lose_events() {
    let folder = Folder::new();
    let header = "date,open,high,low,close,volume";
    let refused = |text: String, options: &IngestOptions| {
        folder.write("AAPL.csv", text);
        let error = append(&[folder.path("AAPL.csv")], &folder.path("bundle"), options).unwrap_err();
        folder.plain(&error.to_string())
    };
    let version = folder.bundle(GOOD).version().to_owned();
    let none = IngestOptions::default();
    assert_eq!(
        refused(format!("{header}\n2005-02-26,44.99,45.11,44.16,44.51,16672000\n"), &none),
        "AAPL.csv line 2: AAPL 2005-02-26 is no bar of the bundle, though not after its last, 2005-03-01; append takes bars \
         that come after and bars that are there, ingest all files anew to put one between others"
    );
    assert_eq!(
        refused(format!("{header},adj close\n2005-03-02,44.99,45.11,44.16,44.51,16672000,22\n"), &none),
        "AAPL.csv: begins after 2005-03-01, the last bar of AAPL in the bundle, and adj close tells of an event only beside \
         the bar before; expected a file that holds the bar of 2005-03-01 too, or --adjustments"
    );
    let stamp = IngestOptions { stamp: Some(Stamp::End), ..IngestOptions::default() };
    let message = refused(format!("{header}\n2005-03-02,44.99,45.11,44.16,44.51,16672000\n"), &stamp);
    assert!(
        message.starts_with("--stamp: is end, but the bundle in ")
            && message.ends_with("ingest anew to change it")
    );
    let minutes = at(&["1109757600", "1109757660", "1109757720"]);
    assert_eq!(
        refused(minutes, &none),
        "AAPL.csv: AAPL has bars of 1m, but the bundle of 1d; ingest them apart"
    );
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), version, "nothing was changed");
}
