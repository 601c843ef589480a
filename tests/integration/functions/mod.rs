//! The functions of rules: against definitions written apart from them, against TA-Lib and pandas, and what holds of all.

mod golden;
mod naive;
mod page;
mod properties;
mod text;

use lookback::Field;
use lookback::rule::{ArgumentKind, Bits, Function, Inputs, Kernel};

/// Bars of one asset, with a second column to compare with and a condition.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    pub open: Vec<f64>,
    pub high: Vec<f64>,
    pub low: Vec<f64>,
    pub close: Vec<f64>,
    pub volume: Vec<f64>,
    pub condition: Vec<Option<bool>>,
}

/// A function with its counts and numbers. Its numeric arguments are close, open and high.
#[derive(Clone, Debug)]
pub struct Call {
    pub function: &'static Function,
    pub counts: Vec<usize>,
    pub numbers: Vec<f64>,
}

impl Bars {
    pub fn len(&self) -> usize {
        self.close.len()
    }

    fn columns_mut(&mut self) -> [&mut Vec<f64>; 5] {
        [&mut self.open, &mut self.high, &mut self.low, &mut self.close, &mut self.volume]
    }

    /// The bars of a range.
    pub fn part(&self, bars: std::ops::Range<usize>) -> Self {
        let mut part = self.clone();
        for column in part.columns_mut() {
            *column = column[bars.clone()].to_vec();
        }
        part.condition = self.condition[bars].to_vec();
        part
    }

    /// With prices and volumes times these.
    pub fn scaled(&self, price: f64, volume: f64) -> Self {
        let mut scaled = self.clone();
        for (column, scale) in scaled.columns_mut().into_iter().zip([price, price, price, price, volume]) {
            column.iter_mut().for_each(|value| *value *= scale);
        }
        scaled
    }

    pub fn field(&self, field: Field) -> &[f64] {
        match field {
            Field::Open => &self.open,
            Field::High => &self.high,
            Field::Low => &self.low,
            Field::Close => &self.close,
            Field::Volume => &self.volume,
            Field::Price => unreachable!("no function reads the price that is carried forward"),
        }
    }
}

impl Call {
    /// The call that a test writes as words: `quantile 10 0.3`.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let name = words.next().unwrap();
        let function = Function::named(name).unwrap_or_else(|| panic!("{name} is no function"));
        let mut call = Self { function, counts: Vec::new(), numbers: Vec::new() };
        for argument in function.arguments {
            match argument.kind {
                ArgumentKind::Bars { default, .. } => {
                    call.counts
                        .push(words.next().map_or_else(|| default.unwrap(), |word| word.parse().unwrap()));
                }
                ArgumentKind::Number { default, .. } => {
                    call.numbers
                        .push(words.next().map_or_else(|| default.unwrap(), |word| word.parse().unwrap()));
                }
                _ => {}
            }
        }
        assert_eq!(words.next(), None, "{text} has too many words");
        call
    }

    /// One value a bar; a truth is 1 or 0, and NaN where it is undefined.
    pub fn compute(&self, bars: &Bars) -> Vec<f64> {
        let mut arguments = [&bars.close, &bars.open, &bars.high].into_iter();
        let (mut columns, mut truths) = (Vec::<&[f64]>::new(), Vec::new());
        let condition: Bits = bars.condition.iter().copied().collect();
        for argument in self.function.arguments {
            match argument.kind {
                ArgumentKind::Numbers { .. } => columns.push(arguments.next().unwrap()),
                ArgumentKind::Truth => truths.push(&condition),
                _ => {}
            }
        }
        columns.extend(self.function.fields.iter().map(|field| bars.field(*field)));
        let inputs = Inputs {
            bars: bars.len(),
            columns: &columns,
            truths: &truths,
            counts: &self.counts,
            numbers: &self.numbers,
        };
        let numbers = match self.function.kernel {
            Kernel::Numbers(compute) => {
                let mut numbers = Vec::new();
                compute(&inputs, &mut numbers);
                numbers
            }
            Kernel::Truth(compute) => {
                let mut bits = Bits::default();
                compute(&inputs, &mut bits);
                bits.iter().map(|bit| bit.map_or(f64::NAN, f64::from)).collect()
            }
        };
        assert_eq!(numbers.len(), bars.len(), "{self}");
        numbers
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.function.name, self.counts, self.numbers)
    }
}

/// Every function, with the shortest counts, with some, and with longer ones.
pub fn every_call() -> Vec<Call> {
    let mut calls = Vec::new();
    for function in lookback::rule::functions() {
        let mut counts = 0;
        for (step, number) in [(0, 0.0), (1, 0.3), (3, 1.0)] {
            let mut call = Call { function, counts: Vec::new(), numbers: Vec::new() };
            for (at, argument) in function.arguments.iter().enumerate() {
                match argument.kind {
                    ArgumentKind::Bars { least, .. } => call.counts.push(least + step * (2 + at)),
                    ArgumentKind::Number { .. } => call.numbers.push(number),
                    _ => {}
                }
            }
            counts = call.counts.len() + call.numbers.len();
            if step == 0 || counts > 0 {
                calls.push(call);
            }
        }
        assert!(counts <= 4, "{} takes {counts} counts", function.name);
    }
    calls
}

pub fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}
