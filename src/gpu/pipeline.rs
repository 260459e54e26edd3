//! A pipeline with what naga tells of its shader: bindings, parameters and workgroup by name, so
//! that nothing is listed twice.

use super::cache::PipelineCache;
use super::filtering::Filtering;
use super::fuse::Kernel;
use super::replicated::{PARAMS_OF_REPLICAS, REPLICAS};
use super::shader::{Variant, source};
use crate::engine::{Grid, Uniform};
use naga::{AddressSpace, Module, ScalarKind, TypeInner};
use std::collections::BTreeMap;

/// What a shader says about itself.
#[derive(Debug)]
pub(super) struct Reflection {
    /// Binding number of every storage buffer by name.
    pub(super) bindings: BTreeMap<String, u32>,
    /// Binding number of `params`, where there is one.
    pub(super) params_binding: Option<u32>,
    /// Fields of `params`: byte offset and whether it is an f32.
    pub(super) params: BTreeMap<String, (usize, bool)>,
    /// Invocations of a workgroup.
    pub(super) threads: usize,
    /// Where it serves several replicas, how it finds them.
    pub(super) replicas: Option<ReplicasReflection>,
    /// Binding number of `params` of all replicas and the bytes of each, where they differ.
    pub(super) params_of_replicas: Option<(u32, usize)>,
}

/// What a shader for several replicas says of the uniform with the distances between them.
#[derive(Debug)]
pub(super) struct ReplicasReflection {
    /// Its binding number.
    pub(super) binding: u32,
    /// Its fields in order.
    pub(super) fields: Vec<String>,
    /// Bytes of an element of every storage buffer by name.
    pub(super) elements: BTreeMap<String, usize>,
}

impl Reflection {
    /// Reads a module that has been parsed.
    ///
    /// # Panics
    /// When a shader has no `main`, which the tests would find.
    pub(super) fn of(module: &Module) -> Self {
        let main = module
            .entry_points
            .iter()
            .find(|entry| entry.name == "main")
            .expect("every shader has an entry point `main`");
        let mut reflection = Self {
            bindings: BTreeMap::new(),
            params_binding: None,
            params: BTreeMap::new(),
            threads: main.workgroup_size.iter().product::<u32>() as usize,
            replicas: None,
            params_of_replicas: None,
        };
        for (_, variable) in module.global_variables.iter() {
            let (Some(name), Some(binding)) = (&variable.name, &variable.binding) else {
                continue;
            };
            let binding = binding.binding;
            let inner = &module.types[variable.ty].inner;
            match (variable.space, inner) {
                (AddressSpace::Storage { .. }, TypeInner::Array { base, stride, .. })
                    if name == PARAMS_OF_REPLICAS =>
                {
                    reflection.params_of_replicas = Some((binding, *stride as usize));
                    reflection.params = fields(module, &module.types[*base].inner);
                }
                (AddressSpace::Storage { .. }, _) => {
                    reflection.bindings.insert(name.clone(), binding);
                }
                (AddressSpace::Uniform, TypeInner::Struct { members, .. }) if name == REPLICAS => {
                    let names = members.iter().filter_map(|member| member.name.clone());
                    reflection.replicas = Some(ReplicasReflection {
                        binding,
                        fields: names.collect(),
                        elements: elements(module),
                    });
                }
                (AddressSpace::Uniform, _) => {
                    reflection.params_binding = Some(binding);
                    reflection.params = fields(module, inner);
                }
                _ => {}
            }
        }
        reflection
    }

