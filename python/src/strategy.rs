//! Strategies of Python's: an object that is asked bar by bar, made anew for each trial.
//!
//! A bar hands out numbers that were written down before `on_bar` was called, and windows up to its own clock: nothing of
//! the run is lent to Python, and nothing that it keeps can look ahead.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lookback::portal::{PortalReader, Short};
use lookback::sweep::{
    Bar as Seen, Decide, IndicatorId, Model, Parameter, Point, Setup as Seat, Told, above, below,
};
use lookback::{
    Adjust, End, Error, ErrorKind, Field, Frequency, Indicator, Request, Snapshot, Timestamp, When,
};
use pyo3::exceptions::{PyException, PyIndexError, PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array;
use crate::convert;
use crate::error::{self, Answer, Raise};

/// A strategy as Python has put it into words.
pub(crate) struct Script {
    pub(crate) name: String,
    /// Called with a point's parameters by name; what it returns has `on_bar`.
    pub(crate) make: Py<PyAny>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) constraint: String,
}

/// What the trials of one run share.
pub(crate) struct Run {
    /// Which run it is: a thread's reader is of one.
    number: usize,
    snapshot: Snapshot,
    adjust: Adjust,
    failure: Arc<Failure>,
}

impl Run {
    pub(crate) fn new(snapshot: Snapshot, adjust: Adjust, failure: Arc<Failure>) -> Arc<Self> {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: a number that no other run has.
        Arc::new(Self { number: RUNS.fetch_add(1, Ordering::Relaxed), snapshot, adjust, failure })
    }
}

/// The first exception of a run, which ends it unless trials may fail.
#[derive(Default)]
pub(crate) struct Failure {
    pub(crate) may_fail: bool,
    is_raised: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

impl Failure {
    pub(crate) fn new(may_fail: bool) -> Arc<Self> {
        Arc::new(Self { may_fail, ..Self::default() })
    }

    /// Whether the run is to end.
    pub(crate) fn is_raised(&self) -> bool {
        // Relaxed: the exception itself is behind the lock.
        self.is_raised.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The row of a trial that raised; the first exception is kept, with where it was raised.
    fn row(&self, raised: PyErr, place: &str) -> Error {
        let message = Python::attach(|py| format!("{place}: {}", told(py, &raised)));
        // What asks the interpreter to end, such as SystemExit, is no failure of a trial.
        let is_row = self.may_fail && Python::attach(|py| raised.is_instance_of::<PyException>(py));
        if !is_row && !self.is_raised.swap(true, Ordering::Relaxed) {
            let error = Python::attach(|py| {
                let error = error::strategy(py, &message);
                error.set_cause(py, Some(raised));
                error
            });
            *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        ErrorKind::Strategy { message }.into()
    }

    /// Nothing is asked of Python any more, once it raised.
    fn check(&self) -> Result<(), Error> {
        match self.is_raised() {
            true => Err(ErrorKind::Strategy { message: "another trial raised".to_owned() }.into()),
            false => Ok(()),
        }
    }
}

fn told(py: Python<'_>, raised: &PyErr) -> String {
    let class = raised.get_type(py).name().map_or_else(|_| "exception".to_owned(), |name| name.to_string());
    let text = raised.value(py).str().map_or_else(|_| String::new(), |text| text.to_string());
    if text.is_empty() { class } else { format!("{class}: {text}") }
}

impl Script {
    /// The script as the crate runs it.
    pub(crate) fn model(&self, run: &Arc<Run>) -> Model<'_> {
        let run = Arc::clone(run);
        let start = move |point: &Point<'_>, seat: &mut Seat<'_>| {
            run.failure.check()?;
            let parameters: String = point.told().map(|(name, value)| format!(" {name}={value}")).collect();
            let place = format!("{} on {}{parameters}", self.name, seat.symbol());
            let trial = Python::attach(|py| self.start(py, point, seat, &run));
            let mut trial = trial.map_err(|raised| run.failure.row(raised, &place))?;
            let run = Arc::clone(&run);
            let decide = move |seen: &mut Seen<'_>| {
                run.failure.check()?;
                let asked = Python::attach(|py| trial.ask(py, seen));
                asked.map_err(|raised| run.failure.row(raised, &format!("{place} at {}", seen.timestamp())))
            };
            Ok(Box::new(decide) as Decide)
        };
        let model = Model::new(&self.name, start).constraint(&self.constraint);
        self.parameters.iter().fold(model, |model, one| model.parameter(one.clone()))
    }

