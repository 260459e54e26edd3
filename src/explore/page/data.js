// What the page was given, unpacked. In: the JSON of element `data`. Out: one object with typed arrays
// instead of base64, the decoder, and the scaling back to the units of the data.
"use strict";
const Data = (() => {
  function bytes(text) {
    const raw = atob(text), array = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) array[i] = raw.charCodeAt(i);
    return array;
  }
  const floats = (text) => new Float32Array(bytes(text).buffer);

  function read(header) {
    const data = { ...header, m: header.latent, n: header.shape.reduce((a, b) => a * b, 1) };
    data.codes = floats(header.codes);
    data.across = header.across ? floats(header.across) : null;
    const weights = floats(header.weights);
    const layers = header.layers.map((layer) => ({
      ...layer,
      parameters: Object.fromEntries(Object.entries(layer.parameters)
        .map(([name, [offset, length]]) => [name, weights.subarray(offset, offset + length)])),
    }));
    data.decoder = Decoder.make(layers);
    data.decode = (codes, rows = codes.length / data.m) => data.decoder.run(codes, rows);
    // Scaled values in the units of the data.
    data.restore = (values) => {
      const { shift, scale } = header.scaling;
      return Float64Array.from(values, (value, i) => value * scale[i % scale.length] + shift[i % shift.length]);
    };
    const c = header.colours;
    data.colours = c ? { ...c, bytes: bytes(c.bytes) } : null;
    const s = header.samples;
    data.samples = { ...s, values: s.values ? floats(s.values) : null, pixels: null };
    data.isImage = header.shape.length === 3 && header.shape[1] > 1;
    const f = header.field;
    data.field = f ? { ...f, metric: floats(f.metric), curvature: f.curvature ? floats(f.curvature) : null } : null;
    data.name = (feature) => header.columns[feature] || `feature ${feature}`;
    // The number that a point has among all samples.
    data.number = (point) => Math.floor(point * header.of / header.points);
    data.code = (point) => {
      const z = new Float64Array(data.m);
      for (let c = 0; c < data.m; c++) z[c] = header.centre[c] + data.codes[point * data.m + c];
      return z;
    };
    // The place of a point's sample among those that are here; -1 where it is not.
    data.held = (point) => point % s.every === 0 && point / s.every < s.count ? point / s.every : -1;
    return data;
  }

  // Resolves once the picture with the samples is decoded to pixels, which later only are copied; without
  // it the page still works.
  function picture(data) {
    return new Promise((resolve) => {
      if (!data.samples.picture) return resolve();
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        data.samples.pixels = canvas.getContext("2d", { willReadFrequently: true });
        data.samples.pixels.drawImage(image, 0, 0);
        data.samples.pixels.getImageData(0, 0, 1, 1);
        resolve();
      };
      image.onerror = resolve;
      image.src = `data:image/png;base64,${data.samples.picture}`;
    });
  }
  return { read, picture };
})();
