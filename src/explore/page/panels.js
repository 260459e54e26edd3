// What stands beside the plane: sample, reconstruction and decoded place, facts, latents, paths, chosen
// points, the legend. In: the data and what to show. Out: elements of the page; state is the app's.
"use strict";
const Panels = (() => {
  const byId = (id) => document.getElementById(id);
  const number = (value) => value === null || value === undefined || !Number.isFinite(value) ? "–" : String(+value.toPrecision(4));
  const list = (z) => `(${Array.from(z.slice(0, 6), number).join(", ")}${z.length > 6 ? ", …" : ""})`;

  function facts(pairs) {
    byId("facts").replaceChildren(...pairs.filter(([, value]) => value !== null).flatMap(([name, value]) => {
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = name;
      dd.textContent = value;
      return [dt, dd];
    }));
  }
  function className(data, point) {
    const c = data.colours;
    if (!c) return null;
    const k = c.bytes[point];
    return c.classes ? c.classes[k] : number(c.scale[0] + (c.scale[1] - c.scale[0]) * k / 255);
  }

  // A point's sample, if it is here, and its reconstruction.
  function sample(data, point, rebuilt, error) {
    const held = data.held(point), n = data.n, original = held >= 0 && data.samples.values
      ? data.samples.values.subarray(held * n, (held + 1) * n) : null;
    const label = className(data, point);
    byId("sample-text").textContent = `sample ${data.number(point)}${label === null ? "" : `, ${data.colours.classes ? "class" : "value"} ${label}`}`
      + (held < 0 ? " (not in the page)" : "");
    byId("rebuilt-text").textContent = `reconstruction${error === null ? "" : `, error ${number(error)}`}`;
    if (data.isImage) {
      if (held >= 0 && data.samples.pixels) Draw.showSample(byId("sample"), data, held);
      else byId("sample").width = byId("sample").width;
      Draw.showImage(byId("rebuilt"), rebuilt, data.shape, data.samples.range);
    } else {
      const lines = original ? [{ values: original, colour: Draw.BLUE, dots: true }] : [];
      Draw.profile(byId("sample"), [...lines, { values: rebuilt, colour: Draw.RED, dash: [5, 3] }], data.columns);
      byId("sample-text").textContent += original ? ": blue, with dots; its reconstruction: orange, dashed" : ": its reconstruction";
      if (error !== null) byId("sample-text").textContent += `, error ${number(error)}`;
    }
    table(data, { original, rebuilt });
  }
  function decoded(data, z, values) {
    if (data.isImage) Draw.showImage(byId("decoded"), values, data.shape, data.samples.range);
    else Draw.profile(byId("decoded"), [{ values, colour: Draw.INK }], data.columns);
    byId("decoded-text").textContent = `decoded at ${list(z)}`;
    table(data, { decoded: values });
  }
  // Sample, reconstruction and decoded place, feature by feature, in the units of the data. `found`: those that
  // are new, as scaled values.
  const rows = { original: null, rebuilt: null, decoded: null };
  function table(data, found) {
    Object.assign(rows, found);
    const box = byId("values");
    box.hidden = data.isImage || data.n > 1000;
    box.ontoggle = () => table(data, {});
    if (box.hidden || !box.open) return;
    const restored = Object.values(rows).map((values) => values && data.restore(values));
    byId("rows").replaceChildren(...Array.from({ length: data.n }, (_, i) => {
      const row = document.createElement("tr"), name = document.createElement("th");
      name.textContent = data.name(i);
      row.append(name, ...restored.map((values) => {
        const cell = document.createElement("td");
        cell.textContent = number(values?.[i]);
        return cell;
      }));
      return row;
    }));
  }
  // The mean squared error of a point's reconstruction, where its sample is here as numbers or pixels.
  function error(data, point, rebuilt) {
    const held = data.held(point), s = data.samples, n = data.n;
    if (held < 0) return null;
    let sum = 0;
    if (s.values) {
      for (let i = 0; i < n; i++) sum += (rebuilt[i] - s.values[held * n + i]) ** 2;
      return sum / n;
    }
    const [channels, h, w] = data.shape;
    if (!s.pixels || (channels !== 1 && channels !== 3)) return null;
    const pixels = Draw.samplePixels(data, held).data, [black, white] = s.range;
    for (let c = 0; c < channels; c++) for (let i = 0; i < h * w; i++) {
      sum += (rebuilt[c * h * w + i] - (black + pixels[4 * i + c] / 255 * (white - black))) ** 2;
    }
    return sum / n;
  }

  // Decoded samples [2, count, n] along both ways.
  function strip(data, values, count) {
    const canvas = byId("strip"), n = data.n;
    if (!data.isImage) {
      const line = (way, i) => values.subarray((way * count + i) * n, (way * count + i + 1) * n);
      const shown = [0, Math.floor(count / 2), count - 1].map((i, k) => ({
        values: line(1, i), colour: [Draw.BLUE, Draw.INK, Draw.RED][k], dash: [[], [2, 3], [6, 3]][k] }));
      Draw.profile(canvas, shown, data.columns, "along the geodesic: A blue, half way dotted, B orange");
      return;
    }
    const [, h, w] = data.shape, c = canvas.getContext("2d");
    canvas.width = count * (w + 1);
    canvas.height = 2 * (h + 1);
    for (let i = 0; i < 2 * count; i++) {
      c.putImageData(Draw.image(values, data.shape, data.samples.range, i * n), i % count * (w + 1), Math.floor(i / count) * (h + 1));
    }
  }

  function marker(canvas, k) {
    const ratio = Draw.fitCanvas(canvas, 14, 14), c = canvas.getContext("2d"), side = canvas.width;
    c.fillStyle = `rgb(${Points.CLASSES[k % Points.CLASSES.length]})`;
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) {
      if (Points.inside(Points.shape(k), (x + 0.5) / 7 / ratio - 1, (y + 0.5) / 7 / ratio - 1)) c.fillRect(x, y, 1, 1);
    }
  }
  // Buttons of classes; `toggle(k)` hides and shows one.
  function legend(data, hidden, toggle) {
    const c = data.colours, box = byId("legend");
    if (!c) return;
    if (!c.classes) {
      box.textContent = `Colour: dark ${number(c.scale[0])} to bright ${number(c.scale[1])}`;
      return;
    }
    const counts = new Uint32Array(256);
    for (const k of c.bytes) counts[k]++;
    box.replaceChildren(...c.classes.map((name, k) => {
      const button = document.createElement("button"), canvas = document.createElement("canvas");
      marker(canvas, k);
      button.append(canvas, ` ${name}`);
      button.title = `${counts[k]} points: show or hide`;
      button.setAttribute("aria-pressed", String(!hidden.has(k)));
      button.onclick = () => {
        toggle(k);
        button.setAttribute("aria-pressed", String(!hidden.has(k)));
      };
      return button;
    }).filter((_, k) => counts[k] > 0));
  }

  // A slider for each latent, at most 32; `move(c, value)` is called with its new value.
  function sliders(data, move) {
    const most = Math.min(data.m, 32);
    const rows = Array.from({ length: most }, (_, c) => {
      let [low, high] = [Infinity, -Infinity];
      for (let p = 0; p < data.points; p++) {
        const value = data.codes[p * data.m + c];
        if (value < low) low = value;
        if (value > high) high = value;
      }
      const label = document.createElement("label"), input = document.createElement("input"), text = document.createElement("output");
      input.type = "range";
      [input.min, input.max, input.step] = [low, high, (high - low) / 500 || 1e-6].map(String);
      input.oninput = () => move(c, Number(input.value));
      label.append(`z${c + 1}`, input, text);
      return { label, show: (z) => { input.value = String(z[c] - data.centre[c]); text.textContent = number(z[c]); } };
    });
    byId("sliders").replaceChildren(...rows.map((row) => row.label));
    return (z) => rows.forEach((row) => row.show(z));
  }
  return { byId, number, list, facts, className, sample, decoded, error, strip, legend, sliders };
})();
