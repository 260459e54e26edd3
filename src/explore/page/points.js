// The points, thousands to a million. In: positions [points, 2], a colour byte and a state byte each
// (0 hidden, 1 faint, 2 plain). Out: a renderer with `update` and `draw`. With WebGL2 on a GPU it is one
// draw call; without, where WebGL is only emulated (which is slower), or once the context is lost, the same
// picture is stamped into a plain canvas, so that it is never blank. `palette` has 256 RGB colours; of classes, the shape tells those of one colour apart.
"use strict";
const Points = (() => {
  // Okabe and Ito's colours, which stay apart for the colour-blind; black comes late, as text has it.
  const CLASSES = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [40, 40, 40], [150, 140, 20]];
  const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
  const SHAPES = 6;
  const shape = (k) => (k + Math.floor(k / CLASSES.length)) % SHAPES;
  function ordered(t, stops = VIRIDIS) {
    const place = Math.max(0, Math.min(1, t)) * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
    return stops[low].map((c, i) => Math.round(c + (place - low) * (stops[low + 1][i] - c)));
  }
  function palette(colours) {
    return Array.from({ length: 256 }, (_, k) =>
      !colours ? CLASSES[0] : colours.classes ? CLASSES[k % CLASSES.length] : ordered(k / 255));
  }

  // Whether a place (-1..1) is inside of a shape: circle, square, diamond, triangles, cross.
  const inside = (s, x, y) => [
    x * x + y * y <= 1, Math.max(Math.abs(x), Math.abs(y)) <= 0.8, Math.abs(x) + Math.abs(y) <= 1.05,
    y <= 0.75 && Math.abs(x) <= (y + 1) * 0.57, y >= -0.75 && Math.abs(x) <= (1 - y) * 0.57,
    Math.min(Math.abs(x), Math.abs(y)) <= 0.34 && Math.max(Math.abs(x), Math.abs(y)) <= 1][s];

  const VERTEX = `#version 300 es
    layout(location=0) in vec2 place; layout(location=1) in vec2 look;
    uniform vec2 centre, factor; uniform float size; uniform bool classes; uniform sampler2D palette;
    out vec4 colour; flat out int form;
    void main() {
      gl_Position = vec4((place - centre) * factor, 0, 1);
      int k = int(look.x * 255.0 + .5), state = int(look.y * 255.0 + .5);
      if (state == 0) gl_Position = vec4(2, 2, 2, 1);
      colour = vec4(texelFetch(palette, ivec2(k, 0), 0).rgb, state == 1 ? .12 : .85);
      form = classes && size > 5.0 ? (k + k / ${CLASSES.length}) % ${SHAPES} : size > 3.0 ? 0 : 9;
      gl_PointSize = size;
    }`;
  const FRAGMENT = `#version 300 es
    precision mediump float; in vec4 colour; flat in int form; out vec4 pixel;
    void main() {
      vec2 p = gl_PointCoord * 2.0 - 1.0, a = abs(p); bool on = true;
      if (form == 0) on = dot(p, p) <= 1.0;
      else if (form == 1) on = max(a.x, a.y) <= .8;
      else if (form == 2) on = a.x + a.y <= 1.05;
      else if (form == 3) on = p.y <= .75 && a.x <= (p.y + 1.0) * .57;
      else if (form == 4) on = p.y >= -.75 && a.x <= (1.0 - p.y) * .57;
      else if (form == 5) on = min(a.x, a.y) <= .34;
      if (!on) discard;
      pixel = vec4(colour.rgb * colour.a, colour.a);
    }`;

  // `emulated`: also where no GPU draws.
  function webgl(canvas, colours, emulated) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true,
      failIfMajorPerformanceCaveat: !emulated });
    if (!gl) return null;
    const info = gl.getExtension("WEBGL_debug_renderer_info");
    const drawer = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    if (!emulated && /swiftshader|llvmpipe|software|basic render/i.test(drawer)) return null;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
    const places = gl.createBuffer(), looks = gl.createBuffer(), uniform = (name) => gl.getUniformLocation(program, name);
    const at = Object.fromEntries(["centre", "factor", "size", "classes"].map((name) => [name, uniform(name)]));
    gl.useProgram(program);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    const rgba = new Uint8Array(palette(colours).flatMap((c) => [...c, 255]));
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    let count = 0;
    return {
      kind: "WebGL2",
      lost: () => gl.isContextLost(),
      update(positions, look) {
        count = positions.length / 2;
        gl.bindBuffer(gl.ARRAY_BUFFER, places);
        gl.bufferData(gl.ARRAY_BUFFER, positions, gl.STATIC_DRAW);
        gl.bindBuffer(gl.ARRAY_BUFFER, looks);
        gl.bufferData(gl.ARRAY_BUFFER, look, gl.DYNAMIC_DRAW);
      },
      // Every `stride`-th point.
      draw(view, size, stride) {
        const ratio = canvas.width / view.width, { camera } = view;
        gl.viewport(0, 0, canvas.width, canvas.height);
        gl.clearColor(0, 0, 0, 0);
        gl.clear(gl.COLOR_BUFFER_BIT);
        gl.uniform2f(at.centre, camera.x, camera.y);
        gl.uniform2f(at.factor, 2 * camera.scale / view.width, 2 * camera.scale * view.stretch / view.height);
        gl.uniform1f(at.size, size * ratio);
        gl.uniform1i(at.classes, colours?.classes ? 1 : 0);
        [[places, gl.FLOAT, false, 8, 0], [looks, gl.UNSIGNED_BYTE, true, 2, 1]].forEach(([buffer, type, norm, bytes, location]) => {
          gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
          gl.enableVertexAttribArray(location);
          gl.vertexAttribPointer(location, 2, type, norm, bytes * stride, 0);
        });
        gl.drawArrays(gl.POINTS, 0, Math.floor((count - 1) / stride) + 1);
      },
      finish() { gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); },
    };
  }

  function plain(canvas, colours) {
    const context = canvas.getContext("2d", { willReadFrequently: true }), colour = palette(colours);
    let positions = null, look = null, image = null;
    // The pixels of a shape of so many pixels, relative to its middle.
    const stamps = (size) => Array.from({ length: SHAPES }, (_, s) => {
      const pixels = [], r = size / 2;
      for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
        if (size < 4 || inside(s, (x + 0.5) / r - 1, (y + 0.5) / r - 1)) pixels.push(x - Math.floor(r), y - Math.floor(r));
      }
      return pixels;
    });
    return {
      kind: "plain canvas",
      lost: () => false,
      update(p, l) { positions = p; look = l; },
      draw(view, size, stride) {
        const { width, height } = canvas, ratio = width / view.width;
        if (image?.width !== width || image.height !== height) image = context.createImageData(width, height);
        const pixels = new Uint32Array(image.data.buffer).fill(0);
        const side = Math.max(1, Math.round(size * ratio)), stamp = stamps(side);
        // Little-endian RGBA; faint ones are mixed with white.
        const word = (c, a) => 255 << 24 | c.map((v) => Math.round(255 + a * (v - 255))).reduce((w, v, i) => w | v << 8 * i, 0);
        const full = colour.map((c) => word(c, 1)), faint = colour.map((c) => word(c, 0.15));
        const sx = view.camera.scale * ratio, sy = sx * view.stretch, { x: cx, y: cy } = view.camera;
        for (let p = 0; p < positions.length / 2; p += stride) {
          const k = look[2 * p], state = look[2 * p + 1];
          if (state === 0) continue;
          const x = Math.floor(width / 2 + (positions[2 * p] - cx) * sx), y = Math.floor(height / 2 - (positions[2 * p + 1] - cy) * sy);
          if (x < -side || y < -side || x > width + side || y > height + side) continue;
          const form = stamp[colours?.classes && side > 5 ? shape(k) : 0], paint = state === 1 ? faint[k] : full[k];
          for (let i = 0; i < form.length; i += 2) {
            const px = x + form[i], py = y + form[i + 1];
            if (px >= 0 && py >= 0 && px < width && py < height) pixels[py * width + px] = paint;
          }
        }
        context.putImageData(image, 0, 0);
      },
      finish() { context.getImageData(0, 0, 1, 1); },
    };
  }

  // `kind` of the address: `webgl` also takes an emulated one, `canvas` none; otherwise the faster. A canvas
  // that was asked for one kind cannot have another.
  function make(canvas, colours, kind) {
    const found = kind === "canvas" ? null : webgl(canvas, colours, kind === "webgl");
    if (found) return found;
    const fresh = canvas.cloneNode();
    canvas.replaceWith(fresh);
    return plain(fresh, colours);
  }
  return { make, palette, ordered, shape, inside, CLASSES };
})();
