#!/usr/bin/env python3
"""Times a training step (forward, backward, Adam) of nrae and of its peers on the same workloads, alternating, and prints ratios and peak memory.

    pip install torch jax
    benches/peers/step.py --nrae target/release/nrae [--workload mlp,conv28] [--method nrae-q] [--device cpu|gpu] [--json FILE]

Peers: PyTorch as the authors do it (nested torch.autograd.functional.jvp); PyTorch with hand-written jets, eager and compiled (on a GPU with
CUDA graphs); JAX jitted. On a GPU also, where --peers asks for them: torch-graph, the hand-written jets with forward, backward and Adam of a step
captured as a whole in one CUDA graph; torch-graph-compiled, the same with its loss compiled; torch-graph-tf32 and jax-tf32, whose products may
round operands to TF32 (those of all others may not). Every program is measured in turn, several rounds, and medians over the rounds are compared, so that a machine whose
speed drifts is fair to all. Adam is the fused or vectorised one of each library. On the CPU all use two threads unless --threads says so.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WORKLOADS = ("toy", "mlp", "mlp-elu", "conv28", "conv32")
METHODS = ("ae", "nrae-l", "nrae-q")
BATCH = {"toy": 50}


def describe(workload):
    """(encoder, decoder) as lists of tuples, and the shape of a sample."""
    def mlp(widths, act, out=None):
        layers = []
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            layers.append(("linear", a, b))
            last = i + 2 == len(widths)
            if not last:
                layers.append((act,))
            elif out:
                layers.append((out,))
        return layers

    def conv(channels, side, widths, hidden, latent):
        chain = [channels, *widths]
        small = side >> len(widths)
        flat = widths[-1] * small * small
        linear = [flat, *hidden, latent]
        encoder = []
        for a, b in zip(chain, chain[1:]):
            encoder += [("conv", a, b), ("relu",)]
        encoder += [("flatten",)] + mlp(linear, "relu")
        decoder = mlp(linear[::-1], "relu") + [("relu",), ("unflatten", widths[-1], small)]
        for a, b in zip(chain[::-1], chain[::-1][1:]):
            decoder += [("convT", a, b), ("relu",)]
        decoder[-1] = ("sigmoid",)
        return encoder, decoder, (channels, side, side)

    if workload == "toy":
        widths = [2, 512, 512, 512, 1]
        return mlp(widths, "elu"), mlp(widths[::-1], "elu"), (2,)
    if workload in ("mlp", "mlp-elu"):
        act, widths = ("relu" if workload == "mlp" else "elu"), [784, 512, 512, 512, 2]
        return mlp(widths, act), mlp(widths[::-1], act, "sigmoid"), (784,)
    if workload == "conv28":
        return conv(1, 28, [32, 64], [128], 16)
    return conv(3, 32, [64, 128, 256], [], 128)


def torch_stepper(workload, method, how, device, batch):
    import torch
    from torch import nn
    from torch.autograd.functional import jvp
    import torch.nn.functional as F

    encoder_layers, decoder_layers, shape = describe(workload)

    def module(layer):
        kind = layer[0]
        if kind == "linear":
            return nn.Linear(layer[1], layer[2])
        if kind == "conv":
            return nn.Conv2d(layer[1], layer[2], 4, 2, 1)
        if kind == "convT":
            return nn.ConvTranspose2d(layer[1], layer[2], 4, 2, 1)
        if kind == "flatten":
            return nn.Flatten()
        if kind == "unflatten":
            return nn.Unflatten(1, (layer[1], layer[2], layer[2]))
        return {"relu": nn.ReLU, "elu": nn.ELU, "sigmoid": nn.Sigmoid}[kind]()

    graph, tf32 = how.startswith("graph"), how.endswith("tf32")
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = device == "cuda"
    torch.manual_seed(0)
    encoder = nn.Sequential(*map(module, encoder_layers)).to(device)
    decoder = nn.Sequential(*map(module, decoder_layers)).to(device)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-4, fused=True, capturable=graph)
    order = METHODS.index(method)

    def authors(z, dz):
        value, first = jvp(decoder, z, dz, create_graph=True)
        if order == 1:
            return value, value + first
        _, second = jvp(lambda z: jvp(decoder, z, dz, create_graph=True)[1], z, dz, create_graph=True)
        return value, value + first + 0.5 * second

    def jets(z, dz):
        """All slots of a jet through one product; slots that are zero by structure are left out."""
        slots = [z, dz]
        for layer in decoder:
            if isinstance(layer, nn.Linear):
                y = F.linear(torch.cat(slots), layer.weight)
                slots = list(y.chunk(len(slots)))
                slots[0] = slots[0] + layer.bias
            elif isinstance(layer, nn.ConvTranspose2d):
                y = F.conv_transpose2d(torch.cat(slots), layer.weight, None, 2, 1)
                slots = list(y.chunk(len(slots)))
                slots[0] = slots[0] + layer.bias[:, None, None]
            elif isinstance(layer, nn.Unflatten):
                slots = [layer(s) for s in slots]
            elif isinstance(layer, nn.ReLU):
                mask = (slots[0] > 0).to(slots[0].dtype)
                slots = [s * mask for s in slots]
            else:
                u0, u1, *rest = slots
                if isinstance(layer, nn.Sigmoid):
                    y0 = torch.sigmoid(u0)
                    d1 = y0 * (1 - y0)
                    d2 = d1 * (1 - 2 * y0)
                else:
                    y0 = F.elu(u0)
                    d1 = torch.where(u0 > 0, torch.ones_like(u0), y0 + 1)
                    d2 = torch.where(u0 > 0, torch.zeros_like(u0), y0 + 1)
                slots = [y0, d1 * u1]
                if order == 2:
                    second = d2 * u1 * u1
                    slots.append(second + d1 * rest[0] if rest else second)
        expansion = slots[0] + slots[1]
        if len(slots) == 3:
            expansion = expansion + 0.5 * slots[2]
        return slots[0], expansion

    expand = authors if how == "authors" else jets

    def loss_of(x, xn):
        if order == 0:
            return ((decoder(encoder(x)) - x) ** 2).mean()
        z, zn = encoder(torch.cat([x, xn])).chunk(2)
        value, expansion = expand(z, zn - z)
        return 0.5 * (((value - x) ** 2).mean() + ((expansion - xn) ** 2).mean())

    # reduce-overhead runs CUDA graphs of its own where there is a GPU.
    mode = "reduce-overhead" if device == "cuda" and not graph else "default"
    compute = torch.compile(loss_of, mode=mode) if "compiled" in how else loss_of

    def step(x, xn):
        optimiser.zero_grad(set_to_none=graph)
        compute(x, xn).backward()
        optimiser.step()

    x, xn = torch.rand(batch, *shape, device=device), torch.rand(batch, *shape, device=device)
    replay = captured(step, x, xn) if graph else None

    def run(steps):
        for _ in range(steps):
            if replay:
                replay()
            else:
                step(x, xn)
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def captured(step, *inputs):
    """What replays `step` on `inputs` as one CUDA graph: captured after steps on a stream of their own, in which libraries allocate and choose."""
    import torch

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step(*inputs)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(*inputs)
    return graph.replay


def jax_step(workload, method, precision="float32"):
    """(a step of (parameters, moments, moments, t) on x and its neighbours, the first state, the shape of a sample)."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_default_matmul_precision", precision)

    encoder_layers, decoder_layers, shape = describe(workload)
    key = jax.random.PRNGKey(0)

    def init(layers):
        out = []
        for i, layer in enumerate(layers):
            k = jax.random.fold_in(key, i)
            if layer[0] == "linear":
                out.append((0.05 * jax.random.normal(k, (layer[1], layer[2])), jnp.zeros(layer[2])))
            elif layer[0] in ("conv", "convT"):
                out.append((0.05 * jax.random.normal(k, (4, 4, layer[1], layer[2])), jnp.zeros(layer[2])))
            else:
                out.append(())
        return out

    def apply(layers, parameters, x):
        for layer, p in zip(layers, parameters):
            kind = layer[0]
            if kind == "linear":
                x = x @ p[0] + p[1]
            elif kind == "conv":
                x = jax.lax.conv_general_dilated(x, p[0], (2, 2), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC")) + p[1]
            elif kind == "convT":
                x = jax.lax.conv_transpose(x, p[0], (2, 2), ((2, 2), (2, 2)), dimension_numbers=("NHWC", "HWIO", "NHWC")) + p[1]
            elif kind == "flatten":
                x = x.reshape(x.shape[0], -1)
            elif kind == "unflatten":
                x = x.reshape(x.shape[0], layer[2], layer[2], layer[1])
            else:
                x = {"relu": jax.nn.relu, "elu": jax.nn.elu, "sigmoid": jax.nn.sigmoid}[kind](x)
        return x

    order = METHODS.index(method)
    parameters = (init(encoder_layers), init(decoder_layers))

    def loss(parameters, x, xn):
        encode = lambda x: apply(encoder_layers, parameters[0], x)
        decode = lambda z: apply(decoder_layers, parameters[1], z)
        if order == 0:
            return ((decode(encode(x)) - x) ** 2).mean()
        z, zn = jnp.split(encode(jnp.concatenate([x, xn])), 2)
        dz = zn - z
        if order == 1:
            value, first = jax.jvp(decode, (z,), (dz,))
            expansion = value + first
        else:
            once = lambda z: jax.jvp(decode, (z,), (dz,))
            (value, first), (_, second) = jax.jvp(once, (z,), (dz,))
            expansion = value + first + 0.5 * second
        return 0.5 * (((value - x) ** 2).mean() + ((expansion - xn) ** 2).mean())

    def step(state, x, xn):
        parameters, m, v, t = state
        g = jax.grad(loss)(parameters, x, xn)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        update = lambda p, m, v: p - 1e-4 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return jax.tree.map(update, parameters, m, v), m, v, t

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    # Channels last, as JAX has it fastest.
    sample = shape if len(shape) == 1 else (*shape[1:], shape[0])
    return step, (parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros(())), sample


def jax_stepper(workload, method, batch, precision):
    import jax

    step, first, sample = jax_step(workload, method, precision)
    step, state, key = jax.jit(step, donate_argnums=0), [first], jax.random.PRNGKey(0)
    x, xn = (jax.random.uniform(jax.random.fold_in(key, 100 + i), (batch, *sample)) for i in range(2))

    def run(steps):
        for _ in range(steps):
            state[0] = step(state[0], x, xn)
        jax.block_until_ready(state[0][0])

    return run


def worker(arguments):
    """Builds one peer, then prints the ms of a step for every line that comes in."""
    peer, workload, method, device, threads, batch = arguments
    batch = int(batch)
    if peer.startswith("jax"):
        run = jax_stepper(workload, method, batch, "tensorfloat32" if peer.endswith("tf32") else "float32")
    else:
        import torch
        if device == "cpu":
            torch.set_num_threads(int(threads))
        run = torch_stepper(workload, method, peer.removeprefix("torch-"), device, batch)
    run(3)
    start = time.perf_counter()
    run(2)
    steps = max(2, int(0.4 / ((time.perf_counter() - start) / 2)))
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run(steps)
        print(1e3 * (time.perf_counter() - start) / steps, flush=True)


def finish(process):
    """Waits for a process and gives its peak resident memory in MB, the libraries' own included."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_maxrss / 1e3


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--worker":
        return worker(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nrae", default="target/release/nrae")
    parser.add_argument("--workload", default=",".join(WORKLOADS))
    parser.add_argument("--method", default=",".join(METHODS))
    parser.add_argument("--batch", type=int, help="centres of a batch (100; toy 50)")
    parser.add_argument("--peers", default="torch-authors,torch-jets,torch-compiled,jax")
    parser.add_argument("--device", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--threads", default="2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", help="also write every figure to this file")
    a = parser.parse_args()
    environment = dict(os.environ, OMP_NUM_THREADS=a.threads, MKL_NUM_THREADS=a.threads, RAYON_NUM_THREADS=a.threads,
                       XLA_FLAGS=f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={a.threads}")
    # JAX would take most of a GPU's memory from the others.
    environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    if a.device == "cpu":
        environment["JAX_PLATFORMS"] = "cpu"
    figures = []
    for workload in a.workload.split(","):
        batch = str(a.batch or BATCH.get(workload, 100))
        for method in a.method.split(","):
            peers = [p for p in a.peers.split(",") if not (method == "ae" and p == "torch-authors")]
            device = "cuda" if a.device == "gpu" else "cpu"
            workers = {}
            for peer in peers:
                command = [sys.executable, __file__, "--worker", peer, workload, method, device, a.threads, batch]
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                           env=environment)
                if process.stdout.readline().strip() == "ready":
                    workers[peer] = process
                else:
                    print(f"{peer} does not run here: {process.stderr.read().strip().splitlines()[-1:]}", file=sys.stderr)
            times = {name: [] for name in ("nrae", *workers)}
            for _ in range(a.rounds):
                command = [a.nrae, "bench", "step", "--workload", workload, "--method", method, "--batch", batch, "--seconds", "0.4", "--json",
                           "--device", a.device]
                process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
                output = process.stdout.read()
                memory = {"nrae": finish(process)}
                times["nrae"].append(json.loads(output)["milliseconds"])
                for peer, process in workers.items():
                    process.stdin.write("go\n")
                    process.stdin.flush()
                    times[peer].append(float(process.stdout.readline()))
            for peer, process in workers.items():
                process.stdin.close()
                memory[peer] = finish(process)
            medians = {name: statistics.median(values) for name, values in times.items()}
            best = min((medians[p], p) for p in workers) if workers else (float("nan"), "-")
            told = "  ".join(f"{name} {value:.2f}" for name, value in medians.items())
            print(f"{workload:<8} {method:<7} ms a step: {told}  | nrae / best peer ({best[1]}): {medians['nrae'] / best[0]:.2f}", flush=True)
            told = "  ".join(f"{name} {value:.0f}" for name, value in memory.items())
            print(f"{'':<16} peak MB: {told}", flush=True)
            figures.append({"workload": workload, "method": method, "batch": int(batch), "medians": medians, "all": times, "peak_megabytes": memory})
    if a.json:
        with open(a.json, "w") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
