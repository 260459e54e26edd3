#!/usr/bin/env python3
"""Holds nrae against PyTorch in double precision: the decoder's jets, the loss, and the gradient to every parameter.

    pip install torch safetensors numpy
    benches/peers/agree.py --nrae target/release/nrae --model runs/demo [--device gpu]

Builds the network from the description in the model's metadata, loads the weights with load_state_dict, draws random latents,
directions and samples, and compares `nrae jets` and `nrae grad` with nested torch.autograd.functional.jvp and backward.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.autograd.functional import jvp


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(x)


class UnitNorm(nn.Module):
    def forward(self, z):
        return z / z.norm(dim=1, keepdim=True)


ACTIVATIONS = {
    "linear": nn.Identity, "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "softplus": nn.Softplus,
    "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "silu": nn.SiLU, "sine": Sine,
}


def module(layer):
    kind = layer["kind"]
    if kind == "linear":
        return nn.Linear(layer["inputs"], layer["outputs"])
    if kind == "activation":
        return ACTIVATIONS[layer["function"]]()
    if kind in ("conv", "conv-transpose"):
        sides = dict(kernel_size=layer["kernel"], stride=layer.get("stride", 1), padding=layer.get("padding", 0))
        if kind == "conv":
            return nn.Conv2d(layer["inputs"], layer["outputs"], **sides)
        return nn.ConvTranspose2d(layer["inputs"], layer["outputs"], output_padding=layer.get("output_padding", 0), **sides)
    if kind in ("max-pool", "average-pool"):
        pool = nn.MaxPool2d if kind == "max-pool" else nn.AvgPool2d
        return pool(layer["kernel"], layer.get("stride", layer["kernel"]))
    if kind == "upsample":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=layer.get("align_corners", False))
    if kind == "group-norm":
        return nn.GroupNorm(layer["groups"], layer["channels"])
    if kind == "unit-norm":
        return UnitNorm()
    if kind == "flatten":
        return nn.Flatten()
    if kind == "unflatten":
        return nn.Unflatten(1, layer["shape"])
    raise SystemExit(f"agree.py does not know the layer {layer}")


def load(path):
    """Encoder, decoder, and the description of a model file."""
    with safe_open(path, "pt") as file:
        description = json.loads(file.metadata()["nrae"])
    weights = load_file(path)
    stacks = []
    for name in ("encoder", "decoder"):
        stack = nn.Sequential(*[module(layer) for layer in description["network"][name]])
        prefix = name + "."
        stack.load_state_dict({k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)})
        stacks.append(stack.double())
    return *stacks, description


def expansion(decoder, z, dz, order):
    """f(z), J dz and dz' H dz by nested forward derivatives, differentiable."""
    value, first = jvp(decoder, z, dz, create_graph=True)
    if order == 1:
        return value, first, torch.zeros_like(value)
    _, second = jvp(lambda z: jvp(decoder, z, dz, create_graph=True)[1], z, dz, create_graph=True)
    return value, first, second


def error(ours, theirs):
    theirs = theirs.detach().numpy()
    return float(np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-30))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nrae", default="target/release/nrae")
    parser.add_argument("--model", required=True, help="a run folder or a model.safetensors")
    parser.add_argument("--device", default="cpu", help="of nrae")
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    path = Path(arguments.model)
    path = path / "model.safetensors" if path.is_dir() else path
    encoder, decoder, description = load(path)
    shape, scaling = description["network"]["shape"], description["scaling"]
    n, batch = int(np.prod(shape)), arguments.batch
    rng = np.random.default_rng(0)
    shift, scale = (np.asarray(scaling[key], dtype=np.float64) for key in ("shift", "scale"))

    with tempfile.TemporaryDirectory() as folder:
        def nrae(*words):
            subprocess.run([arguments.nrae, *words, "--device", arguments.device], check=True, stdout=subprocess.DEVNULL)

        def save(name, array):
            np.save(f"{folder}/{name}.npy", array)
            return f"{folder}/{name}.npy"

        x, xn = (rng.uniform(0, 1, (batch, n)).astype(np.float32) for _ in range(2))
        raw = [(a.astype(np.float64) * scale + shift).astype(np.float32) for a in (x, xn)]
        scaled = [torch.from_numpy((a.astype(np.float64) - shift) / scale) for a in raw]
        with torch.no_grad():
            m = encoder(scaled[0].reshape(-1, *shape) if len(shape) > 1 and needs_image(description) else scaled[0]).shape[1]
        z, dz = (rng.standard_normal((batch, m)).astype(np.float32) for _ in range(2))
        out = f"{folder}/out.safetensors"
        nrae("jets", str(path), "--latents", save("z", z), "--directions", save("dz", dz), "--out", out)
        ours = load_file(out)
        decode = lambda z: decoder(z).reshape(len(z), -1)
        encode = lambda x: encoder(x.reshape(-1, *shape) if needs_image(description) else x)
        theirs = expansion(decode, torch.from_numpy(z).double(), torch.from_numpy(dz).double(), 2)
        for name, value in zip(("value", "jvp", "hvp"), theirs):
            print(f"jets    {name:<28} {error(ours[name].numpy(), value):.2e}")

        for method, order, weight in (("ae", 0, 0.0), ("nrae-l", 1, 0.5), ("nrae-q", 2, 0.5)):
            nrae("grad", str(path), "--centres", save("x", raw[0]), "--neighbours", save("xn", raw[1]), "--method", method,
                 "--lambda", str(weight), "--out", out)
            ours = load_file(out)
            for stack in (encoder, decoder):
                stack.zero_grad()
            code, neighbour = encode(scaled[0]), encode(scaled[1])
            loss = ((scaled[0] - decode(code)) ** 2).sum(1).mean()
            if order:
                value, first, second = expansion(decode, code, neighbour - code, order)
                loss = loss + weight * ((scaled[1] - value - first - 0.5 * second) ** 2).sum(1).mean()
            loss.backward()
            print(f"{method:<7} {'loss':<28} {error(ours['loss'].numpy(), loss):.2e}")
            parameters = [(f"{name}.{key}", p) for name, stack in (("encoder", encoder), ("decoder", decoder))
                          for key, p in stack.named_parameters()]
            worst = max((error(ours[name].numpy(), p.grad), name) for name, p in parameters)
            print(f"{method:<7} {'gradient, worst: ' + worst[1]:<28} {worst[0]:.2e}")


def needs_image(description):
    """Whether the first layer takes channels, height and width."""
    return description["network"]["encoder"][0]["kind"] not in ("linear", "activation")


if __name__ == "__main__":
    main()
