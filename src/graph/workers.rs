//! Who finds a graph: this process, on a device or not, or several ranks together. Ranks have all samples, look
//! for the neighbours of a part of them each, and tell all what they have found; the graph is the same
//! whatever their number.

use crate::executor::Executor;
use crate::ranks::{Alone, Ranks};

/// Who finds a graph.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    /// What exact graphs are found on in place of the CPU. Ranks find them on their devices where all
    /// have one.
    pub device: Option<&'a dyn Executor>,
    /// The processes that find it together.
    pub ranks: &'a dyn Ranks,
    /// Whether working copies of the samples are kept on disk, since they may be more than memory holds.
    pub on_disk: bool,
}

impl<'a> Workers<'a> {
    /// This process on the CPU.
    pub fn cpu() -> Self {
        Self::on(None)
    }

    /// This process, on a device if one is given.
    pub fn on(device: Option<&'a dyn Executor>) -> Self {
        Self {
            device,
            ranks: &Alone,
            on_disk: false,
        }
    }

    /// The device, where every rank has one.
    pub(super) fn common_device(&self) -> Option<&'a dyn Executor> {
        let all = self.ranks.least(usize::from(self.device.is_some())) == 1;
        self.device.filter(|_| all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::graph::{Graph, Metric, Search};
    use crate::random::{Generator, Stream};
    use crate::ranks::on_threads;
    use rand::RngExt;

    /// Few different values, so that many are as near.
    fn samples(count: usize, features: usize) -> Vec<f32> {
        let mut generator = Generator::new(3, Stream::Test, count as u64);
        let values = std::iter::repeat_with(|| generator.random_range(0..40) as f32);
        values.take(count * features).collect()
    }

    #[test]
    fn the_graph_is_the_same_whatever_the_number_of_ranks() {
        let cases = [
            (Search::Exact, Metric::Euclidean, 5000, 3, None),
            (Search::Exact, Metric::Euclidean, 2300, 12, None),
            (Search::Exact, Metric::Cosine, 1500, 9, None),
            (Search::Exact, Metric::Euclidean, 2300, 12, Some(&Cpu)),
            (Search::Exact, Metric::Cosine, 900, 9, Some(&Cpu)),
            (Search::Approximate, Metric::Euclidean, 4000, 12, None),
            (Search::Approximate, Metric::Cosine, 1500, 9, None),
            (Search::Exact, Metric::Euclidean, 9, 12, None),
            (Search::Approximate, Metric::Euclidean, 9, 12, None),
        ];
        for (search, metric, count, features, device) in cases {
            let points = samples(count, features);
            let find = |ranks: &dyn Ranks| -> Graph {
                let device = device.map(|device| device as &dyn Executor);
                let workers = Workers {
                    device,
                    ranks,
                    on_disk: false,
                };
                metric
                    .graph(search, workers, &points, features, 7, &mut |_| ())
                    .unwrap()
            };
            let alone = find(&Alone);
            for size in [2, 5] {
                for found in on_threads(size, |ranks| find(&*ranks)) {
                    assert!(
                        found == alone,
                        "{search:?} {metric:?} {count} x {features}, {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_device_that_some_ranks_lack_is_not_used() {
        let points = samples(600, 12);
        let graphs = on_threads(2, |ranks| {
            let device = (ranks.rank() == 0).then_some(&Cpu as &dyn Executor);
            let workers = Workers {
                device,
                ranks: &*ranks,
                on_disk: false,
            };
            let common = workers.common_device().is_some();
            let search = Search::Auto;
            let graph = Metric::Euclidean.graph(search, workers, &points, 12, 5, &mut |_| ());
            (common, graph.unwrap())
        });
        assert!(
            graphs
                .iter()
                .all(|(common, graph)| !common && *graph == graphs[0].1)
        );
    }
}
