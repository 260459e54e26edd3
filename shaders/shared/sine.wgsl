// Sine and cosine to the precision of f32. The built-in functions may be wrong by 2^-11, and some
// drivers are.

// (sin x, cos x) for |x| up to 1e4; beyond, the error grows with |x| as that of x itself does.
fn sine_and_cosine(x: f32) -> vec2<f32> {
    // x less quarters of a turn, which are taken off in two parts for the sake of their last
    // digits, is within +-pi/4.
    let quarters = round(x * 0.63661977);
    let r = fma(-quarters, 4.8382679e-4, fma(-quarters, 1.5703125, x));
    // Taylor series; the first terms left out are below 2e-9.
    let s = r * r;
    let sine = r * fma(s, fma(s, fma(s, fma(s, 2.7557319e-6, -1.9841270e-4), 8.3333333e-3), -0.16666667), 1.0);
    let cosine = fma(s, fma(s, fma(s, fma(s, fma(s, -2.7557319e-7, 2.4801587e-5), -1.3888889e-3), 0.041666667), -0.5), 1.0);
    switch i32(quarters) & 3 {
        case 0: {
            return vec2(sine, cosine);
        }
        case 1: {
            return vec2(cosine, -sine);
        }
        case 2: {
            return vec2(-sine, -cosine);
        }
        default: {
            return vec2(-cosine, sine);
        }
    }
}
