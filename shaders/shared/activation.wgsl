// Every activation with three derivatives. CPU kernel: src/cpu/activation.rs. Numbers:
// src/net/layers/activation.rs.
//
// At a kink every derivative is that of the branch x <= 0. Exponentials are taken of -|x| alone, so
// nothing overflows.

override ACTIVATION: u32 = 0u;

const SELU_SCALE: f32 = 1.0507009873554805;
const SELU_ALPHA: f32 = 1.6732632423543773;
const LEAKY_SLOPE: f32 = 0.01;

// (sigmoid s, its derivative s (1 - s), 1 - 2 s), each without cancellation.
fn logistic(x: f32) -> vec3<f32> {
    let e = exp(-abs(x));
    let small = e / (1.0 + e);
    let slope = small / (1.0 + e);
    let q = (1.0 - e) / (1.0 + e);
    if x < 0.0 {
        return vec3(small, slope, q);
    }
    return vec3(1.0 / (1.0 + e), slope, -q);
}

// exp(x) - 1 for x <= 0; a series near 0, where the difference would cancel.
fn exp_minus_1(x: f32) -> f32 {
    if x > -0.1 {
        return x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * 0.0013888889)))));
    }
    return exp(x) - 1.0;
}

fn exponential_unit(x: f32, scale: f32, alpha: f32) -> vec4<f32> {
    if x > 0.0 {
        return vec4(scale * x, scale, 0.0, 0.0);
    }
    let e = scale * alpha * exp(x);
    return vec4(scale * alpha * exp_minus_1(x), e, e, e);
}

// The standard normal distribution function, by Chebyshev approximation of erfc (relative error
// below 1.2e-7 everywhere; Press et al., Numerical Recipes, section 6.2).
fn normal_distribution(x: f32) -> f32 {
    let y = abs(x) * 0.70710678;
    let t = 1.0 / (1.0 + 0.5 * y);
    var p = 0.17087277;
    p = p * t - 0.82215223;
    p = p * t + 1.48851587;
    p = p * t - 1.13520398;
    p = p * t + 0.27886807;
    p = p * t - 0.18628806;
    p = p * t + 0.09678418;
    p = p * t + 0.37409196;
    p = p * t + 1.00002368;
    p = p * t - 1.26551223;
    let tail = 0.5 * t * exp(p - y * y);
    return select(1.0 - tail, tail, x < 0.0);
}

// By the bits, of a value that no compiler knows: constants must be finite, and arithmetic may be
// assumed to be.
fn not_a_number(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u);
}

// (s, s', s'', s''') at x; not a number for an activation that is not listed here.
fn activation(x: f32) -> vec4<f32> {
    switch ACTIVATION {
        case 0u: { // linear
            return vec4(x, 1.0, 0.0, 0.0);
        }
        case 1u: { // relu
            return select(vec4(0.0), vec4(x, 1.0, 0.0, 0.0), x > 0.0);
        }
        case 2u: { // leaky relu
            let slope = select(LEAKY_SLOPE, 1.0, x > 0.0);
            return vec4(slope * x, slope, 0.0, 0.0);
        }
        case 3u: { // elu
            return exponential_unit(x, 1.0, 1.0);
        }
        case 4u: { // selu
            return exponential_unit(x, SELU_SCALE, SELU_ALPHA);
        }
        case 5u: { // softplus
            let l = logistic(x);
            let e = exp(-abs(x));
            // log(1 + e) cancels for small e, where its series is exact.
            let log1p = select(log(1.0 + e), e * (1.0 - e * (0.5 - e * 0.33333334)), e < 0.01);
            return vec4(max(x, 0.0) + log1p, l.x, l.y, l.y * l.z);
        }
        case 6u: { // tanh
            let e = exp(-2.0 * abs(x));
            let magnitude = -exp_minus_1(-2.0 * abs(x)) / (1.0 + e);
            let t = select(magnitude, -magnitude, x < 0.0);
            let d = 4.0 * e / ((1.0 + e) * (1.0 + e));
            return vec4(t, d, -2.0 * t * d, d * (4.0 * t * t - 2.0 * d));
        }
        case 7u: { // sigmoid
            let l = logistic(x);
            return vec4(l.x, l.y, l.y * l.z, l.y * (1.0 - 6.0 * l.y));
        }
        case 8u: { // gelu
            let distribution = normal_distribution(x);
            // The density underflows long before x^3 overflows, but their product must not be 0 *
            // inf.
            let y = select(x, 0.0, abs(x) > 40.0);
            let density = select(0.39894228 * exp(-0.5 * y * y), 0.0, abs(x) > 40.0);
            return vec4(x * distribution, distribution + y * density, density * (2.0 - y * y), density * y * (y * y - 4.0));
        }
        case 9u: { // silu
            let l = logistic(x);
            let y = select(x, 0.0, abs(x) > 1e4);
            return vec4(x * l.x, l.x + y * l.y, l.y * (2.0 + y * l.z), l.y * (3.0 * l.z + y * (1.0 - 6.0 * l.y)));
        }
        case 10u: { // sine
            let s = sine_and_cosine(x);
            return vec4(s.x, s.y, -s.x, -s.y);
        }
        default: {
            return vec4(not_a_number(x));
        }
    }
}
