//! The statistics of a cache through the `metrics` facade, for whatever exporter the program has installed.

use super::stats::Stats;

impl Stats {
    /// Publishes every figure to the `metrics` recorder of the program, labelled with the name of the cache.
    ///
    /// What is counted goes out as counters (`lookback_cache_hits_total` and the like, by tier), what is held as gauges
    /// (`lookback_cache_entries`, `lookback_cache_bytes`, `lookback_cache_limbo_bytes`, `lookback_cache_generations`).
    /// Call it as often as the figures are wanted, such as once a scrape; no request pays for it.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::Stats;
    /// Stats { misses: 3, ..Stats::default() }.publish("blocks");
    /// ```
    pub fn publish(&self, cache: &'static str) {
        for (tier, held) in [("permanent", self.permanent), ("variable", self.variable)] {
            metrics::counter!("lookback_cache_hits_total", "cache" => cache, "tier" => tier)
                .absolute(held.hits);
            metrics::gauge!("lookback_cache_entries", "cache" => cache, "tier" => tier)
                .set(gauge(held.entries));
            metrics::gauge!("lookback_cache_bytes", "cache" => cache, "tier" => tier).set(gauge(held.bytes));
        }
        let counters = [
            ("lookback_cache_side_hits_total", self.side_hits),
            ("lookback_cache_misses_total", self.misses),
            ("lookback_cache_loads_total", self.loads),
            ("lookback_cache_joined_total", self.joined),
            ("lookback_cache_alone_total", self.alone),
            ("lookback_cache_evictions_total", self.evictions),
            ("lookback_cache_rejected_total", self.rejected),
            ("lookback_cache_overflow_total", self.overflow),
            ("lookback_cache_promotions_total", self.promotions),
        ];
        for (name, count) in counters {
            metrics::counter!(name, "cache" => cache).absolute(count);
        }
        let gauges = [
            ("lookback_cache_limbo_bytes", self.limbo_bytes),
            ("lookback_cache_capacity_bytes", self.capacity_bytes),
            ("lookback_cache_generations", self.generations),
        ];
        for (name, held) in gauges {
            metrics::gauge!(name, "cache" => cache).set(gauge(held));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; what is held stays far below 2^53")]
fn gauge(held: u64) -> f64 {
    held as f64
}
