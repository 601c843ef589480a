//! The shell of a page: its head, its sections, its data and its script, in one file.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::io;

use serde_json::Value;

use super::html::{Text, terms};
use super::number::{bytes, count};
use crate::cache::Stats;

/// What stands around the results of a page, whatever they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The bundle's name.
    pub bundle: &'a str,
    /// What the adjustment makes of the prices.
    pub prices: &'a str,
    /// The rules as they were stated, by key; none for a strategy in Rust.
    pub rules: &'a [(String, String)],
    /// What makes the same page again, to be typed.
    pub command: Option<&'a str>,
    /// What the cache did. It depends on threads and on what ran before: without it, equal results make equal bytes.
    pub cache: Option<&'a Stats>,
}

/// One section: what its address ends in, its heading, and its text as HTML.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) body: String,
}

/// A page whose script knows what is in `data`.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// Sentences below the title.
    pub(super) lede: &'a str,
    /// The assets to choose from; the script shows the blocks of one.
    pub(super) assets: Vec<&'a str>,
    pub(super) sections: Vec<Section>,
    pub(super) data: Value,
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Page<'_> {
    pub(super) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let title = Text(self.title);
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"lookback\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the results</a>\n\
             <header>\n<p class=\"mark\">lookback</p>\n<h1>{title}</h1>\n<p class=\"lede\">{}</p>\n</header>\n",
            Text(self.lede)
        )?;
        write!(out, "<nav aria-label=\"Sections\"><ul>")?;
        for section in &self.sections {
            write!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, Text(section.heading))?;
        }
        writeln!(out, "</ul>{}</nav>", self.chooser())?;
        writeln!(
            out,
            "<main id=\"main\">\n<noscript><p class=\"note\">Charts, sorting and filters need scripts.</p></noscript>"
        )?;
        for Section { id, heading, body } in &self.sections {
            writeln!(
                out,
                "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{}</h2>\n{body}</section>",
                Text(heading)
            )?;
        }
        let data = self.data.to_string().replace('<', "\\u003c");
        writeln!(out, "</main>\n<script type=\"application/json\" id=\"data\">{data}</script>")?;
        writeln!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>")
    }

    fn chooser(&self) -> String {
        if self.assets.len() < 2 {
            return String::new();
        }
        let mut text = "<label class=\"chooser\">Asset <select id=\"asset\">".to_owned();
        for (place, asset) in self.assets.iter().enumerate() {
            let _ = write!(text, "<option value=\"{place}\">{}</option>", Text(asset));
        }
        text + "</select></label>"
    }
}

/// A block that is shown while its asset is chosen.
pub(super) fn block(asset: usize, body: &str) -> String {
    format!("<div data-asset=\"{asset}\">\n{body}</div>\n")
}

/// A place where the script draws, under its title; `sentence` says in words what is to be seen.
pub(super) fn chart(id: &str, title: &str, sentence: &str) -> String {
    format!(
        "<figure class=\"chart\" id=\"{id}\"><figcaption><h3>{}</h3> <span class=\"said\">{}</span></figcaption>\
         <div class=\"plot\"></div></figure>\n",
        Text(title),
        Text(sentence)
    )
}

/// The terms of a run, the rules, and the command.
pub(super) fn settings(facts: &Facts<'_>, own: Vec<(String, String)>) -> Section {
    let mut all: Vec<(String, String)> = facts.rules.to_vec();
    all.extend(own);
    all.push(("prices".to_owned(), facts.prices.to_owned()));
    let mut body = terms(&all);
    if let Some(command) = facts.command {
        let _ = write!(
            body,
            "<h3>The same again</h3>\n<pre class=\"command\" tabindex=\"0\" role=\"region\" aria-label=\"Command\"><code>{}</code></pre>\n",
            Text(command)
        );
    }
    Section { id: "settings", heading: "Settings", body }
}

/// What the cache did, where it is told.
pub(super) fn cache(facts: &Facts<'_>) -> Option<Section> {
    let stats = facts.cache?;
    let rate = stats.hit_rate().map_or_else(|| "–".to_owned(), |rate| format!("{:.2} %", rate * 100.0));
    let of = [
        ("hit rate", rate),
        (
            "hits",
            format!(
                "{} ({} permanent, {} variable)",
                count(stats.hits()),
                count(stats.permanent.hits),
                count(stats.variable.hits)
            ),
        ),
        ("misses", count(stats.misses)),
        ("columns and bars loaded", count(stats.loads)),
        ("evictions", count(stats.evictions)),
        ("resident", format!("{} of {}", bytes(stats.resident_bytes()), bytes(stats.capacity_bytes))),
    ];
    let of: Vec<(String, String)> = of.into_iter().map(|(term, is)| (term.to_owned(), is)).collect();
    let note = "<p class=\"note\">Of this run alone: these depend on threads and on what was in the cache before.</p>\n";
    Some(Section { id: "cache", heading: "Cache", body: terms(&of) + note })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(page: &Page<'_>) -> String {
        let mut out = Vec::new();
        page.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_asks_for_nothing_outside_and_nothing_ends_its_data() {
        let page = Page {
            title: "a </title> & b",
            lede: "",
            assets: vec!["<IBM>", "X"],
            sections: vec![Section { id: "one", heading: "One", body: "text".to_owned() }],
            data: serde_json::json!({ "symbol": "</script><script>alert(1)</script>" }),
        };
        let text = written(&page);
        assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("@import"), "{text}");
        assert!(!text.contains("alert(1)</script>"));
        assert!(text.contains("<title>a &lt;/title&gt; &amp; b</title>"));
        assert!(text.contains("<option value=\"0\">&lt;IBM&gt;</option>"));
        assert_eq!(text.matches("</script>").count(), 2);
    }

    #[test]
    fn one_asset_needs_no_choice() {
        let page = Page { title: "", lede: "", assets: vec!["X"], sections: Vec::new(), data: Value::Null };
        assert!(!written(&page).contains("<select"));
    }
}
