//! The plain model that positions are compared with: bar by bar, from the rules as they are written down. No bits, no
//! leaps, no sums of spans.

use std::ops::Range;

/// Prices of each bar on the run's adjustment, and the calendar days since the bar before.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    pub open: Vec<f64>,
    pub high: Vec<f64>,
    pub low: Vec<f64>,
    pub close: Vec<f64>,
    pub days: Vec<f64>,
}

#[derive(Clone, Debug)]
pub enum Distance {
    Share(f64),
    Column(Vec<f64>),
}

#[derive(Clone, Copy, Debug)]
pub enum Size {
    Share(f64),
    Risk(f64),
}

impl Default for Size {
    fn default() -> Self {
        Self::Share(1.0)
    }
}

/// What is traded. Signals and columns hold one value for each bar of the run.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub buy: Vec<bool>,
    pub sell: Vec<bool>,
    pub short: Vec<bool>,
    pub cover: Vec<bool>,
    pub stop_loss: Option<Distance>,
    pub take_profit: Option<Distance>,
    pub trailing_stop: Option<Distance>,
    pub max_bars: Option<usize>,
    pub cooldown: usize,
    pub size: Size,
}

#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub at_next_open: bool,
    pub cash: f64,
    pub fee: f64,
    pub commission: f64,
    pub slippage: f64,
    pub borrow: f64,
    pub interest: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Filled {
    pub bar: usize,
    pub price: f64,
    pub shares: f64,
    pub weight: f64,
    pub cost: f64,
    pub reason: &'static str,
}

/// What a trial leaves.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub fills: Vec<Filled>,
    pub equity: Vec<f64>,
    /// Profit of each closed round trip, after costs.
    pub profits: Vec<f64>,
    pub notional: f64,
    pub costs: f64,
    /// Bars with a position at the close.
    pub held: usize,
    pub is_open: bool,
    pub capped: u32,
    pub both_entries: u32,
    pub debt: f64,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    is_long: bool,
    stop: Option<f64>,
    target: Option<f64>,
    /// The best price since the entry, and the distance that the trailing stop keeps from it.
    best: f64,
    trail: Option<f64>,
    /// Closes that it has been held at.
    age: usize,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Enter { is_long: bool, signal: usize },
    Leave(&'static str),
}

struct Trial<'a> {
    bars: &'a Bars,
    rules: &'a Rules,
    terms: Terms,
    cash: f64,
    shares: f64,
    base: f64,
    position: Option<Position>,
    /// The first close at which entries count again.
    rested: usize,
    out: Outcome,
}

