"""Sweeps two averages over the built-in sample, says how much is luck, and writes a page: `python/example`."""

from __future__ import annotations

import lookback as lb

results = lb.sweep(
    buy="crossover(sma(close, fast), sma(close, slow))",
    sell="crossunder(sma(close, fast), sma(close, slow))",
    params={"fast": range(5, 51), "slow": range(20, 201, 2)},
    where="fast < slow",
    assets="IBM",
)
best = results.best()
print(f"{len(results):,} trials; the best: fast {best['fast']}, slow {best['slow']}, Sharpe ratio {best['sharpe']:.2f} a year")
print(results.honesty())
results.report("sweep.html")
print("sweep.html shows all of it")
