// Products whose terms may be cut into parts, one behind the other in what is stored, for another
// dispatch to add up.

// Terms of a part; 0 where there is one.
override STRETCH: u32 = 0u;

var<private> part: u32;

// The terms of part group.z, of so many in all.
fn product_of_part(group: vec3<u32>, thread: u32, terms: u32) {
    var end = terms;
    if STRETCH > 0u {
        part = group.z;
        end = min((part + 1u) * STRETCH, terms);
    }
    product(group.xy, thread, part * STRETCH, end);
}
