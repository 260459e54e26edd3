// The plane: two axes through the latent space, and the camera on it. An axis is a latent, a principal
// component, or, of a single latent, what the data have across it. Plane coordinates are relative to the
// centre of the codes, in f64; points on it are f32.
"use strict";
const View = (() => {
  function make(data) {
    const { m } = data, axes = [];
    if (data.principal) for (let k = 0; k < 2; k++) {
      axes.push({ name: `component ${k + 1}`, vector: data.principal.slice(k * m, (k + 1) * m), offset: 0 });
    }
    for (let c = 0; c < m; c++) {
      const vector = new Array(m).fill(0);
      vector[c] = 1;
      axes.push({ name: `z${sub(c + 1)}`, vector, offset: data.centre[c] });
    }
    if (m === 1) axes.push({ name: "first principal component of the data", vector: null, offset: 0 });
    const view = { axes, x: 0, y: 1, anchor: new Float64Array(m), camera: { x: 0, y: 0, scale: 1 }, width: 1, height: 1 };
    view.positions = positions(data, view);
    return view;
  }
  const sub = (number) => String(number).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);

  // [points, 2], relative to the centre.
  function positions(data, view) {
    const { m, points, codes } = data, out = new Float32Array(points * 2);
    [view.axes[view.x], view.axes[view.y]].forEach(({ vector }, k) => {
      for (let p = 0; p < points; p++) {
        let sum = 0;
        if (vector) for (let c = 0; c < m; c++) sum += vector[c] * codes[p * m + c];
        else sum = data.across[p];
        out[2 * p + k] = sum;
      }
    });
    return out;
  }

  // The latents at a place of the plane: those of the anchor (relative to the centre), moved within it.
  function latents(data, view, x, y) {
    const a = view.axes[view.x].vector, b = view.axes[view.y].vector, z = Float64Array.from(view.anchor);
    const along = (v) => v ? v.reduce((sum, value, c) => sum + value * view.anchor[c], 0) : 0;
    const [dx, dy] = [x - along(a), y - along(b)];
    if (!b || !a || view.x === view.y) {
      const v = a ?? b, d = a ? dx : dy;
      v.forEach((value, c) => { z[c] += d * value; });
    } else {
      // Axes need not be orthogonal: a component and a latent are not.
      let aa = 0, ab = 0, bb = 0;
      a.forEach((value, c) => { aa += value * value; ab += value * b[c]; bb += b[c] * b[c]; });
      const whole = aa * bb - ab * ab;
      const s = whole > 1e-12 ? (bb * dx - ab * dy) / whole : dx / aa, t = whole > 1e-12 ? (aa * dy - ab * dx) / whole : 0;
      a.forEach((value, c) => { z[c] += s * value + t * b[c]; });
    }
    return z.map((value, c) => value + data.centre[c]);
  }

  // Where latents are on the plane.
  function place(data, view, z) {
    return [view.x, view.y].map((axis) => {
      const { vector } = view.axes[axis];
      return vector ? vector.reduce((sum, value, c) => sum + value * (z[c] - data.centre[c]), 0) : 0;
    });
  }

  // All but the outermost points in sight.
  function fit(view) {
    const extent = (k) => {
      const step = Math.max(1, Math.floor(view.positions.length / 2 / 20000)), values = [];
      for (let p = k; p < view.positions.length; p += 2 * step) values.push(view.positions[p]);
      values.sort((a, b) => a - b);
      const cut = Math.floor(0.002 * values.length);
      return [values[cut], values[values.length - 1 - cut]];
    };
    const [x0, x1] = extent(0), [y0, y1] = extent(1);
    const [w, h] = [Math.max(x1 - x0, 1e-9), Math.max(y1 - y0, 1e-9)];
    const scales = [0.86 * view.width / w, 0.82 * view.height / h];
    view.camera = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Math.min(...scales) };
    // What has no common unit fills the plane.
    view.stretch = view.axes[view.y].vector && view.axes[view.x].vector ? 1 : scales[1] / scales[0];
    if (view.stretch !== 1) view.camera.scale = scales[0];
  }
  const toScreen = (view, x, y) => [
    view.width / 2 + (x - view.camera.x) * view.camera.scale,
    view.height / 2 - (y - view.camera.y) * view.camera.scale * view.stretch];
  const toPlane = (view, sx, sy) => [
    view.camera.x + (sx - view.width / 2) / view.camera.scale,
    view.camera.y - (sy - view.height / 2) / (view.camera.scale * view.stretch)];

  // Nearer or farther about a place of the screen.
  function zoom(view, factor, sx, sy) {
    const [x, y] = toPlane(view, sx, sy);
    view.camera.scale *= factor;
    const [nx, ny] = toPlane(view, sx, sy);
    view.camera.x += x - nx;
    view.camera.y += y - ny;
  }
  function pan(view, dx, dy) {
    view.camera.x -= dx / view.camera.scale;
    view.camera.y += dy / (view.camera.scale * view.stretch);
  }

  // Points by cells of a grid, to find the nearest.
  function index(positions) {
    const count = positions.length / 2, side = Math.max(1, Math.min(1024, Math.round(Math.sqrt(count / 2))));
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let p = 0; p < count; p++) {
      x0 = Math.min(x0, positions[2 * p]); x1 = Math.max(x1, positions[2 * p]);
      y0 = Math.min(y0, positions[2 * p + 1]); y1 = Math.max(y1, positions[2 * p + 1]);
    }
    const [w, h] = [(x1 - x0) / side || 1, (y1 - y0) / side || 1];
    const cell = (v, low, size) => Math.max(0, Math.min(side - 1, Math.floor((v - low) / size)));
    const starts = new Uint32Array(side * side + 1), order = new Uint32Array(count), cells = new Uint32Array(count);
    for (let p = 0; p < count; p++) {
      cells[p] = cell(positions[2 * p + 1], y0, h) * side + cell(positions[2 * p], x0, w);
      starts[cells[p] + 1]++;
    }
    for (let i = 0; i < side * side; i++) starts[i + 1] += starts[i];
    const next = starts.slice(0, -1);
    for (let p = 0; p < count; p++) order[next[cells[p]]++] = p;
    // The nearest shown point within `radius` pixels of a place of the screen, or -1.
    return (view, sx, sy, radius, shown) => {
      const [x, y] = toPlane(view, sx, sy), rx = radius / view.camera.scale, ry = rx / view.stretch;
      let best = -1, least = radius * radius;
      for (let j = cell(y - ry, y0, h); j <= cell(y + ry, y0, h); j++) for (let i = cell(x - rx, x0, w); i <= cell(x + rx, x0, w); i++) {
        const from = starts[j * side + i], to = starts[j * side + i + 1];
        // In a crowd any of the first is near enough.
        for (let k = from; k < Math.min(to, from + 2000); k++) {
          const p = order[k], [px, py] = toScreen(view, positions[2 * p], positions[2 * p + 1]);
          const square = (px - sx) ** 2 + (py - sy) ** 2;
          if (square < least && shown(p)) { least = square; best = p; }
        }
      }
      return best;
    };
  }
  return { make, positions, latents, place, fit, toScreen, toPlane, zoom, pan, index };
})();
