#!/usr/bin/env python3
"""Steps a second of many networks that train side by side on one data set, in nrae and in JAX, over their number.

    pip install jax
    benches/peers/replicas.py --nrae target/release/nrae [--workload toy] [--method nrae-q] [--replicas 1,4,16,64,256] [--device gpu] [--json FILE]

JAX is `jax.jit(jax.vmap(scan(step)))`: every network has its own parameters, moments and batches, which it gathers from the shared data
within the scan over 64 steps. nrae is `nrae bench step --replicas`. A number that does not fit in memory is left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from step import BATCH, METHODS, WORKLOADS, jax_step

STEPS = 64
SAMPLES = 4096
ROUNDS = 5


def jax_rate(workload, method, replicas):
    """Steps a second of all networks."""
    import jax
    import jax.numpy as jnp

    step, state, sample = jax_step(workload, method)
    batch = BATCH.get(workload, 100)
    keys = jax.random.split(jax.random.PRNGKey(1), 3)
    data = jax.random.uniform(keys[0], (SAMPLES, *sample))

    def apart(value, key):
        noise = jax.random.normal(key, (replicas, *value.shape)) * 1e-3 if value.ndim else jnp.zeros(replicas)
        return value[None] + noise

    states = jax.tree.map(lambda value: apart(value, keys[1]), state[0]), *(
        jax.tree.map(lambda value: jnp.zeros((replicas, *value.shape)), part) for part in state[1:]
    )
    batches = jax.random.randint(keys[2], (replicas, STEPS, 2, batch), 0, SAMPLES)

    def steps(state, batches, data):
        return jax.lax.scan(lambda state, rows: (step(state, data[rows[0]], data[rows[1]]), None), state, batches)[0]

    together = jax.jit(jax.vmap(steps, in_axes=(0, 0, None)), donate_argnums=0)
    times = []
    for turn in range(2 + ROUNDS):
        start = time.perf_counter()
        states = jax.block_until_ready(together(states, batches, data))
        if turn >= 2:
            times.append(time.perf_counter() - start)
    return replicas * STEPS / statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nrae", default="target/release/nrae")
    parser.add_argument("--workload", default="toy", help=", ".join(WORKLOADS))
    parser.add_argument("--method", default="nrae-q", help=", ".join(METHODS))
    parser.add_argument("--replicas", default="1,4,16,64,256")
    parser.add_argument("--device", default="gpu", choices=("cpu", "gpu"))
    parser.add_argument("--seconds", default="0.5")
    parser.add_argument("--json", help="also write every figure to this file")
    a = parser.parse_args()
    if a.device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    figures = []
    for workload in a.workload.split(","):
        for method in a.method.split(","):
            command = [a.nrae, "bench", "step", "--workload", workload, "--method", method, "--replicas", a.replicas,
                       "--seconds", a.seconds, "--json", "--device", a.device]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            for line in map(json.loads, output.splitlines()):
                replicas, rates = line["replicas"], {"nrae": line["steps_per_second"]}
                try:
                    rates["jax"] = jax_rate(workload, method, replicas)
                except Exception as error:  # Out of memory, or no JAX: the other figures are still worth having.
                    print(f"jax, {replicas} of {workload}: {str(error).splitlines()[0]}", file=sys.stderr)
                told = "  ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
                fewer = f" (nrae: {line['at_once']} at once)" if line["at_once"] < replicas else ""
                print(f"{workload:<8} {method:<7} {replicas:>4} side by side, steps a second: {told}{fewer}", flush=True)
                figures.append({"workload": workload, "method": method, "replicas": replicas, "at_once": line["at_once"], "rates": rates})
    if a.json:
        with open(a.json, "w") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
