//! The shaders as text: a registry, and what is done to them before naga: `#import NAME`, the sides
//! of a product's tile in the place of `$ROWS` and so on, `#vectors SIDES` for whether values move
//! four at a time, `#params` for parameters as uniforms or as constants, and `#repeat VARIABLE
//! COUNT` to `#end`.
//! `#import reads BUFFER BINDING` declares a buffer that may be a sum of parts.

use super::family::GemmFamily;
use super::filtering::FILTERED_SHADERS;
use super::fuse::{FUSED_SHADERS, Kernel};
pub use super::replicated::Replication;
use super::tile::Tile;
use crate::engine::ops::ConvolveTranspose;
use crate::engine::pass::for_every_pass;
use crate::engine::{Pass, Uniform};
use std::borrow::Cow;

macro_rules! shaders {
    ($($pass:ident = $file:ident),* $(,)?) => {
        /// The shader of every pass: name and text.
        pub const SHADERS: &[(&str, &str)] = &[$((
            stringify!($file),
            include_str!(concat!("../../shaders/", stringify!($file), ".wgsl")),
        )),*];
    };
}
for_every_pass!(shaders);

/// Shaders that run in the place of a pass's own where its shape allows it: name and text.
const STAND_INS: &[(&str, &str)] = &[(
    "convolve_transpose_few",
    include_str!("../../shaders/convolve_transpose_few.wgsl"),
)];

/// The shader that runs `kernel` in the place of its own on a real GPU.
pub(super) fn stand_in(kernel: &Kernel) -> Option<&'static str> {
    match kernel {
        Kernel::Pass(Pass::ConvolveTranspose(pass)) => stands_in(pass).then_some(STAND_INS[0].0),
        _ => None,
    }
}

/// Whether a kernel for few channels runs a transposed convolution.
pub(super) fn stands_in(pass: &ConvolveTranspose) -> bool {
    let g = &pass.geometry;
    g.inputs <= 4 && [g.kernel, g.padding] == [4.into(), 1.into()] && g.stride == 2
}

/// Every shader: name and text.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let shaders = SHADERS.iter().chain(FUSED_SHADERS).chain(STAND_INS);
    shaders.chain(FILTERED_SHADERS).copied()
}

/// Names of all shaders.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| name)
}

/// Whether a shader in a family can move values four at a time: products of software drivers cannot.
///
/// # Panics
/// When there is no such shader.
pub fn moves_vectors(name: &str, family: GemmFamily) -> bool {
    let text = text_of(name);
    let software = matches!(family, GemmFamily::Register | GemmFamily::Subgroup);
    text.contains(VECTORS) && !(software && text.contains("#import product"))
}

/// The tiles that a shader can be expanded for in a family; none where it has no form in that family.
pub fn tiles(name: &str, family: GemmFamily) -> Vec<Tile> {
    match (filters(name), family) {
        (false, _) => Tile::all(family),
        (true, GemmFamily::Tiled) => Tile::filtered(),
        (true, _) => Vec::new(),
    }
}

/// Whether a shader's products are those of minimal filtering.
fn filters(name: &str) -> bool {
    FILTERED_SHADERS.iter().any(|(own, _)| *own == name)
}

/// What a product does with each of its results beside storing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Epilogue {
    /// Nothing.
    #[default]
    None,
    /// Stores its activation as well.
    Activate,
    /// Stores the gradient in front of the activation whose upstream gradient it is as well.
    ActivateAdjoint,
}

/// How the text of a shader is expanded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// How products are computed.
    pub family: GemmFamily,
    /// Into what a product is cut; `None` where it is no product.
    pub tile: Option<Tile>,
    /// Whether what it reads is a sum of parts, which it adds up.
    pub sums_parts: bool,
    /// What follows on each result of a convolution.
    pub epilogue: Epilogue,
    /// Whether values move four at a time, where the shader can do that.
    pub vectors: bool,
    /// The values of `params` by name where they stand in the text, none where they are uniforms.
    pub params: Vec<(&'static str, u32)>,
    /// How many networks it serves.
    pub replication: Replication,
}

