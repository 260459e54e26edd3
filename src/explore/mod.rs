//! The explorer: a trained model as one self-contained HTML page, which decodes in the page.
//!
//! The page holds the decoder's weights, the latents of the data, a part of the data themselves, and
//! the geometry of the decoded manifold over the plane that is shown first. Its modules are the files
//! of `page/`, plain JavaScript; a content security policy keeps it from every network.

mod blob;
mod colours;
mod field;
mod samples;

use crate::data::Dataset;
use crate::embedding::{principal_axes, principal_components};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::model::Model;
use crate::net::Parameters;
use crate::page::escape;
use blob::base64;
use serde::Serialize;

const TEMPLATE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
/// The modules in the order in which they use one another.
const MODULES: [&str; 9] = [
    include_str!("page/decoder.js"),
    include_str!("page/geometry.js"),
    include_str!("page/data.js"),
    include_str!("page/view.js"),
    include_str!("page/points.js"),
    include_str!("page/draw.js"),
    include_str!("page/panels.js"),
    include_str!("page/app.js"),
    include_str!("page/input.js"),
];
/// Codes with more values than this are too much for a page.
const MOST_VALUES: usize = 1 << 24;

/// What a page shows.
#[derive(Clone, Copy, Debug)]
pub struct ExplorerInputs<'a> {
    /// Method and data: `NRAE-Q on digits`.
    pub title: &'a str,
    /// The model.
    pub model: &'a Model,
    /// What its latents are of.
    pub data: &'a Dataset,
    /// Names of the classes 0, 1, ... of the data; none where they have only numbers.
    pub classes: &'a [String],
    /// Names of the features of the data; none where they have only numbers.
    pub columns: &'a [String],
    /// Codes to show, at most.
    pub points: usize,
    /// Points along a side of the grid of metric and curvature, at most; 0 for none.
    pub field: usize,
}

/// A page, and what it holds.
#[derive(Clone, Debug, Serialize)]
pub struct Explorer {
    /// The HTML.
    #[serde(skip)]
    pub html: String,
    /// Codes in it.
    pub points: usize,
    /// Codes among them whose sample is in it.
    pub samples: usize,
    /// The grid of metric and curvature, rows and columns; none where there is no plane.
    pub field: Option<[usize; 2]>,
}

/// What the page reads as JSON; arrays of numbers are base64 of little-endian f32 or u8.
#[derive(Serialize)]
struct Header<'a> {
    title: &'a str,
    version: &'static str,
    shape: &'a [usize],
    latent: usize,
    points: usize,
    /// Samples that the points are spread over evenly.
    of: usize,
    /// Codes are this far from zero.
    centre: Vec<f64>,
    codes: String,
    /// The second axis of a single latent: the data's first principal component.
    #[serde(skip_serializing_if = "Option::is_none")]
    across: Option<String>,
    /// Two principal axes [2, m] of more than two latents.
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Vec<f64>>,
    colours: Option<colours::Colours>,
    /// A name for each feature; none where they have no names.
    columns: &'a [String],
    samples: samples::Samples,
    scaling: Scaling<'a>,
    layers: Vec<serde_json::Value>,
    weights: String,
    field: Option<field::Fields>,
}

#[derive(Serialize)]
struct Scaling<'a> {
    shift: &'a [f64],
    scale: &'a [f64],
}

