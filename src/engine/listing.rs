//! A recording for a person or a program to read: its passes, its buffers, and who waits for whom.

use super::pass::Access;
use super::recording::{DType, Recording, Role};
use serde::Serialize;
use std::fmt::Write;

/// A recording as a table.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// In the order in which they run.
    pub passes: Vec<PassRow>,
    /// Those that some pass uses.
    pub buffers: Vec<BufferRow>,
}

/// One pass.
#[derive(Clone, Debug, Serialize)]
pub struct PassRow {
    /// What it is for, e.g. `decoder.2 linear`.
    pub label: String,
    /// Name of the shader and of the CPU kernel.
    pub kernel: &'static str,
    /// Passes of one level may run side by side; see [`Recording::levels`].
    pub level: usize,
    /// `gradient` or `update`, where the step has these segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<&'static str>,
    /// Extents and other parameters, by the shader's names.
    pub uniforms: String,
    /// Views that it reads.
    pub reads: Vec<String>,
    /// Views that it writes; those that it changes in place stand in both lists.
    pub writes: Vec<String>,
    /// Floating-point operations, where it is a product.
    pub flops: u64,
    /// Bytes of its bindings, each once.
    pub bytes: u64,
}

/// One buffer.
#[derive(Clone, Debug, Serialize)]
pub struct BufferRow {
    /// Its name.
    pub name: String,
    /// `f32` or `u32`, as a GPU has it.
    pub dtype: &'static str,
    /// `persistent`, `output` or `temporary`.
    pub role: &'static str,
    /// Elements.
    pub len: usize,
    /// The first and the last pass that uses it.
    pub live: (usize, usize),
    /// The buffer whose memory it is in, once memory is shared.
    pub memory: String,
}

impl Recording {
    /// The passes and buffers of this recording.
    pub fn listing(&self) -> Listing {
        let levels = self.levels();
        let row = |(position, (label, pass)): (usize, &(String, super::Pass))| {
            let views = |wanted: fn(Access) -> bool| {
                let bindings = pass.bindings().into_iter().filter(|b| wanted(b.access));
                bindings
                    .map(|b| format!("{}: {}", b.name, self.name_of(b.view)))
                    .collect()
            };
            PassRow {
                label: label.clone(),
                kernel: pass.name(),
                level: levels[position],
                segment: self
                    .update
                    .map(|at| if position < at { "gradient" } else { "update" }),
                uniforms: uniforms(pass),
                reads: views(Access::reads),
                writes: views(Access::writes),
                flops: pass.flops(),
                bytes: pass.bytes(),
            }
        };
        Listing {
            passes: self.passes.iter().enumerate().map(row).collect(),
            buffers: self.buffer_rows(),
        }
    }

    fn buffer_rows(&self) -> Vec<BufferRow> {
        let memory = self.memory_of_buffers();
        let rows = self.buffers.iter().zip(self.lives()).zip(memory);
        let rows = rows.filter_map(|((buffer, live), memory)| {
            let live = live?;
            Some(BufferRow {
                name: buffer.name.clone(),
                dtype: match buffer.dtype {
                    DType::Float => "f32",
                    DType::U32 => "u32",
                },
                role: match buffer.role {
                    Role::Persistent => "persistent",
                    Role::Output => "output",
                    Role::Temporary => "temporary",
                },
                len: buffer.len,
                live: (*live.start(), *live.end()),
                memory: self.buffers[memory].name.clone(),
            })
        });
        rows.collect()
    }

    /// `buffer` or `buffer[from..to]`.
    fn name_of(&self, view: super::View) -> String {
        let buffer = &self.buffers[view.buffer.0];
        if (view.offset, view.len) == (0, buffer.len) {
            return buffer.name.clone();
        }
        format!(
            "{}[{}..{}]",
            buffer.name,
            view.offset,
            view.offset + view.len
        )
    }

    /// The recording as a graph for Graphviz's `dot`: a node for each pass, levels from the top to
    /// the bottom, and an edge from the last pass that wrote what another reads, labelled with the
    /// buffer.
    pub fn dot(&self) -> String {
        let levels = self.levels();
        let mut text =
            "digraph recording {\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
        for (position, (label, pass)) in self.passes.iter().enumerate() {
            let label = format!("{label}\\n{}, level {}", pass.name(), levels[position]);
            let _ = writeln!(
                text,
                "  p{position} [label=\"{}\"];",
                label.replace('"', "'")
            );
        }
        for (position, (_, pass)) in self.passes.iter().enumerate() {
            for read in pass
                .bindings()
                .into_iter()
                .filter(|binding| binding.access.reads())
            {
                let writer = self.passes[..position].iter().rposition(|(_, earlier)| {
                    let mut bindings = earlier.bindings().into_iter();
                    bindings.any(|b| b.access.writes() && b.view.overlaps(read.view))
                });
                if let Some(writer) = writer {
                    let name = &self.buffers[read.view.buffer.0].name;
                    let _ = writeln!(text, "  p{writer} -> p{position} [label=\"{name}\"];");
                }
            }
        }
        for level in 0..self.level_count() {
            let nodes = (0..levels.len()).filter(|position| levels[*position] == level);
            let nodes: String = nodes.map(|position| format!(" p{position};")).collect();
            let _ = writeln!(text, "  {{ rank=same;{nodes} }}");
        }
        text + "}\n"
    }
}

fn uniforms(pass: &super::Pass) -> String {
    let all = pass
        .uniforms()
        .into_iter()
        .map(|(name, value)| match value {
            super::Uniform::Int(value) => format!("{name}={value}"),
            super::Uniform::Float(value) => format!("{name}={value}"),
        });
    all.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::SumPartials;

    #[test]
    fn a_chain_is_listed_and_drawn() {
        let mut r = Recording::default();
        let a = r.reals("a", 128);
        let [b, c] = ["b", "c"].map(|name| r.temporary(name, 64));
        r.push(
            "halves",
            SumPartials {
                input: a,
                output: b,
                parts: 2,
                len: 64,
            },
        );
        r.push(
            "again",
            SumPartials {
                input: b,
                output: c,
                parts: 1,
                len: 64,
            },
        );
        r.push(
            "first half",
            SumPartials {
                input: c,
                output: a.part(0, 64),
                parts: 1,
                len: 64,
            },
        );
        r.shares_memory = true;
        let listing = r.listing();
        let rows: Vec<_> = listing
            .passes
            .iter()
            .map(|row| (row.label.as_str(), row.level))
            .collect();
        assert_eq!(rows, [("halves", 0), ("again", 1), ("first half", 2)]);
        assert_eq!(listing.passes[0].uniforms, "parts=2 len=64");
        assert_eq!(listing.passes[0].bytes, 4 * (128 + 64));
        assert_eq!(listing.passes[2].writes, ["output: a[0..64]"]);
        let live: Vec<_> = listing
            .buffers
            .iter()
            .map(|row| (row.live, row.role))
            .collect();
        assert_eq!(
            live,
            [
                ((0, 2), "persistent"),
                ((0, 1), "temporary"),
                ((1, 2), "temporary")
            ]
        );
        let dot = r.dot();
        for part in [
            "p0 -> p1 [label=\"b\"]",
            "p1 -> p2 [label=\"c\"]",
            "{ rank=same; p0; }",
        ] {
            assert!(dot.contains(part), "{dot}");
        }
        assert!(!dot.contains("p0 -> p2"), "{dot}");
    }
}
