//! Strategies as values: the same to the bit as their types, wherever a type can be used.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lookback::portal::{DataPortal, Options};
use lookback::strategies::SmaCross;
use lookback::sweep::{Choice, HonestyOptions, Metric, Model, Results, Sweep, Watch};
use lookback::{Bundle, Error};

/// The built-in crossing, asked at every bar.
fn sma_cross() -> Model<'static> {
    let model = Model::new("sma-cross", |point, setup| {
        let (fast, slow) = (setup.sma(point.usize("fast")?)?, setup.sma(point.usize("slow")?)?);
        setup.wake_on_every_bar();
        Ok(Box::new(move |bar| {
            if bar.crosses_above(fast, slow) {
                bar.set_target(1.0);
            } else if bar.crosses_below(fast, slow) {
                bar.set_target(0.0);
            }
            Ok(())
        }))
    });
    let model = model.parameter("fast=5:50".parse().unwrap()).parameter("slow=20:200:2".parse().unwrap());
    model.constraint("fast < slow")
}

fn market() -> (DataPortal, Sweep) {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let sweep = Sweep::new().asset("IBM").parameter("fast=5:20:3".parse().unwrap());
    (portal, sweep.parameter("slow=10:100:10".parse().unwrap()))
}

fn bits(results: &Results) -> Vec<[u64; Metric::ALL.len()]> {
    results.trials().map(|trial| trial.outcome.metrics().unwrap().to_bits()).collect()
}

#[test]
fn a_model_trades_as_the_type_does_that_says_the_same() {
    let (portal, sweep) = market();
    let (own, typed) =
        (sweep.run_model(&sma_cross(), &portal).unwrap(), sweep.run::<SmaCross>(&portal).unwrap());
    assert_eq!((own.len(), own.strategy()), (typed.len(), typed.strategy()));
    assert!(own.len() < 60, "the constraint holds");
    assert_eq!(bits(&own), bits(&typed));
    let best = own.ranking(0, Metric::Sharpe, 0)[0].trial;
    let only = sweep.only(best.asset, best.point).unwrap();
    let (own_run, typed_run) =
        (only.backtest_model(&sma_cross(), &portal).unwrap(), only.backtest::<SmaCross>(&portal).unwrap());
    assert!(own_run.fills().eq(typed_run.fills()) && own_run.equity().eq(typed_run.equity()));
    let options = HonestyOptions { spa: true, draws: 200, ..HonestyOptions::default() };
    assert_eq!(
        own.honesty_model(&sma_cross(), &portal, 0, best.point, options.clone()).unwrap(),
        typed.honesty::<SmaCross>(&portal, 0, best.point, options).unwrap()
    );
}

#[test]
fn a_model_is_validated_as_the_type_is() {
    let (portal, sweep) = market();
    let (scheme, choice) = ("train=756,test=252".parse().unwrap(), Choice::default());
    let own =
        sweep.walk_forward_model(&sma_cross(), &portal, scheme, choice.clone(), Watch::default()).unwrap();
    let typed = sweep.walk_forward::<SmaCross>(&portal, scheme, choice.clone(), Watch::default()).unwrap();
    assert_eq!(own.to_json(), typed.to_json());
    let scheme: lookback::sweep::Combinatorial = "groups=6,test=2".parse().unwrap();
    let own =
        sweep.cross_validate_model(&sma_cross(), &portal, scheme, choice.clone(), Watch::default()).unwrap();
    let typed = sweep.cross_validate::<SmaCross>(&portal, scheme, choice, Watch::default()).unwrap();
    assert_eq!(own.to_json(), typed.to_json());
}

#[test]
fn a_model_that_fails_or_panics_in_some_trials_leaves_the_others() {
    let (portal, _) = market();
    let sweep = Sweep::new().asset("IBM");
    let model = Model::new("moody", |point, setup| {
        let fast = point.usize("fast")?;
        if fast == 5 {
            return Err(Error::load("not today"));
        }
        setup.wake_on_every_bar();
        Ok(Box::new(move |bar| {
            assert!(fast != 8 || bar.index() < 900, "out of patience");
            bar.set_target(if fast == 11 { 1.5 } else { 1.0 });
            Ok(())
        }))
    });
    let model = model.parameter("fast=5:20:3".parse().unwrap()).parameter("slow=10".parse().unwrap());
    let results = catch_unwind(AssertUnwindSafe(|| sweep.run_model(&model, &portal).unwrap())).unwrap();
    let said: Vec<String> = results
        .trials()
        .map(|trial| trial.outcome.error().map(ToString::to_string).unwrap_or_default())
        .collect();
    assert!(said[0].contains("not today") && said[1].contains("out of patience"), "{said:?}");
    assert!(said[2].contains("target weight is 1.5"), "{said:?}");
    assert_eq!(results.failed(), 3);
    assert!(said[3..].iter().all(String::is_empty));
}

#[test]
fn a_model_refuses_a_parameter_that_it_has_not() {
    let (portal, sweep) = market();
    let model = Model::new("hold", |_, setup| {
        setup.wake_on_first_bar();
        Ok(Box::new(|_| Ok(())))
    });
    let error = sweep.run_model(&model, &portal).unwrap_err().to_string();
    assert!(error.contains("fast"), "{error}");
}