impl Explorer {
    /// Makes the page.
    ///
    /// # Errors
    /// When the device fails, a code is not finite, or there are none.
    pub fn new(inputs: ExplorerInputs<'_>, executor: &dyn Executor) -> Result<Self> {
        let ExplorerInputs { model, data, .. } = inputs;
        let m = model.network.latent();
        let count = inputs.points.min(data.samples).min(MOST_VALUES / m);
        if count == 0 {
            return Err(Error::input(
                "there are no points to show: give --points of at least 1",
            ));
        }
        let rows: Vec<usize> = (0..count).map(|i| i * data.samples / count).collect();
        let shown = data.subset(&rows);
        let codes = model.encode(&shown.values, executor)?;
        let (centre, axes) = plane(&codes, m)?;
        let centred = centred(&codes, &centre);
        let field = field::Fields::over(
            model,
            &centred,
            &centre,
            axes.as_deref(),
            inputs.field,
            executor,
        )?;
        let samples = samples::Samples::of(model, &shown)?;
        let across = match m {
            1 => {
                let values = model.scaling.apply(&shown.values);
                Some(base64(&principal_components(&values, shown.features(), 1)?))
            }
            _ => None,
        };
        let (layers, weights) = decoder(model)?;
        let (held, grid) = (
            samples.count,
            field.as_ref().map(|field| [field.rows, field.columns]),
        );
        let header = Header {
            title: inputs.title,
            version: env!("CARGO_PKG_VERSION"),
            shape: &model.network.shape,
            latent: m,
            points: count,
            of: data.samples,
            centre,
            codes: base64(&centred),
            across,
            principal: axes,
            colours: colours::Colours::of(&shown, inputs.classes),
            columns: inputs.columns,
            samples,
            scaling: Scaling {
                shift: &model.scaling.shift,
                scale: &model.scaling.scale,
            },
            layers,
            weights,
            field,
        };
        Ok(Self {
            html: page(inputs.title, &header),
            points: count,
            samples: held,
            field: grid,
        })
    }
}

/// The page with its parts in their places.
fn page(title: &str, header: &Header<'_>) -> String {
    // Within a script, nothing may look like its end.
    let json = serde_json::to_string(header)
        .expect("plain data")
        .replace('<', "\\u003c");
    let modules = MODULES.join("\n");
    let mut html =
        String::with_capacity(TEMPLATE.len() + STYLE.len() + modules.len() + json.len() + 64);
    let mut rest = TEMPLATE;
    for (mark, part) in [
        ("{{title}}", escape(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{data}}", json),
        ("{{modules}}", modules),
    ] {
        let (before, after) = rest.split_once(mark).expect("a mark of the template");
        html += before;
        html += &part;
        rest = after;
    }
    html + rest
}

/// The mean of `codes` [samples, m] and, of more than two dimensions, two principal axes [2, m].
fn plane(codes: &[f32], m: usize) -> Result<(Vec<f64>, Option<Vec<f64>>)> {
    if m > 2 {
        let (mean, axes) = principal_axes(codes, m, 2, 0)?;
        // [m, 2] to [2, m].
        let rows = (0..2 * m).map(|at| axes[at % m * 2 + at / m]).collect();
        return Ok((mean, Some(rows)));
    }
    let count = (codes.len() / m) as f64;
    let mean = |c: usize| {
        codes
            .iter()
            .skip(c)
            .step_by(m)
            .map(|&v| f64::from(v))
            .sum::<f64>()
            / count
    };
    Ok(((0..m).map(mean).collect(), None))
}

/// `codes` less `centre`, in f64 before they become f32.
fn centred(codes: &[f32], centre: &[f64]) -> Vec<f32> {
    let pairs = codes.iter().zip(centre.iter().cycle());
    pairs
        .map(|(value, centre)| (f64::from(*value) - centre) as f32)
        .collect()
}

/// The decoder's layers with their shapes and where their parameters lie in the weights.
fn decoder(model: &Model) -> Result<(Vec<serde_json::Value>, String)> {
    let network = &model.network;
    let (shapes, layout) = (network.decoder_shapes()?, Parameters::of(network));
    let mut weights: Vec<f32> = Vec::new();
    let layers = network.decoder.iter().enumerate().map(|(index, layer)| {
        let mut told = serde_json::to_value(layer).expect("plain data");
        let prefix = format!("decoder.{index}.");
        let mut parameters = serde_json::Map::new();
        for entry in &layout.entries {
            if let Some(name) = entry.name.strip_prefix(&prefix) {
                parameters.insert(
                    name.to_owned(),
                    serde_json::json!([weights.len(), entry.len()]),
                );
                weights.extend_from_slice(&model.parameters[entry.offset..][..entry.len()]);
            }
        }
        told["parameters"] = parameters.into();
        told["from"] = serde_json::json!(shapes[index]);
        told["to"] = serde_json::json!(shapes[index + 1]);
        told
    });
    let layers = layers.collect();
    Ok((layers, base64(&weights)))
}

#[cfg(test)]
mod tests;
