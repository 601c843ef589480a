"""Makes quantstats.json: what quantstats says of one backtest on the built-in sample.

usage: pip install quantstats==0.0.86 numpy==2.4.6 pandas==3.1.1
       lookback run sma-cross --asset IBM --param fast=10 --param slow=24 --equity own.csv
       python make_golden.py own.csv > quantstats.json

Figures are named as lookback names them. Where definitions differ there is none here: CAGR (by 252 bars a year there, by the
calendar here), value at risk and expected shortfall (of a normal distribution there), longest drawdown (its end is the last
bar below the peak there), spans to the last day. The outlier win ratio is pandas': quantstats divides by the mean of what
did not fall, ours and its own outlier loss ratio by that of what moved. "Winning months" and "years" likewise.
"""

import json
import math
import sys

import numpy as np
import pandas as pd
import quantstats.stats as qs

CASH = 1_000_000.0

equity = pd.read_csv(sys.argv[1], parse_dates=["date"]).set_index("date")["equity"]
before = equity.shift(1)
before.iloc[0] = CASH
returns = equity / before - 1

monthly = (1 + returns).groupby(returns.index.to_period("M")).prod() - 1
yearly = (1 + returns).groupby(returns.index.to_period("Y")).prod() - 1
figures = {
    "Total return": qs.comp(returns),
    "Expected per bar": qs.expected_return(returns),
    "Expected per month": qs.expected_return(returns, aggregate="ME"),
    "Expected per year": qs.expected_return(returns, aggregate="YE"),
    "Sharpe ratio": qs.sharpe(returns),
    "Smart Sharpe ratio": qs.smart_sharpe(returns),
    "Sortino ratio": qs.sortino(returns),
    "Smart Sortino ratio": qs.smart_sortino(returns),
    "Sortino / sqrt 2": qs.adjusted_sortino(returns),
    "Omega ratio": qs.omega(returns),
    "Gain/pain ratio": qs.gain_to_pain_ratio(returns),
    "Payoff ratio": qs.payoff_ratio(returns),
    "Tail ratio": qs.tail_ratio(returns),
    "Common sense ratio": qs.common_sense_ratio(returns),
    "CPC index": qs.cpc_index(returns),
    "Outlier win ratio": float(returns.quantile(0.99) / returns[returns > 0].mean()),
    "Outlier loss ratio": qs.outlier_loss_ratio(returns),
    "Volatility, a year": qs.volatility(returns),
    "Max drawdown": qs.max_drawdown(returns),
    "Recovery factor": qs.recovery_factor(returns),
    "Ulcer index": qs.ulcer_index(returns),
    "Kelly criterion": qs.kelly_criterion(returns),
    "Best bar": qs.best(returns),
    "Worst bar": qs.worst(returns),
    "Best month": monthly.max(),
    "Worst month": monthly.min(),
    "Best year": yearly.max(),
    "Worst year": yearly.min(),
    "Average up month": monthly[monthly > 0].mean(),
    "Average down month": monthly[monthly < 0].mean(),
    "Winning bars": qs.win_rate(returns),
    "Winning months": (monthly > 0).sum() / (monthly != 0).sum(),
    "Winning years": (yearly > 0).sum() / (yearly != 0).sum(),
}
json.dump({name: float(value) for name, value in figures.items()}, sys.stdout, indent=1)
print()
