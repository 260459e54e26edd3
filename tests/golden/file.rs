//! The files that `scripts/make-golden` writes: cases, and tensors whose names begin with a case's.

use nrae::net::{Network, Parameters};
use safetensors::tensor::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::HashMap;

/// What a case of any file may say; the test of a file asks for what its cases must have.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) batch: usize,
    /// Centres that count: the others pad the batch.
    #[serde(default)]
    pub(crate) count: usize,
    #[serde(default)]
    pub(crate) neighbours: usize,
    #[serde(default)]
    pub(crate) centre: bool,
    /// Rows that a locally linear combination takes.
    #[serde(default)]
    pub(crate) k: usize,
    /// Of the term.
    #[serde(default)]
    pub(crate) weight: f64,
    pub(crate) kernel: Option<nrae::objective::MmdKernel>,
    pub(crate) estimate: Option<nrae::objective::Estimate>,
    /// Of the corruption.
    pub(crate) amount: Option<f32>,
    #[serde(flatten)]
    pub(crate) optimiser: HashMap<String, serde_json::Value>,
}

impl Case {
    /// A number of the optimiser's.
    pub(crate) fn setting(&self, name: &str) -> f64 {
        self.optimiser
            .get(name)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }
}

/// A file's cases and tensors.
pub(crate) struct Golden {
    pub(crate) cases: Vec<Case>,
    reals: HashMap<String, Vec<f64>>,
    words: HashMap<String, Vec<u32>>,
}

impl Golden {
    /// Reads `tests/golden/NAME.safetensors`.
    pub(crate) fn read(name: &str) -> Self {
        let path = format!(
            "{}/tests/golden/{name}.safetensors",
            env!("CARGO_MANIFEST_DIR")
        );
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let cases = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["cases"]).unwrap();
        let mut golden = Self {
            cases,
            reals: HashMap::new(),
            words: HashMap::new(),
        };
        for (name, tensor) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
            let data = tensor.data();
            let singles = || data.chunks_exact(4).map(|bytes| bytes.try_into().unwrap());
            match tensor.dtype() {
                Dtype::U32 => drop(
                    golden
                        .words
                        .insert(name, singles().map(u32::from_le_bytes).collect()),
                ),
                Dtype::F32 => drop(
                    golden.reals.insert(
                        name,
                        singles()
                            .map(|bytes| f32::from_le_bytes(bytes).into())
                            .collect(),
                    ),
                ),
                Dtype::F64 => {
                    let values = data
                        .chunks_exact(8)
                        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()));
                    golden.reals.insert(name, values.collect());
                }
                other => panic!("{name} has the type {other:?}"),
            }
        }
        assert!(!golden.cases.is_empty(), "{path} holds no case");
        golden
    }

    /// A tensor of `case`, where it has it.
    pub(crate) fn find(&self, case: &Case, name: &str) -> Option<&[f64]> {
        self.reals
            .get(&format!("{}/{name}", case.name))
            .map(Vec::as_slice)
    }

    /// A tensor of `case`.
    pub(crate) fn reals(&self, case: &Case, name: &str) -> &[f64] {
        self.find(case, name)
            .unwrap_or_else(|| panic!("{} has no {name}", case.name))
    }

    /// A tensor of indices of `case`.
    pub(crate) fn words(&self, case: &Case, name: &str) -> &[u32] {
        self.words
            .get(&format!("{}/{name}", case.name))
            .unwrap_or_else(|| panic!("{} has no {name}", case.name))
    }

    /// The arena of parameters of `case`, of which only those whose names begin with `stack` need be there.
    pub(crate) fn parameters(&self, case: &Case, stack: &str) -> Vec<f64> {
        let layout = Parameters::of(&case.network);
        let mut arena = vec![0.0; layout.len];
        for entry in layout
            .entries
            .iter()
            .filter(|entry| entry.name.starts_with(stack))
        {
            arena[entry.offset..][..entry.len()].copy_from_slice(self.reals(case, &entry.name));
        }
        arena
    }
}
