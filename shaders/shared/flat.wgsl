// Dispatches of more than 65 535 workgroups are folded into two dimensions.

// The workgroup's number in the unfolded dispatch.
fn flat_group(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}