impl Variant {
    /// A product's, or another shader's where there is no tile, value by value and for any `params`.
    pub fn new(family: GemmFamily, tile: Option<Tile>) -> Self {
        Self {
            family,
            tile,
            sums_parts: false,
            epilogue: Epilogue::None,
            vectors: false,
            params: Vec::new(),
            replication: Replication::Alone,
        }
    }

    /// The one that runs the shader called `name` with these uniforms.
    ///
    /// Values move four at a time where all sides that `#vectors` names allow it: in products only
    /// on real GPUs, since software drivers load value by value. In place of `#params` real GPUs
    /// get constants, which turns the many divisions by them into multiplications; others would
    /// only have more to compile.
    pub(super) fn of(
        name: &str,
        family: GemmFamily,
        tile: Option<Tile>,
        uniforms: &[(&'static str, Uniform)],
    ) -> Self {
        let text = text_of(name);
        let whole = |side: &str| {
            uniforms.iter().any(|(name, value)| {
                *name == side && matches!(value, Uniform::Int(n) if n.is_multiple_of(4))
            })
        };
        let sides = text.lines().find_map(|line| line.strip_prefix(VECTORS));
        let software = matches!(family, GemmFamily::Register | GemmFamily::Subgroup);
        let constant = |(name, value): &(&'static str, Uniform)| match value {
            Uniform::Int(value) => (*name, *value as u32),
            Uniform::Float(_) => panic!("{name} is no integer, so `#params` cannot stand for it"),
        };
        Self {
            family,
            tile,
            sums_parts: false,
            epilogue: Epilogue::None,
            vectors: (tile.is_none() || !software)
                && sides.is_some_and(|sides| sides.split(' ').all(whole)),
            params: if !software && text.lines().any(|line| line == PARAMS) {
                uniforms.iter().map(constant).collect()
            } else {
                Vec::new()
            },
            replication: Replication::Alone,
        }
    }

    /// Values that a thread moves at once.
    pub(super) fn width(&self) -> usize {
        if self.vectors { 4 } else { 1 }
    }

    /// Whether a product is computed by minimal filtering.
    pub(super) fn filtered(&self) -> bool {
        self.tile.is_some_and(|tile| tile.filtered)
    }

    /// Text that `#import name` stands for.
    fn module(&self, name: &str) -> Option<Cow<'static, str>> {
        macro_rules! shared {
            ($path:literal) => {
                include_str!(concat!("../../shaders/shared/", $path, ".wgsl"))
            };
        }
        macro_rules! by_width {
            ($path:literal) => {
                if self.vectors {
                    include_str!(concat!("../../shaders/shared/vectors/", $path, ".wgsl"))
                } else {
                    include_str!(concat!("../../shaders/shared/scalars/", $path, ".wgsl"))
                }
            };
        }
        // By what `fetch` calls them: an operand, whether it is contiguous along k, and which extent
        // counts its lines.
        let fetch = |names: [(&str, &str); 3]| {
            let text = by_width!("fetch").to_owned();
            let named = |text: String, (name, value): (&str, &str)| text.replace(name, value);
            Some(Cow::Owned(names.into_iter().fold(text, named)))
        };
        // A buffer that may be a sum of parts, and its binding.
        if let Some(("reads", read)) = name.split_once(' ') {
            let (buffer, at) = read.split_once(' ')?;
            let text = if self.sums_parts {
                shared!("reads/sum_of_parts")
            } else {
                shared!("reads/whole")
            };
            return Some(Cow::Owned(
                text.replace("$buffer", buffer).replace("$at", at),
            ));
        }
        Some(Cow::Borrowed(match (name, self.family) {
            ("shared/flat", _) => shared!("flat"),
            ("shared/tree", _) => shared!("tree"),
            ("shared/adam", _) => shared!("adam"),
            ("shared/philox", _) => shared!("philox"),
            ("shared/loss_term", _) => shared!("loss_term"),
            ("shared/between", _) => shared!("between"),
            ("shared/bias_sum", _) => shared!("bias_sum"),
            ("shared/parts", _) => shared!("parts"),
            ("shared/largest", _) => shared!("largest"),
            ("shared/sine", _) => shared!("sine"),
            ("shared/window", _) => shared!("window"),
            ("shared/tiles_of_image", _) => shared!("tiles_of_image"),
            ("shared/channel_sum", _) => shared!("channel_sum"),
            ("shared/operands/taps", _) => shared!("operands/taps"),
            ("shared/operands/weight_of_filtered", _) => shared!("operands/weight_of_filtered"),
            ("shared/jets_of_tile", _) => shared!("jets_of_tile"),
            ("shared/operands/linear", _) => shared!("operands/linear"),
            ("shared/operands/input_of_linear", _) => shared!("operands/input_of_linear"),
            ("shared/operands/weight_of_linear", _) => shared!("operands/weight_of_linear"),
            ("shared/operands/weight_of_convolution", _) => {
                shared!("operands/weight_of_convolution")
            }
            ("shared/activate_jet", _) => shared!("activate_jet"),
            ("shared/activate_jet_adjoint", _) => shared!("activate_jet_adjoint"),
            ("shared/activation", _) => shared!("activation"),
            ("values", _) => by_width!("values"),
            ("curve", _) => by_width!("curve"),
            ("store", _) => by_width!("store"),
            ("fetch_a", GemmFamily::Tiled | GemmFamily::Cooperative(_)) => {
                return fetch([("$operand", "a"), ("$ALONG_K", "A_ALONG_K"), ("$side", "x")]);
            }
            ("fetch_b", GemmFamily::Tiled | GemmFamily::Cooperative(_)) => {
                return fetch([("$operand", "b"), ("$ALONG_K", "B_ALONG_K"), ("$side", "z")]);
            }
            ("fetch_a" | "fetch_b", _) => "",
            ("epilogue", _) => match self.epilogue {
                Epilogue::None => shared!("epilogue/none"),
                Epilogue::Activate => shared!("epilogue/activate"),
                Epilogue::ActivateAdjoint => shared!("epilogue/activate_adjoint"),
            },
            ("product_sliced", _) => shared!("product_sliced"),
            ("product", _) if self.filtered() => shared!("product_filtered"),
            ("product", GemmFamily::Tiled) if self.tile.is_some_and(|tile| !tile.staged) => {
                shared!("product_direct")
            }
            ("product", GemmFamily::Tiled) => shared!("product_tiled"),
            ("product", GemmFamily::Cooperative(_)) => shared!("product_cooperative"),
            ("product", GemmFamily::Register | GemmFamily::Subgroup) => {
                shared!("product_register")
            }
            _ => return None,
        }))
    }

    /// Writes `text` with what its imports stand for to `whole`.
    fn import(&self, shader: &str, text: &str, whole: &mut String) {
        for line in text.lines() {
            let import = match line.strip_prefix("#import ") {
                None if line.starts_with(VECTORS) => Some("values"),
                import => import,
            };
            if let Some(import) = import {
                let imported = self.module(import);
                let text = imported.unwrap_or_else(|| {
                    panic!("shader {shader} imports {import}, which does not exist")
                });
                self.import(shader, &text, whole);
            } else if line == PARAMS {
                *whole += &self.declared_params(text);
            } else {
                *whole += line;
            }
            whole.push('\n');
        }
    }

    /// The declaration of `params`, whose fields `text` lists.
    fn declared_params(&self, text: &str) -> String {
        if self.params.is_empty() {
            return "@group(0) @binding(0) var<uniform> params: Params;".to_owned();
        }
        let lines = text.lines().skip_while(|line| *line != "struct Params {");
        let values: Vec<String> = lines
            .skip(1)
            .map_while(|line| line.trim().split_once(':'))
            .map(|(field, _)| {
                let value = self.params.iter().find(|(name, _)| *name == field);
                format!("{}u", value.expect("a pass gives every parameter").1)
            })
            .collect();
        format!("const params = Params({});", values.join(", "))
    }
}

/// Stands in front of the sides that have to be multiples of 4 for values to move four at a time.
const VECTORS: &str = "#vectors ";
/// Stands for the declaration of `params`, as uniforms or as constants.
const PARAMS: &str = "#params";

fn text_of(name: &str) -> &'static str {
    let (_, text) = all()
        .find(|(n, _)| *n == name)
        .unwrap_or_else(|| panic!("no shader is called {name}"));
    text
}

