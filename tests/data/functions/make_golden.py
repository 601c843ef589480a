"""Makes bars.csv and golden.csv: what TA-Lib and pandas say of one seeded walk.

    python3 -m venv /tmp/golden
    /tmp/golden/bin/pip install TA-Lib==0.8.2 numpy==2.4.6 pandas==3.1.1
    /tmp/golden/bin/python tests/data/functions/make_golden.py

A column of golden.csv is named after who computed it, the function and its counts and numbers: `talib rsi 7`. A numeric
argument is close, the second one open; the condition is close > open. `talib-late` is compared in the last rows only:
TA-Lib starts those with another seed, which has worn off by then.
"""

import pathlib

import numpy as np
import pandas as pd
import talib

HERE = pathlib.Path(__file__).parent
BARS = 400
ROWS = [*range(48), *range(BARS - 12, BARS)]

rng = np.random.default_rng(20_251_125)
close = 80 * np.exp(np.cumsum(rng.normal(0, 0.015, BARS)))
open_ = close * np.exp(rng.normal(0, 0.008, BARS))
high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.006, BARS)))
low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.006, BARS)))
volume = np.round(rng.lognormal(13, 0.4, BARS))
bars = pd.DataFrame({"open": open_, "high": high, "low": low, "close": close}).round(6).assign(volume=volume)
o, h, l, c, v = (bars[name] for name in ["open", "high", "low", "close", "volume"])
typical = (h + l + c) / 3
# A tie would be decided by rounding, in TA-Lib as in pandas.
moves = pd.DataFrame({"up": h.diff(), "down": -l.diff()}).dropna()
assert (moves.up != moves.down).all() and (c.diff() != 0).all() and (typical.diff() != 0).all()


def wilder(x, n):
    """Seeded with the mean of the first n values, unlike ewm."""
    x, out = x.to_numpy(), np.full(len(x), np.nan)
    first = np.flatnonzero(~np.isnan(x))[0]
    out[first + n - 1] = x[first : first + n].mean()
    for bar in range(first + n, len(x)):
        out[bar] = (out[bar - 1] * (n - 1) + x[bar]) / n
    return pd.Series(out)


def weighted(x, n):
    weights = np.arange(1, n + 1)
    return x.rolling(n).apply(lambda window: window @ weights / weights.sum(), raw=True)


def directional(n):
    up, down = h.diff(), -l.diff()
    previous = c.shift()
    true_range = pd.concat([h - l, (h - previous).abs(), (l - previous).abs()], axis=1).max(axis=1)
    true_range[0] = np.nan
    plus = up.where((up > down) & (up > 0), 0.0).where(up.notna())
    minus = down.where((down > up) & (down > 0), 0.0).where(down.notna())
    plus, minus = (100 * wilder(moved, n) / wilder(true_range, n) for moved in (plus, minus))
    return plus, minus, wilder(100 * (plus - minus).abs() / (plus + minus), n)


ema = lambda x, n: pd.Series(talib.EMA(x.to_numpy(), n), index=x.index)
condition = c > o
event = condition.cumsum().where(lambda count: count > 0)
macd = talib.EMA(c, 12) - talib.EMA(c, 26)
upper, middle, lower = talib.BBANDS(c, 20, 2.5, 2.5)
raw_k, _ = talib.STOCHF(h, l, c, 14, 1)
slow_k, slow_d = talib.STOCH(h, l, c, 14, 3, 0, 4, 0)
keltner = ema(pd.Series(talib.TRANGE(h, l, c)).iloc[1:], 20).reindex(c.index)
plus, minus, adx = directional(5)
k_of_14 = pd.Series(raw_k)

