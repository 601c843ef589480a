//! Rules, from text to bits, against a model that decides each bar from nothing.

use lookback::rule::{Column, Graph, Rule};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::naive_rule::{Event, Expr, PARAMETERS, Traded};

/// What a random number is to be.
#[derive(Clone, Copy, PartialEq)]
enum Degree {
    Price,
    Volume,
    Ratio,
    /// Of several degrees, which no scale rescales.
    Free,
}

struct Random(fastrand::Rng);

impl Random {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.usize(..of.len())]
    }

    fn boxed(&mut self, degree: Degree, depth: u32) -> Box<Expr> {
        Box::new(self.number(degree, depth))
    }

    /// A whole number of bars: written, or a parameter.
    fn bars(&mut self) -> Expr {
        if self.0.bool() {
            Expr::Number(self.one(&[2.0, 3.0, 5.0]))
        } else {
            Expr::Parameter(self.0.usize(..2))
        }
    }

    /// How far one looks back.
    fn back(&mut self) -> Expr {
        if self.0.bool() { Expr::Number(self.one(&[0.0, 1.0, 2.0, 30.0])) } else { self.bars() }
    }

    fn plain(&mut self) -> Expr {
        if self.0.u8(..4) == 0 {
            Expr::Parameter(2)
        } else {
            Expr::Number(self.one(&[0.0, 1.0, 2.0, 8.0, 16.0]))
        }
    }

    fn leaf(&mut self, degree: Degree) -> Expr {
        match degree {
            Degree::Price => Expr::Input(self.one(&["open", "high", "low", "close", "hl2"])),
            Degree::Volume => Expr::Input("volume"),
            Degree::Ratio => match self.0.u8(..4) {
                0 => self.plain(),
                1 => Expr::Arithmetic('%', Box::new(Expr::Input("bar_index")), Box::new(Expr::Number(3.0))),
                _ => Expr::Input(self.one(&["bar_index", "month", "day_of_week"])),
            },
            Degree::Free => Expr::Arithmetic(
                '+',
                self.boxed(Degree::Price, 0),
                Box::new(Expr::Number(self.one(&[1.0, 8.0]))),
            ),
        }
    }

    fn number(&mut self, degree: Degree, depth: u32) -> Expr {
        if depth == 0 {
            return self.leaf(degree);
        }
        let below = depth - 1;
        let x = |random: &mut Self| random.number(degree, below);
        match self.0.u8(..14) {
            0 => self.leaf(degree),
            1 => {
                Expr::Arithmetic(self.one(&['+', '-']), self.boxed(degree, below), self.boxed(degree, below))
            }
            2 => Expr::Negate(self.boxed(degree, below)),
            3 => Expr::If(Box::new(self.truth(below)), self.boxed(degree, below), self.boxed(degree, below)),
            4 => Expr::Past(self.boxed(degree, below), Box::new(self.back())),
            5 => Expr::Call(
                self.one(&["sma", "ema", "wma", "highest", "lowest", "sum", "stdev", "median", "rma"]),
                vec![x(self), self.bars()],
            ),
            6 => Expr::Call(self.one(&["min", "max", "nz"]), vec![x(self), x(self)]),
            7 => Expr::Call(self.one(&["abs", "nz"]), vec![x(self)]),
            8 => Expr::Call("change", vec![x(self), self.bars()]),
            9 => Expr::Call("macd", vec![x(self), Expr::Number(2.0), self.bars()]),
            10 => Expr::Call("value_when", vec![self.truth(below), x(self)]),
            11 if degree == Degree::Price => self.price(below),
            11 if degree == Degree::Ratio => self.ratio(below),
            11 if degree == Degree::Free => self.free(below),
            _ => Expr::Arithmetic(
                self.one(&['*', '/']),
                self.boxed(degree, below),
                Box::new(Expr::Number(self.one(&[2.0, 3.0, 0.5]))),
            ),
        }
    }

    fn price(&mut self, depth: u32) -> Expr {
        match self.0.u8(..4) {
            0 => Expr::Call(self.one(&["atr", "keltner_upper", "donchian_high"]), vec![self.bars()]),
            1 => Expr::Call("bollinger_lower", vec![self.number(Degree::Price, depth), self.bars()]),
            2 => {
                let square =
                    Expr::Arithmetic('*', self.boxed(Degree::Price, depth), self.boxed(Degree::Price, depth));
                Expr::Call("sqrt", vec![square])
            }
            _ => Expr::Arithmetic('*', self.boxed(Degree::Price, depth), self.boxed(Degree::Ratio, depth)),
        }
    }

    fn ratio(&mut self, depth: u32) -> Expr {
        let degree = self.one(&[Degree::Price, Degree::Volume]);
        match self.0.u8(..4) {
            0 => Expr::Call("bars_since", vec![self.truth(depth)]),
            1 => Expr::Call(
                self.one(&["rsi", "roc", "zscore", "percent_rank", "highest_bars"]),
                vec![self.number(degree, depth), self.bars()],
            ),
            2 => {
                let root = Expr::Call("sqrt", vec![self.number(Degree::Price, depth)]);
                Expr::Arithmetic(
                    '/',
                    Box::new(root),
                    Box::new(Expr::Call("sqrt", vec![Expr::Input("close")])),
                )
            }
            _ => Expr::Arithmetic('/', self.boxed(degree, depth), self.boxed(degree, depth)),
        }
    }

    fn free(&mut self, depth: u32) -> Expr {
        match self.0.u8(..3) {
            0 => Expr::Call("log", vec![self.number(Degree::Price, depth)]),
            1 => Expr::Call("max", vec![self.number(Degree::Price, depth), Expr::Number(16.0)]),
            _ => Expr::Arithmetic('*', self.boxed(Degree::Free, depth), self.boxed(Degree::Volume, depth)),
        }
    }

    fn truth(&mut self, depth: u32) -> Expr {
        let below = depth.saturating_sub(1);
        let pair = |random: &mut Self| (Box::new(random.truth(below)), Box::new(random.truth(below)));
        match if depth == 0 { self.0.u8(..3) } else { self.0.u8(..11) } {
            3 => Expr::Not(Box::new(self.truth(below))),
            4 => {
                let (a, b) = pair(self);
                Expr::And(a, b)
            }
            5 => {
                let (a, b) = pair(self);
                Expr::Or(a, b)
            }
            6 => {
                let (a, b) = pair(self);
                Expr::If(Box::new(self.truth(below)), a, b)
            }
            7 => Expr::Past(Box::new(self.truth(below)), Box::new(self.back())),
            8 => {
                let degree = self.one(&[Degree::Price, Degree::Ratio]);
                let other = if self.0.bool() { self.number(degree, below) } else { self.plain() };
                Expr::Call(
                    self.one(&["crossover", "crossunder", "cross"]),
                    vec![self.number(degree, below), other],
                )
            }
            9 => {
                let degree = self.one(&[Degree::Price, Degree::Volume, Degree::Free]);
                Expr::Call(self.one(&["rising", "falling"]), vec![self.number(degree, below), self.bars()])
            }
            _ => {
                let degree =
                    self.one(&[Degree::Price, Degree::Price, Degree::Volume, Degree::Ratio, Degree::Free]);
                let a = self.boxed(degree, below);
                let b = match self.0.u8(..4) {
                    0 => Box::new(self.plain()),
                    1 => Box::new(Expr::Number(0.0)),
                    _ => self.boxed(degree, below),
                };
                let (a, b) = if self.0.bool() { (a, b) } else { (b, a) };
                Expr::Compare(self.one(&[">", "<", ">=", "<=", "==", "!="]), a, b)
            }
        }
    }

    /// Few distinct prices, so that many tie; some bars without a value; events by powers of four, so that a level is
    /// taken to another without rounding, roots included.
    fn traded(&mut self) -> Traded {
        let count = self.one(&[1, 2, 5, 20, 30, 70]);
        let mut price: f64 = 16.0;
        let mut bars = Vec::with_capacity(count);
        for _ in 0..count {
            price = (price + self.one(&[-1.0, -0.5, 0.0, 0.0, 0.5, 1.0])).max(1.0);
            let close = if self.0.u8(..25) == 0 { f64::NAN } else { price };
            let open = price + self.one(&[-0.5, 0.0, 0.5]);
            let (high, low) =
                (price.max(open) + self.one(&[0.0, 0.25]), price.min(open) - self.one(&[0.0, 0.25]));
            bars.push([open, high, low, close, self.one(&[0.0, 64.0, 64.0, 128.0, 192.0])]);
        }
        let mut events: Vec<Event> = (0..self.0.usize(..4))
            .map(|_| Event {
                bar: self.0.usize(1..=count),
                price: self.one(&[0.25, 0.25, 4.0, 0.0625]),
                volume: self.one(&[1.0, 4.0, 0.25]),
            })
            .filter(|event| event.bar < count)
            .collect();
        events.sort_by_key(|event| event.bar);
        Traded { bars, events, first_day: self.0.i64(0..20_000) }
    }
}

