"""How long 10,000 trials of Optuna's TPE take, in batches: `python benches/tpe.py [TRIALS]`, with a release build installed."""

from __future__ import annotations

import sys
import time

import optuna

import lookback as lb


def main() -> None:
    """Print the time, and what was found."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    objective = lb.optuna_objective(
        lb.DataPortal(lb.Bundle.sample()),
        buy="crossover(sma(close, fast), sma(close, slow))",
        sell="crossunder(sma(close, fast), sma(close, slow))",
        params={"fast": range(5, 51), "slow": range(20, 201, 2)},
        where="fast < slow",
        assets="IBM",
    )
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    began, cpu = time.perf_counter(), time.process_time()
    objective.optimize(study, trials, batch=500, note=False, memory=500)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{len(study.trials):,} trials of TPE: {elapsed:.1f} s, {cpu:.1f} s of CPU")
    print(f"the best: {study.best_value:.4f} at {study.best_params}")


if __name__ == "__main__":
    main()
