"""Search: Optuna proposes, batches run on all cores."""

from __future__ import annotations

import optuna
import pytest

import lookback as lb

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(**more: object) -> lb.OptunaObjective:
    task = {"params": {"fast": range(5, 51), "slow": range(20, 201, 2)}, "where": "fast < slow", "assets": "IBM", **more}
    return lb.optuna_objective(
        buy="crossover(sma(close, fast), sma(close, slow))",
        sell="crossunder(sma(close, fast), sma(close, slow))",
        **task,  # type: ignore[arg-type]
    )


def test_a_batch_has_the_values_of_a_sweep() -> None:
    sweep = lb.sweep(
        buy="crossover(sma(close, fast), sma(close, slow))",
        sell="crossunder(sma(close, fast), sma(close, slow))",
        params={"fast": [10, 20], "slow": [50, 100]},
        assets="IBM",
    ).to_pandas()
    batch = [{"fast": int(row.fast), "slow": int(row.slow)} for row in sweep.itertuples()]
    found = objective().run(batch)
    assert [one["IBM"]["sharpe"] for one in found] == list(sweep["sharpe"])  # type: ignore[index]


def test_tpe_finds_what_is_near_the_best_of_the_grid() -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=3))
    objective().optimize(study, 300, batch=20)
    assert len(study.trials) == 300
    assert study.best_value > 0.45
    assert study.best_trial.user_attrs["sharpe"] == study.best_value
    assert all(
        trial.params["fast"] < trial.params["slow"] for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    )


def test_a_sampler_that_forgets_leaves_all_trials_in_the_study_and_finds_as_much() -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=3))
    found = objective()
    found.optimize(study, 200, batch=20, memory=40)
    assert [trial.number for trial in study.trials] == list(range(200))
    assert all(trial.state.is_finished() for trial in study.trials)
    assert study.best_value > 0.45
    assert "trades" in study.best_trial.user_attrs
    # A study that is gone on with brings what it knows.
    found.optimize(study, 20, batch=20, memory=40)
    assert len(study.trials) == 220
    with pytest.raises(lb.ParameterError, match="memory: is 0"):
        found.optimize(study, 1, memory=0)


def test_optuna_may_call_it_too_and_several_assets_have_their_mean() -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective(assets=["IBM", "MSFT"], where=""), n_trials=5)
    best = study.best_trial
    mean = (best.user_attrs["IBM.sharpe"] + best.user_attrs["MSFT.sharpe"]) / 2
    assert best.value == pytest.approx(mean)


def test_intervals_logarithms_and_choices() -> None:
    found = lb.optuna_objective(
        buy="signal",
        sell="close < sma(close, 50)",
        stop_loss="stop",
        assets="IBM",
        params={"stop": lb.Uniform(0.001, 0.2, log=True), "signal": ["rsi(close, 14) < 30", "close > sma(close, 20)"]},
        min_trades=1,
    )
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    found.optimize(study, 30, batch=10)
    assert all(0.001 <= trial.params["stop"] <= 0.2 for trial in study.trials)
    assert study.best_value is not None


def test_bad_words_are_refused() -> None:
    with pytest.raises(lb.ParameterError, match="expected one of total_return"):
        objective(metric="sharp")
    with pytest.raises(lb.ParameterError, match="has no value"):
        objective(params={"fast": [], "slow": [3]})
