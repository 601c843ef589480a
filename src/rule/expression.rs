//! Rules made in Rust: each step writes a part of the text that a quant would have written.
//!
//! So there is one language and one parser: what is built can be printed into a strategy's file, and an error points at the
//! column of that text.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};

use super::text::Rule;
use super::tree::{Binary, Unary, binding};
use crate::error::Error;

/// An expression that is built step by step.
///
/// Operators are those of Rust, `&`, `|` and `!` for `and`, `or` and `not`; comparisons are methods, for those of Rust yield
/// its own booleans.
///
/// # Examples
/// ```
/// use lookback::rule::words::{close, parameter, sma};
/// let buy = sma(close(), parameter("fast")).crosses_above(sma(close(), parameter("slow"))) & close().above(5.0);
/// assert_eq!(buy.to_string(), "crossover(sma(close, fast), sma(close, slow)) and close > 5");
/// assert_eq!(buy.rule()?.names().collect::<Vec<_>>(), ["close", "fast", "slow"]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Expression {
    text: String,
    /// How tightly its outermost part binds.
    binding: u8,
}

impl Expression {
    fn word(text: impl Into<String>) -> Self {
        Self { text: text.into(), binding: binding::CALL }
    }

    /// Its text where at least `binding` is needed.
    fn within(&self, binding: u8) -> String {
        if self.binding < binding { format!("({})", self.text) } else { self.text.clone() }
    }

    fn binary(self, binary: Binary, other: impl Into<Self>) -> Self {
        let binding = binary.binding();
        // Comparisons do not chain; the others are read from the left.
        let left = self.within(binding + u8::from(binary.is_comparison()));
        let right = other.into().within(binding + 1);
        Self { text: format!("{left} {} {right}", binary.sign()), binding }
    }

    /// Reads it as a rule.
    ///
    /// # Errors
    /// `Expression` where it is too long or too deep, or a name is none of the language.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().above(open()).rule()?.as_str(), "close > open");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn rule(&self) -> Result<Rule, Error> {
        Rule::parse(&self.text)
    }

    /// Its value so many bars ago.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::close;
    /// assert_eq!((close() / close().past(1) - 1).to_string(), "close / close[1] - 1");
    /// ```
    #[must_use]
    pub fn past(self, bars: impl Into<Self>) -> Self {
        Self::word(format!("{}[{}]", self.within(binding::CALL), bars.into().text))
    }

    /// `self > other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().above(open()).to_string(), "close > open");
    /// ```
    #[must_use]
    pub fn above(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::Above, other)
    }

    /// `self < other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, rsi};
    /// assert_eq!(rsi(close(), 14).below(30).to_string(), "rsi(close, 14) < 30");
    /// ```
    #[must_use]
    pub fn below(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::Below, other)
    }

    /// `self >= other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().at_least(open()).to_string(), "close >= open");
    /// ```
    #[must_use]
    pub fn at_least(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::AtLeast, other)
    }

    /// `self <= other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().at_most(open()).to_string(), "close <= open");
    /// ```
    #[must_use]
    pub fn at_most(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::AtMost, other)
    }

    /// `self == other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::input;
    /// assert_eq!(input("month").equals(1).to_string(), "month == 1");
    /// ```
    #[must_use]
    pub fn equals(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::Equal, other)
    }

    /// `self != other`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().differs_from(open()).to_string(), "close != open");
    /// ```
    #[must_use]
    pub fn differs_from(self, other: impl Into<Self>) -> Self {
        self.binary(Binary::Unequal, other)
    }

    /// `crossover(self, other)`: above now, and not at the bar before.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, sma};
    /// assert_eq!(close().crosses_above(sma(close(), 20)).to_string(), "crossover(close, sma(close, 20))");
    /// ```
    #[must_use]
    pub fn crosses_above(self, other: impl Into<Self>) -> Self {
        call("crossover", [self, other.into()])
    }

    /// `crossunder(self, other)`: below now, and not at the bar before.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, sma};
    /// assert_eq!(close().crosses_below(sma(close(), 20)).to_string(), "crossunder(close, sma(close, 20))");
    /// ```
    #[must_use]
    pub fn crosses_below(self, other: impl Into<Self>) -> Self {
        call("crossunder", [self, other.into()])
    }

    /// `self ? yes : no`.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::words::{close, open};
    /// assert_eq!(close().above(open()).choose(1, 0).to_string(), "close > open ? 1 : 0");
    /// ```
    #[must_use]
    pub fn choose(self, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        let (condition, yes, no) = (self.within(binding::OR), yes.into().text, no.into().text);
        Self { text: format!("{condition} ? {yes} : {no}"), binding: binding::CHOICE }
    }
}

/// An input by its name, such as `bar_index`.
///
/// # Examples
/// ```
/// assert_eq!(lookback::rule::words::input("hlc3").to_string(), "hlc3");
/// ```
#[must_use]
pub fn input(name: &str) -> Expression {
    Expression::word(name)
}

/// A parameter, or a let, by its name.
///
/// # Examples
/// ```
/// use lookback::rule::words::{close, parameter};
/// assert_eq!((close() * parameter("share")).to_string(), "close * share");
/// ```
#[must_use]
pub fn parameter(name: &str) -> Expression {
    Expression::word(name)
}

/// Calls any function of the table.
///
/// # Examples
/// ```
/// use lookback::rule::words::{call, close};
/// assert_eq!(call("kama", [close(), 10.into()]).to_string(), "kama(close, 10)");
/// ```
#[must_use]
pub fn call(name: &str, arguments: impl IntoIterator<Item = Expression>) -> Expression {
    let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.text).collect();
    Expression::word(format!("{name}({})", arguments.join(", ")))
}

