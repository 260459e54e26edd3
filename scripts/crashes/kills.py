"""Kills at random moments of commands of many kinds: what goes on from them gives the files of an undisturbed run."""
import http.server, os, pathlib, random, shutil, signal, threading, time
from files import files, half_written, wrong

LONG = "--data x.csv --hidden 64,64 --k 3 --batch 10 --quiet"
CPU = f"--epochs 150 {LONG} --device cpu"
GPU = f"--epochs 20 {LONG} --device gpu"
STOPPING = "--validation 0.2 --patience 3 --set train.evaluate_every=1 --lr 0.01"
VARIANTS = ["", "--method ae", "--method vae --data-memory-mib 0", "--method nrae-l --validation 0.2", STOPPING,
            "--method dae --tensorboard", "--data-memory-mib 0 --validation 0.2"]


class Kind:
    """A command that writes `{folder}`, and what a user does after it was killed: one of `again`, the first that can be."""

    def __init__(self, name, command, again=None):
        self.name, self.command, self.again = name, command, again or [command]


def trains(name, common, variants=VARIANTS):
    device = "gpu" if "gpu" in common else "cpu"
    for variant in variants:
        command = f"train {common} {variant} --out {{folder}}"
        yield Kind(name, command, [f"resume {{folder}} --device {device} --quiet", command])


def kinds(model, server):
    """Every kind by the name of its group."""
    sweep = f"search {CPU.replace('150', '10')} --validation 0.2 --over k=2,3 --seeds 1,2 --out {{folder}}"
    groups = {
        "random": [*trains("train", CPU),
                   Kind("search", sweep),
                   Kind("knn", "knn --data wide.npy --k 10 --device cpu --quiet --out {folder}/graph.npy"),
                   Kind("export", f"export {model} --format pytorch --out {{folder}}"),
                   Kind("export", f"export {model} --format onnx --out {{folder}}/model.onnx")],
        "gpu": list(trains("train", GPU)),
        "fetch": [],
    }
    if server:
        groups["fetch"] = [Kind("fetch", f"data fetch mnist --quiet --data-dir {{folder}} --mirror {server}")]
    return groups


def serve(folder):
    """A server of the files of MNIST on this machine, where they are here; it knows ranges, as those of the world do."""
    if not folder or not (pathlib.Path(folder) / "mnist").is_dir():
        return None

    class Files(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = (pathlib.Path(folder) / "mnist" / os.path.basename(self.path)).read_bytes()
            start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            try:
                for at in range(start, len(content), 1 << 18):
                    self.wfile.write(content[at:at + (1 << 18)])
            except OSError:
                pass  # Who asked was killed.

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def kill_at_random(campaign, group, wanted):
    """Makes cases of a group until in `wanted` of them a process was killed, those of earlier calls included. A process that had
    ended before it was to be killed is none."""
    if not wanted:
        return
    model = campaign.base / "killed-model"
    if not model.exists():
        campaign.nrae(f"train --epochs 1 {LONG} --device cpu --out {{folder}}", model).check_returncode()
    every = kinds(model, serve(os.environ.get("NRAE_DATA")))[group]
    if not every:
        print(f"{group}: not run, NRAE_DATA names no folder with mnist")
        return
    references = [reference(campaign, kind, f"{group}-{index}") for index, kind in enumerate(every)]
    numbers = iter(range(10 * wanted))

    def kills():
        return [count for case, count in list(campaign.kills.items()) if case.startswith(f"{group} ")]

    def work():
        while sum(map(bool, kills())) < wanted and time.time() < campaign.end:
            if (number := next(numbers, None)) is None:
                return
            case = f"{group} {number}"
            if case in campaign.known:
                continue
            kind, (expected, seconds) = every[number % len(every)], references[number % len(every)]
            folder = campaign.folder("killed")
            count, fault = killed(campaign, kind, folder, random.Random(number), seconds, expected)
            campaign.keep(case, fault or campaign.compare(kind.again, folder, expected), count)

    campaign.each(work, [()] * campaign.jobs)
    counts = kills()
    print(f"{group}: {sum(map(bool, counts))} of {len(counts)} cases killed a process, {sum(counts)} processes in all")


def reference(campaign, kind, name):
    """The files of an undisturbed run, and its seconds."""
    folder = campaign.base / name
    shutil.rmtree(folder, ignore_errors=True)
    start = time.time()
    campaign.nrae(kind.command, folder).check_returncode()
    return files(folder), time.time() - start


def killed(campaign, kind, folder, draw, seconds, expected):
    """Kills a run and up to twice what goes on from it; how many were alive when they were killed, and what is wrong with the
    files that are left."""
    count = 0
    for attempt in [kind.command] + [kind.again[0]] * draw.randrange(3):
        if attempt != kind.command and not (folder / "config.toml").exists():
            attempt = kind.command
        child = campaign.start(attempt, folder)
        time.sleep(draw.random() * seconds)
        child.kill()
        ended = child.wait()
        count += ended == -signal.SIGKILL
        fault = wrong(folder, expected) if ended == 0 else half_written(folder)
        if fault or ended not in (0, 2, -signal.SIGKILL):
            return count, f"exit status {ended}, {fault}"
    return count, None
