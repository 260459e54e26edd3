//! Shaders that serve several replicas of one network in a dispatch.
//!
//! A shader is written for one network. Here its text is changed so that every storage buffer is
//! read and written at the place of a replica, which the workgroup's number along z tells: workgroups
//! of the first replica come first, then those of the second, and so on. What a replica computes, and
//! in which order, is the same as alone. So no shader knows of replicas, and the text for one network
//! is not touched.

use std::fmt::Write;

/// How many networks a dispatch of a shader serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Replication {
    /// One.
    #[default]
    Alone,
    /// Several, of which all have the same `params`.
    Same,
    /// Several, each with `params` of its own, in a storage buffer. No barrier may depend on them.
    Own,
}

/// Name of the uniform with the distance between the replicas of every buffer, in elements, behind
/// the workgroups of a replica along z.
pub(super) const REPLICAS: &str = "replicas";
/// Field of [`REPLICAS`]: workgroups of a replica along z.
pub(super) const DEPTH: &str = "workgroups_along_z";
/// Name of the storage buffer with `params` of each replica.
pub(super) const PARAMS_OF_REPLICAS: &str = "params_of_replicas";
/// Binding of [`REPLICAS`]: no shader binds as many buffers.
const BINDING: u32 = 15;

impl Replication {
    /// The text of a shader that is expanded in every other respect.
    ///
    /// # Panics
    /// When the shader is not written as ours are: a mistake that the tests find.
    pub(super) fn apply(self, text: String) -> String {
        if self == Self::Alone {
            return text;
        }
        let buffers: Vec<&str> = text.lines().filter_map(storage_buffer).collect();
        let mut changed = placed(&text, &buffers);
        let mut begin = format!("    replica = dispatched.z / {REPLICAS}.{DEPTH};\n");
        if self == Self::Own {
            changed = changed.replacen(
                "@group(0) @binding(0) var<uniform> params: Params;",
                &format!(
                    "@group(0) @binding(0) var<storage, read> {PARAMS_OF_REPLICAS}: array<Params>;\n\
                     var<private> params: Params;"
                ),
                1,
            );
            writeln!(begin, "    params = {PARAMS_OF_REPLICAS}[replica];").expect("text");
        }
        let mut changed = with_replica_in_main(&changed, begin);
        writeln!(changed, "struct Replicas {{\n    {DEPTH}: u32,").expect("text");
        for buffer in buffers {
            writeln!(changed, "    {buffer}: u32,").expect("text");
        }
        writeln!(
            changed,
            "}}\n@group(0) @binding({BINDING}) var<uniform> {REPLICAS}: Replicas;\nvar<private> replica: u32;"
        )
        .expect("text");
        changed
    }
}

/// The name of the storage buffer that a line declares.
fn storage_buffer(line: &str) -> Option<&str> {
    let (_, declared) = line.split_once("var<storage")?;
    let (_, name) = declared.split_once("> ")?;
    Some(name.split_once(':')?.0)
}

/// `text` with every element of `buffers` at the place of the replica: `name[i]` becomes
/// `name[replica * replicas.name + (i)]`.
fn placed(text: &str, buffers: &[&str]) -> String {
    let mut placed = String::with_capacity(2 * text.len());
    for line in text.lines() {
        let (code, comment) = line.split_at(line.find("//").unwrap_or(line.len()));
        // Whether each bracket that is open is that of a buffer.
        let mut open = Vec::new();
        let mut word = 0;
        for (at, character) in code.char_indices() {
            match character {
                '[' => {
                    let name = &code[word..at];
                    let is_buffer = buffers.contains(&name);
                    open.push(is_buffer);
                    placed.push('[');
                    if is_buffer {
                        write!(placed, "replica * {REPLICAS}.{name} + (").expect("text");
                    }
                }
                ']' => placed.push_str(match open.pop() {
                    Some(true) => ")]",
                    Some(false) => "]",
                    None => panic!("an index ends on the line that it begins on: {line}"),
                }),
                _ => placed.push(character),
            }
            let within = character.is_alphanumeric() || character == '_' || character == '.';
            if !within {
                word = at + character.len_utf8();
            }
        }
        assert!(
            open.is_empty(),
            "an index ends on the line that it begins on: {line}"
        );
        placed.push_str(comment);
        placed.push('\n');
    }
    placed
}

/// `text` whose entry point first finds out for which replica it runs, by `begin`, and then goes on
/// with the workgroup's number among those of that replica.
fn with_replica_in_main(text: &str, mut begin: String) -> String {
    const GROUP: &str = "@builtin(workgroup_id) group: vec3<u32>";
    const DISPATCHED: &str = "@builtin(workgroup_id) dispatched: vec3<u32>";
    const GROUPS: &str = "@builtin(num_workgroups) groups: vec3<u32>";
    const ALL_GROUPS: &str = "@builtin(num_workgroups) all_groups: vec3<u32>";
    let start = text.find("fn main(").expect("every shader has `main`");
    let length = text[start..].find('{').expect("`main` has a body") + 1;
    let (before, rest) = text.split_at(start);
    let (head, body) = rest.split_at(length);
    let mut head = head.to_owned();
    if head.contains(GROUP) {
        head = head.replacen(GROUP, DISPATCHED, 1);
        begin +=
            &format!("    let group = vec3(dispatched.xy, dispatched.z % {REPLICAS}.{DEPTH});\n");
    } else {
        head = head.replacen("main(", &format!("main({DISPATCHED}, "), 1);
    }
    if head.contains(GROUPS) {
        head = head.replacen(GROUPS, ALL_GROUPS, 1);
        begin += &format!("    let groups = vec3(all_groups.xy, {REPLICAS}.{DEPTH});\n");
    }
    format!("{before}{head}\n{begin}{body}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_lie_at_the_place_of_the_replica() {
        let text = "a[b[i] + 1u] = c.a[x[2]] * aa[j]; // [0, 1)\n";
        assert_eq!(
            placed(text, &["a", "b"]),
            "a[replica * replicas.a + (b[replica * replicas.b + (i)] + 1u)] = c.a[x[2]] * aa[j]; // [0, 1)\n"
        );
    }

    #[test]
    fn a_network_alone_has_the_text_as_it_is_written() {
        let text = "fn main() {\n}";
        assert_eq!(Replication::Alone.apply(text.to_owned()), text);
        let several = Replication::Same.apply(text.to_owned());
        assert!(
            several.starts_with("fn main(@builtin(workgroup_id) dispatched: vec3<u32>, ) {\n"),
            "{several}"
        );
    }
}