columns = {
    "talib sma 20": talib.SMA(c, 20),
    "pandas sma 20": c.rolling(20).mean(),
    "talib ema 20": talib.EMA(c, 20),
    "talib wma 9": talib.WMA(c, 9),
    "pandas wma 9": weighted(c, 9),
    "pandas rma 14": wilder(c, 14),
    "pandas hma 16": weighted(2 * weighted(c, 8) - weighted(c, 16), 4),
    "pandas hma 11": weighted(2 * weighted(c, 5) - weighted(c, 11), 3),
    "talib dema 7": talib.DEMA(c, 7),
    "talib tema 7": talib.TEMA(c, 7),
    "talib kama 10 2 30": talib.KAMA(c, 10),
    "pandas vwap 10": (typical * v).rolling(10).sum() / v.rolling(10).sum(),
    "talib rsi 7": talib.RSI(c, 7),
    "talib rsi 14": talib.RSI(c, 14),
    "talib macd 12 26": macd,
    "talib-late macd 12 26": talib.MACD(c)[0],
    "talib macd_signal 12 26 9": talib.EMA(macd, 9),
    "talib-late macd_signal 12 26 9": talib.MACD(c)[1],
    "talib stoch_k 14 1": raw_k,
    "talib-late stoch_k 14 3": slow_k,
    "talib-late stoch_d 14 3 4": slow_d,
    "pandas stoch_k 14 3": k_of_14.rolling(3).mean(),
    "pandas stoch_d 14 3 4": k_of_14.rolling(3).mean().rolling(4).mean(),
    "talib cci 20": talib.CCI(h, l, c, 20),
    "talib williams_r 14": talib.WILLR(h, l, c, 14),
    "talib mfi 14": talib.MFI(h, l, c, v, 14),
    "talib obv": talib.OBV(c, v) - v[0],
    "pandas plus_di 5": plus,
    "pandas minus_di 5": minus,
    "pandas adx 5": adx,
    "talib-late plus_di 5": talib.PLUS_DI(h, l, c, 5),
    "talib-late minus_di 5": talib.MINUS_DI(h, l, c, 5),
    "talib-late adx 5": talib.ADX(h, l, c, 5),
    "talib true_range": talib.TRANGE(h, l, c),
    "talib atr 14": talib.ATR(h, l, c, 14),
    "talib bollinger_upper 20 2.5": upper,
    "talib bollinger_middle 20": middle,
    "talib bollinger_lower 20 2.5": lower,
    "talib keltner_upper 20 1.5": ema(c, 20) + 1.5 * keltner,
    "talib keltner_middle 20": ema(c, 20),
    "talib keltner_lower 20 1.5": ema(c, 20) - 1.5 * keltner,
    "pandas donchian_high 10": h.rolling(10).max(),
    "pandas donchian_low 10": l.rolling(10).min(),
    "talib highest 10": talib.MAX(c, 10),
    "talib lowest 10": talib.MIN(c, 10),
    "pandas highest_bars 10": c.rolling(10).apply(lambda w: 9 - w.argmax(), raw=True),
    "pandas lowest_bars 10": c.rolling(10).apply(lambda w: 9 - w.argmin(), raw=True),
    "talib sum 12": talib.SUM(c, 12),
    "pandas stdev 20": c.rolling(20).std(ddof=0),
    "talib-late stdev 20": talib.STDDEV(c, 20),
    "pandas variance 20": c.rolling(20).var(ddof=0),
    "pandas zscore 20": (c - c.rolling(20).mean()) / c.rolling(20).std(ddof=0),
    "pandas median 7": c.rolling(7).median(),
    "pandas median 8": c.rolling(8).median(),
    "pandas quantile 10 0.3": c.rolling(10).quantile(0.3),
    "pandas percent_rank 10": c.rolling(11).apply(lambda w: 10 * (w[:-1] <= w[-1]).sum(), raw=True),
    "talib correlation 15": talib.CORREL(c, o, 15),
    "pandas correlation 15": c.rolling(15).corr(o),
    "talib linreg_slope 14": talib.LINEARREG_SLOPE(c, 14),
    "talib roc 5": talib.ROC(c, 5),
    "talib change 5": talib.MOM(c, 5),
    "numpy log": np.log(c),
    "numpy exp": np.exp(c),
    "numpy abs": np.abs(c),
    "numpy sqrt": np.sqrt(c),
    "numpy min": np.minimum(c, o),
    "numpy max": np.maximum(c, o),
    "numpy sign": np.sign(c),
    "pandas crossover": ((c > o) & (c.shift() <= o.shift())).astype(float),
    "pandas crossunder": ((c < o) & (c.shift() >= o.shift())).astype(float),
    "pandas cross": ((c > o) != (c.shift() > o.shift())).astype(float).where(c.shift().notna()),
    "pandas rising 3": (c > c.shift().rolling(3).max()).astype(float).where(c.shift(3).notna()),
    "pandas falling 3": (c < c.shift().rolling(3).min()).astype(float).where(c.shift(3).notna()),
    "pandas bars_since": (~condition).groupby(event).cumsum().where(event.notna()),
    "pandas value_when 0": c.where(condition).ffill(),
}

bars.to_csv(HERE / "bars.csv", index=False)
golden = pd.DataFrame({name: np.asarray(values, float) for name, values in columns.items()})
golden.loc[ROWS].to_csv(HERE / "golden.csv", index_label="bar", float_format="%.14g")
