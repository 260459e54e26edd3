"""Times of frames in a page of many points, and what becomes of it without its WebGL context."""
import array
import base64
import json
import random
import statistics

# Each kind of change, drawn to the last pixel, 30 times.
MEASURE = """(async () => {
  const { app, hover } = nrae, { view, data } = app, out = {};
  const times = async (count, change) => {
    const found = [];
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      change(i);
      if (app.render()) app.renderer().finish();
      found.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return found;
  };
  const at = (i) => [view.width * (0.3 + 0.01 * i), view.height * (0.4 + 0.005 * i)];
  await times(3, () => { app.whole(); app.ask(true); });
  out.pan = await times(30, (i) => { View.pan(view, i % 2 ? 7 : -6, 3); app.move(); });
  out.zoom = await times(30, (i) => { View.zoom(view, i % 2 ? 1.1 : 1 / 1.09, ...at(i)); app.move(); });
  await new Promise((resolve) => setTimeout(resolve, 600));
  out.hover = await times(30, (i) => { hover(at(i)); });
  out.drag = await times(30, (i) => { app.decodeAt(View.latents(data, view, ...View.toPlane(view, ...at(i))), true); });
  out["all points at rest"] = await times(5, () => { app.whole(); app.ask(true); });
  return [app.renderer().kind, out];
})()"""


def with_points(source, target, count):
    """The page `source` with so many codes around those that it has."""
    html = open(source).read()
    before, rest = html.split('id="data">', 1)
    text, after = rest.split("</script>", 1)
    data = json.loads(text)
    codes = array.array("f", base64.b64decode(data["codes"]))
    colours = base64.b64decode(data["colours"]["bytes"])
    draw, old = random.Random(3), data["points"]
    noise = [draw.gauss(0, 0.3) for _ in range(4099)]
    many = array.array("f", bytes(8 * count))
    for i in range(count):
        many[2 * i] = codes[2 * (i % old)] + noise[i % 4099]
        many[2 * i + 1] = codes[2 * (i % old) + 1] + noise[i * 7 % 4093]
    repeated = (colours * (count // old + 1))[:count]
    data.update(points=count, of=count, codes=base64.b64encode(many.tobytes()).decode())
    data["colours"]["bytes"] = base64.b64encode(repeated).decode()
    with open(target, "w") as file:
        file.write(f'{before}id="data">{json.dumps(data)}</script>{after}')


def measure(browser, source):
    """Prints median and worst time of each kind of frame."""
    for count in (10_000, 100_000, 1_000_000):
        with_points(source, "many.html", count)
        for fragment in ("#webgl", ""):
            page = browser.open("many.html", fragment=fragment)
            kind, found = page.run(MEASURE)
            for what, times in found.items():
                print(f"{count} points, {kind}, {what}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
            page.screenshot(f"many-{count}{fragment[1:]}.png")
            page.call("Page.navigate", url="about:blank")


def check_lost(browser, source):
    """What draws the points once the context is lost."""
    page = browser.open(source, fragment="#webgl")
    page.run(
        "(async () => { document.getElementById('points').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();"
        " await new Promise((resolve) => setTimeout(resolve, 500)); })()"
    )
    return page.run("nrae.app.renderer().kind")