fn is_distance(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

fn distance(of: Option<&Distance>, price: f64, signal: usize) -> Option<f64> {
    of.map(|distance| match distance {
        Distance::Share(share) => share * price,
        Distance::Column(column) => column[signal],
    })
}

impl<'a> Trial<'a> {
    fn new(bars: &'a Bars, rules: &'a Rules, terms: Terms) -> Self {
        Self {
            bars,
            rules,
            terms,
            cash: terms.cash,
            shares: 0.0,
            base: terms.cash,
            position: None,
            rested: 0,
            out: Outcome::default(),
        }
    }
}

pub fn trade(bars: &Bars, rules: &Rules, terms: Terms) -> Outcome {
    let mut trial = Trial::new(bars, rules, terms);
    let mut waiting = None;
    for bar in 0..bars.close.len() {
        trial.carry(bar);
        if let Some(order) = waiting.take() {
            trial.execute(order, bar, bars.open[bar]);
        }
        trial.stops(bar);
        let order = trial.signals(bar);
        if terms.at_next_open {
            waiting = order;
        } else if let Some(order) = order {
            trial.execute(order, bar, bars.close[bar]);
        }
        if !trial.mark(bar) {
            trial.out.equity.resize(bars.close.len(), 0.0);
            break;
        }
    }
    trial.out.is_open = trial.shares != 0.0;
    let both = rules.buy.iter().zip(&rules.short).filter(|(buy, short)| **buy && **short);
    trial.out.both_entries = u32::try_from(both.count()).unwrap();
    trial.out
}

/// Orders a weight every so many bars; NaN orders nothing.
pub fn follow(bars: &Bars, column: &[f64], every: usize, terms: Terms) -> Outcome {
    let rules = Rules::default();
    let mut trial = Trial::new(bars, &rules, terms);
    let mut waiting = None;
    for (bar, weight) in column.iter().enumerate() {
        trial.carry(bar);
        if let Some(weight) = waiting.take() {
            trial.order(weight, bar, bars.open[bar], "signal");
        }
        let asked = Some(*weight).filter(|weight| bar % every == 0 && !weight.is_nan());
        if terms.at_next_open {
            waiting = asked;
        } else if let Some(weight) = asked {
            trial.order(weight, bar, bars.close[bar], "signal");
        }
        if !trial.mark(bar) {
            trial.out.equity.resize(bars.close.len(), 0.0);
            break;
        }
    }
    trial.out.is_open = trial.shares != 0.0;
    trial.out
}

/// One account over spans side by side, each traded as another run of the same bars did, or not at all. At the first fill
/// of a span it takes over what that run holds at the close before.
pub fn hand_over(bars: &Bars, spans: &[(Range<usize>, Option<&Outcome>)], terms: Terms) -> Outcome {
    let rules = Rules::default();
    let mut trial = Trial::new(bars, &rules, terms);
    let first = spans[0].0.start;
    let last = spans[spans.len() - 1].0.end;
    for (span, run) in spans {
        for bar in span.clone() {
            if bar > first {
                trial.carry(bar);
            }
            let is_first = bar == span.start;
            if is_first && terms.at_next_open {
                trial.order(trial.taken_over(bar, *run), bar, bars.open[bar], "hand-over");
            }
            let fills = run.iter().flat_map(|run| &run.fills).filter(|fill| fill.bar == bar);
            for fill in fills {
                // What was decided at the close before is in the order of the hand-over.
                let is_decided = matches!(fill.reason, "signal" | "max-bars");
                if !is_first || (terms.at_next_open && !is_decided) {
                    trial.order(fill.weight, bar, fill.price, fill.reason);
                }
            }
            if is_first && !terms.at_next_open {
                trial.order(trial.taken_over(bar, *run), bar, bars.close[bar], "hand-over");
            }
            if !trial.mark(bar) {
                trial.out.equity.resize(last - first, 0.0);
                return trial.out;
            }
        }
    }
    trial.out.is_open = trial.shares != 0.0;
    trial.out
}

impl Trial<'_> {
    /// The weight that a span begins with: that of the run's own order there, or of what the run holds.
    fn taken_over(&self, bar: usize, run: Option<&Outcome>) -> f64 {
        let Some(run) = run else { return 0.0 };
        let decided = |fill: &&Filled| fill.bar == bar && matches!(fill.reason, "signal" | "max-bars");
        if let Some(order) = run.fills.iter().rfind(decided) {
            return order.weight;
        }
        // At the close before, or at this close where orders are filled at once.
        let close = if self.terms.at_next_open { bar - 1 } else { bar };
        if run.equity[close] == 0.0 {
            return 0.0; // closed
        }
        let shares =
            run.fills.iter().filter(|fill| fill.bar <= close).fold(0.0, |sum, fill| sum + fill.shares);
        let cash = run.equity[close] - shares * self.bars.close[close];
        let mut account = Trial::new(self.bars, self.rules, self.terms);
        (account.cash, account.shares) = (cash, shares);
        let price = if self.terms.at_next_open {
            account.carry(bar);
            self.bars.open[bar]
        } else {
            self.bars.close[bar]
        };
        let worth = shares * price;
        let equity = if self.terms.at_next_open { account.cash + worth } else { run.equity[close] };
        if worth == 0.0 || equity <= 0.0 { 0.0 } else { worth / equity }
    }

    /// Interest and borrow cost since the close before, on what was held there.
    fn carry(&mut self, bar: usize) {
        if bar == 0 {
            return;
        }
        let years = self.bars.days[bar] / 365.0;
        let value = self.shares * self.bars.close[bar - 1];
        // What a short sale brought is held back, as much as the short is worth.
        let free = if value < 0.0 { self.cash + value } else { self.cash };
        let interest = self.terms.interest * years * free.max(0.0);
        let borrow = self.terms.borrow * years * (-value).max(0.0);
        self.cash += interest - borrow;
        if self.shares != 0.0 {
            // No trade earned it.
            self.base += interest;
        }
    }

    /// Stops and targets within a bar, of what is held when it begins or since its open.
    fn stops(&mut self, bar: usize) {
        let Some(position) = &mut self.position else { return };
        let (open, high, low) = (self.bars.open[bar], self.bars.high[bar], self.bars.low[bar]);
        let mut exit = None;
        if position.is_long {
            let trail = position.trail.map(|distance| position.best - distance);
            let stop = position.stop.unwrap_or(f64::NEG_INFINITY);
            let trail = trail.unwrap_or(f64::NEG_INFINITY);
            let (level, reason) = if trail > stop { (trail, "trailing-stop") } else { (stop, "stop-loss") };
            if low <= level {
                exit = Some((if open <= level { open } else { level }, reason));
            } else if let Some(target) = position.target.filter(|target| high >= *target) {
                exit = Some((if open >= target { open } else { target }, "take-profit"));
            }
            position.best = position.best.max(high);
        } else {
            let trail = position.trail.map(|distance| position.best + distance);
            let stop = position.stop.unwrap_or(f64::INFINITY);
            let trail = trail.unwrap_or(f64::INFINITY);
            let (level, reason) = if trail < stop { (trail, "trailing-stop") } else { (stop, "stop-loss") };
            if high >= level {
                exit = Some((if open >= level { open } else { level }, reason));
            } else if let Some(target) = position.target.filter(|target| low <= *target) {
                exit = Some((if open <= target { open } else { target }, "take-profit"));
            }
            position.best = position.best.min(low);
        }
        if let (Some(trail), Some(Distance::Column(column))) =
            (&mut position.trail, &self.rules.trailing_stop)
            && is_distance(column[bar])
        {
            *trail = column[bar];
        }
        if let Some((price, reason)) = exit {
            self.order(0.0, bar, price, reason);
            self.position = None;
            self.rested = bar + self.rules.cooldown;
        }
    }

    /// What the close decides: exits of what is held, then entries.
    fn signals(&mut self, bar: usize) -> Option<Order> {
        let rules = self.rules;
        let (buy, sell) = (rules.buy[bar], rules.sell[bar]);
        let (short, cover) = (rules.short[bar], rules.cover[bar]);
        let held = self.position.as_mut().map(|position| {
            position.age += 1;
            (position.is_long, rules.max_bars.is_some_and(|most| position.age >= most))
        });
        let mut order = None;
        if let Some((is_long, is_old)) = held {
            if if is_long { sell } else { cover } {
                order = Some(Order::Leave("signal"));
            } else if is_old {
                order = Some(Order::Leave("max-bars"));
            }
        }
        if buy && short {
            return order;
        }
        for (is_long, entry, exit) in [(true, buy, sell), (false, short, cover)] {
            if !entry || held.is_some_and(|(held_long, _)| held_long == is_long) {
                continue;
            }
            if exit {
                if held.is_some() {
                    order = Some(Order::Leave("signal"));
                }
            } else if bar >= self.rested && self.has_stops(bar) {
                order = Some(Order::Enter { is_long, signal: bar });
            }
        }
        order
    }

    /// Whether every stop and target that is asked for is defined at a bar.
    fn has_stops(&self, bar: usize) -> bool {
        [&self.rules.stop_loss, &self.rules.take_profit, &self.rules.trailing_stop].into_iter().all(|one| {
            match one {
                Some(Distance::Column(column)) => is_distance(column[bar]),
                _ => true,
            }
        })
    }

    fn execute(&mut self, order: Order, bar: usize, price: f64) {
        let (is_long, signal) = match order {
            Order::Leave(reason) => {
                self.order(0.0, bar, price, reason);
                self.position = None;
                if reason == "max-bars" {
                    self.rested = bar + self.rules.cooldown;
                }
                return;
            }
            Order::Enter { is_long, signal } => (is_long, signal),
        };
        let stop = distance(self.rules.stop_loss.as_ref(), price, signal);
        let trail = distance(self.rules.trailing_stop.as_ref(), price, signal);
        let target = distance(self.rules.take_profit.as_ref(), price, signal);
        let (share, is_capped) = match self.rules.size {
            Size::Share(share) => (share, false),
            Size::Risk(risk) => {
                let nearest = [stop, trail].into_iter().flatten().fold(f64::INFINITY, f64::min);
                let weight = risk * price / nearest;
                if weight > 1.0 { (1.0, true) } else { (weight, false) }
            }
        };
        let sign = if is_long { 1.0 } else { -1.0 };
        if self.order(sign * share, bar, price, "signal") {
            self.out.capped += u32::from(is_capped);
        } else {
            self.order(0.0, bar, price, "signal");
        }
        self.position = (self.shares * sign > 0.0).then(|| Position {
            is_long,
            stop: stop.map(|stop| price - sign * stop),
            target: target.map(|target| price + sign * target),
            best: price,
            trail,
            age: 0,
        });
    }

    /// One order for a weight: what is held after it, with every cost paid, is worth that share of equity.
    fn order(&mut self, weight: f64, bar: usize, price: f64, reason: &'static str) -> bool {
        let Terms { fee, commission, .. } = self.terms;
        let slippage = if reason == "take-profit" { 0.0 } else { self.terms.slippage };
        let worth = self.shares * price;
        let equity = self.cash + worth;
        let asked = weight;
        let weight = if equity > 0.0 { weight } else { 0.0 };
        let shares = if weight == 0.0 {
            -self.shares
        } else {
            let gap = weight * equity - worth;
            let funds = weight * (equity - commission) - worth;
            if gap.abs() <= 1e-12 * equity {
                return false;
            }
            if gap > 0.0 {
                let paid = price * (1.0 + slippage) * (1.0 + fee);
                let each = if weight == 1.0 { paid } else { price + weight * (paid - price) };
                if funds > 0.0 { funds / each } else { return false }
            } else {
                let got = price * (1.0 - slippage) * (1.0 - fee);
                let each = price - weight * (price - got);
                if funds < 0.0 { funds / each } else { return false }
            }
        };
        if shares == 0.0 {
            return false;
        }
        // The broker's own arithmetic, so that fills can be compared to the last bit.
        let notional = shares.abs() * price;
        let market = if shares > 0.0 { price * (1.0 + slippage) } else { price * (1.0 - slippage) };
        let paid = if shares > 0.0 { shares * market * (1.0 + fee) } else { shares * market * (1.0 - fee) };
        let cost = shares.abs() * market * fee + notional * slippage + commission;
        let cash = self.cash + (-paid - commission);
        self.settle(shares, cash, weight, price, cost);
        self.out.fills.push(Filled { bar, price, shares, weight: asked, cost, reason });
        true
    }

    /// Books an order, and ends the round trip that it ends.
    fn settle(&mut self, shares: f64, cash: f64, weight: f64, price: f64, cost: f64) {
        let held = self.shares;
        let before = self.cash + held * price;
        self.shares = if weight == 0.0 { 0.0 } else { held + shares };
        self.cash = if weight == 1.0 { 0.0 } else { cash };
        self.out.notional += shares.abs() * price;
        self.out.costs += cost;
        if held == 0.0 {
            self.base = before;
        } else if self.shares == 0.0 || (self.shares > 0.0) != (held > 0.0) {
            let end = before - cost * (held / shares).abs();
            self.out.profits.push(end - self.base);
            self.base = end;
        }
    }

    /// Equity at the close; false where the account is closed because nothing is left.
    fn mark(&mut self, bar: usize) -> bool {
        let equity = self.cash + self.shares * self.bars.close[bar];
        if equity <= 0.0 {
            self.out.debt = -equity;
            if self.shares != 0.0 {
                self.out.profits.push(equity - self.base);
            }
            (self.cash, self.shares) = (0.0, 0.0);
            self.out.equity.push(0.0);
            return false;
        }
        self.out.equity.push(equity);
        self.out.held += usize::from(self.shares != 0.0);
        true
    }
}
