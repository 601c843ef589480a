//! Threads that take steps in turn, on the real tiers of some generations.
//!
//! A step is what nothing can come between: a look, one critical section, or a landing. What the library does in one go
//! from lock to lock is called here as it is; what lies between two of its locks is told apart by [`At`].

use std::fmt::Write;
use std::time::Duration;

use super::boarding::{Boarding, Lead};
use super::budget::Budget;
use super::change::Change;
use super::entry::{Lent, Weigh, weight_bytes};
use super::flight::{Landing, Outcome};
use super::options::Options;
use super::permanent::Permanent;
use super::stats::{Counters, Tally};
use super::table::View;
use super::variable::Variable;
use crate::error::{Error, ErrorKind};
use crate::spec::{Answer, Op};
use crate::sync::{Arc, Deadline, ErasedMapPin, Pin};

/// What a thread asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// As variable, of so many bytes of payload.
    Load(u64, u64),
    /// The load returns an error.
    Fail(u64),
    /// The leader comes to grief behind its load.
    Grieve(u64),
    /// As permanent.
    Keep(u64),
    Remove(u64),
}

impl Ask {
    fn key(self) -> u64 {
        let (Self::Load(key, _) | Self::Fail(key) | Self::Grieve(key) | Self::Keep(key) | Self::Remove(key)) =
            self;
        key
    }

    /// With the value that its own load would make.
    fn op(self, own: u64) -> Op {
        match self {
            Self::Remove(key) => Op::Remove(key),
            other => Op::Load { key: other.key(), own },
        }
    }
}

/// What is asked of which generation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Request(pub usize, pub Ask);

/// A cache, and what each thread asks of it, one after the other.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub options: Options,
    pub threads: Vec<Vec<Request>>,
    /// Whether the history is held against a map: it needs room for all.
    pub is_roomy: bool,
}

/// A value that says who made it.
#[derive(Clone, Debug)]
struct Number {
    id: u64,
    payload: u64,
}

impl Weigh for Number {
    fn payload_bytes(&self) -> u64 {
        self.payload
    }
}

/// What an entry without a payload weighs.
pub fn entry_weight() -> u64 {
    weight_bytes::<u64, Number>(&Number { id: 0, payload: 0 })
}

