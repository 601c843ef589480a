//! The table that a bench prints at its end.

use std::cell::RefCell;

/// Nanoseconds by row and column.
#[derive(Default)]
pub struct Figures(RefCell<Vec<(String, String, f64)>>);

impl Figures {
    /// Notes the fastest of the samples.
    pub fn note(&self, row: &str, column: &str, samples: &[f64]) {
        if let Some(fastest) = samples.iter().copied().min_by(f64::total_cmp) {
            self.0.borrow_mut().push((row.to_owned(), column.to_owned(), fastest));
        }
    }

    /// Prints what was noted as a table in Markdown.
    pub fn print(&self, unit: &str) {
        let figures = self.0.borrow();
        let distinct = |name: fn(&(String, String, f64)) -> &String| {
            let mut names: Vec<&String> = Vec::new();
            figures.iter().map(name).for_each(|name| {
                if !names.contains(&name) {
                    names.push(name);
                }
            });
            names
        };
        let columns = distinct(|figure| &figure.1);
        if columns.is_empty() {
            return;
        }
        let titles = columns.iter().map(|title| title.as_str()).collect::<Vec<_>>();
        println!("\n| {unit} | {} |\n|---|{}", titles.join(" | "), "---|".repeat(columns.len()));
        for row in distinct(|figure| &figure.0) {
            let cell = |column: &&String| {
                let found = figures.iter().find(|figure| &figure.0 == row && figure.1 == **column);
                found.map_or_else(|| "-".to_owned(), |figure| format!("{:.1}", figure.2))
            };
            println!("| {row} | {} |", columns.iter().map(cell).collect::<Vec<_>>().join(" | "));
        }
    }
}
