// The page at work: what is shown, what the pointer, the keys and the tools do, and when what is drawn.
// Three canvases lie over one another: the field, the points, and what moves with the pointer; only what
// has changed is drawn again, once a frame. Of many points only some are drawn while the plane moves.
"use strict";
const App = (() => {
  const { byId, number } = Panels;
  const data = Data.read(JSON.parse(byId("data").textContent));
  const view = View.make(data), stage = byId("stage");
  const state = { mode: "decode", hover: -1, sample: -1, z: Float64Array.from(data.centre), metric: null, lasso: null, chosen: null,
    hidden: new Set(), ends: [], path: null, straight: null, work: 0, field: "", slow: 0 };
  const look = new Uint8Array(2 * data.points), fields = {};
  let nearest = null, renderer = null, fitted = 1, moving = 0, dirty = { points: true, over: true }, asked = false, cost = 0, showSliders = null;

  const size = () => {
    const base = data.points <= 3000 ? 8 : data.points <= 20000 ? 6 : data.points <= 100000 ? 4 : data.points <= 300000 ? 2.5 : 1.5;
    return Math.min(10, base * Math.max(1, (view.camera.scale / fitted) ** 0.35));
  };
  const shown = (p) => look[2 * p + 1] > 0;

  function refreshLook() {
    const c = data.colours;
    for (let p = 0; p < data.points; p++) {
      const k = c ? c.bytes[p] : 0;
      look[2 * p] = k;
      look[2 * p + 1] = c?.classes && state.hidden.has(k) ? 0 : state.chosen && !state.chosen[p] ? 1 : 2;
    }
    renderer.update(view.positions, look);
    ask(true);
  }
  function start(kind) {
    renderer = Points.make(byId("points"), data.colours, kind);
    byId("points").addEventListener("webglcontextlost", () => start("canvas"));
    nearest = View.index(view.positions);
    refreshLook();
  }

  function ask(points = false) {
    dirty.over = true;
    dirty.points ||= points;
    if (!asked) { asked = true; requestAnimationFrame(frame); }
  }
  function frame() { asked = false; render(); }
  // Draws what has changed, and says whether the points have. While the plane moves, as many of them as fit
  // into a frame.
  function render() {
    const points = dirty.points;
    if (dirty.points) {
      const stride = moving && cost > 40 ? Math.min(31, Math.ceil(cost / 25)) : 1, began = performance.now();
      under();
      renderer.draw(view, size(), stride);
      if (data.points > 50000) renderer.finish();
      if (stride === 1) cost = performance.now() - began;
      dirty.points = false;
    }
    if (dirty.over) { over(); dirty.over = false; }
    return points;
  }
  // The plane moves: what was left out is drawn when it rests.
  function move() {
    clearTimeout(moving);
    moving = setTimeout(() => { moving = 0; ask(true); }, 160);
    ask(true);
  }

  function under() {
    const canvas = byId("under"), ratio = Draw.fitCanvas(canvas, view.width, view.height), c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, view.width, view.height);
    const field = onPlane() ? fields[state.field] : null;
    if (!field) return;
    const { x, y, columns, rows } = data.field, [dx, dy] = [(x[1] - x[0]) / (columns - 1) / 2, (y[1] - y[0]) / (rows - 1) / 2];
    const [left, top] = View.toScreen(view, x[0] - dx, y[1] + dy), [right, bottom] = View.toScreen(view, x[1] + dx, y[0] - dy);
    // Light enough for the points upon it.
    c.globalAlpha = Draw.FIELD_ALPHA;
    c.drawImage(field.canvas, left, top, right - left, bottom - top);
    c.globalAlpha = 1;
  }
  const onPlane = () => data.field && view.x === 0 && view.y === 1;

  function over() {
    const canvas = byId("over"), ratio = Draw.fitCanvas(canvas, view.width, view.height), c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, view.width, view.height);
    Draw.axes(c, view);
    const at = (z) => View.toScreen(view, ...View.place(data, view, z));
    const line = (path) => Array.from({ length: path.length / data.m }, (_, i) => at(path.subarray(i * data.m, (i + 1) * data.m)));
    if (state.straight) Draw.polyline(c, line(state.straight), Draw.INK, [6, 5]);
    if (state.path) Draw.polyline(c, line(state.path), Draw.RED);
    state.ends.forEach((z, i) => Draw.ring(c, at(z), 7, Draw.RED, "AB"[i]));
    if (state.lasso) Draw.polyline(c, [...state.lasso, state.lasso[0]], Draw.BLUE, [4, 4]);
    if (state.metric) Draw.ellipse(c, view, at(state.z), state.metric, 26);
    Draw.cross(c, at(state.z));
    for (const [p, colour] of [[state.sample, Draw.INK], [state.hover, Draw.BLUE]]) {
      if (p >= 0) Draw.ring(c, View.toScreen(view, view.positions[2 * p], view.positions[2 * p + 1]), 9, colour);
    }
  }

  // Decodes latents and tells the metric there, unless that takes too long while dragging.
  function decodeAt(z, quickly) {
    state.z = z;
    const began = performance.now(), values = data.decode(z, 1);
    state.work = performance.now() - began;
    Panels.decoded(data, z, values);
    state.metric = null;
    let determinant = null;
    if (!quickly || state.work * (1 + data.m) < 25) {
      const g = Geometry.metric(data.decode, z, data.m, data.n);
      determinant = Geometry.logDeterminant(g, data.m);
      const form = (a, b) => a && b ? a.reduce((sum, v, i) => sum + v * b.reduce((s, w, j) => s + g[i * data.m + j] * w, 0), 0) : 0;
      const [a, b] = [view.axes[view.x].vector, view.axes[view.y].vector];
      if (a && b) state.metric = [form(a, a), form(a, b), form(b, b)];
    }
    Panels.facts([["latents", Panels.list(z)], ["log det of the metric", determinant === null ? null : number(determinant)],
      ["decoded in", `${state.work.toFixed(1)} ms`]]);
    showSliders?.(z);
    ask();
  }
  function showPoint(p) {
    const z = data.code(p), rebuilt = data.decode(z, 1);
    Panels.sample(data, p, rebuilt, Panels.error(data, p, rebuilt));
  }
  // Chooses a sample: the plane through it is what is decoded.
  function choose(p) {
    state.sample = p;
    const z = data.code(p);
    view.anchor = z.map((value, c) => value - data.centre[c]);
    showPoint(p);
    decodeAt(z, false);
    say(`Sample ${data.number(p)}${data.colours ? `, ${Panels.className(data, p)}` : ""}.`);
  }
  const say = (text) => { byId("say").textContent = text; };

  function pickEnd(z) {
    if (state.ends.length >= 2) forgetPath();
    state.ends.push(z);
    if (state.ends.length === 2) findPath();
    else say("A is picked; pick B.");
    ask();
  }
  // The geodesic, step by step, so that the page stays alive.
  function findPath() {
    const [a, b] = state.ends, { m, n } = data;
    state.straight = Geometry.line(a, b, 24);
    const steps = Geometry.geodesic(data.decode, a, b, m, n), token = (findPath.token = {});
    let last = { path: state.straight, residual: 0, done: true, steps: 0 };
    return new Promise((resolve) => {
      const advance = () => {
        if (findPath.token !== token) return resolve(null);
        const until = performance.now() + 30;
        let result;
        do { result = steps.next(); if (result.value) last = result.value; } while (!result.done && performance.now() < until);
        state.path = last.path;
        tellPath(last, result.done);
        ask();
        if (result.done) resolve(last); else setTimeout(advance, 0);
      };
      advance();
    });
  }
  function tellPath(found, done) {
    const { m, n } = data, [way, straight] = [state.path, state.straight].map((path) => Geometry.length(data.decode, path, m, n));
    state.lengths = [way, straight];
    byId("path").hidden = false;
    const less = straight > 0 ? `, ${(100 * (1 - way / straight)).toFixed(1)} % less` : "";
    byId("path-text").textContent = `Length on the manifold: geodesic ${number(way)} (solid), straight line ${number(straight)} (dashed)${less}. `
      + (done ? `${found.steps} steps, residual ${found.residual.toExponential(1)}. ` : "Still searching… ")
      + (data.isImage ? "Above: straight line; below: geodesic." : "");
    const count = data.isImage ? 10 : 9, codes = new Float64Array(2 * count * m);
    codes.set(Geometry.along(state.straight, m, count));
    codes.set(Geometry.along(state.path, m, count), count * m);
    Panels.strip(data, data.decode(codes, 2 * count), count);
    say(byId("path-text").textContent);
  }
  function forgetPath() {
    findPath.token = null;
    Object.assign(state, { ends: [], path: null, straight: null });
    byId("path").hidden = true;
    ask();
  }

  function closeLasso() {
    const polygon = state.lasso;
    state.lasso = null;
    if (!polygon || polygon.length < 3) return ask();
    const within = (x, y) => {
      let odd = false;
      for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        const [[xi, yi], [xj, yj]] = [polygon[i], polygon[j]];
        if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) odd = !odd;
      }
      return odd;
    };
    const chosen = new Uint8Array(data.points), counts = new Map(), mean = new Float64Array(data.m);
    let count = 0;
    for (let p = 0; p < data.points; p++) {
      if (!shown(p) || !within(...View.toScreen(view, view.positions[2 * p], view.positions[2 * p + 1]))) continue;
      chosen[p] = 1;
      count++;
      const k = data.colours?.classes ? Panels.className(data, p) : "points";
      counts.set(k, (counts.get(k) ?? 0) + 1);
      for (let c = 0; c < data.m; c++) mean[c] += data.codes[p * data.m + c];
    }
    state.chosen = count ? chosen : null;
    byId("chosen").hidden = !count;
    if (count) {
      const told = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12).map(([k, c]) => `${k}: ${c}`).join(", ");
      byId("chosen-text").textContent = `${count} of ${data.points} points (${told}). Their mean latent is decoded.`;
      decodeAt(mean.map((sum, c) => sum / count + data.centre[c]), false);
      say(byId("chosen-text").textContent);
    }
    refreshLook();
  }
  function forget() {
    forgetPath();
    Object.assign(state, { chosen: null, lasso: null, sample: -1, hover: -1 });
    byId("chosen").hidden = true;
    refreshLook();
  }
  function save() {
    const rows = ["sample,label," + Array.from({ length: data.m }, (_, c) => `z${c + 1}`)];
    for (let p = 0; p < data.points; p++) if (state.chosen?.[p]) rows.push([data.number(p), Panels.className(data, p) ?? "", ...data.code(p)].join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "chosen.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function setMode(mode) {
    state.mode = mode;
    document.querySelectorAll("[data-mode]").forEach((b) => {
      b.setAttribute("role", "radio");
      b.setAttribute("aria-checked", String(b.dataset.mode === mode));
    });
    say({ decode: "Drag over the plane to decode; hover a point for its sample.", pan: "Drag to move the plane.",
      lasso: "Drag around points to choose them.", geodesic: "Pick two points or places: A, then B." }[mode]);
  }
  function setAxes(x, y) {
    [view.x, view.y] = [x, y];
    view.positions = View.positions(data, view);
    nearest = View.index(view.positions);
    fit();
    refreshLook();
    byId("field").disabled = !onPlane();
    showScale();
  }
  function fit() { View.fit(view); fitted = view.camera.scale; ask(true); }
  function setField(name) {
    state.field = name;
    if (name && !fields[name]) fields[name] = Draw.field(data.field[name], data.field.columns, data.field.rows, name === "curvature");
    showScale();
    ask(true);
  }
  function showScale() {
    const field = onPlane() ? fields[state.field] : null;
    byId("scale").hidden = !field;
    if (!field) return;
    const c = byId("ramp").getContext("2d");
    c.clearRect(0, 0, 200, 12);
    c.globalAlpha = Draw.FIELD_ALPHA;
    for (let x = 0; x < 200; x++) { c.fillStyle = `rgb(${Draw.ramp(x / 199, state.field === "curvature")})`; c.fillRect(x, 0, 1, 12); }
    byId("ends").textContent = `${number(field.ends[0])} to ${number(field.ends[1])}: ${state.field === "curvature" ? "scalar curvature" : "log det of the metric"}`;
  }
  function resize() {
    const box = stage.getBoundingClientRect(), first = view.width === 1;
    [view.width, view.height] = [Math.max(50, stage.clientWidth || box.width), Math.max(50, stage.clientHeight || box.height)];
    Draw.fitCanvas(byId("points"), view.width, view.height);
    if (first) fit();
    ask(true);
  }
  return { data, view, state, byId, renderer: () => renderer, nearest: (...a) => nearest(...a), shown, start, ask, render, move, decodeAt,
    showPoint, choose, pickEnd, findPath, closeLasso, forget, save, setMode, setAxes, fit, setField, resize, say, refreshLook,
    sliders: (show) => { showSliders = show; }, whole: () => { moving = 0; cost = 0; } };
})();
