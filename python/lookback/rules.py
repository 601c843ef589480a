"""Rules made of Python's operators, in place of text: `sma(close, p.fast).crosses_above(sma(close, p.slow))`.

Each expression is text of the language of rules underneath, `str(expression)`, so that errors point at it and a strategy
can be printed into a file. Compare with `< <= > >= == !=`, combine with `& | ~`, look back with `close[1]`, choose with
`condition.choose(yes, no)`.

Made by `tools/make_rules.py`.
"""

from __future__ import annotations

from lookback._lookback import Expression

Operand = Expression | float
"""What an expression is made of: others, and numbers."""


class _Parameters:
    """The parameters of a sweep, as attributes: `p.fast`."""

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_"):
            raise AttributeError(name)
        return Expression.name(name)

    def __getitem__(self, name: str) -> Expression:
        return Expression.name(name)

    def __repr__(self) -> str:
        return "lookback.p"


p = _Parameters()
"""Parameters by name: `p.fast` is the parameter `fast` of a sweep."""

open = Expression.name("open")
"""The first trade of a bar."""
high = Expression.name("high")
"""The highest trade of a bar."""
low = Expression.name("low")
"""The lowest trade of a bar."""
close = Expression.name("close")
"""The last trade of a bar."""
volume = Expression.name("volume")
"""The shares traded in a bar."""
hl2 = Expression.name("hl2")
"""The mean of high and low."""
hlc3 = Expression.name("hlc3")
"""The mean of high, low and close."""
ohlc4 = Expression.name("ohlc4")
"""The mean of open, high, low and close."""
bar_index = Expression.name("bar_index")
"""The number of a bar, from the asset's first."""
month = Expression.name("month")
"""The month of a bar, 1 to 12."""
day_of_week = Expression.name("day_of_week")
"""The day of a bar, Monday 1 to Sunday 7."""


def sma(x: Operand, n: Operand) -> Expression:
    """Write `sma(x, n)`.

    Definition: the mean of the last n values of x.

    Range: that of x.
    """
    return Expression.call("sma", x, n)


def ema(x: Operand, n: Operand) -> Expression:
    """Write `ema(x, n)`.

    Definition: old + 2 / (n + 1) * (x - old), from the mean of the first n values on.

    Range: that of x.
    """
    return Expression.call("ema", x, n)


def wma(x: Operand, n: Operand) -> Expression:
    """Write `wma(x, n)`.

    Definition: the mean of the last n values of x, the latest n times, the one before n - 1 times, the first
    once.

    Range: that of x.
    """
    return Expression.call("wma", x, n)


def rma(x: Operand, n: Operand) -> Expression:
    """Write `rma(x, n)`.

    Definition: old + 1 / n * (x - old), from the mean of the first n values on.

    Range: that of x.
    """
    return Expression.call("rma", x, n)


def hma(x: Operand, n: Operand) -> Expression:
    """Write `hma(x, n)`.

    Definition: wma(2 * wma(x, n / 2) - wma(x, n), sqrt(n)), with n / 2 and sqrt(n) rounded down.

    Range: may pass that of x.
    """
    return Expression.call("hma", x, n)


def dema(x: Operand, n: Operand) -> Expression:
    """Write `dema(x, n)`.

    Definition: 2 * e - ema(e, n), where e is ema(x, n).

    Range: may pass that of x.
    """
    return Expression.call("dema", x, n)


def tema(x: Operand, n: Operand) -> Expression:
    """Write `tema(x, n)`.

    Definition: 3 * e - 3 * f + ema(f, n), where e is ema(x, n) and f is ema(e, n).

    Range: may pass that of x.
    """
    return Expression.call("tema", x, n)


