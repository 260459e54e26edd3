//! A trained network with everything that is needed to use it, and its file.

use crate::data::{Scaling, write_atomically};
use crate::error::{Error, Result};
use crate::net::{Network, Parameters};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Version of the description in the file's metadata.
const FORMAT: u32 = 1;
/// Key of the description in the file's metadata.
const KEY: &str = "nrae";

/// A network, its parameters, and the scaling of the data that it was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The layers.
    pub network: Network,
    /// From raw data to what the network sees.
    pub scaling: Scaling,
    /// The arena of parameters, laid out as [`Parameters::of`] says.
    pub parameters: Vec<f32>,
}

/// What the metadata of a model file holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    version: String,
    network: Network,
    scaling: Scaling,
}

impl Model {
    /// A network with PyTorch's initial parameters for `seed`.
    pub fn new(network: Network, scaling: Scaling, seed: u64) -> Self {
        let parameters = Parameters::of(&network).initialise(seed);
        Self {
            network,
            scaling,
            parameters,
        }
    }

    /// Writes [`Model::to_bytes`] into a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, |file| file.write_all(&self.to_bytes()))
    }

    /// A safetensors file whose tensors have the names and shapes of PyTorch's `nn.Sequential`, so
    /// that `load_state_dict` takes them; the metadata describes the network and the scaling.
    pub fn to_bytes(&self) -> Vec<u8> {
        let description = Description {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            network: self.network.clone(),
            scaling: self.scaling.clone(),
        };
        let json = serde_json::to_string(&description).expect("plain data");
        let layout = Parameters::of(&self.network);
        let tensors: Vec<_> = layout
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.name.as_str(),
                    entry.shape.as_slice(),
                    &self.parameters[entry.offset..][..entry.len()],
                )
            })
            .collect();
        serialise(&tensors, HashMap::from([(KEY.to_owned(), json)]))
    }

    /// Reads what [`Model::save`] wrote. `path` may also be a run folder with a `model.safetensors`
    /// in it.
    ///
    /// # Errors
    /// When the file is missing, cut short, or not of this kind; when a tensor is missing
    /// or has another shape.
    pub fn load(path: &Path) -> Result<Self> {
        let file = model_file(path);
        if !file.exists() {
            return Err(missing(path));
        }
        let bytes = std::fs::read(&file).map_err(|source| Error::file(&file, source))?;
        Self::from_bytes(&bytes, &file)
    }

    /// The model that [`Model::to_bytes`] has given; `source` begins the sentence of an error.
    ///
    /// # Errors
    /// When the bytes are cut short or not of this kind; when a tensor is missing or has another
    /// shape.
    pub fn from_bytes(bytes: &[u8], source: &Path) -> Result<Self> {
        let bad = |what: String| Error::input(format!("{} {what}", source.display()));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| {
            bad(format!(
                "is damaged, cut short, or no safetensors file: {error}"
            ))
        })?;
        let json = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY)).ok_or_else(|| {
            bad("has no `nrae` entry in its metadata, so its network is not known: give a model that nrae has written".into())
        })?;
        let description: Description = serde_json::from_str(json).map_err(|error| {
            bad(format!(
                "describes its network in a way that this version does not understand: {error}"
            ))
        })?;
        if description.format != FORMAT {
            return Err(bad(format!(
                "has format {} and was written by nrae {}, but this is nrae {} and reads format {FORMAT}",
                description.format,
                description.version,
                env!("CARGO_PKG_VERSION")
            )));
        }
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| bad(format!("is damaged or cut short: {error}")))?;
        description
            .network
            .check()
            .map_err(|error| bad(format!("describes no valid network: {error}")))?;
        let layout = Parameters::of(&description.network);
        if layout.count() > bytes.len() / size_of::<f32>() {
            return Err(bad("holds fewer parameters than its network has".into()));
        }
        let mut parameters = vec![0.0; layout.len];
        for entry in &layout.entries {
            let tensor = tensors
                .tensor(&entry.name)
                .map_err(|_| bad(format!("has no tensor {}", entry.name)))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != entry.shape {
                return Err(bad(format!(
                    "has {} as {:?} {:?}, but the network needs F32 {:?}",
                    entry.name,
                    tensor.dtype(),
                    tensor.shape(),
                    entry.shape
                )));
            }
            let values = &mut parameters[entry.offset..][..entry.len()];
            for (to, from) in values.iter_mut().zip(tensor.data().chunks_exact(4)) {
                *to = f32::from_le_bytes(from.try_into().expect("four bytes"));
            }
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(bad(format!(
                    "has {} in {} (value {at} of {}): a model with such weights is of no use, train it again",
                    values[at],
                    entry.name,
                    entry.len()
                )));
            }
        }
        let Description {
            network, scaling, ..
        } = description;
        if scaling.shift.is_empty()
            || scaling.shift.len() != scaling.scale.len()
            || scaling.scale.contains(&0.0)
            || ![&scaling.shift, &scaling.scale]
                .into_iter()
                .flatten()
                .all(|value| value.is_finite())
        {
            return Err(bad("describes no valid scaling".into()));
        }
        Ok(Self {
            network,
            scaling,
            parameters,
        })
    }
}

