//! The table of methods. A method is a base, which adds terms, with a reconstruction: a new method
//! is a row of [`BASES`].

use super::{Corruption, Estimate, MmdKernel, Objective, Reconstruction, Sampling, Term};
use crate::error::{Error, Result, nearest};

/// What a method adds to its reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Name with a point-wise reconstruction.
    pub name: &'static str,
    /// One line for a person.
    pub summary: &'static str,
    /// What is added to the reconstruction, in plain text.
    pub formula: &'static str,
    /// The terms, with their default variants.
    pub terms: &'static [Term],
    /// Whether the encoder gives a mean and a log variance.
    pub variational: bool,
    /// Whether inputs are corrupted.
    pub corrupted: bool,
}

/// Every base.
pub const BASES: &[Base] = &[
    Base {
        name: "ae",
        summary: "autoencoder",
        formula: "",
        terms: &[],
        variational: false,
        corrupted: false,
    },
    Base {
        name: "vae",
        summary: "variational autoencoder",
        formula: "kl.weight KL(q(z|x) || N(0, I))",
        terms: &[Term::Kl],
        variational: true,
        corrupted: false,
    },
    Base {
        name: "wae",
        summary: "Wasserstein autoencoder",
        formula: "mmd.weight MMD(z, N(0, I))",
        terms: &[Term::Mmd(MmdKernel::Imq)],
        variational: false,
        corrupted: false,
    },
    Base {
        name: "dae",
        summary: "denoising autoencoder",
        formula: "(the encoder sees corrupted samples)",
        terms: &[],
        variational: false,
        corrupted: true,
    },
    Base {
        name: "cae",
        summary: "contractive autoencoder",
        formula: "contractive.weight mean |dg/dx|^2",
        terms: &[Term::Contractive(Estimate::Exact)],
        variational: false,
        corrupted: false,
    },
    Base {
        name: "grae",
        summary: "geometry regularized autoencoder",
        formula: "grae.weight mean |z - e|^2",
        terms: &[Term::Grae],
        variational: false,
        corrupted: false,
    },
    Base {
        name: "spae",
        summary: "structure-preserving autoencoder",
        formula: "lle.weight mean |z - sum_j w_j z_j|^2",
        terms: &[Term::Lle],
        variational: false,
        corrupted: false,
    },
    Base {
        name: "isometric",
        summary: "isometrically regularized autoencoder",
        formula: "isometric.weight mean |J'J v|^2 / (mean |J v|^2)^2",
        terms: &[Term::Isometric],
        variational: false,
        corrupted: false,
    },
];

/// A base with a reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// What is added.
    pub base: &'static Base,
    /// What is reconstructed.
    pub reconstruction: Reconstruction,
    /// Whether the encoder is expanded along with the decoder (E-NRAE; paper, section 4.3).
    pub extended: bool,
}

/// Variants of a method's parts, where it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Variants {
    /// Kernel of the discrepancy.
    pub mmd: MmdKernel,
    /// How the norm of the encoder's Jacobian is computed.
    pub contractive: Estimate,
    /// How samples are corrupted.
    pub corruption: Option<Corruption>,
    /// Neighbours of each sample in locally linear combinations.
    pub k: usize,
}

impl Method {
    /// All methods: every base alone and with neighbourhoods of both orders, and the extended ones.
    pub fn all() -> impl Iterator<Item = Self> {
        let with = |base, extended, order| {
            let reconstruction = if order == 0 {
                Reconstruction::Point
            } else {
                Reconstruction::Neighbourhood { order }
            };
            Self {
                base,
                reconstruction,
                extended,
            }
        };
        let plain = BASES.iter().map(move |base| with(base, false, 0));
        let neighbourhood = BASES
            .iter()
            .flat_map(move |base| [1, 2].map(|order| with(base, false, order)));
        plain
            .chain(neighbourhood)
            .chain([1, 2].map(|order| with(&BASES[0], true, order)))
    }

