//! A set of rules as it was written: which expressions enter and leave, over which parameters.

#![forbid(unsafe_code)]

use super::document::Document;
use crate::error::Error;
use crate::parameter::Parameter;
use crate::portal::Adjust;

/// What an expression of a set of rules is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Part {
    /// Enters a long position where it is true.
    Buy,
    /// Ends a long position where it is true.
    Sell,
    /// Enters a short position where it is true.
    Short,
    /// Ends a short position where it is true.
    Cover,
    /// The target weight, a share of equity from -1 to 1, instead of entries and exits.
    Weight,
    /// Bars from one order of a weight to the next: a whole number or a parameter.
    Rebalance,
    /// How far below a long entry a stop lies: a share of the entry price, or a distance in price such as `2 * atr(14)`.
    StopLoss,
    /// How far above a long entry a target lies, stated as a stop is.
    TakeProfit,
    /// How far below the best price since the entry a stop follows, stated as a stop is.
    TrailingStop,
    /// Bars after which a position ends: a whole number or a parameter.
    MaxBars,
    /// Closes after a stop, a target or `max_bars` at which nothing is entered: a whole number or a parameter.
    Cooldown,
    /// The share of equity of a position, above 0 and at most 1: a number or a parameter.
    Size,
    /// The share of equity that a stop may lose, instead of a size: a number or a parameter.
    Risk,
}

impl Part {
    /// Every part.
    pub(super) const ALL: [Self; 13] = [
        Self::Buy,
        Self::Sell,
        Self::Short,
        Self::Cover,
        Self::Weight,
        Self::Rebalance,
        Self::StopLoss,
        Self::TakeProfit,
        Self::TrailingStop,
        Self::MaxBars,
        Self::Cooldown,
        Self::Size,
        Self::Risk,
    ];

    /// The key in a file: `buy`, `stop_loss`.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::sweep::Part::StopLoss.name(), "stop_loss");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::Short => "short",
            Self::Cover => "cover",
            Self::Weight => "weight",
            Self::Rebalance => "rebalance",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::TrailingStop => "trailing_stop",
            Self::MaxBars => "max_bars",
            Self::Cooldown => "cooldown",
            Self::Size => "size",
            Self::Risk => "risk",
        }
    }
}

/// A name for an expression, to be used by those after it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) text: String,
    /// Where it was written, as the subject of an error.
    pub(super) place: String,
}

/// A strategy stated as expressions, as it was written. Nothing is read until it is swept or checked.
///
/// # Examples
/// ```
/// use lookback::sweep::{Metric, Part, RuleSet, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
/// let rules = RuleSet::new("rsi-dip")
///     .define("r", "rsi(close, n)")
///     .rule(Part::Buy, "r < 30 and close > sma(close, 200)")
///     .rule(Part::Sell, "r > 60")
///     .parameter("n=2:20".parse()?);
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let results = Sweep::new().asset("IBM").run_rules(&rules, &portal)?;
/// assert_eq!((results.len(), results.failed()), (19, 0));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct RuleSet {
    name: String,
    parameters: Vec<Parameter>,
    constraint: String,
    definitions: Vec<Definition>,
    rules: Vec<(Part, Definition)>,
    /// Which series rules look at; total unless it is said.
    signals: Option<Adjust>,
}