fn graph() -> Graph {
    let mut graph = Graph::default();
    for name in PARAMETERS {
        graph.declare(name).unwrap();
    }
    graph
}

fn same(found: f64, expected: f64) -> bool {
    found == expected || found.is_nan() && expected.is_nan()
}

proptest! {
    // The same cases in every run, so that a failure is met again.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn a_rule_is_what_each_bar_says_on_its_own_day(seed in any::<u64>()) {
        let mut random = Random(fastrand::Rng::with_seed(seed));
        let (expr, traded) = (random.truth(4), random.traded());
        let values = [random.one(&[2.0, 4.0]), random.one(&[3.0, 40.0]), random.one(&[0.0, 2.0, 16.0])];
        let text = expr.text();
        let mut graph = graph();
        let node = graph.condition(&Rule::parse(&text).unwrap());
        let node = node.unwrap_or_else(|error| panic!("{text}\n{error}"));
        let column = graph.column(node, &values, &traded.adjusted());
        let last = traded.bars.len() - 1;
        let expected = traded.truths(&expr, last, &values);
        let found: Vec<_> = column.bits().unwrap().iter().collect();
        prop_assert_eq!(found, expected, "{}\n{:?}\n{:?}", text, values, traded);
    }

    #[test]
    fn a_number_is_what_each_bar_says_on_its_own_day(seed in any::<u64>()) {
        let mut random = Random(fastrand::Rng::with_seed(seed));
        let degree = random.one(&[Degree::Price, Degree::Volume, Degree::Ratio, Degree::Free]);
        let (expr, traded) = (random.number(degree, 4), random.traded());
        let values = [random.one(&[2.0, 4.0]), random.one(&[3.0, 40.0]), random.one(&[0.0, 2.0, 16.0])];
        let text = expr.text();
        let mut graph = graph();
        let node = graph.number(&Rule::parse(&text).unwrap());
        let node = node.unwrap_or_else(|error| panic!("{text}\n{error}"));
        let adjusted = traded.adjusted();
        let Column::Numbers(found) = graph.column(node, &values, &adjusted) else { panic!("{text} is a number") };
        for (bar, found) in found.into_iter().enumerate() {
            let level = adjusted.stretches.iter().rfind(|stretch| stretch.first <= bar).unwrap();
            let found = found * match (degree, graph.kind(node).is_scaled()) {
                (_, false) => 1.0,
                (Degree::Volume, _) => level.volume,
                _ => level.price,
            };
            let expected = *traded.numbers(&expr, bar, &values).last().unwrap();
            prop_assert!(same(found, expected), "{}: {} and not {} at bar {}\n{:?}\n{:?}", text, found, expected, bar, values, traded);
        }
    }

    #[test]
    fn both_sides_of_a_comparison_in_one_pass_are_those_of_two(seed in any::<u64>()) {
        let mut random = Random(fastrand::Rng::with_seed(seed));
        let (expr, traded) = (random.truth(4), random.traded());
        let values = [random.one(&[2.0, 4.0]), random.one(&[3.0, 40.0]), random.one(&[0.0, 2.0, 16.0])];
        let Expr::Compare(_, a, b) = expr else { return Ok(()) };
        let (mut graph, adjusted) = (graph(), traded.adjusted());
        let pair = ["<", ">"].map(|sign| Expr::Compare(sign, a.clone(), b.clone()).text());
        let nodes = pair.each_ref().map(|text| graph.condition(&Rule::parse(text).unwrap()).unwrap());
        prop_assert_eq!(graph.opposite(nodes[0]), (nodes[0] != nodes[1]).then_some(nodes[1]));
        if nodes[0] == nodes[1] {
            return Ok(());
        }
        let alone = nodes.map(|node| graph.column(node, &values, &adjusted));
        let reads: Vec<Column> =
            graph.reads(nodes[0]).iter().map(|read| graph.column(*read, &values, &adjusted)).collect();
        let reads: Vec<_> = reads.iter().map(Column::lend).collect();
        let mut both = [const { Column::Numbers(Vec::new()) }; 2];
        let [one, other] = &mut both;
        graph.evaluate_both(nodes[0], &values, &adjusted, &reads, one, other);
        prop_assert_eq!(alone, both, "{:?}\n{:?}\n{:?}", pair, values, traded);
    }
}
