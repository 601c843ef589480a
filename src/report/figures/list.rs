//! The figures of a tear sheet, each with its definition.
//!
//! Names are those of quantstats, and so are the figures, as a test asserts; where its definition is not sound, ours says how it
//! differs. r is the return of a bar, n their number, p the periods of a year.

#![forbid(unsafe_code)]

use super::account::{Account, correlation, covariance, least, most, share_above};
use super::{Figure, FigureUnit, Figures};
use crate::report::ratio::{deviation, mean, over, quantile, sharpe};
use crate::sweep::Edition;

/// A figure as a function of an account.
type Of = fn(&Account<'_>) -> Option<f64>;

/// Figures that an account has by itself: group, name, unit, value, definition.
const OWN: &[(&str, &str, FigureUnit, Of, &str)] = {
    use FigureUnit::{Days, Ratio, Share};
    &[
        ("Return", "Total return", Share, |of| of.total(), "last equity by the cash, less 1"),
        (
            "Return",
            "CAGR",
            Share,
            |of| of.cagr(),
            "growth to the power of 365.25 by the days from the first bar to the last, less 1; from 30 days on",
        ),
        ("Return", "Expected per bar", Share, |of| of.expected(of.returns.len()), "geometric mean"),
        (
            "Return",
            "Expected per month",
            Share,
            |of| of.expected(of.months.len()),
            "geometric mean of calendar months",
        ),
        (
            "Return",
            "Expected per year",
            Share,
            |of| of.expected(of.years.len()),
            "geometric mean of calendar years, begun ones too",
        ),
        (
            "Return",
            "Month to date",
            Share,
            |of| of.since(of.last_date()?.first_of_month()),
            "since the last month's end",
        ),
        (
            "Return",
            "3 months",
            Share,
            |of| of.months_back(3),
            "since the day before that of three months ago",
        ),
        ("Return", "6 months", Share, |of| of.months_back(6), "likewise"),
        (
            "Return",
            "Year to date",
            Share,
            |of| of.since(of.last_date()?.first_of_year()),
            "since the last year's end",
        ),
        ("Return", "1 year", Share, |of| of.months_back(12), "likewise"),
        ("Return", "3 years, a year", Share, |of| of.years_back(3), "likewise, to the power of 1/3"),
        ("Return", "5 years, a year", Share, |of| of.years_back(5), "likewise, to the power of 1/5"),
        (
            "Ratios",
            "Sharpe ratio",
            Ratio,
            |of| of.sharpe(),
            "mean of r by its sample deviation, times sqrt(p); no risk-free rate is taken off",
        ),
        (
            "Ratios",
            "Probabilistic Sharpe ratio",
            Share,
            |of| Some(of.record()?.probabilistic(Edition::default(), 0.0)),
            "the confidence that the true ratio is above 0, edition of 2025; of this one account, however many were tried",
        ),
        (
            "Ratios",
            "Smart Sharpe ratio",
            Ratio,
            |of| over(of.sharpe()?, of.smoothing()?),
            "by sqrt(1 + 2 sum of (1 - k/n) rho^k), rho the correlation of neighbouring bars without its sign",
        ),
        (
            "Ratios",
            "Sortino ratio",
            Ratio,
            |of| of.sortino(),
            "mean of r by the root of the mean square of losses over all bars, times sqrt(p)",
        ),
        ("Ratios", "Smart Sortino ratio", Ratio, |of| over(of.sortino()?, of.smoothing()?), "likewise"),
        (
            "Ratios",
            "Sortino / sqrt 2",
            Ratio,
            |of| Some(of.sortino()? / std::f64::consts::SQRT_2),
            "to be read beside a Sharpe ratio",
        ),
        ("Ratios", "Omega ratio", Ratio, |of| of.profit_factor(), "sum of gains by sum of losses, of bars"),
        (
            "Ratios",
            "Calmar ratio",
            Ratio,
            |of| over(of.cagr()?, -of.deepest()?),
            "CAGR by the deepest drawdown",
        ),
        (
            "Ratios",
            "Gain/pain ratio",
            Ratio,
            |of| Account::gain_by_pain(of.returns),
            "sum of r by the sum of losses",
        ),
        (
            "Ratios",
            "Gain/pain ratio, months",
            Ratio,
            |of| Account::gain_by_pain(&of.months),
            "likewise, of calendar months",
        ),
        ("Ratios", "Payoff ratio", Ratio, |of| of.payoff(), "mean gain by mean loss, of bars"),
        ("Ratios", "Tail ratio", Ratio, |of| of.tail(), "the 95th percentile of r by the 5th"),
        (
            "Ratios",
            "Common sense ratio",
            Ratio,
            |of| Some(of.profit_factor()? * of.tail()?),
            "omega times tail ratio",
        ),
        (
            "Ratios",
            "CPC index",
            Ratio,
            |of| Some(of.profit_factor()? * of.win_rate()? * of.payoff()?),
            "omega times win rate times payoff",
        ),
        (
            "Ratios",
            "Outlier win ratio",
            Ratio,
            |of| over(quantile(of.returns, 0.99)?, mean(&of.gains)?),
            "the 99th percentile of r by the mean gain",
        ),
        (
            "Ratios",
            "Outlier loss ratio",
            Ratio,
            |of| over(quantile(of.returns, 0.01)?, mean(&of.losses)?),
            "the 1st percentile by the mean loss",
        ),
        (
            "Risk",
            "Volatility, a year",
            Share,
            |of| of.annual(deviation(of.returns)),
            "sample deviation of r times sqrt(p)",
        ),
        (
            "Risk",
            "Max drawdown",
            Share,
            |of| of.deepest(),
            "the lowest of equity by its highest so far, the cash included, less 1",
        ),
        (
            "Risk",
            "Longest drawdown",
            Days,
            |of| of.longest(),
            "calendar days from a peak to the bar that is no lower, or to the end",
        ),
        (
            "Risk",
            "Average drawdown",
            Share,
            |of| mean(&of.drawdowns.iter().map(|one| one.depth).collect::<Vec<_>>()),
            "mean depth of all stretches below a peak",
        ),
        (
            "Risk",
            "Average drawdown days",
            Days,
            |of| mean(&of.drawdown_days().collect::<Vec<_>>()),
            "their mean length",
        ),
        (
            "Risk",
            "Recovery factor",
            Ratio,
            |of| over(of.returns.iter().sum(), -of.deepest()?),
            "sum of r by the deepest drawdown, with its sign",
        ),
        (
            "Risk",
            "Ulcer index",
            Share,
            |of| of.ulcer(),
            "root of the sum of squared drawdowns of all bars by n - 1",
        ),
        (
            "Risk",
            "Serenity index",
            Ratio,
            |of| of.serenity(),
            "sum of r by ulcer index and by the mean of the worst 5 % of drawdowns over the deviation of r",
        ),
        (
            "Risk",
            "Value at risk, 95 %",
            Share,
            |of| of.value_at_risk(),
            "the 5th percentile of r as it happened; quantstats takes a normal distribution's",
        ),
        ("Risk", "Expected shortfall, 95 %", Share, |of| of.shortfall(), "mean of r at or below it"),
        (
            "Risk",
            "Skewness",
            Ratio,
            |of| Some(of.record()?.skewness),
            "third standardised moment of r, n in each denominator",
        ),
        ("Risk", "Kurtosis", Ratio, |of| Some(of.record()?.kurtosis), "fourth; 3 for a normal distribution"),
        ("Risk", "Kelly criterion", Share, |of| of.kelly(), "(payoff times win rate - loss rate) by payoff"),
        ("Extremes", "Best bar", Share, |of| most(of.returns), "the highest r"),
        ("Extremes", "Worst bar", Share, |of| least(of.returns), "the lowest r"),
        ("Extremes", "Best month", Share, |of| most(&of.months), "calendar months, begun ones too"),
        ("Extremes", "Worst month", Share, |of| least(&of.months), "likewise"),
        ("Extremes", "Best year", Share, |of| most(&of.years), "calendar years, begun ones too"),
        ("Extremes", "Worst year", Share, |of| least(&of.years), "likewise"),
        (
            "Extremes",
            "Average up month",
            Share,
            |of| mean(&of.months.iter().copied().filter(|one| *one > 0.0).collect::<Vec<_>>()),
            "mean of those above 0",
        ),
        (
            "Extremes",
            "Average down month",
            Share,
            |of| mean(&of.months.iter().copied().filter(|one| *one < 0.0).collect::<Vec<_>>()),
            "mean of those below 0",
        ),
        ("Extremes", "Winning bars", Share, |of| of.win_rate(), "of those that moved"),
        ("Extremes", "Winning months", Share, |of| share_above(&of.months), "likewise"),
        ("Extremes", "Winning quarters", Share, |of| share_above(&of.quarters), "likewise"),
        ("Extremes", "Winning years", Share, |of| share_above(&of.years), "likewise"),
    ]
};

/// A figure as a function of an account and of buy and hold.
type OfBoth = fn(&Account<'_>, &Account<'_>) -> Option<f64>;

fn beta(own: &Account<'_>, hold: &Account<'_>) -> Option<f64> {
    over(covariance(own.returns, hold.returns)?, deviation(hold.returns)?.powi(2))
}

/// Figures of an account beside buy and hold.
const BESIDE: &[(&str, FigureUnit, OfBoth, &str)] = {
    use FigureUnit::{Ratio, Share};
    &[
        ("Beta", Ratio, beta, "covariance of both by the variance of buy and hold"),
        (
            "Alpha, a year",
            Share,
            |own, hold| {
                let beta = beta(own, hold)?;
                Some((mean(own.returns)? - beta * mean(hold.returns)?) * own.of.periods_per_year)
            },
            "mean of r less beta times that of buy and hold, times p",
        ),
        ("Correlation", Share, |own, hold| correlation(own.returns, hold.returns), "of bars"),
        ("R²", Ratio, |own, hold| correlation(own.returns, hold.returns).map(|one| one * one), "its square"),
        (
            "Information ratio",
            Ratio,
            |own, hold| {
                let ahead: Vec<f64> = own.returns.iter().zip(hold.returns).map(|(a, b)| a - b).collect();
                sharpe(&ahead)
            },
            "mean of what r is ahead by its deviation, per bar",
        ),
        ("Treynor ratio", Share, |own, hold| over(own.total()?, beta(own, hold)?), "total return by beta"),
    ]
};

pub(super) fn list(of: &Figures) -> Vec<Figure> {
    let own = Account::new(of, &of.equity, &of.returns);
    let hold = of.hold.as_ref().map(|hold| Account::new(of, &hold.equity, &hold.returns));
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let alone = OWN.iter().map(|(group, name, unit, value, definition)| Figure {
        group,
        name,
        unit: *unit,
        own: finite(value(&own)),
        hold: finite(hold.as_ref().and_then(value)),
        definition,
    });
    let beside = BESIDE.iter().map(|(name, unit, value, definition)| Figure {
        group: "Beside buy and hold",
        name,
        unit: *unit,
        own: finite(hold.as_ref().and_then(|hold| value(&own, hold))),
        hold: None,
        definition,
    });
    alone.chain(beside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_accounts_have_figures_that_are_not_defined_and_none_that_is_not_a_number() {
        let series: [&[f64]; 6] =
            [&[], &[100.0], &[100.0, 100.0, 100.0], &[101.0, 102.0], &[50.0, 0.0, 0.0], &[90.0]];
        for equity in series {
            let figures = Figures::of_days(100.0, equity);
            for one in figures.list() {
                assert!(one.own.is_none_or(f64::is_finite), "{equity:?}: {one:?}");
            }
            assert!(figures.rolling_sharpe().len() == equity.len());
        }
        let flat = Figures::of_days(100.0, &[100.0; 400]).list();
        let of = |name: &str| flat.iter().find(|one| one.name == name).and_then(|one| one.own);
        assert_eq!((of("Sharpe ratio"), of("Calmar ratio"), of("Winning bars")), (None, None, None));
        assert_eq!((of("Total return"), of("Max drawdown")), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn spans_to_the_last_day_begin_after_the_last_bar_before_them() {
        // A bar a day from 1970-01-01 on, 100 days: the last is 1970-04-10.
        let equity: Vec<f64> = (1..=100).map(f64::from).collect();
        let list = Figures::of_days(1.0, &equity).list();
        let of = |name: &str| list.iter().find(|one| one.name == name).unwrap().own;
        // March ends on day 90, the 90th bar.
        assert_eq!(of("Month to date"), Some(100.0 / 90.0 - 1.0));
        // Three months before is January 10th; the bar before it is the ninth.
        assert_eq!(of("3 months"), Some(100.0 / 9.0 - 1.0));
        assert_eq!((of("6 months"), of("1 year")), (None, None));
        assert_eq!(of("Year to date"), Some(99.0));
    }

    #[test]
    fn figures_beside_buy_and_hold_are_of_both() {
        let (own, hold) = ([101.0, 103.0, 102.0, 105.0], [102.0, 106.0, 104.0, 110.0]);
        let mut figures = Figures::of_days(100.0, &own);
        assert!(figures.list().iter().all(|one| one.name != "Beta" || one.own.is_none()));
        figures.hold = Some(super::super::Hold::new(own.to_vec(), 100.0));
        let of =
            |figures: &Figures, name: &str| figures.list().iter().find(|one| one.name == name).unwrap().own;
        assert!((of(&figures, "Beta").unwrap() - 1.0).abs() < 1e-12);
        assert!(of(&figures, "Alpha, a year").unwrap().abs() < 1e-12);
        figures.hold = Some(super::super::Hold::new(hold.to_vec(), 100.0));
        assert!((0.4..0.6).contains(&of(&figures, "Beta").unwrap()));
    }
}
