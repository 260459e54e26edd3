// The `count` samples nearest to each row of a block, among those of this block and of those before
// it in the same row of blocks, without the row's own: nearest first, ties by index. The step
// counts the blocks, row by row.
//
// distances   [rows, columns]
// state       word 0: the step
// nearest     [samples, count]: distances; the largest f32 where fewer have been seen
// neighbours  [samples, count]: samples; 2^31 + position where fewer have been seen
// Grid: one workgroup a row.
// CPU kernel: src/cpu/nearest.rs
//
// Distances below the last of the list wait in a queue. A queue that might not hold another THREADS
// of them is merged into the list by ranks: an element goes where as many are before it, which
// needs no order among threads, and its place does not depend on theirs.

#import shared/flat

struct Params {
    samples: u32,
    rows: u32,
    columns: u32,
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;
@group(0) @binding(2) var<storage, read> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> nearest: array<f32>;
@group(0) @binding(4) var<storage, read_write> neighbours: array<u32>;

const THREADS: u32 = 128u;
// Longest list: MOST_NEAREST in src/engine/ops/nearest.rs.
const LIST: u32 = 256u;
const QUEUE: u32 = 2u * THREADS;
const TURNS: u32 = (LIST + QUEUE) / THREADS;
const NOBODY: u32 = 0x80000000u;
const FARTHEST: f32 = 0x1.fffffep+127f;

// The list, `count` long, and the queue behind it.
var<workgroup> values: array<f32, LIST + QUEUE>;
var<workgroup> samples: array<u32, LIST + QUEUE>;
var<workgroup> arrived: atomic<u32>;
var<workgroup> waiting: u32;

// Merges the first `queued` of the queue into the list.
fn merge(thread: u32, queued: u32) {
    let all = params.count + queued;
    var ranks: array<u32, TURNS>;
    var own_values: array<f32, TURNS>;
    var own_samples: array<u32, TURNS>;
    for (var turn = 0u; turn < TURNS; turn++) {
        let own = turn * THREADS + thread;
        ranks[turn] = LIST;
        if own < all {
            let value = values[own];
            let sample = samples[own];
            var rank = 0u;
            for (var other = 0u; other < all; other++) {
                let before = values[other] < value || (values[other] == value && samples[other] < sample);
                rank += select(0u, 1u, before);
            }
            ranks[turn] = rank;
            own_values[turn] = value;
            own_samples[turn] = sample;
        }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < TURNS; turn++) {
        if ranks[turn] < params.count {
            values[ranks[turn]] = own_values[turn];
            samples[ranks[turn]] = own_samples[turn];
        }
    }
    if thread == 0u {
        atomicStore(&arrived, 0u);
    }
    workgroupBarrier();
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let across = (params.samples + params.columns - 1u) / params.columns;
    let row = flat_group(group, groups);
    let sample = state[0] / across * params.rows + row;
    let first = state[0] % across * params.columns;
    let inside = row < params.rows && sample < params.samples;
    for (var at = thread; at < params.count; at += THREADS) {
        values[at] = FARTHEST;
        samples[at] = NOBODY + at;
        if inside && first > 0u {
            values[at] = nearest[sample * params.count + at];
            samples[at] = neighbours[sample * params.count + at];
        }
    }
    if thread == 0u {
        atomicStore(&arrived, 0u);
    }
    workgroupBarrier();
    for (var chunk = 0u; chunk < params.columns; chunk += THREADS) {
        let column = chunk + thread;
        let other = first + column;
        if inside && column < params.columns && other < params.samples && other != sample {
            let value = distances[row * params.columns + column];
            if value < values[params.count - 1u] {
                let place = params.count + atomicAdd(&arrived, 1u);
                values[place] = value;
                samples[place] = other;
            }
        }
        workgroupBarrier();
        if thread == 0u {
            waiting = atomicLoad(&arrived);
        }
        let queued = workgroupUniformLoad(&waiting);
        if queued > QUEUE - THREADS || chunk + THREADS >= params.columns {
            merge(thread, queued);
        }
    }
    if inside {
        for (var at = thread; at < params.count; at += THREADS) {
            nearest[sample * params.count + at] = values[at];
            neighbours[sample * params.count + at] = samples[at];
        }
    }
}