def kama(x: Operand, n: Operand = 10, fast: Operand = 2, slow: Operand = 30) -> Expression:
    """Write `kama(x, n, fast, slow)`.

    Definition: old + s^2 * (x - old), from x[1] on at bar n, where s lies between 2 / (slow + 1) and 2 /
    (fast + 1) as abs(x - x[n]) / sum(abs(x - x[1]), n) does between 0 and 1; 1 where x has not moved.

    Range: that of x.
    """
    return Expression.call("kama", x, n, fast, slow)


def rsi(x: Operand, n: Operand = 14) -> Expression:
    """Write `rsi(x, n)`.

    Definition: 100 * up / (up + down), where up and down are rma(max(x - x[1], 0), n) and rma(max(x[1] - x,
    0), n); a change within rounding is none.

    Range: 0 to 100.
    """
    return Expression.call("rsi", x, n)


def macd(x: Operand, fast: Operand = 12, slow: Operand = 26) -> Expression:
    """Write `macd(x, fast, slow)`.

    Definition: ema(x, fast) - ema(x, slow).

    Range: any.
    """
    return Expression.call("macd", x, fast, slow)


def macd_signal(x: Operand, fast: Operand = 12, slow: Operand = 26, signal: Operand = 9) -> Expression:
    """Write `macd_signal(x, fast, slow, signal)`.

    Definition: ema(macd(x, fast, slow), signal).

    Range: any.
    """
    return Expression.call("macd_signal", x, fast, slow, signal)


def stoch_k(n: Operand = 14, smooth: Operand = 1) -> Expression:
    """Write `stoch_k(n, smooth)`.

    Definition: the mean of the last `smooth` values of 100 * (close - lowest(low, n)) / (highest(high, n) -
    lowest(low, n)); undefined where that range is no more than rounding.

    Range: 0 to 100.
    """
    return Expression.call("stoch_k", n, smooth)


def stoch_d(n: Operand = 14, smooth: Operand = 1, d: Operand = 3) -> Expression:
    """Write `stoch_d(n, smooth, d)`.

    Definition: sma(stoch_k(n, smooth), d).

    Range: 0 to 100.
    """
    return Expression.call("stoch_d", n, smooth, d)


def cci(n: Operand = 20) -> Expression:
    """Write `cci(n)`.

    Definition: (p - sma(p, n)) / (0.015 * d), where p is hlc3 and d the mean distance of the last n p from
    sma(p, n); undefined where d is no more than rounding.

    Range: any, three quarters of them between -100 and 100.
    """
    return Expression.call("cci", n)


def williams_r(n: Operand = 14) -> Expression:
    """Write `williams_r(n)`.

    Definition: -100 * (highest(high, n) - close) / (highest(high, n) - lowest(low, n)); undefined where that
    range is no more than rounding.

    Range: -100 to 0.
    """
    return Expression.call("williams_r", n)


def plus_di(n: Operand = 14) -> Expression:
    """Write `plus_di(n)`.

    Definition: 100 * rma(m, n) / atr(n), where m is high - high[1] where that is above 0 and above low[1] -
    low, and 0 elsewhere.

    Range: 0 to 100.
    """
    return Expression.call("plus_di", n)


def minus_di(n: Operand = 14) -> Expression:
    """Write `minus_di(n)`.

    Definition: 100 * rma(m, n) / atr(n), where m is low[1] - low where that is above 0 and above high -
    high[1], and 0 elsewhere.

    Range: 0 to 100.
    """
    return Expression.call("minus_di", n)


def adx(n: Operand = 14) -> Expression:
    """Write `adx(n)`.

    Definition: rma(100 * abs(p - m) / (p + m), n), where p is plus_di(n) and m minus_di(n); 0 where both are
    0.

    Range: 0 to 100.
    """
    return Expression.call("adx", n)


def vwap(n: Operand = 20) -> Expression:
    """Write `vwap(n)`.

    Definition: sum(hlc3 * volume, n) / sum(volume, n).

    Range: that of hlc3.
    """
    return Expression.call("vwap", n)


