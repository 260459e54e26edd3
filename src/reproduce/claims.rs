//! What the paper says, held against the figures of a table.

use super::experiment::Claim;
use super::grid::Grid;

/// What a claim comes to in one row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// A method that it needs has no figures.
    Open,
}

impl Claim {
    /// Whether it holds in `grid`, which is of its measure.
    pub(super) fn judge(&self, grid: &Grid) -> Verdict {
        let means: Option<Vec<f64>> = self
            .methods
            .iter()
            .map(|method| grid.mean(method))
            .collect();
        let other = self.than.as_ref().map(|method| grid.mean(method));
        let (Some(means), None | Some(Some(_))) = (means, other) else {
            return Verdict::Open;
        };
        let place = |mean: &f64| grid.place(*mean);
        let holds = [
            self.places
                .is_none_or(|last| means.iter().all(|mean| place(mean) <= last)),
            self.one_in
                .is_none_or(|last| means.iter().any(|mean| place(mean) <= last)),
            other
                .flatten()
                .is_none_or(|other| means.iter().all(|mean| *mean < self.factor * other)),
            self.least
                .is_none_or(|least| means.iter().all(|mean| *mean >= least)),
        ];
        if holds.into_iter().all(|holds| holds) {
            Verdict::Holds
        } else {
            Verdict::Fails
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_judged_by_means_and_places() {
        let grid = Grid::of_means(
            &[("ae", 2.0), ("vae", 1.5), ("nrae-l", 0.4), ("nrae-q", 0.9)],
            false,
        );
        let judge = |text: &str| {
            toml::from_str::<Claim>(&format!("text = \"\"\n{text}"))
                .unwrap()
                .judge(&grid)
        };
        let both = "methods = [\"nrae-l\", \"nrae-q\"]";
        assert_eq!(judge(&format!("{both}\nplaces = 2")), Verdict::Holds);
        assert_eq!(judge(&format!("{both}\nplaces = 1")), Verdict::Fails);
        assert_eq!(judge(&format!("{both}\none_in = 1")), Verdict::Holds);
        assert_eq!(
            judge(&format!("{both}\nthan = \"ae\"\nfactor = 0.5")),
            Verdict::Holds
        );
        assert_eq!(
            judge(&format!("{both}\nthan = \"ae\"\nfactor = 0.4")),
            Verdict::Fails
        );
        assert_eq!(judge(&format!("{both}\nthan = \"wae\"")), Verdict::Open);
        assert_eq!(judge("methods = [\"ae\"]\nleast = 2.0"), Verdict::Holds);
        assert_eq!(judge("methods = [\"cae\"]\nleast = 2.0"), Verdict::Open);
        let more = Grid::of_means(&[("ae", 2.0), ("vae", 1.5)], true);
        assert_eq!(more.place(2.0), 1);
    }
}
