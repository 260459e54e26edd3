// Pointer, touch, wheel, keys and buttons: what they ask the app to do. At the end the page starts, and
// `window.nrae` offers the decoder and the measures to whoever opens the console.
"use strict";
(() => {
  const { data, view, state, byId } = App, stage = byId("stage"), touches = new Map();
  let drag = null, pinch = null;
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left - stage.clientLeft, event.clientY - box.top - stage.clientTop];
  };
  const latentsAt = ([sx, sy]) => View.latents(data, view, ...View.toPlane(view, sx, sy));
  const pointAt = ([sx, sy], radius = 12) => App.nearest(view, sx, sy, radius, App.shown);

  function hover(at) {
    const p = pointAt(at);
    if (p === state.hover) return;
    state.hover = p;
    if (p >= 0) App.showPoint(p);
    App.ask();
  }
  stage.addEventListener("pointerdown", (event) => {
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const at = place(event);
    touches.set(event.pointerId, at);
    if (touches.size === 2) {
      const [a, b] = [...touches.values()];
      pinch = { distance: Math.hypot(a[0] - b[0], a[1] - b[1]), middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
      drag = null;
      return;
    }
    const kind = event.button === 1 || event.button === 2 ? "pan" : state.mode;
    drag = { kind, from: at, last: at, moved: false };
    if (kind === "decode") App.decodeAt(latentsAt(at), true);
    if (kind === "lasso") state.lasso = [at];
  });
  stage.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (touches.has(event.pointerId)) touches.set(event.pointerId, at);
    if (pinch && touches.size === 2) {
      const [a, b] = [...touches.values()], middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      const distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
      View.pan(view, middle[0] - pinch.middle[0], middle[1] - pinch.middle[1]);
      View.zoom(view, distance / Math.max(pinch.distance, 1), ...middle);
      pinch = { distance, middle };
      return App.move();
    }
    if (!drag) return hover(at);
    drag.moved ||= Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) > 4;
    if (drag.kind === "decode") App.decodeAt(latentsAt(at), true);
    if (drag.kind === "pan") { View.pan(view, at[0] - drag.last[0], at[1] - drag.last[1]); App.move(); }
    if (drag.kind === "lasso") { state.lasso?.push(at); App.ask(); }
    drag.last = at;
  });
  const release = (event) => {
    touches.delete(event.pointerId);
    if (touches.size < 2) pinch = null;
    if (!drag) return;
    const { kind, moved } = drag, at = drag.last;
    drag = null;
    if (event.type === "pointercancel") { state.lasso = null; return App.ask(); }
    const p = pointAt(at);
    if (kind === "lasso") App.closeLasso();
    else if (kind === "geodesic") App.pickEnd(p >= 0 ? data.code(p) : latentsAt(at));
    else if (kind === "decode" && !moved && p >= 0) App.choose(p);
    else if (kind === "decode") App.decodeAt(latentsAt(at), false);
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => { if (!drag && state.hover >= 0) { state.hover = -1; App.ask(); } });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    View.zoom(view, Math.exp(-Math.max(-200, Math.min(200, event.deltaY * (event.deltaMode ? 30 : 1))) / 300), ...place(event));
    App.move();
  }, { passive: false });

  function zoomMiddle(factor) {
    View.zoom(view, factor, view.width / 2, view.height / 2);
    App.move();
  }
  // Moves the place that is decoded by pixels, and keeps it in sight.
  function step(dx, dy) {
    const [x, y] = View.toScreen(view, ...View.place(data, view, state.z)), at = [x + dx, y + dy];
    if (at[0] < 0 || at[1] < 0 || at[0] > view.width || at[1] > view.height) { View.pan(view, -dx, -dy); App.move(); }
    App.decodeAt(latentsAt(at), false);
  }
  function neighbour(by) {
    let p = state.sample;
    for (let tried = 0; tried < data.points; tried++) {
      p = (p + by + data.points) % data.points;
      if (App.shown(p)) return App.choose(p);
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(SELECT|INPUT)$/.test(event.target.tagName)) return;
    const far = event.shiftKey ? 60 : 12;
    const keys = {
      ArrowLeft: () => step(-far, 0), ArrowRight: () => step(far, 0), ArrowUp: () => step(0, -far), ArrowDown: () => step(0, far),
      "+": () => zoomMiddle(1.3), "=": () => zoomMiddle(1.3), "-": () => zoomMiddle(1 / 1.3), "0": () => App.fit(),
      "[": () => neighbour(-1), "]": () => neighbour(1), Escape: () => App.forget(),
      d: () => App.setMode("decode"), p: () => App.setMode("pan"), l: () => App.setMode("lasso"), g: () => App.setMode("geodesic"),
      Enter: () => { if (event.target === stage && state.mode === "geodesic") App.pickEnd(Float64Array.from(state.z)); },
    };
    const does = keys[event.key] ?? keys[event.key.toLowerCase()];
    // Buttons keep their own keys.
    if (!does || (event.key === "Enter" && event.target !== stage)) return;
    event.preventDefault();
    does();
  });

  document.querySelectorAll("[data-mode]").forEach((b) => { b.onclick = () => App.setMode(b.dataset.mode); });
  byId("nearer").onclick = () => zoomMiddle(1.3);
  byId("farther").onclick = () => zoomMiddle(1 / 1.3);
  byId("all").onclick = () => App.fit();
  byId("save").onclick = () => App.save();
  byId("forget").onclick = () => App.forget();
  byId("field").onchange = (event) => App.setField(event.target.value);
  const options = (select, chosen, other) => {
    select.replaceChildren(...view.axes.map((axis, i) => new Option(axis.name, String(i), false, i === chosen)));
    select.onchange = () => App.setAxes(Number(byId("axis-x").value), Number(byId("axis-y").value));
  };
  options(byId("axis-x"), 0);
  options(byId("axis-y"), 1);
  byId("axes").hidden = data.m <= 2;
  byId("axes").style.display = data.m <= 2 ? "none" : "";
  byId("field").disabled = !data.field;
  byId("field").querySelector("[value=curvature]").disabled = !data.field?.curvature;

  byId("title").textContent = data.title;
  byId("told").textContent = `${data.points} latents${data.of > data.points ? ` of ${data.of}` : ""} in ${data.m} latent dimension${data.m > 1 ? "s" : ""}`
    + `${data.samples.count < data.points ? `, ${data.samples.count} with their samples` : ""}. Written by nrae ${data.version}.`;
  byId("note").textContent = data.samples.note ?? "";
  byId("tiles").classList.toggle("wide", !data.isImage);
  Panels.legend(data, state.hidden, (k) => {
    if (!state.hidden.delete(k)) state.hidden.add(k);
    App.refreshLook();
  });
  App.sliders(Panels.sliders(data, (c, value) => {
    const z = Float64Array.from(state.z);
    z[c] = value + data.centre[c];
    view.anchor = z.map((v, i) => v - data.centre[i]);
    App.decodeAt(z, true);
  }));
  new ResizeObserver(() => App.resize()).observe(stage);
  window.nrae = {
    ready: Data.picture(data).then(() => {
      App.resize();
      App.start(location.hash.slice(1));
      App.setMode("decode");
      App.choose(0);
      App.render();
    }),
    // Latents [rows, m] to samples [rows, n] in the units of the data.
    decode: (codes) => {
      const rows = data.decode(Float64Array.from(codes)), out = [];
      for (let i = 0; i < rows.length; i += data.n) out.push(...data.restore(rows.subarray(i, i + data.n)));
      return out;
    },
    app: App, hover,
  };
})();