def mfi(n: Operand = 14) -> Expression:
    """Write `mfi(n)`.

    Definition: 100 * up / (up + down), where up sums hlc3 * volume over those of the last n bars whose hlc3
    is above the bar's before, and down over those where it is below.

    Range: 0 to 100.
    """
    return Expression.call("mfi", n)


def obv() -> Expression:
    """Write `obv()`.

    Definition: old + volume where close is above close[1], old - volume where it is below, old elsewhere,
    from 0 on.

    Range: any; only its changes mean something.
    """
    return Expression.call("obv")


def true_range() -> Expression:
    """Write `true_range()`.

    Definition: max(high, close[1]) - min(low, close[1]).

    Range: 0 and up.
    """
    return Expression.call("true_range")


def atr(n: Operand = 14) -> Expression:
    """Write `atr(n)`.

    Definition: rma(true_range(), n).

    Range: 0 and up.
    """
    return Expression.call("atr", n)


def bollinger_upper(x: Operand, n: Operand = 20, k: Operand = 2) -> Expression:
    """Write `bollinger_upper(x, n, k)`.

    Definition: sma(x, n) + k * stdev(x, n).

    Range: any.
    """
    return Expression.call("bollinger_upper", x, n, k)


def bollinger_middle(x: Operand, n: Operand = 20) -> Expression:
    """Write `bollinger_middle(x, n)`.

    Definition: sma(x, n).

    Range: that of x.
    """
    return Expression.call("bollinger_middle", x, n)


def bollinger_lower(x: Operand, n: Operand = 20, k: Operand = 2) -> Expression:
    """Write `bollinger_lower(x, n, k)`.

    Definition: sma(x, n) - k * stdev(x, n).

    Range: any.
    """
    return Expression.call("bollinger_lower", x, n, k)


def keltner_upper(n: Operand = 20, k: Operand = 2) -> Expression:
    """Write `keltner_upper(n, k)`.

    Definition: ema(close, n) + k * ema(true_range(), n).

    Range: any.
    """
    return Expression.call("keltner_upper", n, k)


def keltner_middle(n: Operand = 20) -> Expression:
    """Write `keltner_middle(n)`.

    Definition: ema(close, n).

    Range: that of close.
    """
    return Expression.call("keltner_middle", n)


def keltner_lower(n: Operand = 20, k: Operand = 2) -> Expression:
    """Write `keltner_lower(n, k)`.

    Definition: ema(close, n) - k * ema(true_range(), n).

    Range: any.
    """
    return Expression.call("keltner_lower", n, k)


def donchian_high(n: Operand = 20) -> Expression:
    """Write `donchian_high(n)`.

    Definition: highest(high, n).

    Range: that of high.
    """
    return Expression.call("donchian_high", n)


def donchian_low(n: Operand = 20) -> Expression:
    """Write `donchian_low(n)`.

    Definition: lowest(low, n).

    Range: that of low.
    """
    return Expression.call("donchian_low", n)


def highest(x: Operand, n: Operand) -> Expression:
    """Write `highest(x, n)`.

    Definition: the highest of the last n values of x.

    Range: that of x.
    """
    return Expression.call("highest", x, n)


def lowest(x: Operand, n: Operand) -> Expression:
    """Write `lowest(x, n)`.

    Definition: the lowest of the last n values of x.

    Range: that of x.
    """
    return Expression.call("lowest", x, n)


def highest_bars(x: Operand, n: Operand) -> Expression:
    """Write `highest_bars(x, n)`.

    Definition: bars since the highest of the last n values of x; since the latest of those that are level
    with it.

    Range: 0 to n - 1.
    """
    return Expression.call("highest_bars", x, n)


def lowest_bars(x: Operand, n: Operand) -> Expression:
    """Write `lowest_bars(x, n)`.

    Definition: bars since the lowest of the last n values of x; since the latest of those that are level
    with it.

    Range: 0 to n - 1.
    """
    return Expression.call("lowest_bars", x, n)