/// The file of the model at `path`, which may also be its run folder.
pub fn model_file(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join("model.safetensors")
    } else {
        path.to_owned()
    }
}

/// Why there is no model at `path`, and what to do.
fn missing(path: &Path) -> Error {
    let shown = path.display();
    Error::input(if path.join("config.toml").exists() {
        format!("{shown} has no model yet: train it with `nrae resume {shown}`")
    } else if path.is_dir() {
        format!(
            "{shown} is no run folder: it has no model.safetensors; `nrae runs {shown}` lists the runs in it"
        )
    } else {
        format!(
            "there is no run folder or model {shown}: `nrae runs` lists the runs in the folder runs"
        )
    })
}

/// A named tensor to write: name, shape, values.
pub type NamedTensor<'a> = (&'a str, &'a [usize], &'a [f32]);

/// Writes f32 tensors as safetensors.
///
/// # Errors
/// When the file cannot be written.
pub fn write_tensors(
    path: &Path,
    tensors: &[NamedTensor],
    metadata: HashMap<String, String>,
) -> Result<()> {
    let bytes = serialise(tensors, metadata);
    write_atomically(path, |file| file.write_all(&bytes))
}

/// The bytes of f32 tensors as safetensors.
pub(crate) fn serialise(tensors: &[NamedTensor], metadata: HashMap<String, String>) -> Vec<u8> {
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), bytemuck::cast_slice(values));
            (name.to_owned(), view.expect("the shape counts the values"))
        })
        .collect();
    safetensors::serialize(views, Some(metadata)).expect("well-formed tensors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ScalingKind;
    use crate::net::Activation;

    fn model() -> Model {
        let network =
            Network::mlp(&[1, 2, 3], &[5], 2, Activation::Elu, Activation::Sigmoid).unwrap();
        Model::new(
            network,
            Scaling {
                kind: ScalingKind::Unit,
                shift: vec![0.5],
                scale: vec![255.0],
                doubles: false,
            },
            3,
        )
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        model()
            .save(&folder.path().join("model.safetensors"))
            .unwrap();
        assert_eq!(Model::load(folder.path()).unwrap(), model());
        let bytes = std::fs::read(folder.path().join("model.safetensors")).unwrap();
        assert_eq!(bytes, model().to_bytes());
    }

    #[test]
    fn damaged_files_are_sentences() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        model().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 4, 9, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let message = Model::load(&path).unwrap_err().to_string();
            assert!(message.contains("cut short"), "{length}: {message}");
        }
        write_tensors(&path, &[("a", &[1], &[1.0])], HashMap::new()).unwrap();
        assert!(
            Model::load(&path)
                .unwrap_err()
                .to_string()
                .contains("no `nrae` entry")
        );
    }
}
