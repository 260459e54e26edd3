"""The losses of every method, written down as their sources have them."""

import numpy as np
import torch
from torch.func import jvp, vjp, vmap

from .networks import stack_value, taylor


def rows_of(case):
    """Rows of a group: the centre, D neighbours, and k that a locally linear combination takes."""
    return 1 + case["neighbours"] + case["k"]


def reconstruction(case, parameters, seen, codes, targets, weights):
    """Equation 3: sum over centres b and compared rows r of weights[b, r] |x_r - f~(z_r; z_0)|^2, [batch, group, n] each."""
    network, order = case["network"], case["order"]
    decode = lambda z: stack_value(network, "decoder", parameters, z)
    if case["extended"]:
        # F = f o g expanded about the centre itself.
        f, points = lambda x: decode(stack_value(network, "encoder", parameters, x)), seen
    else:
        f, points = decode, codes
    predictions = [f(points[:, 0])] if case["centre"] or order == 0 else []
    for row in range(1, 1 + case["neighbours"]):
        value, first, second = taylor(f, points[:, 0], points[:, row] - points[:, 0])
        predictions.append(value + first + (0.5 * second if order == 2 else 0))
    first_row = 0 if case["centre"] or order == 0 else 1
    rows = slice(first_row, first_row + len(predictions))
    errors = (targets[:, rows] - torch.stack(predictions, 1)).square().sum(2)
    return (weights[:, rows] * errors).sum()


def kl(case, parameters, given, encoded, codes, seen):
    mean, log_variance = encoded[:, 0].chunk(2, 1)
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1)


def mmd(case, parameters, given, encoded, codes, seen):
    """The unbiased estimate of the maximum mean discrepancy, of the centres that count alone."""
    count = case["count"]
    z, prior = codes[:count, 0], given["prior"][:count]
    squared = lambda a, b: (a[:, None] - b[None]).square().sum(2)
    pairs = torch.tril_indices(count, count, -1)
    if case["kernel"] == "gaussian":
        # torch.median is the lower one, which is held fixed.
        medians = [squared(rows, rows)[*pairs].median().detach() for rows in (z, prior)]
        bandwidth = sum(medians) / 2
        kernel = lambda r: torch.exp(-r / (2 * bandwidth))
    else:
        scales = [2 * s * z.shape[1] for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
        kernel = lambda r: sum(c / (c + r) for c in scales)
    among = sum(2 * kernel(squared(rows, rows)[*pairs]).sum() for rows in (z, prior)) / (count * (count - 1))
    return among - 2 * kernel(squared(z, prior)).mean()


def contractive(case, parameters, given, encoded, codes, seen):
    """|dg/dx|_F^2, or |u' dg/dx|^2 for a random u."""
    encode = lambda x: stack_value(case["network"], "encoder", parameters, x)
    x = seen[:, 0]
    if case["estimate"] == "hutchinson":
        return vjp(encode, x)[1](given["probe"])[0].square().sum(1)
    basis = torch.eye(x.shape[1], dtype=x.dtype)
    columns = vmap(lambda e: jvp(encode, (x,), (e.expand_as(x),))[1])(basis)
    return columns.square().sum((0, 2))


def embedding(case, parameters, given, encoded, codes, seen):
    return (codes[:, 0] - given["embedding"][given["indices"][:, 0]]).square().sum(1)


def locally_linear(case, parameters, given, encoded, codes, seen):
    coefficients = given["coefficients"][given["indices"][:, 0]]
    combined = torch.einsum("bk,bkm->bm", coefficients, codes[:, 1 + case["neighbours"] :])
    return (codes[:, 0] - combined).square().sum(1)


def isometry(case, parameters, given, encoded, codes, seen):
    """mean |J'J v|^2 / (mean |J v|^2)^2 at mixtures of each code with the next (Lee et al. 2022)."""
    count = case["count"]
    z, v, draws = codes[:count, 0], given["directions"][:count], given["mixing"][:count, None]
    # The engine holds -eta and 1 + eta in f32.
    low, high = float(np.float32(-0.2)), float(np.float32(1.2))
    share = low + (high - low) * draws
    mixed = share * z + (1 - share) * z.roll(-1, 0)
    decode = lambda z: stack_value(case["network"], "decoder", parameters, z)
    image = jvp(decode, (mixed,), (v,))[1]
    pulled = vjp(decode, mixed)[1](image)[0]
    return pulled.square().sum(1).mean() / image.square().sum(1).mean().square()


# What each method adds.
TERMS = {"vae": kl, "wae": mmd, "cae": contractive, "grae": embedding, "spae": locally_linear, "isometric": isometry}


def losses(case, parameters, given):
    """The reconstruction, then the term where there is one, without its weight."""
    x = given["data"][given["indices"]]
    seen = x
    if case["base"] == "dae":
        seen = x + case["amount"] * given["noise"].view_as(x)
    network = case["network"]
    encoded = stack_value(network, "encoder", parameters, seen.flatten(0, 1)).unflatten(0, x.shape[:2])
    codes = encoded
    if network["variational"]:
        # The centre's noise moves all rows of its group.
        mean, log_variance = encoded.chunk(2, 2)
        codes = mean + ((0.5 * log_variance[:, 0]).exp() * given["code noise"])[:, None]
    values = [reconstruction(case, parameters, seen, codes, x, given["weights"])]
    if case["base"] in TERMS:
        term = TERMS[case["base"]](case, parameters, given, encoded, codes, seen)
        values.append(term[: case["count"]].mean() if term.dim() else term)
    return torch.stack(values)
