// The decoder in plain JavaScript. In: the layers as nrae describes them, each with its parameters
// (Float32Array, PyTorch's shapes). Out: `run(codes, rows)` maps Float64Array [rows, latent] to
// Float64Array [rows, features], in the units of scaled data. Every layer and activation that nrae
// has is here; sums are in f64. Uses nothing of the page, so that it can be tested alone.
"use strict";
const Decoder = (() => {
  // The complementary error function to 1.2e-7, relative (Numerical Recipes, 6.2).
  function erfc(x) {
    const z = Math.abs(x), t = 1 / (1 + 0.5 * z);
    const c = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807,
      -1.13520398, 1.48851587, -0.82215223, 0.17087277];
    let p = 0;
    for (let i = c.length - 1; i >= 0; i--) p = p * t + c[i];
    const value = t * Math.exp(-z * z + p);
    return x >= 0 ? value : 2 - value;
  }
  const sigmoid = (x) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  const SCALE = 1.0507009873554805, ALPHA = 1.6732632423543773;
  const activations = {
    "linear": (x) => x,
    "relu": (x) => x > 0 ? x : 0,
    "leaky-relu": (x) => x > 0 ? x : 0.01 * x,
    "elu": (x) => x > 0 ? x : Math.expm1(x),
    "selu": (x) => SCALE * (x > 0 ? x : ALPHA * Math.expm1(x)),
    "softplus": (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    "tanh": Math.tanh,
    "sigmoid": sigmoid,
    "gelu": (x) => x * 0.5 * erfc(-x * Math.SQRT1_2),
    "silu": (x) => x * sigmoid(x),
    "sine": Math.sin,
  };

  const size = (shape) => shape.reduce((product, side) => product * side, 1);
  // A number for both sides, or [height, width].
  const sides = (value) => Array.isArray(value) ? value : [value ?? 0, value ?? 0];

  function linear({ inputs, outputs, weight, bias }) {
    return (from, to, rows) => {
      for (let o = 0; o < outputs; o++) {
        const w = o * inputs;
        for (let b = 0; b < rows; b++) {
          const x = b * inputs;
          let s0 = 0, s1 = 0, s2 = 0, s3 = 0, i = 0;
          for (; i + 3 < inputs; i += 4) {
            s0 += weight[w + i] * from[x + i];
            s1 += weight[w + i + 1] * from[x + i + 1];
            s2 += weight[w + i + 2] * from[x + i + 2];
            s3 += weight[w + i + 3] * from[x + i + 3];
          }
          for (; i < inputs; i++) s0 += weight[w + i] * from[x + i];
          to[b * outputs + o] = bias[o] + s0 + s1 + s2 + s3;
        }
      }
    };
  }

  function conv(layer, [channels, height, width], [outputs, oh, ow]) {
    const { weight, bias } = layer, stride = layer.stride ?? 1;
    const [kh, kw] = sides(layer.kernel), [ph, pw] = sides(layer.padding);
    return (from, to, rows) => {
      for (let b = 0; b < rows; b++) for (let o = 0; o < outputs; o++)
        for (let y = 0; y < oh; y++) for (let x = 0; x < ow; x++) {
          let sum = bias[o];
          for (let c = 0; c < channels; c++) for (let i = 0; i < kh; i++) {
            const row = y * stride - ph + i;
            if (row < 0 || row >= height) continue;
            const f = ((b * channels + c) * height + row) * width, w = ((o * channels + c) * kh + i) * kw;
            const left = x * stride - pw;
            const first = Math.max(0, -left), last = Math.min(kw, width - left);
            for (let j = first; j < last; j++) sum += weight[w + j] * from[f + left + j];
          }
          to[((b * outputs + o) * oh + y) * ow + x] = sum;
        }
    };
  }

  function convTranspose(layer, [channels, height, width], [outputs, oh, ow]) {
    const { weight, bias } = layer, stride = layer.stride ?? 1;
    const [kh, kw] = sides(layer.kernel), [ph, pw] = sides(layer.padding);
    return (from, to, rows) => {
      for (let b = 0; b < rows; b++) {
        for (let o = 0; o < outputs; o++) {
          const t = (b * outputs + o) * oh * ow;
          to.fill(bias[o], t, t + oh * ow);
        }
        for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
          const value = from[((b * channels + c) * height + y) * width + x];
          if (value === 0) continue;
          const left = x * stride - pw, first = Math.max(0, -left), last = Math.min(kw, ow - left);
          for (let o = 0; o < outputs; o++) for (let i = 0; i < kh; i++) {
            const row = y * stride - ph + i;
            if (row < 0 || row >= oh) continue;
            const t = ((b * outputs + o) * oh + row) * ow + left, w = ((c * outputs + o) * kh + i) * kw;
            for (let j = first; j < last; j++) to[t + j] += weight[w + j] * value;
          }
        }
      }
    };
  }

  function pool(layer, [channels, height, width], [, oh, ow], largest) {
    const k = layer.kernel, stride = layer.stride ?? k;
    return (from, to, rows) => {
      for (let p = 0; p < rows * channels; p++) for (let y = 0; y < oh; y++) for (let x = 0; x < ow; x++) {
        let most = -Infinity, sum = 0;
        for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
          const value = from[(p * height + y * stride + i) * width + x * stride + j];
          if (value > most) most = value;
          sum += value;
        }
        to[(p * oh + y) * ow + x] = largest ? most : sum / (k * k);
      }
    };
  }

  function upsample({ align_corners: corners }, [channels, height, width]) {
    const between = (at, side) => {
      const place = corners ? at * (side - 1) / (2 * side - 1) : Math.max(0, 0.5 * at - 0.25);
      const low = Math.min(Math.floor(place), side - 1);
      return [low, Math.min(low + 1, side - 1), place - low];
    };
    return (from, to, rows) => {
      for (let p = 0; p < rows * channels; p++) for (let y = 0; y < 2 * height; y++) {
        const [y0, y1, down] = between(y, height);
        for (let x = 0; x < 2 * width; x++) {
          const [x0, x1, right] = between(x, width), f = p * height * width;
          const mix = (row) => from[f + row * width + x0] * (1 - right) + from[f + row * width + x1] * right;
          to[(p * 2 * height + y) * 2 * width + x] = mix(y0) * (1 - down) + mix(y1) * down;
        }
      }
    };
  }

  function groupNorm({ groups, channels, weight, bias }, [, height, width]) {
    const area = height * width, each = channels / groups * area;
    return (from, to, rows) => {
      for (let g = 0; g < rows * groups; g++) {
        let mean = 0, variance = 0;
        for (let i = 0; i < each; i++) mean += from[g * each + i] / each;
        for (let i = 0; i < each; i++) variance += (from[g * each + i] - mean) ** 2 / each;
        const factor = 1 / Math.sqrt(variance + 1e-5);
        for (let i = 0; i < each; i++) {
          const c = (g % groups) * (channels / groups) + Math.floor(i / area);
          to[g * each + i] = (from[g * each + i] - mean) * factor * weight[c] + bias[c];
        }
      }
    };
  }

  function unitNorm(features) {
    return (from, to, rows) => {
      for (let b = 0; b < rows; b++) {
        const norm = Math.hypot(...from.subarray(b * features, (b + 1) * features));
        for (let i = 0; i < features; i++) to[b * features + i] = from[b * features + i] / norm;
      }
    };
  }

  function activation({ function: name }) {
    const of = activations[name];
    if (!of) throw new Error(`no activation ${name}`);
    return (from, to) => { for (let i = 0; i < to.length; i++) to[i] = of(from[i]); };
  }

  // The rule of a layer from images or vectors of shape `from` to those of shape `to`.
  function rule(layer, from, to) {
    switch (layer.kind) {
      case "linear": return linear(layer);
      case "activation": return activation(layer);
      case "conv": return conv(layer, from, to);
      case "conv-transpose": return convTranspose(layer, from, to);
      case "max-pool": return pool(layer, from, to, true);
      case "average-pool": return pool(layer, from, to, false);
      case "upsample": return upsample(layer, from);
      case "group-norm": return groupNorm(layer, from);
      case "unit-norm": return unitNorm(size(from));
      case "flatten": case "unflatten": return null;
      default: throw new Error(`no layer ${layer.kind}`);
    }
  }

  // `layers`: each with `parameters` {weight, bias} and the shapes `from` and `to`.
  function make(layers) {
    const steps = layers.map((layer) => ({
      apply: rule({ ...layer, ...layer.parameters }, layer.from, layer.to),
      outputs: size(layer.to),
    })).filter((step) => step.apply);
    return {
      run(codes, rows) {
        let x = Float64Array.from(codes);
        for (const { apply, outputs } of steps) {
          const y = new Float64Array(rows * outputs);
          apply(x, y, rows);
          x = y;
        }
        return x;
      },
    };
  }
  return { make, activations };
})();
if (typeof module !== "undefined") module.exports = Decoder;