/// A hash whose high bits differ from key to key.
fn hash_of(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

struct Generation {
    permanent: Permanent<u64, Number>,
    variable: Variable<u64, Number>,
    budget: Budget,
}

/// Where a thread is in its request.
enum At<'a> {
    /// Before its look, or done.
    Begun,
    /// It found nothing.
    Missed,
    /// Another thread's load is under way.
    Waiting(Arc<Landing<u64, Number>>),
    Leading(Lead<'a, u64, Number>),
    /// The value is in its place, or nowhere, and those who joined wait for it.
    Published(Lead<'a, u64, Number>, Number),
    /// It found an entry to be made permanent.
    Promoting(Lent<'a, u64, Number>),
    /// It found an entry to be taken out.
    Removing(Lent<'a, u64, Number>),
}

struct Thread<'a> {
    /// How many requests it is done with.
    done: usize,
    at: At<'a>,
    answers: Vec<Answer>,
}

/// What a thread holds of a generation: longer than any loan of it.
struct Hold<'a> {
    generation: &'a Generation,
    pin: Pin,
    map_pin: ErasedMapPin,
    tally: Tally,
}

/// What holds, or does not, after some steps, and who can go on.
#[derive(Clone, Default, Debug)]
pub(crate) struct Facts {
    /// Everything that the future depends on.
    pub(crate) state: String,
    pub(crate) broken: Option<String>,
    /// The threads that can take a step.
    pub(crate) ready: Vec<usize>,
    pub(crate) is_over: bool,
    /// Request begun, and answer given, by the last step.
    pub(crate) begun: Option<Op>,
    pub(crate) answered: Option<Answer>,
}

/// Takes the steps of these threads, from the beginning, and looks at what came of it.
pub(crate) fn facts_after(scenario: &Scenario, steps: &[u8]) -> Facts {
    let counters = Arc::new(Counters::new());
    let options = &scenario.options;
    let requests = scenario.threads.iter().flatten();
    let generations = requests.map(|request| request.0 + 1).max().unwrap_or(0);
    let generation = |_| Generation {
        permanent: Permanent::new(4, counters.clone()),
        variable: Variable::new(options, counters.clone()),
        budget: Budget::new(options.capacity_bytes, options.permanent_limit()),
    };
    let generations: Vec<Generation> = (0..generations).map(generation).collect();
    let hold = |generation| Hold {
        generation,
        pin: generation.variable.pin(),
        // SAFETY: the generation is declared before whatever holds it, and stays where it is.
        map_pin: unsafe { generation.permanent.pin().erase() },
        tally: Tally::default(),
    };
    let holds: Vec<Vec<Hold<'_>>> =
        scenario.threads.iter().map(|_| generations.iter().map(hold).collect()).collect();
    let thread = |_| Thread { done: 0, at: At::Begun, answers: Vec::new() };
    let mut threads: Vec<Thread<'_>> = (0..holds.len()).map(thread).collect();
    let (mut begun, mut answered) = (None, None);
    for &number in steps {
        let number = usize::from(number);
        let thread = &mut threads[number];
        let Request(generation, ask) = scenario.threads[number][thread.done];
        let id = 100 * (number as u64 + 1) + thread.done as u64;
        begun = matches!(thread.at, At::Begun).then(|| ask.op(id));
        let (next, answer) =
            step(&holds[number][generation], std::mem::replace(&mut thread.at, At::Begun), ask, id);
        thread.at = next;
        thread.done += usize::from(answer.is_some());
        thread.answers.extend(answer.clone());
        answered = answer;
    }
    let facts = look(scenario, &holds, &threads);
    Facts { begun, answered, ..facts }
}

/// One step of a thread that is ready.
fn step<'a>(hold: &'a Hold<'a>, at: At<'a>, ask: Ask, id: u64) -> (At<'a>, Option<Answer>) {
    let Hold { generation, pin, map_pin, tally } = hold;
    let (key, hash) = (ask.key(), hash_of(ask.key()));
    let change = || Change::new(pin, tally, &generation.budget);
    let kept = || generation.permanent.get(hash, &key, map_pin.get()).map(|value| value.id);
    let got = |id| (At::Begun, Some(Answer::Got(id)));
    match at {
        At::Begun => {
            // SAFETY: the tier outlives the view, which ends with this step.
            let view: View<u64, Number> = unsafe { generation.variable.view() };
            match (ask, kept(), view.find(hash, &key, pin)) {
                (Ask::Remove(_), _, Some(entry)) => (At::Removing(entry), None),
                (Ask::Remove(_), _, None) => (At::Begun, Some(Answer::Removed(false))),
                (_, Some(id), _) => got(id),
                (Ask::Keep(_), None, Some(entry)) => (At::Promoting(entry), None),
                (_, None, Some(entry)) => {
                    entry.get().referenced().set();
                    got(entry.get().value.id)
                }
                (_, None, None) => (At::Missed, None),
            }
        }
        At::Missed => match generation.variable.board(hash, &key, None, pin) {
            Boarding::Join(landing) => (At::Waiting(landing), None),
            Boarding::Resident(entry) if matches!(ask, Ask::Keep(_)) => (At::Promoting(entry), None),
            Boarding::Resident(entry) => got(entry.get().value.id),
            Boarding::Crowded => unreachable!("each key has its own hash"),
            Boarding::Lead(lead) => match kept() {
                None => (At::Leading(lead), None),
                Some(id) => {
                    lead.land(|| Outcome::Landed(Number { id, payload: 0 }));
                    got(id)
                }
            },
        },
        At::Waiting(landing) => match landing.wait(&Deadline::after(Duration::ZERO)) {
            None => unreachable!("a thread that waits is not ready"),
            Some(Outcome::Landed(value)) => got(value.id),
            Some(Outcome::Failed(_)) => (At::Begun, Some(Answer::Failed)),
            Some(Outcome::Abandoned) => (At::Missed, None),
        },
        At::Leading(mut lead) => match ask {
            Ask::Fail(_) => {
                let error: Error = ErrorKind::Load { message: "no such block".into() }.into();
                lead.land(|| Outcome::Failed(error));
                (At::Begun, Some(Answer::Failed))
            }
            Ask::Grieve(_) => {
                drop(lead);
                (At::Begun, Some(Answer::Failed))
            }
            Ask::Load(..) | Ask::Keep(_) | Ask::Remove(_) => {
                let payload = if let Ask::Load(_, payload) = ask { payload } else { 0 };
                let value = Number { id, payload };
                publish(hold, &mut lead, key, value.clone(), ask, &mut change());
                (At::Published(lead, value), None)
            }
        },
        At::Published(lead, value) => {
            lead.land(|| Outcome::Landed(value));
            (At::Begun, Some(Answer::Got(id)))
        }
        At::Promoting(found) => match generation.variable.board(hash, &key, Some(found), pin) {
            Boarding::Resident(newer) => (At::Promoting(newer), None),
            Boarding::Join(_) | Boarding::Crowded => got(found.get().value.id),
            Boarding::Lead(lead) => {
                let resident = kept();
                let (value, weight) = (found.get().value.clone(), found.get().weight_bytes);
                let id = resident.unwrap_or(value.id);
                if resident.is_none()
                    && let Some(share) = generation.budget.share(weight)
                {
                    let mut change = change();
                    generation.variable.take(found, &mut change);
                    generation.variable.gather(weight, hash, &mut change);
                    generation.permanent.publish(hash, key, value, weight, map_pin.get());
                    change.credit.spend(weight);
                    share.keep();
                }
                lead.land(|| Outcome::Landed(Number { id, payload: 0 }));
                got(id)
            }
        },
        At::Removing(entry) => {
            // Where another thread was faster, the key may be there again: another look.
            let is_taken = generation.variable.take(entry, &mut change());
            (At::Begun, is_taken.then_some(Answer::Removed(true)))
        }
    }
}

/// As `admit` of a generation does.
fn publish<'a>(
    hold: &'a Hold<'a>,
    lead: &mut Lead<'_, u64, Number>,
    key: u64,
    value: Number,
    ask: Ask,
    change: &mut Change<'a, u64, Number>,
) {
    let Generation { permanent, variable, budget } = hold.generation;
    let weight = weight_bytes::<u64, Number>(&value);
    if matches!(ask, Ask::Keep(_))
        && let Some(share) = budget.share(weight)
    {
        variable.gather(weight, lead.hash(), change);
        permanent.publish(lead.hash(), key, value, weight, hold.map_pin.get());
        change.credit.spend(weight);
        change.credit.release();
        share.keep();
    } else {
        // Where it does not fit it is served uncached, which changes nothing here.
        let _held_or_not = variable.publish(lead, &key, value, weight, budget, change);
    }
}