/// Words for what is read most often.
macro_rules! inputs {
    ($($name:ident: $says:literal,)*) => {
        $(
            #[doc = concat!($says, ": the input `", stringify!($name), "`.")]
            #[must_use]
            pub fn $name() -> Expression {
                Expression::word(stringify!($name))
            }
        )*
    };
}

inputs! {
    open: "The first trade of a bar",
    high: "The highest trade of a bar",
    low: "The lowest trade of a bar",
    close: "The last trade of a bar",
    volume: "The shares traded in a bar",
}

/// Words for the functions that are called most often.
macro_rules! functions {
    ($($name:ident($($argument:ident),*))*) => {
        $(
            #[doc = concat!("Calls `", stringify!($name), "`, as the table of functions defines it.")]
            #[must_use]
            pub fn $name($($argument: impl Into<Expression>),*) -> Expression {
                call(stringify!($name), [$($argument.into()),*])
            }
        )*

        #[cfg(test)]
        const WORDS: &[(&str, usize)] = &[$((stringify!($name), [$(stringify!($argument)),*].len())),*];
    };
}

functions! {
    sma(x, n)
    ema(x, n)
    wma(x, n)
    rma(x, n)
    rsi(x, n)
    macd(x, fast, slow)
    macd_signal(x, fast, slow, signal)
    atr(n)
    adx(n)
    cci(n)
    roc(x, n)
    stdev(x, n)
    zscore(x, n)
    highest(x, n)
    lowest(x, n)
    bollinger_upper(x, n, k)
    bollinger_lower(x, n, k)
    donchian_high(n)
    donchian_low(n)
    clamp(x, low, high)
    log(x)
    sqrt(x)
    abs(x)
    min(a, b)
    max(a, b)
    nz(x, y)
    rising(x, n)
    falling(x, n)
    bars_since(condition)
}

macro_rules! operators {
    ($($operator:ident $method:ident $binary:ident,)*) => {
        $(
            impl<T: Into<Expression>> $operator<T> for Expression {
                type Output = Self;

                fn $method(self, other: T) -> Self {
                    self.binary(Binary::$binary, other)
                }
            }
        )*
    };
}

operators! {
    Add add Add,
    Sub sub Subtract,
    Mul mul Multiply,
    Div div Divide,
    Rem rem Remainder,
    BitAnd bitand And,
    BitOr bitor Or,
}

impl Neg for Expression {
    type Output = Self;

    fn neg(self) -> Self {
        let sign = Unary::Negate;
        Self { text: format!("{}{}", sign.sign(), self.within(sign.binding())), binding: sign.binding() }
    }
}

impl Not for Expression {
    type Output = Self;

    fn not(self) -> Self {
        let sign = Unary::Not;
        Self { text: format!("{} {}", sign.sign(), self.within(sign.binding())), binding: sign.binding() }
    }
}

impl From<f64> for Expression {
    /// A number; one that is not finite is `nan`.
    fn from(number: f64) -> Self {
        if !number.is_finite() {
            return Self::word("nan");
        }
        let size = number.abs();
        let text = if (1e-6..1e15).contains(&size) { size.to_string() } else { format!("{size:?}") };
        let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
        if number < 0.0 { -Self::word(text) } else { Self::word(text) }
    }
}

impl From<i32> for Expression {
    fn from(number: i32) -> Self {
        f64::from(number).into()
    }
}

impl From<u32> for Expression {
    fn from(number: u32) -> Self {
        f64::from(number).into()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::function::Function;

    #[test]
    fn brackets_stand_where_the_text_would_be_read_otherwise_and_nowhere_else() {
        let (a, b, c) = (|| parameter("a"), || parameter("b"), || parameter("c"));
        let cases = [
            (a() + b() * c(), "a + b * c"),
            ((a() + b()) * c(), "(a + b) * c"),
            (a() - (b() - c()), "a - (b - c)"),
            (a() - b() - c(), "a - b - c"),
            (-(a() + b()), "-(a + b)"),
            ((-a()).past(1), "(-a)[1]"),
            (a().past(1).past(b()), "a[1][b]"),
            (!(a().above(b()) & c()), "not (a > b and c)"),
            (!a() & b() | c(), "not a and b or c"),
            (a() & (b() | c()), "a and (b or c)"),
            (a().above(b()).equals(c()), "(a > b) == c"),
            ((!a()).above(b()), "(not a) > b"),
            (a().choose(b(), c()).choose(1, 0), "(a ? b : c) ? 1 : 0"),
            (a().choose(b(), c()) + 1, "(a ? b : c) + 1"),
            (a().choose(b(), c().choose(1, 2)), "a ? b : c ? 1 : 2"),
            (a() * -2.5, "a * -2.5"),
            (a() * 1e300 + 0.0, "a * 1e300 + 0"),
            (a() + f64::NAN, "a + nan"),
        ];
        for (built, text) in cases {
            assert_eq!(built.to_string(), text);
            assert_eq!(built.rule().unwrap().as_str(), text);
        }
    }

    #[test]
    fn each_word_calls_a_function_of_the_table_with_arguments_that_it_takes() {
        for (name, count) in WORDS {
            let function = Function::named(name).unwrap_or_else(|| panic!("{name} is no function"));
            assert_eq!(function.arguments.len(), *count, "{name}");
        }
    }
}
