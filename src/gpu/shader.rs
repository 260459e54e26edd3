//! The shaders as text: a registry, and what is done to them before naga: `#import NAME`, the sides
//! of a product's tile in the place of `$ROWS` and so on, and `#repeat VARIABLE COUNT` to `#end`.

use super::family::GemmFamily;
use super::fuse::FUSED_SHADERS;
use super::tile::Tile;
use crate::engine::pass::for_every_pass;

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

/// Names of all shaders.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHADERS.iter().chain(FUSED_SHADERS).map(|(name, _)| *name)
}

/// Text that `#import name` stands for.
fn module(name: &str, family: GemmFamily) -> Option<&'static str> {
    Some(match (name, family) {
        ("shared/flat", _) => include_str!("../../shaders/shared/flat.wgsl"),
        ("shared/tree", _) => include_str!("../../shaders/shared/tree.wgsl"),
        ("shared/philox", _) => include_str!("../../shaders/shared/philox.wgsl"),
        ("shared/loss_term", _) => include_str!("../../shaders/shared/loss_term.wgsl"),
        ("shared/between", _) => include_str!("../../shaders/shared/between.wgsl"),
        ("shared/largest", _) => include_str!("../../shaders/shared/largest.wgsl"),
        ("shared/sine", _) => include_str!("../../shaders/shared/sine.wgsl"),
        ("shared/window", _) => include_str!("../../shaders/shared/window.wgsl"),
        ("shared/jets_of_tile", _) => include_str!("../../shaders/shared/jets_of_tile.wgsl"),
        ("shared/activate_jet", _) => include_str!("../../shaders/shared/activate_jet.wgsl"),
        ("shared/activate_jet_adjoint", _) => {
            include_str!("../../shaders/shared/activate_jet_adjoint.wgsl")
        }
        ("shared/activation", _) => include_str!("../../shaders/shared/activation.wgsl"),
        ("product", GemmFamily::Tiled) => include_str!("../../shaders/shared/product_tiled.wgsl"),
        ("product", GemmFamily::Cooperative(_)) => {
            include_str!("../../shaders/shared/product_cooperative.wgsl")
        }
        ("product", GemmFamily::Register | GemmFamily::Subgroup) => {
            include_str!("../../shaders/shared/product_register.wgsl")
        }
        _ => return None,
    })
}

/// The whole text of a shader, with a tile where it is a product. An import stands where WGSL
/// allows a declaration, so order does not matter; that of a product stands first, as it may enable
/// extensions.
///
/// # Panics
/// When a shader is not in the registry, or imports what does not exist: a mistake of ours
/// that the tests find.
pub fn source(name: &str, family: GemmFamily, tile: Option<Tile>) -> String {
    let (_, text) = SHADERS
        .iter()
        .chain(FUSED_SHADERS)
        .find(|(n, _)| *n == name)
        .unwrap_or_else(|| panic!("no shader is called {name}"));
    let mut whole = String::new();
    for line in text.lines() {
        match line.strip_prefix("#import ") {
            Some(import) => {
                let imported = module(import, family);
                whole += imported.unwrap_or_else(|| {
                    panic!("shader {name} imports {import}, which does not exist")
                })
            }
            None => whole += line,
        }
        whole.push('\n');
    }
    if let Some(tile) = tile {
        let (lanes, broadcast) = family.sharing();
        let shared = [("$LANES", lanes), ("$GROUPS", tile.rows / lanes)];
        for (word, value) in tile.substitutions().into_iter().chain(shared) {
            whole = whole.replace(word, &value.to_string());
        }
        whole = whole.replace("$BROADCAST", broadcast);
    }
    let mut unrolled = String::new();
    unroll(&mut whole.lines(), &mut unrolled);
    unrolled
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
    fn every_shader_on_disk_is_used() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".wgsl").map(str::to_owned))
            .collect();
        files.sort_unstable();
        let shaders = SHADERS.iter().chain(FUSED_SHADERS);
        let mut passes: Vec<&str> = shaders.map(|(name, _)| *name).collect();
        passes.sort_unstable();
        assert_eq!(files, passes);
    }
}
