//! The outcomes of a sweep, in chunks of consecutive points of one asset: a chunk that no thread reached holds nothing.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::trial::Outcome;

/// Trials of a chunk: some 0.2 ms of work, against some 2 us to find its first point.
const CHUNK: usize = 64;

/// What a trial is that has no outcome.
static UNFINISHED: Outcome = Outcome::Unfinished;

/// What became of each trial.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Outcomes {
    points: usize,
    /// Asset by asset; each holds the outcomes of its first trials, of all of them unless the sweep was stopped.
    chunks: Vec<Vec<Outcome>>,
    ran: usize,
    failed: usize,
    /// The position of the asset and the index of the point.
    first_failed: Option<(usize, usize)>,
}

impl Outcomes {
    pub(in crate::sweep) fn new(points: usize, chunks: Vec<Vec<Outcome>>) -> Self {
        let mut outcomes = Self { points, chunks, ran: 0, failed: 0, first_failed: None };
        for (chunk, ended) in outcomes.chunks.iter().enumerate() {
            outcomes.ran += ended.len();
            for (offset, _) in ended.iter().enumerate().filter(|(_, one)| matches!(one, Outcome::Failed(_))) {
                let (asset, range) = Self::place(points, chunk);
                outcomes.failed += 1;
                outcomes.first_failed.get_or_insert((asset, range.start + offset));
            }
        }
        outcomes
    }

    /// How many chunks an asset's points make.
    pub(in crate::sweep) fn chunks_of(points: usize) -> usize {
        points.div_ceil(CHUNK)
    }

    /// The asset's position and the points of a chunk.
    pub(in crate::sweep) fn place(points: usize, chunk: usize) -> (usize, Range<usize>) {
        let (asset, start) = (chunk / Self::chunks_of(points), chunk % Self::chunks_of(points) * CHUNK);
        (asset, start..points.min(start + CHUNK))
    }

    pub(super) fn get(&self, asset: usize, point: usize) -> &Outcome {
        let chunk = asset * Self::chunks_of(self.points) + point / CHUNK;
        self.chunks[chunk].get(point % CHUNK).unwrap_or(&UNFINISHED)
    }

    /// The trials of an asset that ran, by the index of their point.
    pub(super) fn ran_of(&self, asset: usize) -> impl Iterator<Item = (usize, &Outcome)> {
        let count = Self::chunks_of(self.points);
        let chunks = self.chunks[asset * count..(asset + 1) * count].iter().enumerate();
        chunks.flat_map(|(chunk, ended)| (chunk * CHUNK..).zip(ended))
    }

    pub(super) fn ran(&self) -> usize {
        self.ran
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    pub(super) fn first_failed(&self) -> Option<(usize, usize)> {
        self.first_failed
    }
}
