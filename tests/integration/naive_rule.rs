//! The plain model that rules are compared with: each bar from nothing, on the series adjusted as of that bar; no graph, no
//! bits, no levels.

use lookback::Field;
use lookback::rule::{Bars, Bits, Function, Inputs, Kernel, Stretch};

/// A rule as a tree, with what it takes to write it down.
#[derive(Clone, Debug)]
pub enum Expr {
    Number(f64),
    Parameter(usize),
    /// A name that every rule knows.
    Input(&'static str),
    Negate(Box<Expr>),
    Arithmetic(char, Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Past(Box<Expr>, Box<Expr>),
    Call(&'static str, Vec<Expr>),
}

/// The parameters that rules may name.
pub const PARAMETERS: [&str; 3] = ["n", "m", "level"];

/// What happens before a bar: prices before it are multiplied by the one, volumes by the other.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub bar: usize,
    pub price: f64,
    pub volume: f64,
}

/// Bars as they were traded: open, high, low, close, volume.
#[derive(Clone, Debug)]
pub struct Traded {
    pub bars: Vec<[f64; 5]>,
    pub events: Vec<Event>,
    pub first_day: i64,
}

impl Expr {
    /// As text, with brackets around everything that has parts.
    pub fn text(&self) -> String {
        let of = |one: &Self| match one {
            Self::Number(_) | Self::Parameter(_) | Self::Input(_) | Self::Call(..) => one.text(),
            _ => format!("({})", one.text()),
        };
        match self {
            Self::Number(number) if number.is_nan() => "nan".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Parameter(at) => PARAMETERS[*at].to_owned(),
            Self::Input(name) => (*name).to_owned(),
            Self::Negate(a) => format!("-{}", of(a)),
            Self::Arithmetic(sign, a, b) => format!("{} {sign} {}", of(a), of(b)),
            Self::Compare(sign, a, b) => format!("{} {sign} {}", of(a), of(b)),
            Self::Not(a) => format!("not {}", of(a)),
            Self::And(a, b) => format!("{} and {}", of(a), of(b)),
            Self::Or(a, b) => format!("{} or {}", of(a), of(b)),
            Self::If(a, b, c) => format!("{} ? {} : {}", of(a), of(b), of(c)),
            Self::Past(a, back) => format!("{}[{}]", of(a), back.text()),
            Self::Call(name, arguments) => {
                format!("{name}({})", arguments.iter().map(Self::text).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Counted or written, and so compared to the last bit.
    fn is_exact(&self) -> bool {
        self.written().is_some()
            || matches!(self, Self::Parameter(_) | Self::Input("bar_index" | "month" | "day_of_week"))
    }

    fn is_zero(&self) -> bool {
        self.written() == Some(0.0)
    }

    /// The number that it is wherever it stands, where it is made of written numbers alone: `-(8 - 8)` is 0.
    fn written(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Negate(a) => a.written().map(|a| -a),
            Self::Arithmetic(sign, a, b) => {
                let (a, b) = (a.written()?, b.written()?);
                Some(finite(match sign {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    '/' => a / b,
                    _ => a % b,
                }))
            }
            Self::Call("abs", of) => of[0].written().map(f64::abs),
            Self::Call("nz", of) => {
                let other = of.get(1).map_or(Some(0.0), Self::written)?;
                of[0].written().map(|one| if one.is_nan() { other } else { one })
            }
            Self::Call("sqrt", of) => of[0].written().map(|one| finite(one.sqrt())),
            Self::Call(name @ ("min" | "max"), of) => {
                let (a, b) = (of[0].written()?, of[1].written()?);
                let pick = if *name == "max" { f64::max } else { f64::min };
                Some(if a.is_nan() || b.is_nan() { f64::NAN } else { pick(a, b) })
            }
            _ => None,
        }
    }

    /// The two numbers of which it is the difference.
    fn difference(&self) -> Option<(Self, Self)> {
        match self {
            Self::Arithmetic('-', a, b) => Some(((**a).clone(), (**b).clone())),
            Self::Negate(a) => Some((Self::Number(0.0), (**a).clone())),
            Self::Call("change", arguments) => {
                let past = Self::Past(Box::new(arguments[0].clone()), Box::new(arguments[1].clone()));
                Some((arguments[0].clone(), past))
            }
            Self::Call("macd", arguments) => {
                let average = |n: usize| Self::Call("ema", vec![arguments[0].clone(), arguments[n].clone()]);
                Some((average(1), average(2)))
            }
            _ => None,
        }
    }
}

fn above(a: f64, b: f64) -> bool {
    a > b + 1e-12 * b.abs()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

impl Traded {
    fn raw(&self, at: usize, bar: usize) -> f64 {
        self.bars[bar][at]
    }

    /// A field at each bar up to one, adjusted as of it.
    fn field(&self, at: usize, as_of: usize) -> Vec<f64> {
        let adjusted = |bar: usize| {
            let known = self.events.iter().filter(|event| bar < event.bar && event.bar <= as_of);
            known.fold(self.raw(at, bar), |value, event| {
                value * if at == 4 { event.volume } else { event.price }
            })
        };
        (0..=as_of).map(adjusted).collect()
    }

    fn day(&self, bar: usize) -> i64 {
        // A weekend now and then, and some months.
        self.first_day + bar as i64 * 9 / 7
    }

    fn count(&self, of: &Expr, values: &[f64]) -> usize {
        self.numbers(of, 0, values)[0] as usize
    }

    /// A number at each bar up to `as_of`, on the level of that one.
    pub fn numbers(&self, of: &Expr, as_of: usize, values: &[f64]) -> Vec<f64> {
        let numbers = |one: &Expr| self.numbers(one, as_of, values);
        let each = |of: &dyn Fn(usize) -> f64| (0..=as_of).map(of).collect::<Vec<f64>>();
        match of {
            Expr::Number(number) => each(&|_| *number),
            Expr::Parameter(at) => each(&|_| values[*at]),
            Expr::Input(name) => match *name {
                "open" => self.field(0, as_of),
                "high" => self.field(1, as_of),
                "low" => self.field(2, as_of),
                "close" => self.field(3, as_of),
                "volume" => self.field(4, as_of),
                "hl2" => {
                    let (high, low) = (self.field(1, as_of), self.field(2, as_of));
                    each(&|bar| (high[bar] + low[bar]) / 2.0)
                }
                "bar_index" => each(&|bar| bar as f64),
                "month" => each(&|bar| {
                    let moment = lookback::Timestamp(self.day(bar) * super::naive::DAY).to_string();
                    moment[5..7].parse().unwrap()
                }),
                "day_of_week" => each(&|bar| ((self.day(bar) + 3).rem_euclid(7) + 1) as f64),
                other => panic!("{other} is no input of the model"),
            },
            Expr::Negate(a) => numbers(a).into_iter().map(|a| -a).collect(),
            Expr::Arithmetic(sign, a, b) => {
                let (a, b) = (numbers(a), numbers(b));
                each(&|bar| {
                    finite(match sign {
                        '+' => a[bar] + b[bar],
                        '-' => a[bar] - b[bar],
                        '*' => a[bar] * b[bar],
                        '/' => a[bar] / b[bar],
                        _ => a[bar] % b[bar],
                    })
                })
            }
            Expr::If(condition, yes, no) => {
                let (condition, yes, no) = (self.truths(condition, as_of, values), numbers(yes), numbers(no));
                each(&|bar| condition[bar].map_or(f64::NAN, |is_so| if is_so { yes[bar] } else { no[bar] }))
            }
            Expr::Past(a, back) => {
                let (a, back) = (numbers(a), self.count(back, values));
                each(&|bar| bar.checked_sub(back).map_or(f64::NAN, |bar| a[bar]))
            }
            Expr::Call(name, arguments) => self.call(name, arguments, as_of, values, |inputs, kernel| {
                let mut out = Vec::new();
                let Kernel::Numbers(compute) = kernel else { panic!("{name} is no number") };
                compute(inputs, &mut out);
                out
            }),
            _ => panic!("{} is no number", of.text()),
        }
    }

    /// What is true at each bar up to one, each decided on the level of its own bar.
    pub fn truths(&self, of: &Expr, until: usize, values: &[f64]) -> Vec<Option<bool>> {
        (0..=until).map(|bar| self.truth(of, bar, values)).collect()
    }

    fn truth(&self, of: &Expr, bar: usize, values: &[f64]) -> Option<bool> {
        match of {
            Expr::Compare(sign, a, b) => self.compare(sign, a, b, bar, values),
            Expr::Not(a) => self.truth(a, bar, values).map(|a| !a),
            Expr::And(a, b) => match (self.truth(a, bar, values), self.truth(b, bar, values)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Expr::Or(a, b) => match (self.truth(a, bar, values), self.truth(b, bar, values)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Expr::If(condition, yes, no) => match self.truth(condition, bar, values)? {
                true => self.truth(yes, bar, values),
                false => self.truth(no, bar, values),
            },
            Expr::Past(a, back) => self.truth(a, bar.checked_sub(self.count(back, values))?, values),
            // What happened is a fact of its day.
            Expr::Call("crossover", of) => self.crosses(">", of, bar, values),
            Expr::Call("crossunder", of) => self.crosses("<", of, bar, values),
            Expr::Call("cross", of) => {
                let sides = [">", "<"].map(|sign| self.crosses(sign, of, bar, values));
                match sides {
                    [Some(true), _] | [_, Some(true)] => Some(true),
                    [Some(false), Some(false)] => Some(false),
                    _ => None,
                }
            }
            Expr::Call(name, arguments) => self.call(name, arguments, bar, values, |inputs, kernel| {
                let mut out = Bits::default();
                let Kernel::Truth(compute) = kernel else { panic!("{name} is no truth") };
                compute(inputs, &mut out);
                out.get(bar)
            }),
            _ => panic!("{} is no truth", of.text()),
        }
    }

    /// True on this bar, and not on the one before.
    fn crosses(&self, sign: &str, of: &[Expr], bar: usize, values: &[f64]) -> Option<bool> {
        let now = self.compare(sign, &of[0], &of[1], bar, values);
        let before = bar.checked_sub(1).and_then(|bar| self.compare(sign, &of[0], &of[1], bar, values));
        match (now, before) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            _ => None,
        }
    }

    fn compare(&self, sign: &str, a: &Expr, b: &Expr, bar: usize, values: &[f64]) -> Option<bool> {
        if b.is_zero()
            && !a.is_zero()
            && let Some((x, y)) = a.difference()
        {
            return self.compare(sign, &x, &y, bar, values);
        }
        if a.is_zero()
            && !b.is_zero()
            && let Some((x, y)) = b.difference()
        {
            return self.compare(sign, &y, &x, bar, values);
        }
        let is_exact = a.is_exact() && b.is_exact();
        let value = |one: &Expr| *self.numbers(one, bar, values).last().unwrap();
        let (a, b) = (value(a), value(b));
        if a.is_nan() || b.is_nan() {
            return None;
        }
        let is_above = if is_exact { a > b } else { above(a, b) };
        let is_below = if is_exact { a < b } else { above(b, a) };
        Some(match sign {
            ">" => is_above,
            "<" => is_below,
            ">=" => !is_below,
            "<=" => !is_above,
            "==" => !is_above && !is_below,
            _ => is_above || is_below,
        })
    }

    /// Calls a function of the table on the series up to a bar.
    fn call<T>(
        &self,
        name: &str,
        arguments: &[Expr],
        as_of: usize,
        values: &[f64],
        compute: impl Fn(&Inputs<'_>, Kernel) -> T,
    ) -> T {
        use lookback::rule::ArgumentKind;
        let function = Function::named(name).unwrap();
        let (mut columns, mut truths, mut counts, mut numbers) = (vec![], vec![], vec![], vec![]);
        for (place, argument) in function.arguments.iter().enumerate() {
            match argument.kind {
                ArgumentKind::Numbers { default } => columns.push(match (arguments.get(place), default) {
                    (Some(written), _) => self.numbers(written, as_of, values),
                    (None, default) => vec![default.unwrap(); as_of + 1],
                }),
                ArgumentKind::Truth => {
                    truths.push(self.truths(&arguments[place], as_of, values).into_iter().collect::<Bits>());
                }
                ArgumentKind::Bars { default, .. } => {
                    counts.push(
                        arguments.get(place).map_or_else(|| default.unwrap(), |n| self.count(n, values)),
                    );
                }
                ArgumentKind::Number { default, .. } => numbers.push(
                    arguments.get(place).map_or_else(|| default.unwrap(), |n| self.numbers(n, 0, values)[0]),
                ),
                _ => panic!("an argument of a new kind"),
            }
        }
        for field in function.fields {
            let at = Field::STORED.iter().position(|stored| stored == field).unwrap();
            columns.push(self.field(at, as_of));
        }
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let truths: Vec<&Bits> = truths.iter().collect();
        let inputs = Inputs {
            bars: as_of + 1,
            columns: &columns,
            truths: &truths,
            counts: &counts,
            numbers: &numbers,
        };
        compute(&inputs, function.kernel)
    }

    /// The same bars as rules read them: adjusted as of the last one, with the levels of each stretch.
    pub fn adjusted(&self) -> Adjusted {
        let count = self.bars.len();
        let fields = std::array::from_fn(|at| if count == 0 { vec![] } else { self.field(at, count - 1) });
        let mut firsts: Vec<usize> =
            self.events.iter().map(|event| event.bar).filter(|bar| *bar > 0).collect();
        firsts.insert(0, 0);
        firsts.sort_unstable();
        firsts.dedup();
        let stretch = |first: usize| {
            let later = self.events.iter().filter(|event| event.bar > first);
            later.fold(Stretch { first, price: 1.0, volume: 1.0 }, |level, event| Stretch {
                first,
                price: level.price / event.price,
                volume: level.volume / event.volume,
            })
        };
        let days = (0..count).map(|bar| self.day(bar)).collect();
        Adjusted { fields, stretches: firsts.into_iter().map(stretch).collect(), days }
    }
}

/// Bars as a portal lends them.
pub struct Adjusted {
    fields: [Vec<f64>; 5],
    pub stretches: Vec<Stretch>,
    days: Vec<i64>,
}

impl Bars for Adjusted {
    fn count(&self) -> usize {
        self.days.len()
    }

    fn field(&self, field: Field) -> &[f64] {
        &self.fields[Field::STORED.iter().position(|stored| *stored == field).unwrap()]
    }

    fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    fn days(&self) -> &[i64] {
        &self.days
    }
}