impl RuleSet {
    /// No rule yet; `name` is what results call it.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::sweep::RuleSet::new("mine").name(), "mine");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            parameters: Vec::new(),
            constraint: String::new(),
            definitions: Vec::new(),
            rules: Vec::new(),
            signals: None,
        }
    }

    /// Reads the tables `[parameters]`, `[let]` and `[rules]` of a file.
    ///
    /// # Errors
    /// `BadParameter` or `Invalid`, with file and line, for values of parameters that cannot be read.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Document, RuleSet};
    /// let text = "[parameters]\nn = \"2:20\"\n[let]\nr = \"rsi(close, n)\"\n[rules]\nbuy = \"r < 30\"\nsell = \"r > 60\"";
    /// let rules = RuleSet::from_document("dip", &Document::parse(text, "dip.toml")?)?;
    /// assert_eq!(rules.parameters()[0].to_string(), "n=2:20");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn from_document(name: impl Into<String>, document: &Document) -> Result<Self, Error> {
        let mut set = Self::new(name);
        for entry in document.entries("parameters") {
            let parameter = Parameter::new(&entry.key, &entry.value);
            let parameter = parameter.map_err(|error| {
                Error::bad_parameter(format!("{} line {}", document.origin(), entry.line), error.to_string())
            })?;
            set.parameters.push(parameter);
        }
        for entry in document.entries("let") {
            let (name, text) = (entry.key.clone(), entry.value.clone());
            set.definitions.push(Definition { name, text, place: document.place(entry) });
        }
        for entry in document.entries("rules") {
            let part = Part::ALL.into_iter().find(|part| part.name() == entry.key);
            match (part, entry.key.as_str()) {
                (Some(part), name) => {
                    let (name, text) = (name.to_owned(), entry.value.clone());
                    set.put(part, Definition { name, text, place: document.place(entry) });
                }
                (None, "where") => set.constraint.clone_from(&entry.value),
                (None, _) => {
                    let place = document.place(entry);
                    let adjust = signals(&entry.value).map_err(|message| Error::invalid(place, message))?;
                    set.signals = Some(adjust);
                }
            }
        }
        Ok(set)
    }

    /// This set with what a configuration says of parameters, lets and rules put in the place of its own.
    ///
    /// # Errors
    /// As [`RuleSet::from_document`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Document, Part, RuleSet};
    /// let config = Document::parse("[rules]\nstop_loss = 0.05", "config.toml")?;
    /// let rules = RuleSet::new("up").rule(Part::Buy, "close > open").overlaid(&config)?;
    /// assert_eq!(rules.rules().last(), Some((Part::StopLoss, "0.05")));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn overlaid(mut self, document: &Document) -> Result<Self, Error> {
        let over = Self::from_document("", document)?;
        for parameter in over.parameters {
            self = self.parameter(parameter);
        }
        for one in over.definitions {
            match self.definitions.iter_mut().find(|known| known.name == one.name) {
                Some(known) => *known = one,
                None => self.definitions.push(one),
            }
        }
        for (part, rule) in over.rules {
            self.put(part, rule);
        }
        if !over.constraint.is_empty() {
            self.constraint = over.constraint;
        }
        if let Some(adjust) = over.signals {
            self.signals = Some(adjust);
        }
        Ok(self)
    }

    /// States a rule, in the place of one that was stated before.
    #[must_use]
    pub fn rule(mut self, part: Part, expression: impl Into<String>) -> Self {
        let name = part.name().to_owned();
        self.put(part, Definition { name: name.clone(), text: expression.into(), place: name });
        self
    }

    /// Names an expression for those that are stated after it.
    #[must_use]
    pub fn define(mut self, name: impl Into<String>, expression: impl Into<String>) -> Self {
        let name = name.into();
        let definition = Definition { place: format!("let {name}"), name, text: expression.into() };
        match self.definitions.iter_mut().find(|one| one.name == definition.name) {
            Some(known) => *known = definition,
            None => self.definitions.push(definition),
        }
        self
    }

    /// Declares a parameter and the values to try, in the place of one of the same name.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        match self.parameters.iter_mut().find(|one| one.name() == parameter.name()) {
            Some(known) => *known = parameter,
            None => self.parameters.push(parameter),
        }
        self
    }

    /// What must hold between parameters, whatever a sweep filters besides; such as `fast < slow`.
    #[must_use]
    pub fn constraint(mut self, expression: impl Into<String>) -> Self {
        self.constraint = expression.into();
        self
    }

    /// Which series rules look at: adjusted for all events (default), or for splits only, so that a level that was seen
    /// on a chart is the level that a rule sees. The account is always kept on the run's own adjustment.
    #[must_use]
    pub fn signals(self, adjust: Adjust) -> Self {
        Self { signals: Some(adjust), ..self }
    }

    /// The name in outputs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters with their own values, in the grid's order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The expressions with what each is for, in the order in which they were stated.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Part, RuleSet};
    /// let rules = RuleSet::new("up").rule(Part::Buy, "close > open");
    /// assert_eq!(rules.rules().collect::<Vec<_>>(), [(Part::Buy, "close > open")]);
    /// ```
    pub fn rules(&self) -> impl Iterator<Item = (Part, &str)> {
        self.rules.iter().map(|(part, rule)| (*part, rule.text.as_str()))
    }

    /// Everything that is stated beside parameters, as key and text: lets, then rules, in the order in which they were
    /// stated; what outputs tell, so that a result can be made again.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Part, RuleSet};
    /// let rules = RuleSet::new("up").define("up", "close > open").rule(Part::Buy, "up");
    /// let stated: Vec<_> = rules.statements().collect();
    /// assert_eq!(stated, [("let up".to_owned(), "close > open"), ("buy".to_owned(), "up")]);
    /// ```
    pub fn statements(&self) -> impl Iterator<Item = (String, &str)> {
        let lets = self.definitions.iter().map(|one| (format!("let {}", one.name), one.text.as_str()));
        let rules = self.rules().map(|(part, text)| (part.name().to_owned(), text));
        let signals = self.signals.map(|adjust| ("signals".to_owned(), adjust.name()));
        lets.chain(rules).chain(signals)
    }

    /// The tables `[parameters]`, `[let]` and `[rules]` of a file that holds it; [`RuleSet::from_document`] reads them back.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Document, Part, RuleSet};
    /// let rules = RuleSet::new("dip").define("r", "rsi(close, n)").rule(Part::Buy, "r < 30").parameter("n=2:20".parse()?);
    /// let text = rules.to_toml();
    /// assert!(text.starts_with("[parameters]\nn = \"2:20\"\n\n[let]\nr = \"rsi(close, n)\"\n"));
    /// assert_eq!(RuleSet::from_document("dip", &Document::parse(&text, "dip.toml")?)?.to_toml(), text);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_toml(&self) -> String {
        let value = |parameter: &Parameter| parameter.to_string().split_off(parameter.name().len() + 1);
        let parameters = self.parameters.iter().map(|one| (one.name(), value(one)));
        let lets = self.definitions.iter().map(|one| (one.name.as_str(), one.text.clone()));
        let rules = self.rules().map(|(part, text)| (part.name(), text.to_owned()));
        let constraint = Some(("where", self.constraint.clone())).filter(|(_, text)| !text.is_empty());
        let signals = self.signals.map(|adjust| ("signals", adjust.name().to_owned()));
        let mut tables = vec![
            Document::table("parameters", parameters),
            Document::table("let", lets),
            Document::table("rules", constraint.into_iter().chain(rules).chain(signals)),
        ];
        tables.retain(|table| !table.is_empty());
        tables.join("\n")
    }

    pub(super) fn stated(&self) -> &[(Part, Definition)] {
        &self.rules
    }

    pub(super) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    pub(super) fn own_constraint(&self) -> &str {
        &self.constraint
    }

    pub(super) fn adjust(&self) -> Adjust {
        self.signals.unwrap_or(Adjust::Total)
    }

    fn put(&mut self, part: Part, rule: Definition) {
        match self.rules.iter_mut().find(|(known, _)| *known == part) {
            Some((_, known)) => *known = rule,
            None => self.rules.push((part, rule)),
        }
    }
}

/// Which series rules look at.
fn signals(text: &str) -> Result<Adjust, String> {
    match text {
        "total" => Ok(Adjust::Total),
        "splits" => Ok(Adjust::Splits),
        _ => Err(format!("found {text:?}, expected total or splits")),
    }
}
