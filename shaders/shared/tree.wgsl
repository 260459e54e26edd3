// The sum over a workgroup of 64 threads by a fixed tree: the same bits every time.

var<workgroup> tree: array<f32, 64>;

// Every thread calls it; every thread gets the sum.
fn sum_over_workgroup(thread: u32, value: f32) -> f32 {
    tree[thread] = value;
    return sum_of_tree(thread);
}

// Likewise of the values of the first 64 threads of a larger workgroup.
fn sum_over_first_threads(thread: u32, value: f32) -> f32 {
    if thread < 64u {
        tree[thread] = value;
    }
    return sum_of_tree(thread);
}

fn sum_of_tree(thread: u32) -> f32 {
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if thread < half {
            tree[thread] += tree[thread + half];
        }
        workgroupBarrier();
    }
    return tree[0];
}

// Likewise of the largest value.
fn max_over_workgroup(thread: u32, value: f32) -> f32 {
    tree[thread] = value;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if thread < half {
            tree[thread] = max(tree[thread], tree[thread + half]);
        }
        workgroupBarrier();
    }
    return tree[0];
}
