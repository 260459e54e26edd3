//! What shaders are, as naga sees them.

use super::*;
use crate::engine::Access;
use crate::gpu::family::{GemmFamily, Matrices};
use crate::gpu::fuse::FUSED_SHADERS;
use crate::gpu::shader::{self, Epilogue, Replication, SHADERS};
use crate::gpu::tile::Tile;
use crate::gradcheck::{CaseShape, cases};
use naga::back::{PipelineConstants, hlsl, msl, pipeline_constants::process_overrides, spv};
use naga::valid::{
    Capabilities, GlobalUse, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator,
};
use std::collections::BTreeSet;

/// A version of Metal's language that all its systems of today know.
const METAL: (u8, u8) = (2, 4);

/// Every shader in every family and tile, value by value and, where that is a variant of its
/// own, four values at a time; and for replicas in the first tile of each family.
fn modules() -> impl Iterator<Item = (GemmFamily, String, Module)> {
    let several = [Replication::Same, Replication::Own].into_iter();
    let with_replicas = several.flat_map(|replication| modules_for(replication, 1));
    modules_for(Replication::Alone, usize::MAX).chain(with_replicas)
}

/// Of so many tiles of each family.
fn modules_for(
    replication: Replication,
    tiles: usize,
) -> impl Iterator<Item = (GemmFamily, String, Module)> {
    let matrices = [
        (8, 8, false),
        (8, 8, true),
        (16, 32, false),
        (16, 32, true),
        (16, 64, false),
    ]
    .map(|(side, subgroup, split)| {
        GemmFamily::Cooperative(Matrices {
            side,
            subgroup,
            split,
        })
    });
    let families = GemmFamily::F32.into_iter().chain(matrices);
    families
        .flat_map(move |family| {
            let of_tile = move |tile| Variant {
                replication,
                ..Variant::new(family, Some(tile))
            };
            let filtered = (family == GemmFamily::Tiled).then(Tile::filtered);
            let filtered = filtered.unwrap_or_default().into_iter().take(tiles);
            let usual = Tile::all(family).into_iter().take(tiles);
            usual.chain(filtered).map(of_tile)
        })
        .flat_map(|variant| {
            let vectors = Variant {
                vectors: true,
                ..variant.clone()
            };
            let with = |epilogue| Variant {
                epilogue,
                ..variant.clone()
            };
            let sums_parts = |variant: &Variant| Variant {
                sums_parts: true,
                ..variant.clone()
            };
            let also = [
                sums_parts(&variant),
                sums_parts(&vectors),
                vectors,
                with(Epilogue::Activate),
                with(Epilogue::ActivateAdjoint),
            ];
            let tiled = variant.family == GemmFamily::Tiled;
            let matrices = matches!(variant.family, GemmFamily::Cooperative(_));
            let first = Tile::all(variant.family).first().copied();
            [variant].into_iter().chain(
                also.into_iter()
                    .filter(move |variant| tiled || matrices && variant.vectors)
                    // The same in all tiles.
                    .filter(move |variant| !variant.sums_parts || variant.tile == first),
            )
        })
        .flat_map(move |variant| {
            let family = variant.family;
            // In the other families they run as their two passes.
            let fused = |name: &str| FUSED_SHADERS.iter().any(|(fused, _)| *fused == name);
            let needed =
                move |(name, _): &(&str, &str)| family == GemmFamily::Tiled || !fused(name);
            // What is no product is the same in all families.
            let product = move |(_, text): &(&str, &str)| {
                !matches!(family, GemmFamily::Cooperative(_)) || text.contains("#import product")
            };
            let tile = variant.tile.expect("each has one");
            let vectors = variant.vectors;
            let follows = variant.epilogue != Epilogue::None;
            let reads = variant.sums_parts;
            // Those whose parameters may differ between replicas.
            let own = ["adam", "adam_sum_increment", "corrupt", "gather", "noise"];
            let only_own = replication == Replication::Own;
            shader::all()
                .filter(needed)
                .filter(|(name, _)| shader::tiles(name, family).contains(&tile))
                .filter(product)
                .filter(move |(name, _)| !only_own || own.contains(name))
                .filter(move |(_, text)| !vectors || text.contains("#vectors "))
                .filter(move |(_, text)| !follows || text.contains("#import epilogue"))
                .filter(move |(_, text)| !reads || text.contains("#import reads "))
                .map(move |(name, _)| {
                    let text = source(name, &variant);
                    let module = naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| {
                        panic!("{name} ({variant:?}): {}", error.emit_to_string(&text))
                    });
                    (family, format!("{name} ({variant:?})"), module)
                })
                .collect::<Vec<_>>()
        })
}

