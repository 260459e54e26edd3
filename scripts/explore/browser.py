"""A headless Chromium over the pipe of its DevTools protocol: Python's standard library is enough.

    with Browser() as browser:
        page = browser.open(path, 1200, 800)
        page.run("1 + 1")          # JavaScript; promises are waited for
        page.drag((x, y), (x, y))
        page.screenshot("a.png")
        page.requests              # addresses that were asked for, beside the file itself
        page.errors                # exceptions and errors of the console
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]


def found():
    """The browser's path, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    def __init__(self, *flags):
        self.profile = tempfile.mkdtemp()
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        # The protocol is on descriptors 3 and 4.
        command = (
            f'exec 3<&{to_read} 4>&{to_write}; exec "$0" --remote-debugging-pipe --headless=new --no-sandbox'
            f" --disable-dev-shm-usage --no-first-run --user-data-dir={self.profile} --hide-scrollbars"
            f' --disable-background-networking --disable-component-update "$@"'
        )
        gl = [] if any("gpu" in flag for flag in flags) else ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, found(), *gl, *flags, "about:blank"],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.next, self.events = b"", 1, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(timeout=10)
        except Exception:
            os.killpg(self.process.pid, signal.SIGKILL)
        for end in (self.read_end, self.write_end):
            os.close(end)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self, seconds):
        until = time.time() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read_end], [], [], max(0.0, until - time.time()))
            part = os.read(self.read_end, 1 << 20) if ready else b""
            if not part:
                raise TimeoutError("the browser does not answer")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, seconds=90, **parameters):
        number = self.next
        self.next += 1
        told = {"id": number, "method": method, "params": parameters}
        if session:
            told["sessionId"] = session
        os.write(self.write_end, json.dumps(told).encode() + b"\0")
        while True:
            answer = self.message(seconds)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path, width=1200, height=800, mobile=False, fragment=""):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        page.address = f"file://{os.path.abspath(path)}"
        page.call("Page.navigate", url=page.address + fragment)
        until = time.time() + 60
        while page.run("typeof window.nrae") != "object":
            if time.time() > until:
                raise TimeoutError(f"the page does not start: {page.errors}")
            time.sleep(0.1)
        page.run("nrae.ready.then(() => 1)")
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session, self.address = browser, session, ""

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def run(self, expression):
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return told["result"].get("value")

    def events(self, method):
        return [e["params"] for e in self.browser.events if e.get("sessionId") == self.session and e.get("method") == method]

    @property
    def requests(self):
        asked = [e["request"]["url"] for e in self.events("Network.requestWillBeSent")]
        return [url for url in asked if not url.startswith(("data:", "blob:")) and url.split("#")[0] != self.address]

    @property
    def errors(self):
        thrown = [e["exceptionDetails"].get("exception", {}).get("description", "?") for e in self.events("Runtime.exceptionThrown")]
        said = [str(e["args"]) for e in self.events("Runtime.consoleAPICalled") if e["type"] in ("error", "warning")]
        return thrown + said

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        self.drag((x, y), (x, y), 0)

    def drag(self, start, end, steps=8, via=()):
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, button="left", buttons=1, clickCount=1)
        places = [*via, end]
        for place in places:
            for i in range(1, steps + 1):
                x, y = (a + (b - a) * i / steps for a, b in zip(start, place))
                self.mouse("mouseMoved", x, y, button="left", buttons=1)
            start = place
        self.mouse("mouseReleased", *end, button="left", clickCount=1)

    def wheel(self, x, y, delta):
        self.mouse("mouseWheel", x, y, deltaX=0, deltaY=delta)

    def key(self, name, code=None):
        text = name if len(name) == 1 else ("\r" if name == "Enter" else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
