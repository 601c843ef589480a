//! Pieces of a page's text, escaped.

#![forbid(unsafe_code)]

use std::fmt::{self, Write as _};

/// Text as it stands between tags and in quoted attributes.
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(f), "{}", self.0)
    }
}

struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(['&', '<', '>', '"', '\'']) {
            let (plain, last) = match part.char_indices().next_back() {
                Some((at, sign @ ('&' | '<' | '>' | '"' | '\''))) => (&part[..at], Some(sign)),
                _ => (part, None),
            };
            self.0.write_str(plain)?;
            self.0.write_str(match last {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some(_) => "&#39;",
                None => "",
            })?;
        }
        Ok(())
    }
}

/// A table with a caption; the first column heads the rows.
pub(super) struct Table {
    text: String,
}

impl Table {
    pub(super) fn new(caption: impl fmt::Display, headings: &[impl fmt::Display]) -> Self {
        let mut text = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
            Text(caption)
        );
        for heading in headings {
            let _ = write!(text, "<th scope=\"col\">{}</th>", Text(heading));
        }
        text.push_str("</tr></thead><tbody>");
        Self { text }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl fmt::Display>) {
        self.text.push_str("<tr>");
        for (column, cell) in cells.into_iter().enumerate() {
            let _ = match column {
                0 => write!(self.text, "<th scope=\"row\">{}</th>", Text(cell)),
                _ => write!(self.text, "<td>{}</td>", Text(cell)),
            };
        }
        self.text.push_str("</tr>\n");
    }

    pub(super) fn end(mut self) -> String {
        self.text.push_str("</tbody></table></div>\n");
        self.text
    }
}

/// A list of terms and what they are.
pub(super) fn terms(of: &[(String, String)]) -> String {
    let mut text = "<dl class=\"terms\">".to_owned();
    for (term, is) in of {
        let _ = write!(text, "<div><dt>{}</dt><dd>{}</dd></div>", Text(term), Text(is));
    }
    text.push_str("</dl>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let text = Text("<img src=x onerror='a'> & \"b\"").to_string();
        assert_eq!(text, "&lt;img src=x onerror=&#39;a&#39;&gt; &amp; &quot;b&quot;");
        assert_eq!(Text("Zürich 株").to_string(), "Zürich 株");
        let mut table = Table::new("a<b", &["x"]);
        table.row(["</td>"]);
        assert!(table.end().contains("<th scope=\"row\">&lt;/td&gt;</th>"));
    }
}
