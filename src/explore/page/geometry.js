// Geometry of the decoded manifold, in the page. In: `decode(codes, rows)` as of decoder.js, with m
// latents and n features. Out: the metric J'J at a point, and the geodesic between two. Jacobians are
// forward differences in f64; the method is that of `nrae geodesic`: Gauss and Newton's on the energy
// sum |f(z_{i+1}) - f(z_i)|^2, whose matrix is block tridiagonal. Uses nothing of the page.
"use strict";
const Geometry = (() => {
  const STEP = 1e-6;
  const dot = (a, b, n, i, j) => {
    let sum = 0;
    for (let c = 0; c < n; c++) sum += a[i + c] * b[j + c];
    return sum;
  };

  // f [n] and its m derivatives [m, n] at `points` [count, m], one object a point.
  function jacobians(decode, points, m, n) {
    const count = points.length / m, rows = new Float64Array(count * (1 + m) * m);
    const steps = new Float64Array(count * m);
    for (let p = 0; p < count; p++) for (let k = 0; k <= m; k++) {
      const at = (p * (1 + m) + k) * m;
      rows.set(points.subarray(p * m, (p + 1) * m), at);
      if (k > 0) {
        steps[p * m + k - 1] = STEP * Math.max(1, Math.abs(rows[at + k - 1]));
        rows[at + k - 1] += steps[p * m + k - 1];
      }
    }
    const out = decode(rows, count * (1 + m)), found = [];
    for (let p = 0; p < count; p++) {
      const value = out.subarray(p * (1 + m) * n, (p * (1 + m) + 1) * n), first = new Float64Array(m * n);
      for (let k = 0; k < m; k++) for (let c = 0; c < n; c++) {
        first[k * n + c] = (out[(p * (1 + m) + 1 + k) * n + c] - value[c]) / steps[p * m + k];
      }
      found.push({ value, first });
    }
    return found;
  }

  // The metric [m, m] at one point.
  function metric(decode, z, m, n) {
    const { first } = jacobians(decode, Float64Array.from(z), m, n)[0], g = new Float64Array(m * m);
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) g[i * m + j] = dot(first, first, n, i * n, j * n);
    return g;
  }

  // The lower triangle of a positive matrix; null where it is none.
  function cholesky(matrix, m) {
    const l = Float64Array.from(matrix);
    for (let c = 0; c < m; c++) {
      const whole = l[c * m + c];
      let pivot = whole;
      for (let k = 0; k < c; k++) pivot -= l[c * m + k] ** 2;
      if (!(pivot > whole * 1e-14 && pivot > 1e-300)) return null;
      l[c * m + c] = Math.sqrt(pivot);
      for (let r = c + 1; r < m; r++) {
        let sum = l[r * m + c];
        for (let k = 0; k < c; k++) sum -= l[r * m + k] * l[c * m + k];
        l[r * m + c] = sum / l[c * m + c];
      }
    }
    return l;
  }

  // log det of a metric; null where it is singular.
  function logDeterminant(g, m) {
    const l = cholesky(g, m);
    if (!l) return null;
    let sum = 0;
    for (let i = 0; i < m; i++) sum += 2 * Math.log(l[i * m + i]);
    return sum;
  }

  // L^-1 rows [m, columns], in place.
  function forward(l, m, rows, columns) {
    for (let r = 0; r < m; r++) for (let c = 0; c < columns; c++) {
      let sum = rows[r * columns + c];
      for (let k = 0; k < r; k++) sum -= l[r * m + k] * rows[k * columns + c];
      rows[r * columns + c] = sum / l[r * m + r];
    }
  }

  // x with (A + damping) x = right, for blocks on the diagonal and beside it; null where A is singular.
  function solve(diagonal, beside, right, m, damping) {
    const blocks = diagonal.length, factors = [], coupled = [], x = right.map((row) => Float64Array.from(row));
    let trace = 0;
    for (const block of diagonal) for (let c = 0; c < m; c++) trace += block[c * m + c];
    const added = damping * trace / (blocks * m);
    for (let i = 0; i < blocks; i++) {
      const block = Float64Array.from(diagonal[i]);
      for (let c = 0; c < m; c++) block[c * m + c] += added;
      if (i > 0) for (let r = 0; r < m; r++) for (let k = 0; k < m; k++) {
        const factor = coupled[i - 1][k * m + r];
        x[i][r] -= factor * x[i - 1][k];
        for (let c = 0; c < m; c++) block[r * m + c] -= factor * coupled[i - 1][k * m + c];
      }
      const l = cholesky(block, m);
      if (!l) return null;
      forward(l, m, x[i], 1);
      if (i + 1 < blocks) {
        const b = Float64Array.from(beside[i]);
        forward(l, m, b, m);
        coupled.push(b);
      }
      factors.push(l);
    }
    for (let i = blocks - 1; i >= 0; i--) {
      if (i + 1 < blocks) for (let r = 0; r < m; r++) x[i][r] -= dot(coupled[i], x[i + 1], m, r * m, 0);
      const l = factors[i];
      for (let r = m - 1; r >= 0; r--) {
        let sum = x[i][r];
        for (let k = r + 1; k < m; k++) sum -= l[k * m + r] * x[i][k];
        x[i][r] = sum / l[r * m + r];
      }
    }
    return x;
  }

  // Points [pieces + 1, m] on the straight line.
  function line(from, to, pieces) {
    const m = from.length, path = new Float64Array((pieces + 1) * m);
    for (let i = 0; i <= pieces; i++) for (let c = 0; c < m; c++) {
      path[i * m + c] = from[c] + (to[c] - from[c]) * i / pieces;
    }
    return path;
  }

  // `count` points evenly along a path.
  function along(path, m, count) {
    const last = path.length / m - 1, points = new Float64Array(count * m);
    for (let i = 0; i < count; i++) {
      const place = i * last / (count - 1), low = Math.min(Math.floor(place), last - 1);
      for (let c = 0; c < m; c++) {
        const a = path[low * m + c];
        points[i * m + c] = a + (place - low) * (path[(low + 1) * m + c] - a);
      }
    }
    return points;
  }

  // The sum over pieces of the squared, or of the plain, length.
  function pieces(decode, path, m, n, squared) {
    const count = path.length / m, out = decode(path, count);
    let sum = 0;
    for (let i = 1; i < count; i++) {
      let square = 0;
      for (let c = 0; c < n; c++) square += (out[i * n + c] - out[(i - 1) * n + c]) ** 2;
      sum += squared ? square : Math.sqrt(square);
    }
    return sum;
  }
  const length = (decode, path, m, n) =>
    pieces(decode, along(path, m, (path.length / m - 1) * 8 + 1), m, n, false);

  // Yields {path, residual, done} after each step, so that a page can draw in between.
  function* geodesic(decode, from, to, m, n, count = 24, most = 60, tolerance = 1e-4) {
    let path = line(from, to, count), energy = pieces(decode, path, m, n, true), damping = 0;
    for (let step = 0; step < most && energy > 0; step++) {
      const at = jacobians(decode, path, m, n), diagonal = [], beside = [], gradient = [];
      for (let i = 1; i < count; i++) {
        const { value, first } = at[i], away = new Float64Array(n);
        for (let c = 0; c < n; c++) away[c] = 2 * value[c] - at[i - 1].value[c] - at[i + 1].value[c];
        const d = new Float64Array(m * m), b = new Float64Array(m * m), g = new Float64Array(m);
        for (let r = 0; r < m; r++) {
          g[r] = dot(first, away, n, r * n, 0);
          for (let c = 0; c < m; c++) {
            d[r * m + c] = 2 * dot(first, first, n, r * n, c * n);
            if (i + 1 < count) b[r * m + c] = -dot(first, at[i + 1].first, n, r * n, c * n);
          }
        }
        diagonal.push(d);
        gradient.push(g);
        if (i + 1 < count) beside.push(b);
      }
      let moved = null, residual = Infinity;
      while (!moved && damping < 1e10) {
        const change = solve(diagonal, beside, gradient, m, damping);
        if (change) {
          const decrement = change.reduce((sum, row, i) => sum + dot(row, gradient[i], m, 0, 0), 0);
          residual = Math.sqrt(Math.max(decrement, 0) / energy);
          if (residual <= tolerance) break;
          const tried = Float64Array.from(path);
          change.forEach((row, i) => row.forEach((value, c) => { tried[(i + 1) * m + c] -= value; }));
          const reached = pieces(decode, tried, m, n, true);
          if (reached < energy) { moved = tried; energy = reached; break; }
        }
        damping = Math.max(10 * damping, 1e-8);
      }
      const done = !moved;
      if (moved) path = moved;
      damping = damping > 1e-8 ? damping / 10 : 0;
      yield { path, residual, done, steps: step + (moved ? 1 : 0) };
      if (done) return;
    }
  }
  return { metric, logDeterminant, line, along, length, geodesic };
})();
if (typeof module !== "undefined") module.exports = Geometry;