    fn start(
        &self,
        py: Python<'_>,
        point: &Point<'_>,
        seat: &mut Seat<'_>,
        run: &Arc<Run>,
    ) -> PyResult<Trial> {
        let arguments = PyDict::new(py);
        for ((name, value), (_, told)) in point.iter().zip(point.told()) {
            match (told, i64::try_from(value).ok().filter(|whole| value == (*whole).into())) {
                // What a parameter chooses from is text.
                (Told::Expression(text), _) => arguments.set_item(name, text)?,
                (_, Some(whole)) => arguments.set_item(name, whole)?,
                (_, None) => arguments.set_item(name, point.f64(name).map_err(Raise::from)?)?,
            }
        }
        let strategy = self.make.bind(py).call((), Some(&arguments))?;
        let setup = Py::new(py, Setup { symbol: seat.symbol().to_string(), declared: Mutex::default() })?;
        if let Some(start) = strategy.getattr_opt("start")? {
            start.call1((setup.bind(py),))?;
        }
        let declared = std::mem::take(&mut *setup.get().declared());
        let columns = declared.columns.iter().map(|one| seat.indicator(one));
        let columns: Vec<IndicatorId> = columns.collect::<Result<_, _>>().map_err(Raise::from)?;
        for (a, b) in &declared.crossings {
            seat.wake_on_crossing(columns[*a], columns[*b]);
        }
        if declared.crossings.is_empty() {
            seat.wake_on_every_bar();
        }
        let on_bar = strategy.getattr("on_bar")?.unbind();
        let bar = Py::new(py, Bar::new(seat.symbol().to_string(), Arc::clone(run), columns.len()))?;
        Ok(Trial { on_bar, bar, columns })
    }
}

/// One trial.
struct Trial {
    on_bar: Py<PyAny>,
    bar: Py<Bar>,
    columns: Vec<IndicatorId>,
}

impl Trial {
    fn ask(&mut self, py: Python<'_>, seen: &mut Seen<'_>) -> PyResult<()> {
        let bar = self.bar.get();
        bar.show(seen, &self.columns);
        let answer = self.on_bar.bind(py).call1((&self.bar,));
        bar.is_open.store(false, Ordering::Relaxed);
        let answer = answer?;
        if !answer.is_none() {
            let message =
                format!("on_bar returned {}, expected None: bar.set_target(weight) orders", answer.repr()?);
            return Err(PyTypeError::new_err(message));
        }
        let target = read(&bar.target);
        if !target.is_nan() {
            seen.set_target(target);
        }
        Ok(())
    }
}

/// What a strategy declared.
#[derive(Default)]
struct Declared {
    columns: Vec<Indicator>,
    crossings: Vec<(usize, usize)>,
}

/// Where a strategy of Python's declares what it reads, before the first bar.
#[pyclass(frozen, module = "lookback", name = "Setup")]
pub(crate) struct Setup {
    symbol: String,
    declared: Mutex<Declared>,
}

impl Setup {
    fn declared(&self) -> MutexGuard<'_, Declared> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Setup {
    /// The asset of this trial.
    #[getter]
    fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Declares the mean of the last closes; the number returned is what a bar knows it by.
    fn sma(&self, bars: usize) -> Answer<usize> {
        let indicator = Indicator::sma(bars)?;
        let mut declared = self.declared();
        declared.columns.push(indicator);
        Ok(declared.columns.len() - 1)
    }