    /// Name on the command line and in configurations, e.g. `vae`, `nrae-q`, `nr-vae-l`,
    /// `e-nrae-q`.
    pub fn name(&self) -> String {
        let order = match self.reconstruction {
            Reconstruction::Point => return self.base.name.into(),
            Reconstruction::Neighbourhood { order: 1 } => "l",
            Reconstruction::Neighbourhood { .. } => "q",
        };
        match (self.base.name, self.extended) {
            ("ae", false) => format!("nrae-{order}"),
            ("ae", true) => format!("e-nrae-{order}"),
            (base, _) => format!("nr-{base}-{order}"),
        }
    }

    /// Name in pictures and text, e.g. `VAE`, `NRAE-Q`, `NR-VAE-L`.
    pub fn title(&self) -> String {
        let name = self.name().to_uppercase();
        name.replace("ISOMETRIC", "isometric")
    }

    /// The method called `name`.
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|method| method.name() == name)
    }

    /// The method called `name`.
    ///
    /// # Errors
    /// When there is none; the sentence names the nearest.
    pub fn named(name: &str) -> Result<Self> {
        Self::find(name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(|method| method.name()).collect();
            let hint = match nearest(name, &names, |method| method) {
                Some(method) => format!("did you mean `{method}`? `nrae methods` lists all"),
                None => "nrae-q, nrae-l, ae and vae are some, and `nrae methods` lists all".into(),
            };
            Error::input(format!("there is no method `{name}`: {hint}"))
        })
    }

    /// The loss in plain text.
    pub fn formula(&self) -> String {
        let map = if self.extended { "F" } else { "f" };
        let reconstruction = match self.reconstruction {
            Reconstruction::Point => "mean |x - f(g(x))|^2".to_owned(),
            Reconstruction::Neighbourhood { order: 1 } => {
                format!("mean K(x',x) |x' - {map} - J d|^2")
            }
            Reconstruction::Neighbourhood { .. } => {
                format!("mean K(x',x) |x' - {map} - J d - d'H d/2|^2")
            }
        };
        match self.base.formula {
            "" => reconstruction,
            added if added.starts_with('(') => format!("{reconstruction} {added}"),
            added => format!("{reconstruction} + {added}"),
        }
    }

    /// The loss of this method, with neighbours drawn as `sampling` says.
    pub fn objective(&self, sampling: Sampling, variants: Variants) -> Objective {
        let terms = self.base.terms.iter().map(|term| match term {
            Term::Mmd(_) => Term::Mmd(variants.mmd),
            Term::Contractive(_) => Term::Contractive(variants.contractive),
            other => *other,
        });
        Objective {
            reconstruction: self.reconstruction,
            extended: self.extended,
            sampling: match self.reconstruction {
                Reconstruction::Point => Sampling {
                    neighbours: 0,
                    centre: true,
                },
                Reconstruction::Neighbourhood { .. } => sampling,
            },
            corruption: variants.corruption.filter(|_| self.base.corrupted),
            terms: terms.collect(),
            k: if self.base.terms.iter().any(|term| term.needs().neighbours) {
                variants.k
            } else {
                0
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_paper_and_lead_back() {
        let names: Vec<String> = Method::all().map(|method| method.name()).collect();
        for name in [
            "ae",
            "vae",
            "wae",
            "dae",
            "cae",
            "grae",
            "spae",
            "nrae-l",
            "nrae-q",
            "nr-vae-l",
            "nr-spae-q",
            "e-nrae-l",
            "e-nrae-q",
        ] {
            assert!(
                names.iter().any(|n| n == name),
                "{name} is not among {names:?}"
            );
        }
        for method in Method::all() {
            assert_eq!(Method::find(&method.name()), Some(method));
        }
        assert_eq!(Method::find("nrae"), None);
        let title = |name| Method::find(name).unwrap().title();
        assert_eq!(
            ["ae", "nr-vae-l", "nr-isometric-q"].map(title),
            ["AE", "NR-VAE-L", "NR-isometric-Q"]
        );
    }
}
