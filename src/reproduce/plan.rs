//! The runs of an experiment: its cells, their settings, and what their searches choose.

use super::cache::{Cache, Ended, Outcome};
use super::cell::RunSettings;
use super::experiment::{Experiment, Protocol, Row, Scale, lists, merge};
use super::jobs::jobs;
use crate::error::Result;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The seed of runs that search; those that are reported have seeds from 1 on.
pub(super) const SEARCH_SEED: u64 = 1001;
/// Experiment, protocol, row and method of a cell.
pub(super) type Place = (String, usize, usize, String);

/// An experiment at a scale.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment.
    pub experiment: Experiment,
    /// The scale.
    pub scale: Scale,
    /// Its cells, in the order that they are run in.
    pub(super) cells: Vec<Cell>,
    /// Runs of each cell.
    pub(super) seeds: u64,
}

/// A place in a table: runs that differ in their seeds only.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) protocol: usize,
    pub(super) row: usize,
    pub(super) method: String,
    /// What its search tries; none where there is nothing to choose.
    pub(super) tries: Vec<Table>,
}

impl Plan {
    /// The runs of `experiment` at `scale`, of one protocol where it is given.
    ///
    /// # Errors
    /// When the file does not have the scale, or a setting cannot be.
    pub fn new(experiment: Experiment, scale: Scale, protocol: Option<&str>) -> Result<Self> {
        let amount = experiment.amount(scale)?.clone();
        let mut cells = Vec::new();
        for (p, of) in experiment.protocol.iter().enumerate() {
            if !lists(&amount.protocols, &of.name) || protocol.is_some_and(|name| name != of.name) {
                continue;
            }
            for (r, row) in experiment
                .row
                .iter()
                .enumerate()
                .filter(|(_, row)| lists(&amount.rows, &row.name))
            {
                for method in experiment
                    .methods
                    .iter()
                    .filter(|name| lists(&amount.methods, name) && of.has(name) && row.has(name))
                {
                    let mut tries = of.tries.get(method).cloned().unwrap_or_default();
                    tries.truncate(amount.tries.unwrap_or(usize::MAX));
                    cells.push(Cell {
                        protocol: p,
                        row: r,
                        method: method.clone(),
                        tries,
                    });
                }
            }
        }
        let plan = Self {
            experiment,
            scale,
            cells,
            seeds: amount.seeds,
        };
        for cell in &plan.cells {
            plan.run_of(cell, None, 1).config()?;
            for run in plan.searches(cell) {
                run.config()?;
            }
        }
        Ok(plan)
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Runs that it has, those of searches included.
    pub fn runs(&self) -> usize {
        jobs(std::slice::from_ref(self)).len()
    }

    /// Whether it compares the speed of training: any of its tables is of seconds an epoch.
    pub(super) fn is_timed(&self) -> bool {
        let mut tables = self.experiment.tables.iter();
        tables.any(|table| table.measure == "epoch_seconds")
    }

    /// Whether `cache` holds any of its runs.
    pub fn has_runs(&self, cache: &Cache) -> bool {
        self.cells
            .iter()
            .any(|cell| !self.found(cell, cache).is_empty())
    }

    fn protocol(&self, cell: &Cell) -> &Protocol {
        &self.experiment.protocol[cell.protocol]
    }

    fn row(&self, cell: &Cell) -> &Row {
        &self.experiment.row[cell.row]
    }

    /// The run of `cell` with `seed`, with the try that its search has chosen.
    pub(super) fn run_of(&self, cell: &Cell, choice: Option<usize>, seed: u64) -> RunSettings {
        let mut run = self.settings(cell, self.row(cell), choice, seed, None);
        run.measures.clone_from(&self.experiment.measures);
        run.picture = self.experiment.picture.filter(|_| seed == 1);
        run
    }

    /// The runs that choose a setting for `cell`, one a try, on the row that is searched for it.
    pub(super) fn searches(&self, cell: &Cell) -> Vec<RunSettings> {
        let row = self.row(cell);
        let row = row
            .search
            .as_ref()
            .and_then(|name| self.experiment.row.iter().find(|row| row.name == *name))
            .unwrap_or(row);
        let over = &self.protocol(cell).search;
        (0..cell.tries.len())
            .map(|choice| self.settings(cell, row, Some(choice), SEARCH_SEED, Some(over)))
            .collect()
    }

    fn settings(
        &self,
        cell: &Cell,
        row: &Row,
        choice: Option<usize>,
        seed: u64,
        search: Option<&Table>,
    ) -> RunSettings {
        let (experiment, protocol) = (&self.experiment, self.protocol(cell));
        let amount = &experiment.scale[&self.scale];
        let mut settings = experiment.settings.clone();
        let layers = [
            Some(&row.settings),
            experiment.method.get(&cell.method),
            Some(&protocol.settings),
            protocol.method.get(&cell.method),
            choice.map(|choice| &cell.tries[choice]),
            search,
            Some(&amount.settings),
            amount.row.get(&row.name),
            amount.method.get(&cell.method),
        ];
        layers
            .into_iter()
            .flatten()
            .for_each(|layer| merge(&mut settings, layer));
        settings.insert("method".into(), Value::String(cell.method.clone()));
        settings.insert("seed".into(), Value::Integer(seed as i64));
        let data = row.data.clone().map(|mut recipe| {
            if recipe.moves() {
                recipe.between = protocol.between || search.is_some();
            } else if let Some(most) = amount.samples_of.get(&row.name).copied().or(amount.samples)
            {
                let wanted = recipe.samples.unwrap_or([usize::MAX, 0, usize::MAX]);
                recipe.samples = Some([0, 1, 2].map(|at| wanted[at].min(most[at])));
            }
            recipe
        });
        RunSettings {
            settings,
            data,
            measures: Vec::new(),
            picture: None,
        }
    }

    /// The try that the search of `cell` has chosen, by its validation error; `None` while it is not
    /// done. A cell without tries has nothing to choose.
    pub(super) fn choice(&self, cell: &Cell, cache: &Cache) -> Option<Option<usize>> {
        if cell.tries.is_empty() {
            return Some(None);
        }
        let errors: Option<Vec<f64>> = self
            .searches(cell)
            .iter()
            .map(|run| Some(validation_error(&cache.get(run)?)))
            .collect();
        let errors = errors?;
        (0..errors.len())
            .min_by(|&a, &b| errors[a].total_cmp(&errors[b]))
            .map(Some)
    }

    /// The runs of `cell` that are in `cache`, by seed.
    pub(super) fn found(&self, cell: &Cell, cache: &Cache) -> BTreeMap<u64, Ended> {
        let Some(choice) = self.choice(cell, cache) else {
            return BTreeMap::new();
        };
        (1..=self.seeds)
            .filter_map(|seed| Some((seed, cache.get(&self.run_of(cell, choice, seed))?)))
            .collect()
    }

    /// Experiment, row, method, protocol and seed.
    pub(super) fn describe(&self, cell: &Cell, seed: u64) -> String {
        let (row, protocol) = (&self.row(cell).name, &self.protocol(cell).name);
        let run = if seed == SEARCH_SEED {
            "search".to_owned()
        } else {
            format!("seed {seed}")
        };
        format!(
            "{}: {row}, {}, {protocol}, {run}",
            self.experiment.name, cell.method
        )
    }

    pub(super) fn place(&self, cell: &Cell) -> Place {
        (
            self.experiment.name.clone(),
            cell.protocol,
            cell.row,
            cell.method.clone(),
        )
    }
}

/// What a search goes by.
fn validation_error(ended: &Ended) -> f64 {
    match ended.outcome {
        Outcome::Done => ended
            .measures
            .get("validation_mse")
            .copied()
            .unwrap_or(f64::INFINITY),
        Outcome::Diverged(_) | Outcome::Failed(_) => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Config, Splits};
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_of_every_experiment_is_one() {
        for experiment in Experiment::all(None).unwrap() {
            for scale in [Scale::Tiny, Scale::Small, Scale::Full] {
                let name = experiment.name.clone();
                let plan = Plan::new(experiment.clone(), scale, None);
                let plan = plan.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(!plan.is_empty() && plan.runs() > 0, "{name}");
            }
        }
    }

    #[test]
    fn what_a_run_takes_by_default_is_a_protocol_of_the_swiss_roll() {
        let mut all = Experiment::all(None).unwrap().into_iter();
        let experiment = all.find(|one| one.name == "figure7").unwrap();
        let plan = Plan::new(experiment, Scale::Small, Some("defaults")).unwrap();
        for cell in &plan.cells {
            let mut found = plan.run_of(cell, None, 3).config().unwrap();
            let text = format!(
                "method = \"{}\"\ndata.synthetic = \"swiss-roll\"\nnet.latent = 1\nseed = 3",
                cell.method
            );
            let mut expected = Config::from_table(text.parse().unwrap(), "").unwrap();
            for config in [&mut found, &mut expected] {
                config.resolve(&Splits::load(config).unwrap()).unwrap();
                // Given or not, the built-in roll has these.
                (config.data.samples, config.data.noise) = (None, None);
            }
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn tables_of_the_same_networks_and_images_share_runs() {
        let runs = |name: &str, scale| -> BTreeSet<String> {
            let mut all = Experiment::all(None).unwrap().into_iter();
            let experiment = all.find(|one| one.name == name).unwrap();
            let plan = Plan::new(experiment, scale, None).unwrap();
            let runs_of = |cell| {
                let seeds = (1..=plan.seeds).map(|seed| plan.run_of(cell, Some(0), seed));
                seeds.chain(plan.searches(cell)).collect::<Vec<_>>()
            };
            let all = plan.cells.iter().flat_map(runs_of);
            all.map(|run| run.key()).collect()
        };
        let shared = |name, scale| {
            runs(name, scale)
                .intersection(&runs("table3", scale))
                .count()
        };
        // On two sets, with four tries: NRAE and the five that it is combined with; NRAE and AE.
        assert_eq!(shared("table4", Scale::Small), 7 * 2 * (2 + 4));
        assert_eq!(shared("table5", Scale::Full), 3 * 2 * (5 + 4));
        // Its batch is the one that seconds of an epoch are of.
        assert_eq!(shared("table5", Scale::Small), 0);
    }

    #[test]
    fn settings_count_in_their_order() {
        let text = include_str!("../../experiments/table1.toml");
        let folder = tempfile::tempdir().unwrap();
        let text = text.replace(
            "[[row]]\n",
            "[[row]]\nsettings.train.lr = 0.5\nsettings.train.beta1 = 0.5\n",
        );
        let text = text.replace(
            "[scale.tiny]\n",
            "[scale.tiny]\nmethod.ae.train.epochs = 61\nmethod.ae.train.lr = 0.25\n\
             row.sine.train = { lr = 0.125, batch = 9 }\n",
        );
        std::fs::write(folder.path().join("table1.toml"), text).unwrap();
        let experiment = Experiment::all(Some(folder.path())).unwrap().swap_remove(0);
        let plan = Plan::new(experiment, Scale::Tiny, None).unwrap();
        let of = |method: &str| {
            plan.cells
                .iter()
                .find(|cell| cell.method == method)
                .unwrap()
        };
        let run = plan.run_of(of("nrae-q"), None, 2);
        let config = run.config().unwrap();
        // The row over the experiment, the protocol's for the method, the scale over all, and of the
        // scale what it sets for the row.
        assert_eq!(config.train.beta1, 0.5);
        assert_eq!((config.train.lr, config.train.batch), (0.125, Some(9)));
        assert_eq!(
            (config.neighbours.lambda, config.neighbours.centre),
            (100.0, false)
        );
        assert_eq!((config.train.epochs, config.seed), (Some(60), 2));
        // The scale's for the method over all.
        let config = plan.run_of(of("ae"), None, 2).config().unwrap();
        assert_eq!((config.train.epochs, config.train.lr), (Some(61), 0.25));
        // Only the first seed leaves a picture.
        assert!(run.picture.is_none() && plan.run_of(of("ae"), None, 1).picture.is_some());
    }
}
