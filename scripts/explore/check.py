"""What scripts/test-explore does: pages of three models in a headless Chromium, held against the command line."""
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time

from browser import Browser
import frames

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRAIN = "--method ae --device cpu --quiet --overwrite --seed 1"
MODELS = {
    "digits": "--data digits --latent 2 --hidden 64 --epochs 4",
    "mnist": "--data mnist5000.npy.gz --labels mnist5000-labels.npy --limit 300 --net conv --latent 4 --epochs 1",
    "table": "--data table.csv --latent 3 --hidden 32 --epochs 10",
}
checked = 0


def check(holds, what):
    global checked
    checked += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def write_table():
    """300 samples of three species with 50 features, on a curved surface."""
    draw = random.Random(1)
    weights = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(50)]
    with open("table.csv", "w") as file:
        print("species," + ",".join(f"f{i}" for i in range(50)), file=file)
        for sample in range(300):
            place = [draw.gauss(0, 0.4) + 2 * (axis == sample % 3) for axis in range(3)]
            row = [5 * math.tanh(sum(w * x for w, x in zip(ws, place))) + draw.gauss(0, 0.1) for ws in weights]
            print("abc"[sample % 3] + "," + ",".join(f"{value:.4f}" for value in row), file=file)


def nrae(binary, arguments):
    done = subprocess.run([binary, "--no-warnings", *arguments.split()], capture_output=True, text=True)
    check(done.returncode == 0, f"nrae {arguments}: {done.stderr}")
    return done.stdout


def read(path, header=False):
    with open(path) as file:
        rows = list(csv.reader(file))
    return [[float(value) for value in row] for row in rows[header:]]


def decodes_alike(binary, page, name, latents):
    """Codes around those of the data, decoded in the page and by the command line."""
    draw = random.Random(2)
    codes = [[draw.gauss(0, 1.5) for _ in range(latents)] for _ in range(20)]
    with open("z.csv", "w") as file:
        csv.writer(file).writerows(codes)
    nrae(binary, f"decode {name} --latents z.csv --out x.csv --device cpu")
    named = name == "table"  # whose decoded samples have its header
    expected = [value for row in read("x.csv", named) for value in row]
    found = page.run(f"nrae.decode({[value for row in read('z.csv') for value in row]})")
    scale = max(map(abs, expected)) if name == "mnist" else 1  # bytes, 0 to 255
    check(len(found) == len(expected), f"{name}: {len(found)} decoded values, not {len(expected)}")
    worst = max(abs(a - b) for a, b in zip(found, expected)) / scale
    check(worst < 1e-4, f"{name}: decoded values differ by {worst}")
    print(f"{name}: decoded in the page and by nrae decode, largest difference {worst:.1e}")


def text(page, name):
    return page.run(content(name))


def content(name):
    return f"document.getElementById('{name}').textContent"


def drawn(name):
    """How many pixels of a canvas are not empty."""
    return (
        f"(() => {{ const a = document.getElementById('{name}'), b = document.createElement('canvas'); b.width = a.width;"
        " b.height = a.height; const c = b.getContext('2d'); c.drawImage(a, 0, 0);"
        " return c.getImageData(0, 0, b.width, b.height).data.filter((v, i) => i % 4 === 3 && v > 0).length; })()"
    )


def wait(page, condition, what):
    """Pages are drawn, and follow the mouse, from one frame to the next, which may be late on a machine that is busy."""
    until = time.time() + 30
    while not (holds := page.run(condition)) and time.time() < until:
        time.sleep(0.05)
    check(holds, what)


