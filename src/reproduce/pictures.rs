//! The pictures of a report: what the first runs of a row's methods have left, side by side.

use super::measures::Drawn;
use super::report::file_name;
use crate::error::Result;
use crate::plot::{self, Captions, Colouring, Latents, Manifold};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::path::{Path, PathBuf};

/// Draws `sketches`, of a method's title each, into PNG files whose paths begin with `stem`. Returns
/// those files with a caption each.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn draw(
    stem: &Path,
    title: &str,
    sketches: &[(String, &Drawn)],
) -> Result<Vec<(PathBuf, String)>> {
    let Some((_, first)) = sketches.first() else {
        return Ok(Vec::new());
    };
    let file = |ending: &str| {
        let name = stem.file_name().unwrap_or_default().to_string_lossy();
        stem.with_file_name(format!("{name}{ending}.png"))
    };
    match first {
        Drawn::Curve { .. } => {
            let path = file("");
            plot::manifolds(&path, title, &manifolds(sketches))?;
            let below = file("-codes");
            let mut drawn = vec![(
                path,
                "decoded curves (orange) over the noisy points (blue)".to_owned(),
            )];
            let latents = order_panels(sketches);
            if !latents.is_empty() {
                plot::scatters(
                    &below,
                    &format!("{title}: latents"),
                    ["along the true curve", "code, brought to the same range"],
                    &latents,
                )?;
                drawn.push((below, "latents of the training points by their place along the true curve: one rising or falling line where the method follows it".to_owned()));
            }
            Ok(drawn)
        }
        Drawn::Circle { .. } => {
            let path = file("");
            let panels: Vec<Latents> = sketches.iter().filter_map(circle_panel).collect();
            plot::scatters(&path, title, ["z\u{2081}", "z\u{2082}"], &panels)?;
            Ok(vec![(
                path,
                "latents of the training images on the circle, coloured by their angle".to_owned(),
            )])
        }
        Drawn::Images { .. } => images(&file, title, sketches),
        Drawn::Field { .. } => fields(&file, title, sketches),
    }
}

fn manifolds(sketches: &[(String, &Drawn)]) -> Vec<Manifold> {
    let panel = |(title, drawn): &(String, &Drawn)| match drawn {
        Drawn::Curve {
            data, curve, truth, ..
        } => Some(Manifold {
            title: title.clone(),
            data: data.clone(),
            curve: curve.clone(),
            truth: truth.clone(),
        }),
        _ => None,
    };
    sketches.iter().filter_map(panel).collect()
}

/// Codes by the place along the true curve.
fn order_panels(sketches: &[(String, &Drawn)]) -> Vec<Latents> {
    let panel = |(title, drawn): &(String, &Drawn)| match drawn {
        Drawn::Curve { codes, along, .. } if codes.len() == along.len() => {
            let low = codes.iter().copied().fold(f32::INFINITY, f32::min);
            let range = (codes.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low)
                .max(f32::MIN_POSITIVE);
            let span = along.iter().copied().fold(f32::NEG_INFINITY, f32::max)
                - along.iter().copied().fold(f32::INFINITY, f32::min);
            // As wide as high, whatever the scale of the codes.
            let points = along
                .iter()
                .zip(codes)
                .map(|(&at, &z)| [at, (z - low) / range * span])
                .collect();
            Some(Latents {
                title: title.clone(),
                points,
                labels: None,
            })
        }
        _ => None,
    };
    sketches.iter().filter_map(panel).collect()
}

fn circle_panel((title, drawn): &(String, &Drawn)) -> Option<Latents> {
    let Drawn::Circle { codes, angles } = drawn else {
        return None;
    };
    Some(Latents {
        title: title.clone(),
        points: codes.clone(),
        labels: Some(Colouring::Angles(angles.clone())),
    })
}

fn images(
    file: &dyn Fn(&str) -> PathBuf,
    title: &str,
    sketches: &[(String, &Drawn)],
) -> Result<Vec<(PathBuf, String)>> {
    let floats = |pixels: &str| -> Vec<f32> {
        let bytes = BASE64_STANDARD.decode(pixels).unwrap_or_default();
        bytes
            .into_iter()
            .map(|byte| f32::from(byte) / 255.0)
            .collect()
    };
    let all: Vec<(&String, [usize; 3], usize, Vec<f32>)> = sketches
        .iter()
        .filter_map(|(title, drawn)| match drawn {
            Drawn::Images {
                shape,
                columns,
                pixels,
            } => Some((title, *shape, *columns, floats(pixels))),
            _ => None,
        })
        .collect();
    let one_row = all.iter().all(|(_, shape, columns, pixels)| {
        pixels.len() == columns * shape.iter().product::<usize>()
    });
    if one_row {
        let rows: Vec<&str> = all.iter().map(|(title, ..)| title.as_str()).collect();
        let pixels: Vec<f32> = all
            .iter()
            .flat_map(|(.., pixels)| pixels.iter().copied())
            .collect();
        let path = file("");
        plot::image_grid(
            &path,
            &pixels,
            all[0].1,
            all[0].2,
            (0.0, 1.0),
            &Captions {
                title,
                rows: &rows,
                ..Captions::default()
            },
        )?;
        return Ok(vec![(
            path,
            "decoded images of the sorted latents".to_owned(),
        )]);
    }
    let each = all.iter().map(|(name, shape, columns, pixels)| {
        let path = file(&format!("-{}", file_name(name)));
        let title = format!("{title}: {name}");
        plot::image_grid(
            &path,
            pixels,
            *shape,
            *columns,
            (0.0, 1.0),
            &Captions {
                title: &title,
                note: "z\u{2081} from left to right, z\u{2082} from top to bottom: each from two deviations below its mean to two above.",
                ..Captions::default()
            },
        )?;
        Ok((
            path,
            format!("{name}: decoded images of a grid over the normalised latent space"),
        ))
    });
    each.collect()
}

/// Every field as a grey image, on one scale: the larger the brighter.
fn fields(
    file: &dyn Fn(&str) -> PathBuf,
    title: &str,
    sketches: &[(String, &Drawn)],
) -> Result<Vec<(PathBuf, String)>> {
    let (mut pixels, mut below, mut side) = (Vec::new(), Vec::new(), 1);
    for (name, drawn) in sketches {
        if let Drawn::Field {
            columns, values, ..
        } = drawn
        {
            side = *columns;
            below.push(name.clone());
            // The first row of a field is its lowest, that of an image its highest.
            let rows = values.chunks(side).rev().flatten();
            pixels.extend(rows.map(|value| value.map_or(f32::NAN, |s| (1.0 + s.abs()).log10())));
        }
    }
    let mut sorted: Vec<f32> = pixels
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_by(f32::total_cmp);
    let bright = sorted
        .get(sorted.len() * 98 / 100)
        .copied()
        .unwrap_or(1.0)
        .max(1e-3);
    let note = format!(
        "White is |S| of {:.3} or more, black none; on a logarithmic scale, log(1 + |S|).",
        10_f32.powf(bright) - 1.0
    );
    let captions = Captions {
        title,
        note: &note,
        below: &below,
        ..Captions::default()
    };
    let path = file("");
    plot::image_grid(&path, &pixels, [1, side, side], 5, (0.0, bright), &captions)?;
    Ok(vec![(
        path,
        "absolute scalar curvature over the latent space, on one scale for all methods".to_owned(),
    )])
}