/// The whole text of a shader. An import stands where WGSL allows a declaration, so order does not
/// matter; that of a product stands first, as it may enable extensions.
///
/// # Panics
/// When a shader is not in the registry, or imports what does not exist: a mistake of ours
/// that the tests find.
pub fn source(name: &str, variant: &Variant) -> String {
    let mut whole = String::new();
    variant.import(name, text_of(name), &mut whole);
    if let Some(tile) = variant.tile {
        let (lanes, broadcast) = variant.family.sharing();
        let low = matches!(variant.family, GemmFamily::Cooperative(matrices) if matrices.split);
        let shared = [
            ("$LANES", lanes),
            ("$GROUPS", tile.rows / lanes),
            ("$LOW", usize::from(low)),
        ];
        for (word, value) in tile.substitutions().into_iter().chain(shared) {
            whole = whole.replace(word, &value.to_string());
        }
        let memory = if tile.filtered { "pairs" } else { "quads" };
        whole = whole
            .replace("$BROADCAST", broadcast)
            .replace("$memory", memory);
    }
    let mut unrolled = String::new();
    unroll(&mut whole.lines(), &mut unrolled);
    variant.replication.apply(unrolled)
}

/// Writes `lines` up to the end of the present block to `text`. What stands between `#repeat v N`
/// and `#end` is written N times, with the numbers from 0 in the place of `$v`: WGSL has no loop
/// whose body may name a variable of its own for each turn.
fn unroll<'a>(lines: &mut impl Iterator<Item = &'a str>, text: &mut String) {
    while let Some(line) = lines.next() {
        if line == "#end" {
            return;
        }
        let Some(repeat) = line.strip_prefix("#repeat ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let (variable, count) = repeat
            .split_once(' ')
            .expect("a repeat has a variable and a count");
        let count: usize = count.parse().expect("a repeat has a count");
        let mut block = String::new();
        unroll(lines, &mut block);
        for i in 0..count {
            text.push_str(&block.replace(&format!("${variable}"), &i.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_unrolled() {
        let mut text = String::new();
        unroll(
            &mut "a\n#repeat i 2\nb$i\n#repeat j 2\nc$i$j\n#end\n#end\nd".lines(),
            &mut text,
        );
        assert_eq!(text, "a\nb0\nc00\nc01\nb1\nc10\nc11\nd\n");
    }

    #[test]
    fn variants_follow_family_and_shape() {
        let uniforms = |inputs| {
            [("inputs", inputs), ("outputs", 8), ("rows", 3)]
                .map(|(name, n)| (name, Uniform::Int(n)))
        };
        let tile = |family| Some(Tile::all(family)[0]);
        for family in GemmFamily::F32 {
            let vectors =
                |tile, inputs| Variant::of("linear", family, tile, &uniforms(inputs)).vectors;
            assert_eq!(vectors(tile(family), 12), family == GemmFamily::Tiled);
            assert!(!vectors(tile(family), 13));
            let params = Variant::of("convolve", family, tile(family), &uniforms(5)).params;
            assert_eq!(params.is_empty(), family != GemmFamily::Tiled);
        }
        let features = [("features", Uniform::Int(16))];
        let element_wise = Variant::of("activate", GemmFamily::Register, None, &features);
        assert!(
            element_wise.vectors,
            "software drivers gain from four at a time as well"
        );
    }

    #[test]
    fn constants_stand_in_the_order_of_the_fields() {
        let variant = Variant {
            params: vec![("second", 2), ("first", 1)],
            ..Variant::new(GemmFamily::Tiled, None)
        };
        let mut text = String::new();
        let fields = "struct Params {\n    first: u32,\n    second: u32,\n}\n#params\n";
        variant.import("test", fields, &mut text);
        assert!(text.ends_with("const params = Params(1u, 2u);\n"), "{text}");
    }

    #[test]
    fn every_shader_on_disk_is_used() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".wgsl").map(str::to_owned))
            .collect();
        files.sort_unstable();
        let mut passes: Vec<&str> = names().collect();
        passes.sort_unstable();
        assert_eq!(files, passes);
    }
}