def uses(page, name):
    """Every tool, as a person uses it."""
    left, top, width, height = page.run(
        "(b => [b.left, b.top, b.width, b.height])(document.getElementById('stage').getBoundingClientRect())"
    )
    at = lambda x, y: (left + x * width, top + y * height)
    wait(page, f"{drawn('points')} > 500", f"{name}: the points are not drawn")
    page.screenshot(f"{name}-before.png")
    before = text(page, "decoded-text")
    page.drag(at(0.3, 0.4), at(0.62, 0.55))
    wait(page, f"{content('decoded-text')} !== {json.dumps(before)}", f"{name}: dragging decodes nothing")
    page.screenshot(f"{name}-after.png")
    # Over the last point of the first class, its sample is shown.
    point = page.run("(() => { const v = nrae.app.view, p = nrae.app.data.points - 1;"
                     " return [p, ...View.toScreen(v, v.positions[2 * p], v.positions[2 * p + 1])]; })()")
    page.mouse("mouseMoved", left + 1 + point[1], top + 1 + point[2])
    wait(page, f"{content('sample-text')}.includes('sample')", f"{name}: no sample is shown")
    wait(page, "nrae.app.state.hover >= 0", f"{name}: hovering finds no point")
    scale = page.run("nrae.app.view.camera.scale")
    page.wheel(*at(0.5, 0.5), -120)
    wait(page, f"nrae.app.view.camera.scale > {scale}", f"{name}: the wheel does not zoom")
    page.key("0")
    x = page.run("nrae.app.view.camera.x")
    page.key("p")
    page.drag(at(0.5, 0.5), at(0.6, 0.5))
    wait(page, f"nrae.app.view.camera.x < {x}", f"{name}: panning does not move the plane")
    page.key("0")
    page.key("l")
    page.drag(at(0.02, 0.02), at(0.02, 0.02), 3, via=[at(0.98, 0.02), at(0.98, 0.98), at(0.02, 0.98)])
    wait(page, f"/^[1-9].* points \\(/.test({content('chosen-text')})", f"{name}: the lasso chooses nothing")
    page.key("Escape")
    page.key("g")
    page.click(*at(0.35, 0.35))
    page.click(*at(0.65, 0.7))
    wait(page, "document.getElementById('path-text').textContent.includes('residual')", f"{name}: no geodesic")
    way, straight = page.run("nrae.app.state.lengths")
    check(0 < way <= straight * (1 + 1e-6), f"{name}: a geodesic of length {way} beside a line of {straight}")
    for field in ("metric", "curvature"):
        page.run(f"(s => {{ s.value = '{field}'; s.onchange({{ target: s }}); }})(document.getElementById('field'))")
        page.run("nrae.app.render()")
        check(page.run(drawn("under")) > 1000, f"{name}: no field of {field}")
    page.screenshot(f"{name}-geodesic.png")
    z = page.run("Array.from(nrae.app.state.z)")
    for key in ("d", "ArrowRight", "]", "+", "-", "[", "Escape"):
        page.key(key)
    wait(page, f"JSON.stringify(Array.from(nrae.app.state.z)) !== JSON.stringify({json.dumps(z)})", f"{name}: keys do not move the place")
    check(not page.errors, f"{name}: {page.errors}")
    check(not page.requests, f"{name} asks for {page.requests}")


def names_columns(page):
    """A table's columns and classes by their names, its values as they are in the file."""
    page.run("document.getElementById('values').open = true")
    page.run("nrae.app.choose(5)")
    rows = "Array.from(document.querySelectorAll('#rows tr'), (r) => Array.from(r.children, (c) => c.textContent))"
    wait(page, f"{rows}.length === 50", "table: the values have no rows")
    number = page.run("nrae.app.data.number(5)")
    with open("table.csv") as file:
        names, *samples = csv.reader(file)
    found = page.run(rows)
    check([row[0] for row in found] == names[1:], f"table: the columns are called {[row[0] for row in found]}")
    label, values = text(page, "sample-text"), [float(row[1]) for row in found]
    alike = [s for s in samples if all(abs(a - float(b)) < 2e-3 * max(1, abs(a)) for a, b in zip(values, s[1:]))]
    check(len(alike) == 1, f"table: the values of sample {number} are {values}")
    check(f"class {alike[0][0]}" in label, f"table: {label} is of the class {alike[0][0]}")
    legend = page.run("Array.from(document.querySelectorAll('#legend button'), (b) => b.textContent.trim())")
    check(legend == ["a", "b", "c"], f"table: the classes are called {legend}")
    page.screenshot("table-values.png")


def main():
    binary, arguments = sys.argv[1], sys.argv[2:]
    keep = arguments[arguments.index("--keep") + 1] if "--keep" in arguments else None
    os.environ["NRAE_DATA"] = os.path.join(ROOT, "data")
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.abspath(keep or scratch)
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
        write_table()
        for name, settings in MODELS.items():
            nrae(binary, f"train {settings} {TRAIN} --out {name}")
            nrae(binary, f"explore {name} --device cpu")
        with Browser() as browser:
            for name, latents in [("digits", 2), ("mnist", 4), ("table", 3)]:
                path = f"{name}/explore.html"
                check(name != "digits" or os.path.getsize(path) < 5e6, f"{path} has {os.path.getsize(path)} bytes")
                page = browser.open(path, fragment="#webgl")
                check(page.run("nrae.app.renderer().kind") == "WebGL2", "the points are not drawn by WebGL2")
                decodes_alike(binary, page, name, latents)
                uses(page, name)
                if name == "table":
                    names_columns(page)
            phone = browser.open("digits/explore.html", 390, 844, mobile=True)
            check(phone.run("document.documentElement.scrollWidth") <= 390, "the page is wider than a phone")
            phone.screenshot("phone.png")
            # Software emulates WebGL here, which is slower than a plain canvas.
            plain = browser.open("digits/explore.html")
            check(plain.run("nrae.app.renderer().kind") == "plain canvas", "no plain canvas")
            uses(plain, "digits")
            kind = frames.check_lost(browser, "digits/explore.html")
            check(kind == "plain canvas", f"after its context is lost the page draws with {kind}")
            if "--measure" in arguments:
                frames.measure(browser, "digits/explore.html")
    print(f"test-explore: {checked} checks passed")


main()
