// Inner products of the first derivatives of every jet along its first two directions: of the first
// with the second, and with itself, as means over centres.
//
// jets     [batch, 3, features]: f, J v, J u
// loss_weights     [steps, columns]: column 0 is the number of centres that count
// state    [5]  word 0: the step within the block
// crossed  [batch]: J v . J u
// squared  [batch]: |J v|^2
// Grid: one workgroup a jet.
// CPU kernel: src/cpu/jvp_inner_products.rs

#import shared/flat
#import shared/loss_term
#import shared/tree

struct Params {
    batch: u32,
    features: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> jets: array<f32>;
@group(0) @binding(2) var<storage, read> loss_weights: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> crossed: array<f32>;
@group(0) @binding(5) var<storage, read_write> squared: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let b = flat_group(group, groups);
    if b < params.batch {
        let n = params.features;
        var products = vec2(0.0);
        for (var i = thread; i < n; i += 64u) {
            let v = jets[(b * 3u + 1u) * n + i];
            products = fma(vec2(v), vec2(jets[(b * 3u + 2u) * n + i], v), products);
        }
        let share = mean_factor(b);
        let first = sum_over_workgroup(thread, products.x);
        workgroupBarrier();
        let second = sum_over_workgroup(thread, products.y);
        if thread == 0u {
            crossed[b] = share * first;
            squared[b] = share * second;
        }
    }
}