/// Validation without optional capabilities except those of its family.
fn validator(family: GemmFamily, name: &str) -> Validator {
    let capabilities = match family {
        // Fused kernels whose threads exchange results.
        GemmFamily::Tiled if name.contains("activate") || name.contains("difference") => {
            Capabilities::MEMORY_DECORATION_COHERENT
        }
        GemmFamily::Tiled | GemmFamily::Register => Capabilities::empty(),
        GemmFamily::Subgroup => Capabilities::SUBGROUP,
        GemmFamily::Cooperative(_) => {
            Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX | Capabilities::SUBGROUP
        }
    };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    if matches!(family, GemmFamily::Subgroup | GemmFamily::Cooperative(_)) {
        validator
            .subgroup_stages(ShaderStages::COMPUTE)
            .subgroup_operations(SubgroupOperationSet::all());
    }
    validator
}

/// wgpu hands drivers SPIR-V on Vulkan, Metal's language on Apple's systems and HLSL on Windows.
/// naga writes each, with what the program names: the words of a language that a shader may not
/// use, and what a back end has not got, show here.
#[test]
fn every_shader_can_be_written_for_vulkan_metal_and_direct3d() {
    for (family, name, module) in modules() {
        let info = validator(family, &name).validate(&module).unwrap();
        let entry = (naga::ShaderStage::Compute, "main");
        let (module, info) =
            process_overrides(&module, &info, Some(entry), &PipelineConstants::default()).unwrap();
        let written = |language: &str, outcome: Result<(), String>| {
            outcome.unwrap_or_else(|error| panic!("{name} as {language}: {error}"));
        };
        let spirv = spv::Options {
            lang_version: (1, 3),
            fake_missing_bindings: true,
            ..Default::default()
        };
        let words = spv::write_vec(&module, &info, &spirv, None);
        written("SPIR-V", words.map(drop).map_err(|error| error.to_string()));
        let metal = msl::Options {
            lang_version: METAL,
            ..Default::default()
        };
        let text = msl::write_string(&module, &info, &metal, &Default::default());
        written(
            "MSL",
            text.map_err(|error| error.to_string())
                .and_then(|(_, names)| {
                    let entry = names
                        .entry_point_names
                        .into_iter()
                        .next()
                        .expect("there is `main`");
                    entry.map(drop).map_err(|error| error.to_string())
                }),
        );
        if matches!(family, GemmFamily::Cooperative(_)) {
            continue; // Direct3D has no matrices.
        }
        let direct3d = hlsl::Options {
            shader_model: if family == GemmFamily::Subgroup {
                hlsl::ShaderModel::V6_0
            } else {
                hlsl::ShaderModel::V5_1
            },
            ..Default::default()
        };
        let options = hlsl::PipelineOptions::default();
        let mut text = String::new();
        let outcome = hlsl::Writer::new(&mut text, &direct3d, &options).write(&module, &info, None);
        written(
            "HLSL",
            outcome
                .map_err(|error| error.to_string())
                .and_then(|names| {
                    let entry = names
                        .entry_point_names
                        .into_iter()
                        .next()
                        .expect("there is `main`");
                    entry.map(drop).map_err(|error| error.to_string())
                }),
        );
    }
}

/// The text for replicas places every element of a buffer by the buffer's name, so nothing else that
/// has elements may have that name; and no element is that of the first replica alone.
#[test]
fn names_of_buffers_stand_for_their_elements_alone() {
    for (family, name, module) in modules_for(Replication::Same, 1) {
        let info = validator(family, &name).validate(&module).unwrap();
        let is_buffer = |variable| {
            let variable: &naga::GlobalVariable = &module.global_variables[variable];
            matches!(variable.space, AddressSpace::Storage { .. })
        };
        let variables = module.global_variables.iter();
        let buffers: BTreeSet<_> = variables
            .filter(|(handle, _)| is_buffer(*handle))
            .map(|(_, variable)| variable.name.clone().unwrap())
            .collect();
        let functions = module.functions.iter();
        let functions = functions.map(|(handle, function)| (&info[handle], function));
        let main = (info.get_entry_point(0), &module.entry_points[0].function);
        for (types, function) in functions.chain([main]) {
            let locals = function.local_variables.iter();
            let locals =
                locals.map(|(_, local)| (local.name.clone(), &module.types[local.ty].inner));
            let arguments = function.arguments.iter();
            let arguments = arguments.map(|own| (own.name.clone(), &module.types[own.ty].inner));
            let named = function.named_expressions.iter().map(|(expression, name)| {
                let inner = types[*expression].ty.inner_with(&module.types);
                (Some(name.clone()), inner)
            });
            for (own, inner) in locals.chain(arguments).chain(named) {
                let clash = own.is_some_and(|own| buffers.contains(&own));
                let scalar = matches!(inner, TypeInner::Scalar(_));
                assert!(!clash || scalar, "{name} has two things of a buffer's name");
            }
            for (_, expression) in function.expressions.iter() {
                if let naga::Expression::AccessIndex { base, .. } = expression
                    && let naga::Expression::GlobalVariable(variable) = function.expressions[*base]
                {
                    assert!(!is_buffer(variable), "{name}: {variable:?}");
                }
            }
        }
    }
}