    /// The bytes of `params`, padded to 16; none where they are constants.
    pub(super) fn pack(&self, words: &[(&'static str, Uniform)]) -> Vec<u8> {
        let end = self.params.values().map(|(offset, _)| offset + 4).max();
        let size = match (self.params_binding, self.params_of_replicas) {
            (None, None) => return Vec::new(),
            (_, Some((_, size))) => size,
            (Some(_), None) => end.unwrap_or(0).next_multiple_of(16),
        };
        let mut bytes = vec![0; size];
        for (name, word) in words {
            let (offset, real) = self.params[*name];
            let raw = match (word, real) {
                (Uniform::Int(value), false) => u32::try_from(*value)
                    .expect("extents fit in 32 bits")
                    .to_le_bytes(),
                (Uniform::Float(value), true) => (*value as f32).to_le_bytes(),
                _ => panic!("parameter {name} has another type in the shader"),
            };
            bytes[offset..offset + 4].copy_from_slice(&raw);
        }
        bytes
    }

    /// Workgroups along x, y and z, folded so that no side exceeds `limit`; `None` where that
    /// cannot be.
    pub(super) fn groups(&self, grid: Grid, variant: &Variant, limit: usize) -> Option<[u32; 3]> {
        let flat = |groups: usize| {
            if groups <= limit {
                [groups, 1, 1]
            } else {
                [limit, groups.div_ceil(limit), 1]
            }
        };
        let sides = match grid {
            Grid::Elements(elements) => flat(elements.div_ceil(self.threads * variant.width())),
            Grid::Groups(groups) => flat(groups),
            Grid::Product {
                rows,
                columns,
                parts,
                rows_per_jet,
                ..
            } => match variant.tile {
                Some(tile) => [
                    columns.div_ceil(tile.columns),
                    rows.div_ceil(tile.usable_rows(rows_per_jet)),
                    parts,
                ],
                // A thread computes a column of all parts.
                None => flat(columns.div_ceil(self.threads)),
            },
        };
        sides
            .iter()
            .all(|side| *side <= limit)
            .then(|| sides.map(|side| side as u32))
    }
}

/// Fields of a structure: byte offset and whether it is an f32.
fn fields(module: &Module, structure: &TypeInner) -> BTreeMap<String, (usize, bool)> {
    let TypeInner::Struct { members, .. } = structure else {
        return BTreeMap::new();
    };
    let field = |member: &naga::StructMember| {
        let real = module.types[member.ty].inner.scalar_kind() == Some(ScalarKind::Float);
        (
            member.name.clone().unwrap_or_default(),
            (member.offset as usize, real),
        )
    };
    members.iter().map(field).collect()
}

/// Bytes of an element of every storage buffer by name.
fn elements(module: &Module) -> BTreeMap<String, usize> {
    let variables = module.global_variables.iter();
    let arrays = variables.filter_map(|(_, variable)| match module.types[variable.ty].inner {
        TypeInner::Array { stride, .. } => Some((variable.name.clone()?, stride as usize)),
        _ => None,
    });
    arrays.collect()
}

/// A pipeline, ready to be bound.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) reflection: Reflection,
    variant: Variant,
}

/// What tells two kernels apart: shader, overrides, and how its text is expanded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PipelineKey {
    pub(super) name: &'static str,
    pub(super) constants: Vec<(&'static str, u32)>,
    pub(super) variant: Variant,
}

impl Pipeline {
    /// Workgroups along x, y and z that run `kernel`; `None` where they exceed `limit`.
    pub(super) fn groups(&self, kernel: &Kernel, limit: usize) -> Option<[u32; 3]> {
        let filtering = self.variant.filtered().then(|| Filtering::of(kernel));
        let grid = match filtering.flatten() {
            Some(filtering) => filtering.grid,
            None => kernel.describe().grid(),
        };
        self.reflection.groups(grid, &self.variant, limit)
    }

    /// Builds the pipeline of a key on `device`, with every check of wgpu where `checked`.
    pub(super) fn new(
        PipelineKey {
            name,
            constants,
            variant,
        }: &PipelineKey,
        device: &wgpu::Device,
        checked: bool,
        cache: Option<&PipelineCache>,
    ) -> Self {
        let text = source(name, variant);
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("shader {name}: {}", error.emit_to_string(&text)));
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(text.as_str().into()),
        };
        let shader = if checked {
            device.create_shader_module(descriptor)
        } else {
            let checks = wgpu::ShaderRuntimeChecks {
                bounds_checks: true,
                force_loop_bounding: false,
                ..wgpu::ShaderRuntimeChecks::checked()
            };
            // SAFETY: accesses stay checked; only the guard against endless loops is left out, and
            // every loop of ours is bounded by parameters of the host (the tests run the same
            // shaders fully checked).
            unsafe { device.create_shader_module_trusted(descriptor, checks) }
        };
        let constants: Vec<(&str, f64)> = constants
            .iter()
            .map(|(name, value)| (*name, f64::from(*value)))
            .collect();
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: None,
            module: &shader,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: cache.map(|cache| &cache.pipelines),
        });
        Self {
            pipeline,
            reflection: Reflection::of(&module),
            variant: variant.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