/// What holds now, and who can go on.
fn look(scenario: &Scenario, holds: &[Vec<Hold<'_>>], threads: &[Thread<'_>]) -> Facts {
    let mut facts = Facts { is_over: true, ..Facts::default() };
    for (number, hold) in holds[0].iter().enumerate() {
        let loading = scenario.threads.iter().zip(threads);
        let loading = loading.filter(|(_, thread)| matches!(thread.at, At::Leading(_)));
        let loading = loading.map(|(requests, thread)| requests[thread.done]);
        let loading = loading.filter(|request| request.0 == number).map(|request| request.1.key());
        look_at_generation(scenario, hold, loading.collect(), &mut facts);
    }
    for (number, thread) in threads.iter().enumerate() {
        let (stage, is_ready) = match &thread.at {
            At::Begun => ("begun".to_owned(), thread.done < scenario.threads[number].len()),
            At::Missed => ("missed".to_owned(), true),
            At::Waiting(landing) => {
                let outcome = landing.wait(&Deadline::after(Duration::ZERO));
                (format!("waiting {outcome:?}"), outcome.is_some())
            }
            At::Leading(lead) => (format!("leading {}", lead.id()), true),
            At::Published(lead, value) => (format!("published {} {}", lead.id(), value.id), true),
            At::Promoting(entry) => (format!("promoting {}", entry.get().value.id), true),
            At::Removing(entry) => (format!("removing {}", entry.get().value.id), true),
        };
        if is_ready {
            facts.ready.push(number);
        }
        facts.is_over &= thread.done == scenario.threads[number].len();
        write!(facts.state, "{} {stage} {:?};", thread.done, thread.answers).expect("a string takes it");
    }
    facts
}

fn look_at_generation(scenario: &Scenario, hold: &Hold<'_>, mut loading: Vec<u64>, facts: &mut Facts) {
    let Facts { state, broken, .. } = facts;
    let mut breaks = |is_broken: bool, what: &dyn Fn() -> String| {
        if is_broken {
            broken.get_or_insert_with(what);
        }
    };
    let Generation { permanent, variable: tier, budget } = hold.generation;
    let (_, permanent_bytes) = permanent.held();
    let kept: Vec<(u64, u64)> = permanent.entries().map(|(key, value)| (*key, value.id)).collect();
    let mut keys: Vec<u64> = kept.iter().map(|kept| kept.0).collect();
    let mut bytes = permanent_bytes;
    for (number, shard) in tier.shards.iter().enumerate() {
        let (shelf, desk) = (tier.shelf(number), tier.desk(number));
        let order = desk.in_order(shelf);
        let held: u64 = order.iter().map(|entry| entry.get().weight_bytes).sum();
        bytes += held;
        keys.extend(order.iter().map(|entry| entry.get().key));
        let named = shelf.glance(&hold.pin).count();
        breaks(order.len() > shard.capacity || named != order.len(), &|| {
            format!("shard {number} names {named} entries and queues {}", order.len())
        });
        breaks((desk.held().entries, desk.held().bytes) != (order.len() as u64, held), &|| {
            format!("the desk counts {:?}, and holds {} of {held} bytes", desk.held(), order.len())
        });
        let entries = order.iter().map(|entry| entry.get());
        let entries: Vec<_> = entries.map(|entry| (entry.key, entry.value.id, entry.referenced())).collect();
        write!(state, "{entries:?} {:?};", *desk).expect("a string takes it");
    }
    for (what, keys) in [("held", &mut keys), ("loaded", &mut loading)] {
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        breaks(keys.len() < count, &|| format!("a key is {what} twice"));
    }
    // Between two steps no bytes are in a thread's hand.
    breaks(bytes != budget.total_bytes() || bytes > scenario.options.capacity_bytes, &|| {
        format!("{bytes} bytes are held, {} reserved", budget.total_bytes())
    });
    let limit = scenario.options.permanent_limit();
    breaks(permanent_bytes != budget.permanent_bytes() || permanent_bytes > limit, &|| {
        format!("{permanent_bytes} permanent bytes are held, {} reserved", budget.permanent_bytes())
    });
    write!(state, "{kept:?} {budget:?} | ").expect("a string takes it");
}
