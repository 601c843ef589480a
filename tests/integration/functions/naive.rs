//! Each function as a textbook writes it: one bar at a time, from the bars up to it, with plain sums.

use super::{Bars, Call};

/// How much larger than rounding a difference must be to count.
fn above(a: f64, b: f64) -> bool {
    a > b + 1e-12 * b.abs()
}

fn level(a: f64, b: f64) -> bool {
    !above(a, b) && !above(b, a) && !a.is_nan() && !b.is_nan()
}

/// What a column says of each bar, from the values up to it.
fn by_bar(len: usize, of: impl Fn(usize) -> Option<f64>) -> Vec<f64> {
    (0..len).map(|bar| of(bar).filter(|value| value.is_finite()).unwrap_or(f64::NAN)).collect()
}

/// The n values up to a bar, if they are all there.
fn window(x: &[f64], n: usize, bar: usize) -> Option<&[f64]> {
    let window = &x[(bar + 1).checked_sub(n)?..=bar];
    window.iter().all(|value| value.is_finite()).then_some(window)
}

/// The values up to a bar since the last that is missing.
fn run(x: &[f64], bar: usize) -> &[f64] {
    let gap = x[..=bar].iter().rposition(|value| !value.is_finite());
    &x[gap.map_or(0, |gap| gap + 1)..=bar]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn over(x: &[f64], n: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    by_bar(x.len(), |bar| window(x, n, bar).map(&of))
}

fn sma(x: &[f64], n: usize) -> Vec<f64> {
    over(x, n, mean)
}

/// The mean of the first n, then a mean of the old with this share of the new.
fn smoothed(x: &[f64], n: usize, share: f64) -> Vec<f64> {
    by_bar(x.len(), |bar| {
        let values = run(x, bar);
        let seed = mean(values.get(..n)?);
        Some(values[n..].iter().fold(seed, |old, new| (1.0 - share) * old + share * new))
    })
}

fn ema(x: &[f64], n: usize) -> Vec<f64> {
    smoothed(x, n, 2.0 / (n + 1) as f64)
}

fn rma(x: &[f64], n: usize) -> Vec<f64> {
    smoothed(x, n, 1.0 / n as f64)
}

fn wma(x: &[f64], n: usize) -> Vec<f64> {
    over(x, n, |window| {
        let weighted: f64 = window.iter().enumerate().map(|(at, value)| (at + 1) as f64 * value).sum();
        weighted / (n * (n + 1) / 2) as f64
    })
}

fn zip(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    by_bar(a.len(), |bar| Some(of(a[bar], b[bar])))
}

fn kama(x: &[f64], n: usize, fast: usize, slow: usize) -> Vec<f64> {
    let [fast, slow] = [fast, slow].map(|n| 2.0 / (n + 1) as f64);
    by_bar(x.len(), |bar| {
        let values = run(x, bar);
        let mut average = *values.get(n.checked_sub(1)?)?;
        values.get(n)?;
        for at in n..values.len() {
            let way: f64 = values[at - n..=at].windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
            let straight = if way == 0.0 { 1.0 } else { (values[at] - values[at - n]).abs() / way };
            let share = straight * (fast - slow) + slow;
            average += share * share * (values[at] - average);
        }
        Some(average)
    })
}

/// The difference to the bar before, 0 within rounding.
fn moves(x: &[f64]) -> Vec<f64> {
    by_bar(x.len(), |bar| {
        let before = x[bar.checked_sub(1)?];
        Some(if level(x[bar], before) { 0.0 } else { x[bar] - before })
    })
}

fn map(x: &[f64], of: impl Fn(f64) -> f64) -> Vec<f64> {
    by_bar(x.len(), |bar| Some(x[bar]).filter(|value| !value.is_nan()).map(&of))
}

fn rsi(x: &[f64], n: usize) -> Vec<f64> {
    let moves = moves(x);
    let up = rma(&map(&moves, |change| if change > 0.0 { change } else { 0.0 }), n);
    let down = rma(&map(&moves, |change| if change < 0.0 { -change } else { 0.0 }), n);
    zip(&up, &down, |up, down| 100.0 * up / (up + down))
}

fn macd(x: &[f64], fast: usize, slow: usize) -> Vec<f64> {
    zip(&ema(x, fast), &ema(x, slow), |fast, slow| fast - slow)
}

fn highest(x: &[f64], n: usize) -> Vec<f64> {
    over(x, n, |window| window.iter().copied().reduce(|a, b| if a > b { a } else { b }).unwrap())
}

fn lowest(x: &[f64], n: usize) -> Vec<f64> {
    over(x, n, |window| window.iter().copied().reduce(|a, b| if a < b { a } else { b }).unwrap())
}

/// Of the close, the highest high and the lowest low.
fn placed(bars: &Bars, n: usize, of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    by_bar(bars.len(), |bar| {
        let high = window(&bars.high, n, bar)?.iter().copied().reduce(f64::max)?;
        let low = window(&bars.low, n, bar)?.iter().copied().reduce(f64::min)?;
        (!level(high, low)).then(|| of(bars.close[bar], high, low))
    })
}

fn stoch_k(bars: &Bars, n: usize, smooth: usize) -> Vec<f64> {
    sma(&placed(bars, n, |close, high, low| 100.0 * (close - low) / (high - low)), smooth)
}

fn typical(bars: &Bars) -> Vec<f64> {
    by_bar(bars.len(), |bar| Some((bars.high[bar] + bars.low[bar] + bars.close[bar]) / 3.0))
}

fn true_range(bars: &Bars) -> Vec<f64> {
    by_bar(bars.len(), |bar| {
        let (high, low, before) = (bars.high[bar], bars.low[bar], bars.close[bar.checked_sub(1)?]);
        let ranges = [high - low, (high - before).abs(), (low - before).abs()];
        ranges.iter().all(|range| !range.is_nan()).then(|| ranges.into_iter().fold(0.0, f64::max))
    })
}

/// Both lines of Wilder's directional system.
fn directional(bars: &Bars, n: usize) -> (Vec<f64>, Vec<f64>) {
    let range = true_range(bars);
    let movement = |is_up: bool| {
        by_bar(bars.len(), |bar| {
            let before = bar.checked_sub(1)?;
            let up = bars.high[bar] - bars.high[before];
            let down = bars.low[before] - bars.low[bar];
            if (up + down).is_nan() {
                return None;
            }
            let (this, other) = if is_up { (up, down) } else { (down, up) };
            // Prices have two decimals: a difference of less is rounding.
            Some(if this > 1e-6 && this - other > 1e-6 { this } else { 0.0 })
        })
    };
    let average = rma(&range, n);
    let line = |movement: Vec<f64>| zip(&rma(&movement, n), &average, |moved, range| 100.0 * moved / range);
    (line(movement(true)), line(movement(false)))
}

fn variance(window: &[f64]) -> f64 {
    let mean = mean(window);
    window.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / window.len() as f64
}

/// The deviation of a window, unless it is within rounding.
fn spread(window: &[f64]) -> Option<f64> {
    let deviation = variance(window).sqrt();
    above(mean(window).abs() + deviation, mean(window).abs()).then_some(deviation)
}

fn bollinger(x: &[f64], n: usize, k: f64) -> Vec<f64> {
    over(x, n, |window| mean(window) + k * variance(window).sqrt())
}

fn keltner(bars: &Bars, n: usize, k: f64) -> Vec<f64> {
    zip(&ema(&bars.close, n), &ema(&true_range(bars), n), |middle, range| middle + k * range)
}

fn quantile(window: &[f64], share: f64) -> f64 {
    let mut values = window.to_vec();
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    low * (1.0 - place.fract()) + high * place.fract()
}

fn correlation(x: &[f64], y: &[f64], n: usize) -> Vec<f64> {
    by_bar(x.len(), |bar| {
        let (x, y) = (window(x, n, bar)?, window(y, n, bar)?);
        let products: Vec<f64> = x.iter().zip(y).map(|(a, b)| (a - mean(x)) * (b - mean(y))).collect();
        Some(mean(&products) / (spread(x)? * spread(y)?))
    })
}

fn slope(window: &[f64]) -> f64 {
    let center = (window.len() - 1) as f64 / 2.0;
    let places = || (0..window.len()).map(|at| at as f64 - center);
    let both: f64 = places().zip(window).map(|(place, value)| place * (value - mean(window))).sum();
    both / places().map(|place| place * place).sum::<f64>()
}

/// The bars ago of the latest that none of the window is beyond.
fn age(window: &[f64], is_beyond: impl Fn(f64, f64) -> bool) -> f64 {
    let peak = |value: &f64| !window.iter().any(|other| is_beyond(*other, *value));
    window.iter().rev().position(peak).unwrap() as f64
}

fn past(x: &[f64], n: usize, of: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    by_bar(x.len(), |bar| Some(of(x[bar], x[bar.checked_sub(n)?])))
}

fn truth(len: usize, of: impl Fn(usize) -> Option<bool>) -> Vec<f64> {
    by_bar(len, |bar| of(bar).map(f64::from))
}

/// True where it is so and was not so; unknown where a bar that decides it is.
fn became(a: &[f64], b: &[f64], is_so: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    let known = |bar: usize| (!a[bar].is_nan() && !b[bar].is_nan()).then(|| is_so(a[bar], b[bar]));
    truth(a.len(), |bar| match (known(bar), bar.checked_sub(1).and_then(known)) {
        (Some(false), _) | (_, Some(true)) => Some(false),
        (Some(true), Some(false)) => Some(true),
        _ => None,
    })
}

fn beyond(x: &[f64], n: usize, is_so: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    truth(x.len(), |bar| {
        let window = window(x, n + 1, bar)?;
        Some(window[..n].iter().all(|before| is_so(x[bar], *before)))
    })
}

/// A function's value at each bar.
pub fn compute(call: &Call, bars: &Bars) -> Vec<f64> {
    let (x, y, z) = (&bars.close, &bars.open, &bars.high);
    let count = |at: usize| call.counts[at];
    let n = call.counts.first().copied().unwrap_or_default();
    let len = bars.len();
    match call.function.name {
        "sma" | "bollinger_middle" => sma(x, n),
        "ema" | "keltner_middle" => ema(x, n),
        "wma" => wma(x, n),
        "rma" => rma(x, n),
        "hma" => {
            let ahead = zip(&wma(x, n / 2), &wma(x, n), |half, whole| 2.0 * half - whole);
            wma(&ahead, (n as f64).sqrt() as usize)
        }
        "dema" => zip(&ema(x, n), &ema(&ema(x, n), n), |once, twice| 2.0 * once - twice),
        "tema" => {
            let (once, twice) = (ema(x, n), ema(&ema(x, n), n));
            let thrice = ema(&twice, n);
            by_bar(len, |bar| Some(3.0 * once[bar] - 3.0 * twice[bar] + thrice[bar]))
        }
        "kama" => kama(x, n, count(1), count(2)),
        "rsi" => rsi(x, n),
        "macd" => macd(x, n, count(1)),
        "macd_signal" => ema(&macd(x, n, count(1)), count(2)),
        "stoch_k" => stoch_k(bars, n, count(1)),
        "stoch_d" => sma(&stoch_k(bars, n, count(1)), count(2)),
        "cci" => over(&typical(bars), n, |window| {
            let mean = mean(window);
            let distance = window.iter().map(|price| (price - mean).abs()).sum::<f64>() / n as f64;
            if level(mean + distance, mean) { f64::NAN } else { (window[n - 1] - mean) / (0.015 * distance) }
        }),
        "williams_r" => placed(bars, n, |close, high, low| -100.0 * (high - close) / (high - low)),
        "plus_di" => directional(bars, n).0,
        "minus_di" => directional(bars, n).1,
        "adx" => {
            let (plus, minus) = directional(bars, n);
            let index = |plus: f64, minus: f64| {
                if plus + minus == 0.0 { 0.0 } else { 100.0 * (plus - minus).abs() / (plus + minus) }
            };
            rma(&zip(&plus, &minus, index), n)
        }
        "vwap" => {
            let traded = zip(&typical(bars), &bars.volume, |price, volume| price * volume);
            by_bar(len, |bar| {
                let (traded, volume) = (window(&traded, n, bar)?, window(&bars.volume, n, bar)?);
                let volume: f64 = volume.iter().sum();
                (volume > 0.0).then(|| traded.iter().sum::<f64>() / volume)
            })
        }
        "mfi" => {
            let (prices, moves) = (typical(bars), moves(&typical(bars)));
            by_bar(len, |bar| {
                let (moves, prices) = (window(&moves, n, bar)?, window(&prices, n, bar)?);
                let volumes = window(&bars.volume, n, bar)?;
                let (mut up, mut both) = (0.0, 0.0);
                for ((change, price), volume) in moves.iter().zip(prices).zip(volumes) {
                    up += if *change > 0.0 { price * volume } else { 0.0 };
                    both += if *change == 0.0 { 0.0 } else { price * volume };
                }
                Some(100.0 * up / both)
            })
        }
        "obv" => by_bar(len, |bar| {
            let known = zip(x, &bars.volume, |close, volume| close + volume);
            let first = bar + 1 - run(&known, bar).len();
            let moves = moves(x);
            let flow = |at: usize| if moves[at] == 0.0 { 0.0 } else { bars.volume[at] * moves[at].signum() };
            (first <= bar).then(|| (first + 1..=bar).map(flow).sum())
        }),
        "true_range" => true_range(bars),
        "atr" => rma(&true_range(bars), n),
        "bollinger_upper" => bollinger(x, n, call.numbers[0]),
        "bollinger_lower" => bollinger(x, n, -call.numbers[0]),
        "keltner_upper" => keltner(bars, n, call.numbers[0]),
        "keltner_lower" => keltner(bars, n, -call.numbers[0]),
        "highest" => highest(x, n),
        "lowest" => lowest(x, n),
        "donchian_high" => highest(&bars.high, n),
        "donchian_low" => lowest(&bars.low, n),
        "highest_bars" => over(x, n, |window| age(window, above)),
        "lowest_bars" => over(x, n, |window| age(window, |a, b| above(b, a))),
        "sum" => over(x, n, |window| window.iter().sum()),
        "variance" => over(x, n, variance),
        "stdev" => over(x, n, |window| variance(window).sqrt()),
        "zscore" => by_bar(len, |bar| {
            let window = window(x, n, bar)?;
            Some((x[bar] - mean(window)) / spread(window)?)
        }),
        "median" => over(x, n, |window| quantile(window, 0.5)),
        "quantile" => over(x, n, |window| quantile(window, call.numbers[0])),
        "percent_rank" => over(x, n + 1, |window| {
            100.0 * window[..n].iter().filter(|other| !above(**other, window[n])).count() as f64 / n as f64
        }),
        "correlation" => correlation(x, y, n),
        "linreg_slope" => over(x, n, slope),
        "change" => past(x, n, |now, then| now - then),
        "roc" => past(x, n, |now, then| (now / then - 1.0) * 100.0),
        "log" => map(x, f64::ln),
        "exp" => map(x, f64::exp),
        "abs" => map(x, |value| if value < 0.0 { -value } else { value }),
        "sqrt" => map(x, |value| value.powf(0.5)),
        "sign" => map(x, |value| f64::from(i8::from(value > 0.0) - i8::from(value < 0.0))),
        "min" => zip(x, y, |a, b| if a < b { a } else { b + 0.0 * a }),
        "max" => zip(x, y, |a, b| if a > b { a } else { b + 0.0 * a }),
        "clamp" => by_bar(len, |bar| {
            let (value, low, high) = (x[bar], y[bar], z[bar]);
            let bounded = if value < low {
                low
            } else if value > high {
                high
            } else {
                value
            };
            (low <= high).then_some(bounded)
        }),
        "nz" => by_bar(len, |bar| Some(if x[bar].is_nan() { y[bar] } else { x[bar] })),
        "crossover" => became(x, y, above),
        "crossunder" => became(x, y, |a, b| a < b - 1e-12 * b.abs()),
        "cross" => {
            let (up, down) = (became(x, y, above), became(x, y, |a, b| a < b - 1e-12 * b.abs()));
            truth(len, |bar| match (up[bar], down[bar]) {
                (up, down) if up == 1.0 || down == 1.0 => Some(true),
                (up, down) if up.is_nan() || down.is_nan() => None,
                _ => Some(false),
            })
        }
        "rising" => beyond(x, n, above),
        "falling" => beyond(x, n, |a, b| a < b - 1e-12 * b.abs()),
        "bars_since" => by_bar(len, |bar| {
            let ago = bars.condition[..=bar].iter().rev().position(|truth| *truth == Some(true));
            ago.map(|ago| ago as f64)
        }),
        "value_when" => by_bar(len, |bar| {
            let events = (0..=bar).rev().filter(|bar| bars.condition[*bar] == Some(true));
            events.map(|bar| x[bar]).nth(n)
        }),
        name => panic!("{name} has no definition of its own here"),
    }
}