def sum(x: Operand, n: Operand) -> Expression:
    """Write `sum(x, n)`.

    Definition: the sum of the last n values of x.

    Range: any.
    """
    return Expression.call("sum", x, n)


def stdev(x: Operand, n: Operand) -> Expression:
    """Write `stdev(x, n)`.

    Definition: sqrt(variance(x, n)).

    Range: 0 and up.
    """
    return Expression.call("stdev", x, n)


def variance(x: Operand, n: Operand) -> Expression:
    """Write `variance(x, n)`.

    Definition: the mean squared distance of the last n values of x from their mean.

    Range: 0 and up.
    """
    return Expression.call("variance", x, n)


def zscore(x: Operand, n: Operand) -> Expression:
    """Write `zscore(x, n)`.

    Definition: (x - sma(x, n)) / stdev(x, n); undefined where that deviation is no more than rounding.

    Range: -sqrt(n - 1) to sqrt(n - 1).
    """
    return Expression.call("zscore", x, n)


def median(x: Operand, n: Operand) -> Expression:
    """Write `median(x, n)`.

    Definition: quantile(x, n, 0.5).

    Range: that of x.
    """
    return Expression.call("median", x, n)


def quantile(x: Operand, n: Operand, q: Operand) -> Expression:
    """Write `quantile(x, n, q)`.

    Definition: the value at place (n - 1) * q of the last n values of x, ascending from place 0; between two
    places on the line from one to the other.

    Range: that of x.
    """
    return Expression.call("quantile", x, n, q)


def percent_rank(x: Operand, n: Operand) -> Expression:
    """Write `percent_rank(x, n)`.

    Definition: how many percent of the n values of x before this one it is above or level with.

    Range: 0 to 100.
    """
    return Expression.call("percent_rank", x, n)


def correlation(x: Operand, y: Operand, n: Operand) -> Expression:
    """Write `correlation(x, y, n)`.

    Definition: the covariance of the last n values of x and y, divided by stdev(x, n) * stdev(y, n);
    undefined where either is no more than rounding.

    Range: -1 to 1.
    """
    return Expression.call("correlation", x, y, n)


def linreg_slope(x: Operand, n: Operand) -> Expression:
    """Write `linreg_slope(x, n)`.

    Definition: the slope of the straight line that is closest to the last n values of x, by least squares.

    Range: any.
    """
    return Expression.call("linreg_slope", x, n)


def change(x: Operand, n: Operand = 1) -> Expression:
    """Write `change(x, n)`.

    Definition: x - x[n].

    Range: any.
    """
    return Expression.call("change", x, n)


def roc(x: Operand, n: Operand) -> Expression:
    """Write `roc(x, n)`.

    Definition: 100 * (x - x[n]) / x[n]; undefined where x[n] is 0.

    Range: any.
    """
    return Expression.call("roc", x, n)


def log(x: Operand) -> Expression:
    """Write `log(x)`.

    Definition: the natural logarithm of x; undefined where x is not above 0.

    Range: any.
    """
    return Expression.call("log", x)


def exp(x: Operand) -> Expression:
    """Write `exp(x)`.

    Definition: e to the power of x; undefined where that is infinite.

    Range: 0 and up.
    """
    return Expression.call("exp", x)


def abs(x: Operand) -> Expression:
    """Write `abs(x)`.

    Definition: x without its sign.

    Range: 0 and up.
    """
    return Expression.call("abs", x)


def sqrt(x: Operand) -> Expression:
    """Write `sqrt(x)`.

    Definition: the square root of x; undefined where x is below 0.

    Range: 0 and up.
    """
    return Expression.call("sqrt", x)


def min(a: Operand, b: Operand) -> Expression:
    """Write `min(a, b)`.

    Definition: the lower of a and b; undefined where either is.

    Range: any.
    """
    return Expression.call("min", a, b)


