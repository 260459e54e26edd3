// Small pictures: images, profiles of features, axes of the plane, fields under the points, paths. In:
// canvases and arrays of scaled values. Out: pixels; nothing is kept.
"use strict";
const Draw = (() => {
  const INK = "#222", BLUE = "#0072b2", RED = "#d55e00", FIELD_ALPHA = 0.6;

  // Makes a canvas as many pixels large as it is on the screen; its size there in CSS pixels.
  function fitCanvas(canvas, width, height) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    return ratio;
  }

  // An image [channels, height, width] of scaled values as ImageData; two channels are red and green.
  function image(values, [channels, height, width], [black, white], from = 0) {
    const data = new ImageData(width, height), area = height * width;
    for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) {
      const value = channels === 1 ? values[from + i] : c < channels ? values[from + c * area + i] : black;
      data.data[4 * i + c] = 255 * (value - black) / (white - black);
    }
    for (let i = 0; i < area; i++) data.data[4 * i + 3] = 255;
    return data;
  }
  function showImage(canvas, values, shape, range) {
    canvas.width = shape[2];
    canvas.height = shape[1];
    canvas.getContext("2d").putImageData(image(values, shape, range), 0, 0);
  }
  // Sample `held` of the picture that has all of them.
  function samplePixels(data, held) {
    const [, h, w] = data.shape, s = data.samples;
    return s.pixels.getImageData(held % s.columns * w, Math.floor(held / s.columns) * h, w, h);
  }
  function showSample(canvas, data, held) {
    const [, h, w] = data.shape;
    canvas.width = w;
    canvas.height = h;
    canvas.getContext("2d").putImageData(samplePixels(data, held), 0, 0);
  }

  // Lines over the features, of which as many as have room are named. `lines`: [{values, colour, dash, dots}].
  function profile(canvas, lines, columns, caption) {
    const width = canvas.clientWidth || 360, bottom = columns.length ? 40 : 26, height = 164 + bottom;
    canvas.style.height = `${height}px`;
    const ratio = fitCanvas(canvas, width, height), c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of lines) for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
    if (!(low < high)) { low -= 1; high += 1; }
    const n = Math.max(...lines.map(({ values }) => values.length), 2);
    const x = (i) => 40 + (width - 50) * i / (n - 1), y = (v) => height - bottom - (height - bottom - 14) * (v - low) / (high - low);
    c.font = "11px system-ui";
    c.fillStyle = INK;
    c.strokeStyle = "#ddd";
    c.lineWidth = 1;
    for (const t of ticks(low, high, 4)) {
      c.beginPath(); c.moveTo(40, y(t)); c.lineTo(width - 8, y(t)); c.stroke();
      c.textAlign = "right"; c.fillText(label(t), 36, y(t) + 4);
    }
    c.textAlign = "center";
    c.fillText(caption ?? "feature (scaled values)", width / 2, height - 6);
    const names = columns.map((name) => name.length > 12 ? `${name.slice(0, 11)}…` : name);
    const widest = Math.max(0, ...names.map((name) => c.measureText(name).width)) + 8;
    for (let i = 0, every = Math.ceil(n * widest / (width - 50)); i < names.length; i += every) {
      // The first and the last stay within the picture.
      const half = c.measureText(names[i]).width / 2;
      c.fillText(names[i], Math.max(half + 2, Math.min(width - half - 2, x(i))), height - 24);
    }
    for (const { values, colour, dash, dots } of lines) {
      c.strokeStyle = c.fillStyle = colour;
      c.lineWidth = 1.6;
      c.setLineDash(dash ?? []);
      c.beginPath();
      values.forEach((v, i) => c.lineTo(x(i), y(v)));
      c.stroke();
      c.setLineDash([]);
      if (dots && n < 120) values.forEach((v, i) => { c.beginPath(); c.arc(x(i), y(v), 2.4, 0, 7); c.fill(); });
    }
  }

  function ticks(low, high, count) {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw) ?? raw, out = [];
    for (let t = Math.ceil(low / step) * step; t <= high && out.length < 50; t += step) out.push(Math.abs(t) < step / 1e6 ? 0 : t);
    return out;
  }
  const label = (value) => Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : String(+value.toPrecision(6));

  // The colours of a field [rows, columns] as a canvas, and the ends of its scale. Of curvature, blue is
  // negative and orange positive, white zero.
  function field(values, columns, rows, signed) {
    const finite = Array.from(values).filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share) => finite[Math.min(finite.length - 1, Math.floor(share * finite.length))] ?? 0;
    const most = Math.max(Math.abs(at(0.03)), Math.abs(at(0.97))) || 1;
    const ends = signed ? [-most, most] : [at(0.01), Math.max(at(0.99), at(0.01) + 1e-9)];
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const c = canvas.getContext("2d"), data = c.createImageData(columns, rows);
    for (let r = 0; r < rows; r++) for (let k = 0; k < columns; k++) {
      const value = values[(rows - 1 - r) * columns + k], i = 4 * (r * columns + k);
      const colour = Number.isFinite(value) ? ramp((value - ends[0]) / (ends[1] - ends[0]), signed) : [200, 200, 200];
      data.data.set([...colour, 255], i);
    }
    c.putImageData(data, 0, 0);
    return { canvas, ends };
  }
  const SIGNED = [[5, 80, 150], [110, 170, 215], [255, 255, 255], [250, 190, 110], [190, 85, 0]];
  const METRIC = [[250, 250, 250], [205, 205, 225], [160, 160, 190], [115, 115, 150], [75, 75, 105]];
  const ramp = (t, signed) => Points.ordered(t, signed ? SIGNED : METRIC);

  // Axes along the left and the bottom of the plane.
  function axes(c, view) {
    const { width, height } = view, [x0, y1] = View.toPlane(view, 0, 0), [x1, y0] = View.toPlane(view, width, height);
    c.font = "12px system-ui";
    c.lineWidth = 1;
    const text = (string, x, y, align) => {
      c.textAlign = align;
      c.strokeStyle = "rgba(255,255,255,.85)"; c.lineWidth = 3; c.strokeText(string, x, y);
      c.fillStyle = INK; c.fillText(string, x, y);
    };
    const [ax, ay] = [view.axes[view.x], view.axes[view.y]];
    for (const t of ticks(x0 + ax.offset, x1 + ax.offset, 8)) {
      const [x] = View.toScreen(view, t - ax.offset, 0);
      c.strokeStyle = "#555"; c.beginPath(); c.moveTo(x, height); c.lineTo(x, height - 5); c.stroke();
      if (x > 30 && x < width - 20) text(label(t), x, height - 9, "center");
    }
    for (const t of ticks(y0 + ay.offset, y1 + ay.offset, 7)) {
      const [, y] = View.toScreen(view, 0, t - ay.offset);
      c.strokeStyle = "#555"; c.lineWidth = 1; c.beginPath(); c.moveTo(0, y); c.lineTo(5, y); c.stroke();
      if (y > 14 && y < height - 24) text(label(t), 8, y + 4, "left");
    }
    text(ax.name, width - 8, height - 24, "right");
    text(ay.name, 8, 14, "left");
  }

  function polyline(c, points, colour, dash) {
    for (const [style, width] of [["#fff", 5], [colour, 2.5]]) {
      c.strokeStyle = style; c.lineWidth = width; c.setLineDash(dash ?? []);
      c.beginPath(); points.forEach(([x, y]) => c.lineTo(x, y)); c.stroke();
    }
    c.setLineDash([]);
  }
  function ring(c, [x, y], radius, colour, letter) {
    for (const [style, width] of [["#fff", 5], [colour, 2.5]]) {
      c.strokeStyle = style; c.lineWidth = width; c.beginPath(); c.arc(x, y, radius, 0, 7); c.stroke();
    }
    if (letter) { c.font = "bold 14px system-ui"; c.textAlign = "left"; c.lineWidth = 4; c.strokeStyle = "#fff"; c.strokeText(letter, x + radius + 3, y - 6); c.fillStyle = colour; c.fillText(letter, x + radius + 3, y - 6); }
  }
  function cross(c, [x, y]) {
    for (const [style, width] of [["#fff", 5], [INK, 2]]) {
      c.strokeStyle = style; c.lineWidth = width; c.beginPath();
      c.moveTo(x - 10, y); c.lineTo(x + 10, y); c.moveTo(x, y - 10); c.lineTo(x, y + 10); c.stroke();
    }
  }
  // Steps of equal length on the manifold, in each direction of the plane: an ellipse {v : v'Gv = 1}.
  function ellipse(c, view, [x, y], [a, b, d], radius) {
    const whole = a * d - b * b;
    if (!(whole > 0)) return;
    const scale = Math.sqrt(Math.sqrt(whole)) * radius;
    c.strokeStyle = "#fff"; c.lineWidth = 4;
    const draw = () => {
      c.beginPath();
      for (let i = 0; i <= 60; i++) {
        const [u, v] = [Math.cos(i * Math.PI / 30), Math.sin(i * Math.PI / 30)];
        const r = scale / Math.sqrt(a * u * u + 2 * b * u * v + d * v * v);
        c.lineTo(x + r * u, y - r * v * view.stretch);
      }
      c.stroke();
    };
    draw();
    c.strokeStyle = INK; c.lineWidth = 1.5; draw();
  }
  return { fitCanvas, image, showImage, showSample, samplePixels, profile, field, ramp, axes, polyline, ring, cross, ellipse, label, BLUE, RED, INK, FIELD_ALPHA };
})();
