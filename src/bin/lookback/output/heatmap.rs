//! The best of each pair of values, as a map of block characters.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::sweep::{Better, Grid, HeatMap, Merit, Parameter, Results};

use crate::arguments::Axes;
use crate::output::text::grouped;

/// Lines of a map, at most: one of more rows has several of them in a line.
const MOST_LINES: usize = 16;

/// Columns of text where no terminal says how many there are.
const WIDTH: usize = 110;

/// From worst to best.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The best of all.
const BEST: char = '◆';

/// From worst to best, of the palette of 256: near viridis, which the colour-blind can read as well.
const COLORS: [u8; 8] = [53, 60, 24, 30, 36, 71, 148, 226];

/// How a map is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    pub axes: &'a Axes,
    pub width: Option<usize>,
    pub is_colored: bool,
}

/// Draws the map of an asset, where there is one.
pub fn write(
    results: &Results,
    asset: usize,
    merit: &Merit,
    style: Style<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Some((down, across)) = axes(results.grid(), style.axes) else { return Ok(()) };
    let Some(map) = results.heat_map(asset, merit, across.name(), down.name()) else { return Ok(()) };
    let drawing = Drawing { map: &map, better: merit.better(), across, down, style };
    let Some((worst, best)) = drawing.ends() else { return Ok(()) };
    let others = results.grid().parameters().iter().filter(|one| one.count() > 1).count() > 2;
    let whatever = if others { ", whatever the others are" } else { "" };
    writeln!(
        out,
        "  {merit} by {} (down) and {} (across), the best of each{whatever}",
        down.name(),
        across.name()
    )?;
    drawing.lines(out)?;
    let levels: String = LEVELS.iter().collect();
    Ok(writeln!(out, "  {} {levels} {} {BEST}", grouped(worst, 2), grouped(best, 2))?)
}

/// The two parameters of a map: those asked for, or the first two that have values enough to show a shape.
fn axes<'a>(grid: &'a Grid, axes: &Axes) -> Option<(&'a Parameter, &'a Parameter)> {
    let named = |name: &str| grid.parameters().iter().find(|one| one.name() == name);
    match axes {
        Axes::None => None,
        Axes::Of(down, across) => Some((named(down)?, named(across)?)),
        Axes::First => {
            let mut several = grid.parameters().iter().filter(|one| one.count() > 1);
            let (down, across) = (several.next()?, several.next()?);
            (down.count() > 2 && across.count() > 2).then_some((down, across))
        }
    }
}

struct Drawing<'a> {
    map: &'a HeatMap,
    better: Better,
    across: &'a Parameter,
    down: &'a Parameter,
    style: Style<'a>,
}

impl Drawing<'_> {
    /// The worst and the best cell.
    fn ends(&self) -> Option<(f64, f64)> {
        let cells = (0..self.map.height()).flat_map(|row| (0..self.map.width()).map(move |at| (at, row)));
        let mut values = cells.filter_map(|(column, row)| self.map.best(column, row));
        let first = values.next()?;
        let (low, high) = values.fold((first, first), |(low, high), one| (low.min(one), high.max(one)));
        Some(match self.better {
            Better::Higher => (low, high),
            Better::Lower => (high, low),
        })
    }

    fn better_of(&self, a: f64, b: f64) -> f64 {
        match self.better {
            Better::Higher => a.max(b),
            Better::Lower => a.min(b),
        }
    }

    /// The best of some rows of a column, and whether any trial is there.
    fn cell(&self, column: usize, rows: std::ops::Range<usize>) -> (Option<f64>, bool) {
        let has_trials = rows.clone().any(|row| self.map.trials(column, row) > 0);
        let values = rows.filter_map(|row| self.map.best(column, row));
        (values.reduce(|a, b| self.better_of(a, b)), has_trials)
    }

    fn lines(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Some((worst, best)) = self.ends() else { return Ok(()) };
        let each = self.map.height().div_ceil(MOST_LINES);
        let starts: Vec<usize> = (0..self.map.height()).step_by(each).collect();
        let labels: Vec<String> =
            starts.iter().map(|row| label(self.down, *row, self.map.height())).collect();
        let margin = labels.iter().map(|one| one.chars().count()).max().unwrap_or(0);
        let room = self.style.width.unwrap_or(WIDTH).saturating_sub(margin + 4);
        let wide = if self.map.width() * 2 <= room { 2 } else { 1 };
        for (row, label) in starts.iter().zip(&labels) {
            let rows = *row..(row + each).min(self.map.height());
            write!(out, "  {label:>margin$} ")?;
            let mut line = String::new();
            for column in 0..self.map.width() {
                self.put(self.cell(column, rows.clone()), worst, best, wide, &mut line);
            }
            if self.style.is_colored {
                line.push_str("\x1b[0m");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        let (first, last) = (label(self.across, 0, 1), self.across.told(self.across.count() - 1));
        let width = (self.map.width() * wide).saturating_sub(first.chars().count());
        Ok(writeln!(out, "  {:margin$} {first}{last:>width$}", "")?)
    }

    fn put(&self, cell: (Option<f64>, bool), worst: f64, best: f64, wide: usize, line: &mut String) {
        let (sign, level) = match cell {
            (Some(value), _) => {
                let level = level(value, worst, best);
                let is_best = value.total_cmp(&best).is_eq();
                (if is_best { BEST } else { LEVELS[level] }, Some(level))
            }
            (None, true) => ('·', None),
            (None, false) => (' ', None),
        };
        if let (true, Some(level)) = (self.style.is_colored, level) {
            line.push_str(&format!("\x1b[38;5;{}m", COLORS[level]));
        }
        line.extend(std::iter::repeat_n(sign, wide));
    }
}

/// Which of the levels a value has between two ends.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
fn level(value: f64, worst: f64, best: f64) -> usize {
    let share = (value - worst) / (best - worst);
    let last = LEVELS.len() - 1;
    if share.is_finite() { ((share * 8.0) as usize).min(last) } else { last }
}

/// The first value of a row of cells.
fn label(parameter: &Parameter, cell: usize, cells: usize) -> String {
    parameter.told((cell * parameter.count()).div_ceil(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_part_what_lies_between_the_worst_and_the_best() {
        assert_eq!([-1.0, -0.8, 0.0, 0.99, 1.0].map(|one| level(one, -1.0, 1.0)), [0, 0, 4, 7, 7]);
        assert_eq!([3.0, 1.0].map(|one| level(one, 3.0, 1.0)), [0, 7], "less is better");
        assert_eq!(level(2.0, 2.0, 2.0), 7, "all alike");
    }
}