def max(a: Operand, b: Operand) -> Expression:
    """Write `max(a, b)`.

    Definition: the higher of a and b; undefined where either is.

    Range: any.
    """
    return Expression.call("max", a, b)


def clamp(x: Operand, low: Operand, high: Operand) -> Expression:
    """Write `clamp(x, low, high)`.

    Definition: x, but low where it is below low, and high where it is above high; undefined where low is
    above high.

    Range: low to high.
    """
    return Expression.call("clamp", x, low, high)


def sign(x: Operand) -> Expression:
    """Write `sign(x)`.

    Definition: 1 where x is above 0, -1 where it is below, 0 where it is 0.

    Range: -1, 0 or 1.
    """
    return Expression.call("sign", x)


def nz(x: Operand, y: Operand = 0) -> Expression:
    """Write `nz(x, y)`.

    Definition: x where it is defined, y where it is not.

    Range: any.
    """
    return Expression.call("nz", x, y)


def crossover(a: Operand, b: Operand) -> Expression:
    """Write `crossover(a, b)`.

    Definition: a > b and not (a > b)[1].

    Range: true or false.
    """
    return Expression.call("crossover", a, b)


def crossunder(a: Operand, b: Operand) -> Expression:
    """Write `crossunder(a, b)`.

    Definition: a < b and not (a < b)[1].

    Range: true or false.
    """
    return Expression.call("crossunder", a, b)


def cross(a: Operand, b: Operand) -> Expression:
    """Write `cross(a, b)`.

    Definition: crossover(a, b) or crossunder(a, b).

    Range: true or false.
    """
    return Expression.call("cross", a, b)


def rising(x: Operand, n: Operand) -> Expression:
    """Write `rising(x, n)`.

    Definition: x is above each of the n values before it.

    Range: true or false.
    """
    return Expression.call("rising", x, n)


def falling(x: Operand, n: Operand) -> Expression:
    """Write `falling(x, n)`.

    Definition: x is below each of the n values before it.

    Range: true or false.
    """
    return Expression.call("falling", x, n)


def bars_since(condition: Operand) -> Expression:
    """Write `bars_since(condition)`.

    Definition: bars since condition was true, 0 at a bar where it is; where it is undefined it is not true.

    Range: 0 and up; undefined before the first.
    """
    return Expression.call("bars_since", condition)


def value_when(condition: Operand, x: Operand, n: Operand = 0) -> Expression:
    """Write `value_when(condition, x, n)`.

    Definition: x at the latest bar at which condition was true, n such bars further back; undefined where x
    was.

    Range: that of x; undefined before as many.
    """
    return Expression.call("value_when", condition, x, n)


__all__ = [
    "Operand",
    "abs",
    "adx",
    "atr",
    "bar_index",
    "bars_since",
    "bollinger_lower",
    "bollinger_middle",
    "bollinger_upper",
    "cci",
    "change",
    "clamp",
    "close",
    "correlation",
    "cross",
    "crossover",
    "crossunder",
    "day_of_week",
    "dema",
    "donchian_high",
    "donchian_low",
    "ema",
    "exp",
    "falling",
    "high",
    "highest",
    "highest_bars",
    "hl2",
    "hlc3",
    "hma",
    "kama",
    "keltner_lower",
    "keltner_middle",
    "keltner_upper",
    "linreg_slope",
    "log",
    "low",
    "lowest",
    "lowest_bars",
    "macd",
    "macd_signal",
    "max",
    "median",
    "mfi",
    "min",
    "minus_di",
    "month",
    "nz",
    "obv",
    "ohlc4",
    "open",
    "p",
    "percent_rank",
    "plus_di",
    "quantile",
    "rising",
    "rma",
    "roc",
    "rsi",
    "sign",
    "sma",
    "sqrt",
    "stdev",
    "stoch_d",
    "stoch_k",
    "sum",
    "tema",
    "true_range",
    "value_when",
    "variance",
    "volume",
    "vwap",
    "williams_r",
    "wma",
    "zscore",
]
