"""Networks as the crate's JSON describes them, evaluated by PyTorch, with their parameters in a dictionary of PyTorch's names."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import jvp

# Kinked in the value, or in a derivative up to the second.
KINKED = ("relu", "leaky-relu", "elu", "selu")

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": F.relu,
    "leaky-relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    # PyTorch's takes x for log(1 + exp(x)) from 20 on, where they differ by 2e-9.
    "softplus": lambda x: F.softplus(x, threshold=100),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "silu": F.silu,
    "sine": torch.sin,
}


def layer_value(layer, parameters, prefix, x):
    """The value of one layer on a batch."""
    kind = layer["kind"]
    weight, bias = parameters.get(f"{prefix}.weight"), parameters.get(f"{prefix}.bias")
    if kind == "linear":
        return F.linear(x.flatten(1), weight, bias)
    if kind == "activation":
        return ACTIVATIONS[layer["function"]](x)
    if kind == "conv":
        return F.conv2d(x, weight, bias, layer.get("stride", 1), layer.get("padding", 0))
    if kind == "conv-transpose":
        stride, padding, output_padding = (
            layer.get(key, default) for key, default in [("stride", 1), ("padding", 0), ("output_padding", 0)]
        )
        return F.conv_transpose2d(x, weight, bias, stride, padding, output_padding)
    if kind == "max-pool":
        return F.max_pool2d(x, layer["kernel"], layer.get("stride"))
    if kind == "average-pool":
        return F.avg_pool2d(x, layer["kernel"], layer.get("stride"))
    if kind == "upsample":
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=layer.get("align_corners", False))
    if kind == "group-norm":
        return F.group_norm(x, layer["groups"], weight, bias)
    if kind == "unit-norm":
        return x / x.square().sum(1, keepdim=True).sqrt()
    if kind == "flatten":
        return x.flatten(1)
    if kind == "unflatten":
        return x.unflatten(1, layer["shape"])
    raise ValueError(layer)


def stack_value(network, stack, parameters, x):
    """The encoder's or the decoder's value on rows [batch, features]: rows again."""
    if stack == "encoder":
        x = x.unflatten(1, network["shape"])
    for index, layer in enumerate(network[stack]):
        x = layer_value(layer, parameters, f"{stack}.{index}", x)
    return x.flatten(1)


def distance_to_kinks(network, stack, parameters, x):
    """How near the values come to points where some derivative jumps."""
    nearest = np.inf
    if stack == "encoder":
        x = x.unflatten(1, network["shape"])
    for index, layer in enumerate(network[stack]):
        if layer.get("function") in KINKED:
            nearest = min(nearest, x.abs().min().item())
        if layer["kind"] == "max-pool":
            windows = F.unfold(x.flatten(0, 1)[:, None], layer["kernel"], stride=layer.get("stride") or layer["kernel"])
            largest = windows.topk(2, 1).values
            nearest = min(nearest, (largest[:, 0] - largest[:, 1]).min().item())
        x = layer_value(layer, parameters, f"{stack}.{index}", x)
    return nearest


def shapes_of(network):
    """Name and shape of every parameter, in the order of the layers."""
    for stack in ("encoder", "decoder"):
        for index, layer in enumerate(network[stack]):
            sides = (layer.get("kernel"),) * 2
            shapes = {
                "linear": lambda: ((layer["outputs"], layer["inputs"]), layer["outputs"]),
                "conv": lambda: ((layer["outputs"], layer["inputs"], *sides), layer["outputs"]),
                "conv-transpose": lambda: ((layer["inputs"], layer["outputs"], *sides), layer["outputs"]),
                "group-norm": lambda: ((layer["channels"],), layer["channels"]),
            }.get(layer["kind"])
            if shapes:
                weight, bias = shapes()
                yield f"{stack}.{index}.weight", weight
                yield f"{stack}.{index}.bias", (bias,)


def draw_parameters(draws, network, scale=1.5):
    """Larger than PyTorch's initial values, so that curvature is far from trivial; norms are scaled near 1."""
    parameters = {}
    for name, shape in shapes_of(network):
        if len(shape) == 1 and name.endswith("weight"):
            values = draws.uniform(0.5, 1.5, shape)
        else:
            values = draws.uniform(-1, 1, shape) * scale / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 4)
        parameters[name] = values.astype(np.float32)
    return parameters


def doubles(arrays):
    return {name: torch.from_numpy(values.astype(np.float64)) for name, values in arrays.items()}


def taylor(f, z, dz):
    """f(z), J dz and dz'H dz."""
    value, first = jvp(f, (z,), (dz,))
    second = jvp(lambda z: jvp(f, (z,), (dz,))[1], (z,), (dz,))[1]
    return value, first, second


def linear(inputs, outputs):
    return {"kind": "linear", "inputs": inputs, "outputs": outputs}


def activation(function):
    return {"kind": "activation", "function": function}


def conv(inputs, outputs, kernel, kind="conv", **more):
    return {"kind": kind, "inputs": inputs, "outputs": outputs, "kernel": kernel, **more}


def unflatten(*shape):
    return {"kind": "unflatten", "shape": list(shape)}


def mlp(widths, hidden, output="linear", variational=False):
    def stack(widths, last):
        layers = []
        for position, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            layers.append(linear(inputs, outputs))
            function = hidden if position + 2 < len(widths) else last
            if function != "linear":
                layers.append(activation(function))
        return layers

    encoder, decoder = stack(widths, "linear"), stack(widths[::-1], output)
    if variational:
        encoder[-1]["outputs"] *= 2
    return {"shape": [widths[0]], "encoder": encoder, "decoder": decoder, "variational": variational}


def conv_net(function, aligned=False, pool="max-pool"):
    """Every kind of layer."""
    encoder = [
        conv(2, 4, 3, padding=1),
        {"kind": "group-norm", "groups": 2, "channels": 4},
        activation(function),
        {"kind": pool, "kernel": 2},
        conv(4, 3, 2),
        activation(function),
        {"kind": "average-pool", "kernel": 2, "stride": 1},
        {"kind": "flatten"},
        linear(3, 3),
        {"kind": "unit-norm"},
    ]
    decoder = [
        linear(3, 12),
        activation(function),
        unflatten(3, 2, 2),
        conv(3, 4, 2, "conv-transpose", stride=2, padding=1, output_padding=1),
        {"kind": "group-norm", "groups": 1, "channels": 4},
        activation(function),
        {"kind": "upsample", "align_corners": aligned},
        conv(4, 2, 1),
    ]
    return {"shape": [2, 6, 6], "encoder": encoder, "decoder": decoder, "variational": False}


def latent(network):
    width = next(layer["outputs"] for layer in reversed(network["encoder"]) if "outputs" in layer)
    return width // 2 if network["variational"] else width
