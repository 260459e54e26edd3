//! `nrae methods`

use super::{Outcome, output};
use crate::objective::{Method, Term};
use crate::train::Config;
use serde::Serialize;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae methods
  nrae methods --json
  nrae train --method nr-wae-q --data data/digits.npy --set mmd.weight=0.1

g is the encoder, f the decoder. K(x',x) is 1 if x' is x itself, known by its index, and lambda for every other sample, a duplicate of x included; d = g(x') - g(x); J and H are the decoder's first and \
second derivatives at g(x). F = f(g(.)) has its derivatives at x, and there d = x' - x. With train.warm_up, weights rise from 0 over \
the first epochs.";

/// List the methods with their losses, settings and defaults
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct MethodsArguments {
    /// Print one line of JSON per method
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    method: String,
    summary: String,
    formula: String,
    /// Settings beyond those of every method, with their defaults.
    settings: Vec<(String, String)>,
}

impl MethodsArguments {
    pub(super) fn run(self) -> Outcome {
        for method in Method::all() {
            let row = Row {
                method: method.name(),
                summary: summary(&method),
                formula: method.formula(),
                settings: settings(&method),
            };
            if self.json {
                output::json(&row)?;
                continue;
            }
            output::line(format!("{:<11} {}", row.method, row.summary))?;
            output::line(format!("{:<11} {}", "", row.formula))?;
            for (name, value) in &row.settings {
                output::line(format!("{:<11}   {name} = {value}", ""))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn summary(method: &Method) -> String {
    let by = match (method.reconstruction.order(), method.extended) {
        (0, _) => return method.base.summary.into(),
        (1, false) => "neighbourhood reconstruction by the decoder's tangent",
        (_, false) => "neighbourhood reconstruction by the decoder's quadratic expansion",
        (1, true) => "neighbourhood reconstruction by the tangent of encoder and decoder",
        (_, true) => {
            "neighbourhood reconstruction by the quadratic expansion of encoder and decoder"
        }
    };
    if method.base.name == "ae" {
        by.into()
    } else {
        format!("{} with {by}", method.base.summary)
    }
}

/// Settings that only some methods have, with the defaults of [`Config`].
fn settings(method: &Method) -> Vec<(String, String)> {
    let defaults = toml::Table::try_from(Config::default()).expect("plain data");
    let mut sections: Vec<&str> = method
        .base
        .terms
        .iter()
        .map(|term| Term::name(*term))
        .collect();
    if method.base.corrupted {
        sections.push("corruption");
    }
    if method.reconstruction.order() > 0 {
        sections.push("neighbours");
    }
    let mut settings = Vec::new();
    for section in sections {
        for (key, value) in defaults[section].as_table().expect("a section") {
            settings.push((format!("{section}.{key}"), value.to_string()));
        }
    }
    settings
}
