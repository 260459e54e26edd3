//! The samples that may still be among the nearest of one sample, while only bounds of their
//! distances are known.

/// A candidate with an interval that holds its squared distance.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    sample: u32,
    lower: f64,
    upper: f64,
}

/// Candidates of one sample. Whatever is dropped is farther away than `k` others.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    k: usize,
    capacity: usize,
    items: Vec<Candidate>,
    /// At least k candidates are within this squared distance.
    limit: f64,
}

impl Candidates {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            capacity: 2 * k + 32,
            items: Vec::with_capacity(2 * k + 32),
            limit: f64::INFINITY,
        }
    }

    /// Candidates with a lower bound above this need not be added.
    pub(super) fn limit(&self) -> f64 {
        self.limit
    }

    /// Adds a candidate whose squared distance is `approximate` up to `error`. `exact` computes
    /// the squared distance to a sample.
    pub(super) fn offer(
        &mut self,
        sample: u32,
        approximate: f64,
        error: f64,
        exact: &impl Fn(u32) -> f64,
    ) {
        self.items.push(Candidate {
            sample,
            lower: approximate - error,
            upper: approximate + error,
        });
        if self.items.len() >= self.capacity {
            self.prune();
            if self.items.len() > self.k + (self.capacity - self.k) / 2 {
                // Too many intervals overlap, as among duplicates: distances decide.
                self.resolve(exact);
            }
        }
    }

    /// Drops what is certainly farther than k others.
    pub(super) fn prune(&mut self) {
        if self.items.len() > self.k {
            let (_, kth, _) = self
                .items
                .select_nth_unstable_by(self.k - 1, |a, b| a.upper.total_cmp(&b.upper));
            self.limit = kth.upper;
            let limit = self.limit;
            self.items.retain(|candidate| candidate.lower <= limit);
        }
    }

    /// Keeps exactly the k nearest, by (distance, sample).
    fn resolve(&mut self, exact: &impl Fn(u32) -> f64) {
        for candidate in &mut self.items {
            if candidate.lower < candidate.upper {
                let distance = exact(candidate.sample);
                (candidate.lower, candidate.upper) = (distance, distance);
            }
        }
        self.items
            .sort_unstable_by(|a, b| a.lower.total_cmp(&b.lower).then(a.sample.cmp(&b.sample)));
        self.items.truncate(self.k);
        if self.items.len() == self.k {
            self.limit = self.items[self.k - 1].upper;
        }
    }

    /// The k nearest with their squared distances, nearest first, ties by sample.
    pub(super) fn nearest(
        mut self,
        exact: &impl Fn(u32) -> f64,
    ) -> impl Iterator<Item = (u32, f64)> {
        self.prune();
        self.resolve(exact);
        self.items
            .into_iter()
            .map(|candidate| (candidate.sample, candidate.lower))
    }
}
