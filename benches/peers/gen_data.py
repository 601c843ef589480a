"""Deterministic synthetic daily OHLCV: 20 assets x 2,520 XNYS-like business days (2014-01-02..).
Writes data/SYN00.csv .. SYN19.csv  (date,open,high,low,close,volume) ; prices rounded to 1e-4.
Needs numpy+pandas only."""
import numpy as np, pandas as pd, pathlib
N_ASSETS, N_BARS = 20, 2520
out = pathlib.Path(__file__).parent / "data"; out.mkdir(exist_ok=True)
# weekdays only, no holidays (so every tool that takes plain dates agrees)
dates = pd.bdate_range("2014-01-02", periods=N_BARS)
for a in range(N_ASSETS):
    rng = np.random.Generator(np.random.PCG64(1000 + a))
    mu, sig = 0.0003 + 0.00002 * a, 0.010 + 0.0005 * a
    ret = rng.normal(mu, sig, N_BARS)
    close = 100.0 * np.exp(np.cumsum(ret))
    open_ = np.empty(N_BARS); open_[0] = 100.0
    open_[1:] = close[:-1] * np.exp(rng.normal(0, sig * 0.3, N_BARS - 1))
    hi = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, sig * 0.5, N_BARS)))
    lo = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, sig * 0.5, N_BARS)))
    vol = rng.integers(100_000, 5_000_000, N_BARS)
    df = pd.DataFrame(dict(open=open_, high=hi, low=lo, close=close)).round(4)
    df["high"] = df[["open", "high", "close"]].max(axis=1); df["low"] = df[["open", "low", "close"]].min(axis=1)
    df["volume"] = vol; df.insert(0, "date", dates.strftime("%Y-%m-%d"))
    df.to_csv(out / f"SYN{a:02d}.csv", index=False)
print("wrote", N_ASSETS, "files of", N_BARS, "bars to", out)