    /// Asks `on_bar` only where two columns cross, and not at every bar.
    fn wake_on_crossing(&self, a: usize, b: usize) -> Answer<()> {
        let mut declared = self.declared();
        let columns = declared.columns.len();
        if let Some(unknown) = [a, b].into_iter().find(|one| *one >= columns) {
            return Err(PyIndexError::new_err(format!("column {unknown} of {columns}")).into());
        }
        declared.crossings.push((a, b));
        Ok(())
    }
}

/// A bar's numbers that every strategy may read, by their places.
const NUMBERS: usize = 7;
const OPEN: usize = 0;
const HIGH: usize = 1;
const LOW: usize = 2;
const CLOSE: usize = 3;
const VOLUME: usize = 4;
const POSITION: usize = 5;
const EQUITY: usize = 6;

/// A number that one thread writes and whoever holds the bar reads.
fn read(number: &AtomicU64) -> f64 {
    // Relaxed: the thread that calls `on_bar` wrote it; another sees some bar's number, which is what it asks for.
    f64::from_bits(number.load(Ordering::Relaxed))
}

fn write(number: &AtomicU64, value: f64) {
    number.store(value.to_bits(), Ordering::Relaxed);
}

/// What asks for a window.
type Asked = (usize, Vec<Field>, Option<String>, bool);

/// What `on_bar` sees. One object serves all bars of a trial: what is kept of it shows the bar that is asked now.
#[pyclass(frozen, module = "lookback", name = "Bar")]
pub(crate) struct Bar {
    symbol: String,
    run: Arc<Run>,
    is_open: AtomicBool,
    index: AtomicUsize,
    moment: AtomicI64,
    numbers: [AtomicU64; NUMBERS],
    target: AtomicU64,
    /// Of each declared column its value, and that of the bar before.
    columns: Vec<[AtomicU64; 2]>,
    requests: Mutex<HashMap<Asked, Request>>,
}

impl Bar {
    fn new(symbol: String, run: Arc<Run>, columns: usize) -> Self {
        Self {
            symbol,
            run,
            is_open: AtomicBool::new(false),
            index: AtomicUsize::new(0),
            moment: AtomicI64::new(0),
            numbers: Default::default(),
            target: AtomicU64::new(f64::NAN.to_bits()),
            columns: (0..columns).map(|_| Default::default()).collect(),
            requests: Mutex::default(),
        }
    }

    fn show(&self, seen: &Seen<'_>, columns: &[IndicatorId]) {
        self.index.store(seen.index(), Ordering::Relaxed);
        self.moment.store(seen.timestamp().0, Ordering::Relaxed);
        let values = [
            seen.open(),
            seen.high(),
            seen.low(),
            seen.close(),
            seen.volume(),
            seen.position(),
            seen.equity(),
        ];
        for (number, value) in self.numbers.iter().zip(values) {
            write(number, value);
        }
        for ([now, before], column) in self.columns.iter().zip(columns) {
            write(now, seen.value(*column));
            write(before, seen.previous(*column));
        }
        write(&self.target, f64::NAN);
        self.is_open.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// `RuntimeError` once `on_bar` has returned: what a bar would say then is of no bar.
    fn check(&self) -> PyResult<()> {
        match self.is_open.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(PyRuntimeError::new_err(
                "a bar is read within on_bar alone: keep the numbers, not the bar",
            )),
        }
    }

    fn number(&self, place: usize) -> PyResult<f64> {
        self.check()?;
        Ok(read(&self.numbers[place]))
    }

    fn column(&self, column: usize) -> PyResult<[f64; 2]> {
        self.check()?;
        let columns = self.columns.len();
        let bad =
            || PyIndexError::new_err(format!("column {column} of {columns}: start(setup) declares them"));
        let [now, before] = self.columns.get(column).ok_or_else(bad)?;
        Ok([read(now), read(before)])
    }

    fn request(&self, asked: Asked) -> Result<Request, Error> {
        let mut known = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(request) = known.get(&asked) {
            return Ok(request.clone());
        }
        let (bar_count, fields, frequency, pads) = &asked;
        let own = self.run.snapshot.bundle().frequency();
        let frequency: Frequency = frequency.as_deref().map_or(Ok(own), str::parse)?;
        let request =
            self.run.snapshot.request([&self.symbol], fields.iter().copied(), *bar_count, frequency)?;
        let request = request.adjust(self.run.adjust).short(if *pads { Short::Pad } else { Short::Error });
        known.insert(asked, request.clone());
        Ok(request)
    }
}

thread_local! {
    /// This thread's reader of the run that it works for.
    static READER: RefCell<Option<(usize, PortalReader)>> = const { RefCell::new(None) };
}

#[pymethods]
impl Bar {
    /// The asset.
    #[getter]
    fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The bar's number among all of the asset, the first one 0.
    #[getter]
    fn index(&self) -> PyResult<usize> {
        self.check()?;
        Ok(self.index.load(Ordering::Relaxed))
    }

    /// The moment of the bar, in nanoseconds since 1970 UTC.
    #[getter]
    fn timestamp(&self) -> PyResult<i64> {
        self.check()?;
        Ok(self.moment.load(Ordering::Relaxed))
    }

    /// The open as it was traded.
    #[getter]
    fn open(&self) -> PyResult<f64> {
        self.number(OPEN)
    }