/// wgpu's default limits, and validation.
#[test]
fn every_shader_is_valid_within_the_default_limits() {
    for (family, name, module) in modules() {
        let mut validator = validator(family, &name);
        validator
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let reflection = Reflection::of(&module);
        assert!(
            reflection.threads <= 256,
            "{name} has {} threads",
            reflection.threads
        );
        assert!(
            reflection.bindings.len() <= 8,
            "{name} binds {} buffers",
            reflection.bindings.len()
        );
        let memory: u32 = module
            .global_variables
            .iter()
            .filter(|(_, variable)| variable.space == AddressSpace::WorkGroup)
            .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
            .sum();
        assert!(
            memory <= 16 << 10,
            "{name} uses {memory} bytes of workgroup memory"
        );
    }
}

/// Passes say what they read and write; naga tells what their shaders do. A pass that only
/// writes may add to what it has written itself.
#[test]
fn passes_access_their_bindings_as_they_say() {
    const ADDS_TO_OWN: [(&str, &str); 4] = [
        ("max_pool_adjoint", "d_input"),
        ("normalise_adjoint", "d_input"),
        ("normalise_adjoint", "scale_sums"),
        ("normalise_adjoint", "shift_sums"),
    ];
    let mut seen = BTreeSet::new();
    let shape = CaseShape {
        batch: 3,
        directions: 2,
        inputs: 5,
        outputs: 4,
    };
    for case in cases(shape) {
        for (_, pass) in &case.recording.passes {
            seen.insert(pass.name());
            // As they run on a GPU, with the parameters of some as constants.
            let tile = Tile::all(GemmFamily::Tiled)[0];
            let variant = Variant::of(pass.name(), GemmFamily::Tiled, Some(tile), &pass.uniforms());
            let text = source(pass.name(), &variant);
            let module = naga::front::wgsl::parse_str(&text)
                .unwrap_or_else(|error| panic!("{}: {}", pass.name(), error.emit_to_string(&text)));
            let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
            let info = validator.validate(&module).unwrap();
            let main = info.get_entry_point(0);
            let mut declared: Vec<_> = pass.bindings().iter().map(|b| (b.name, b.access)).collect();
            declared.sort_unstable_by_key(|(name, _)| *name);
            let mut found: Vec<_> = module
                .global_variables
                .iter()
                .filter(|(_, variable)| matches!(variable.space, AddressSpace::Storage { .. }))
                .map(|(handle, variable)| {
                    let name = variable.name.as_deref().unwrap();
                    let used = main[handle];
                    let read = used.contains(GlobalUse::READ)
                        && !ADDS_TO_OWN.contains(&(pass.name(), name));
                    let access = match (read, used.contains(GlobalUse::WRITE)) {
                        (true, true) => Access::ReadWrite,
                        (false, true) => Access::Write,
                        (_, false) => Access::Read,
                    };
                    (name, access)
                })
                .collect();
            found.sort_unstable_by_key(|(name, _)| *name);
            assert_eq!(declared, found, "{}", pass.name());
        }
    }
    let passes: BTreeSet<_> = SHADERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(seen, passes, "every pass has a case");
}

/// Contract comments name the CPU kernel, and the CPU kernel is there.
#[test]
fn every_shader_opens_with_its_contract() {
    for (name, text) in SHADERS.iter() {
        let contract: String = text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect();
        for part in ["Grid: ", &format!("CPU kernel: src/cpu/{name}.rs")] {
            assert!(
                contract.contains(part),
                "the contract of {name} lacks `{part}`"
            );
        }
    }
}

#[test]
fn large_grids_are_folded() {
    let (.., module) = modules()
        .find(|(_, name, _)| name.starts_with("gather"))
        .unwrap();
    let reflection = Reflection::of(&module);
    let variant = Variant::new(GemmFamily::Tiled, None);
    let vectors = Variant {
        vectors: true,
        ..variant.clone()
    };
    assert_eq!(
        reflection.groups(Grid::Elements(1028), &vectors, 65_535),
        Some([2, 1, 1])
    );
    assert_eq!(
        reflection.groups(Grid::Elements(257), &variant, 65_535),
        Some([2, 1, 1])
    );
    assert_eq!(
        reflection.groups(Grid::Groups(65_536), &variant, 65_535),
        Some([65_535, 2, 1])
    );
}
