//! STAND-IN with the real interface; being replaced.
#![allow(missing_docs, missing_debug_implementations, clippy::all)]
use crate::error::Error;
use std::cell::RefCell;
use std::hash::Hash;
use std::sync::{Arc, Mutex};
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    Permanent,
    Variable,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub capacity_bytes: u64,
    pub permanent_bytes: Option<u64>,
    pub variable_entries: usize,
    pub shards: Option<usize>,
    pub wait_limit: std::time::Duration,
}
impl Default for Options {
    fn default() -> Self {
        Self {
            capacity_bytes: 200_000_000,
            permanent_bytes: None,
            variable_entries: 4096,
            shards: None,
            wait_limit: std::time::Duration::from_secs(5),
        }
    }
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierStats {
    pub entries: u64,
    pub bytes: u64,
    pub hits: u64,
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub permanent: TierStats,
    pub variable: TierStats,
    pub misses: u64,
    pub loads: u64,
    pub joined: u64,
    pub alone: u64,
    pub evictions: u64,
    pub rejected: u64,
    pub overflow: u64,
    pub promotions: u64,
    pub limbo_bytes: u64,
    pub generations: u64,
    pub capacity_bytes: u64,
    pub resident_bytes: u64,
    pub warming: Option<u64>,
}
impl Stats {
    pub fn hits(&self) -> u64 {
        self.permanent.hits + self.variable.hits
    }
    pub fn hit_rate(&self) -> Option<f64> {
        None
    }
}
pub trait Weigh {
    fn payload_bytes(&self) -> u64;
}
pub struct Cache<K, V, S> {
    current: Mutex<Arc<Generation<K, V, S>>>,
    options: Options,
}
pub struct Generation<K, V, S> {
    version: Arc<str>,
    source: S,
    p: std::marker::PhantomData<fn() -> (K, V)>,
}
pub struct Reader<K, V: 'static, S> {
    side: RefCell<Vec<(K, &'static V)>>,
    generation: Arc<Generation<K, V, S>>,
}
impl<
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Weigh + Clone + Send + Sync + 'static,
    S: Send + Sync + 'static,
> Cache<K, V, S>
{
    pub fn new(options: Options, version: impl Into<Arc<str>>, source: S) -> Result<Self, Error> {
        Ok(Self {
            current: Mutex::new(Arc::new(Generation {
                version: version.into(),
                source,
                p: Default::default(),
            })),
            options,
        })
    }
    pub fn current(&self) -> Arc<Generation<K, V, S>> {
        self.current.lock().unwrap().clone()
    }
    pub fn invalidate(&self, version: impl Into<Arc<str>>, source: S) -> bool {
        let v = version.into();
        let mut c = self.current.lock().unwrap();
        if c.version == v {
            return false;
        }
        *c = Arc::new(Generation { version: v, source, p: Default::default() });
        true
    }
    pub fn invalidate_keeping(
        &self,
        version: impl Into<Arc<str>>,
        source: S,
        _keep: impl FnMut(&K, &V) -> bool,
    ) -> bool {
        self.invalidate(version, source)
    }
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
    pub fn options(&self) -> &Options {
        &self.options
    }
}
impl<
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Weigh + Clone + Send + Sync + 'static,
    S: Send + Sync + 'static,
> Generation<K, V, S>
{
    pub fn reader(self: &Arc<Self>) -> Reader<K, V, S> {
        Reader { side: Default::default(), generation: self.clone() }
    }
    pub fn source(&self) -> &S {
        &self.source
    }
    pub fn version(&self) -> &str {
        &self.version
    }
}
impl<
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Weigh + Clone + Send + Sync + 'static,
    S: Send + Sync + 'static,
> Reader<K, V, S>
{
    pub fn get(&self, key: &K, _tier: Tier) -> Option<&V> {
        self.side.borrow().iter().find(|(k, _)| k == key).map(|(_, v)| *v)
    }
    pub fn get_owned(&self, key: &K, tier: Tier) -> Option<V> {
        self.get(key, tier).cloned()
    }
    pub fn get_or_load(
        &self,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        if let Some(v) = self.get(key, tier) {
            return Ok(v);
        }
        let v = load(&self.generation.source)?;
        self.side.borrow_mut().push((key.clone(), Box::leak(Box::new(v))));
        Ok(self.get(key, tier).unwrap())
    }
    pub fn put(&self, key: K, value: V, tier: Tier) -> &V {
        self.get_or_load(&key, tier, |_| Ok(value)).unwrap()
    }
    pub fn refresh(&mut self) {}
    pub fn generation(&self) -> &Arc<Generation<K, V, S>> {
        &self.generation
    }
}