    /// The high as it was traded.
    #[getter]
    fn high(&self) -> PyResult<f64> {
        self.number(HIGH)
    }

    /// The low as it was traded.
    #[getter]
    fn low(&self) -> PyResult<f64> {
        self.number(LOW)
    }

    /// The close as it was traded.
    #[getter]
    fn close(&self) -> PyResult<f64> {
        self.number(CLOSE)
    }

    /// The volume as it was traded.
    #[getter]
    fn volume(&self) -> PyResult<f64> {
        self.number(VOLUME)
    }

    /// The weight that is held, as a share of equity, from -1 to 1.
    #[getter]
    fn position(&self) -> PyResult<f64> {
        self.number(POSITION)
    }

    /// Equity at the close, in quote currency.
    #[getter]
    fn equity(&self) -> PyResult<f64> {
        self.number(EQUITY)
    }

    /// The value of a declared column, on the price level of this bar; NaN in its warm-up.
    fn value(&self, column: usize) -> PyResult<f64> {
        Ok(self.column(column)?[0])
    }

    /// The value of a declared column at the bar before, on the price level of this bar.
    fn previous(&self, column: usize) -> PyResult<f64> {
        Ok(self.column(column)?[1])
    }

    /// Whether one declared column is above another, and was not at the bar before; both defined.
    fn crosses_above(&self, a: usize, b: usize) -> PyResult<bool> {
        let ([now_a, before_a], [now_b, before_b]) = (self.column(a)?, self.column(b)?);
        let is_defined = !(before_a.is_nan() || before_b.is_nan());
        Ok(is_defined && above(now_a, now_b) && !above(before_a, before_b))
    }

    /// Whether one declared column is below another, and was not at the bar before; both defined.
    fn crosses_below(&self, a: usize, b: usize) -> PyResult<bool> {
        let ([now_a, before_a], [now_b, before_b]) = (self.column(a)?, self.column(b)?);
        let is_defined = !(before_a.is_nan() || before_b.is_nan());
        Ok(is_defined && below(now_a, now_b) && !below(before_a, before_b))
    }

    /// The last bars up to this one, as an array `(bar_count, fields)` that cannot be written and may be kept.
    #[pyo3(signature = (bar_count, fields = None, frequency = None, *, short = "error"))]
    fn history(
        &self,
        py: Python<'_>,
        bar_count: usize,
        fields: Option<&Bound<'_, PyAny>>,
        frequency: Option<String>,
        short: &str,
    ) -> Answer<Py<PyAny>> {
        self.check()?;
        let pads = match short {
            "error" => false,
            "pad" => true,
            _ => {
                let message = format!("is {short:?}, expected \"error\" or \"pad\"");
                return Err(Error::invalid("short", message).into());
            }
        };
        let fields = fields.map_or_else(|| Ok(vec![Field::Close]), convert::fields)?;
        let counted = fields.len();
        let request = self.request((bar_count, fields, frequency, pads))?;
        let snapshot = &self.run.snapshot;
        let clock = snapshot.known_at(Timestamp(self.moment.load(Ordering::Relaxed)));
        let end = match request.frequency() == snapshot.bundle().frequency() {
            true => End::Bar(self.index.load(Ordering::Relaxed)),
            false => End::At(When::Moment(clock)),
        };
        let window = READER.with_borrow_mut(|kept| {
            let reader = match kept {
                Some((run, reader)) if *run == self.run.number => reader,
                _ => &mut kept.insert((self.run.number, snapshot.reader())).1,
            };
            reader.refresh();
            reader.at(clock).history(&request, end).map(|window| window.to_owned())
        })?;
        array::window(py, window, 1, counted)
    }

    /// Orders a target weight, from -1 to 1 as a share of equity; the last one of a bar counts.
    fn set_target(&self, weight: f64) -> PyResult<()> {
        self.check()?;
        if !(-1.0..=1.0).contains(&weight) {
            let message = format!("target weight is {weight}, expected -1 to 1");
            return Err(Raise::from(Error::from(ErrorKind::Strategy { message })).into());
        }
        write(&self.target, weight);
        Ok(())
    }

    fn __repr__(&self) -> String {
        match self.is_open.load(Ordering::Relaxed) {
            true => format!("Bar({} {})", self.symbol, Timestamp(self.moment.load(Ordering::Relaxed))),
            false => format!("Bar({}, over)", self.symbol),
        }
    }
}
