// Adam on 4 parameters. The importing shader has the buffers and `params`.

struct Quad {
    parameter: vec4<f32>,
    gradient: vec4<f32>,
    first: vec4<f32>,
    second: vec4<f32>,
}

fn vectors() -> u32 {
    return (params.len + 3u) / 4u;
}

// Which of the 4 values at `i` are parameters, rather than what lies behind the last one.
fn inside(i: u32) -> vec4<bool> {
    return vec4(4u * i) + vec4(0u, 1u, 2u, 3u) < vec4(params.len);
}

// Loaded in front of any branch, from a place inside: within one, software drivers take longer over
// every lane.
fn load(i: u32) -> Quad {
    let at = min(i, vectors() - 1u);
    return Quad(parameters[at], select(vec4(0.0), gradients[at], inside(at)), first[at], second[at]);
}

// By the bits: compilers may assume that arithmetic never meets a NaN.
fn is_finite(value: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(value) & vec4(0x7f800000u)) != vec4(0x7f800000u);
}

// Whether step `step` is made, where `stopped` is the first whose gradient was not finite plus 1: in
// that step itself, parts whose gradient is finite still change.
fn goes_on(step: u32, stopped: u32) -> bool {
    return stopped == 0u || stopped == step + 1u;
}

// The update at `i` by the gradient times `factor` and the row `step` of the schedule, of those
// values whose gradient has a finite square, and of none where not `usable`. Returns whether all have.
fn update(i: u32, old: Quad, step: vec4<f32>, factor: f32, usable: bool) -> bool {
    let g = old.gradient * factor;
    let finite = is_finite(old.gradient * old.gradient) & vec4(usable);
    let m = params.beta1 * old.first + (1.0 - params.beta1) * g;
    let v = params.beta2 * old.second + (1.0 - params.beta2) * g * g;
    let updated = old.parameter * (1.0 - step.x * params.weight_decay)
        - step.x * (m * step.y) / (sqrt(v) * step.z + params.epsilon);
    let changes = finite & inside(i);
    first[i] = select(old.first, m, changes);
    second[i] = select(old.second, v, changes);
    parameters[i] = select(old.parameter, updated, changes);
    return all(finite);
}
