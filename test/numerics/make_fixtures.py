#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Writes fixtures/*.txt: values and gradients of small networks and steps of optimisers, by PyTorch in double.

Run with /usr/bin/python3 (Debian's python3-torch). A fixture is comment lines, then arrays: "name count" and the numbers.
"""
import platform
from pathlib import Path

import torch
from torch.nn import functional

FOLDER = Path(__file__).resolve().parent / "fixtures"
HEADER = ("# Made by /usr/bin/python3 test/numerics/make_fixtures.py "
          f"with torch {torch.__version__}, Python {platform.python_version()}.\n")


def write(name, about, arrays):
    with open(FOLDER / name, "w", encoding="ascii") as file:
        file.write(HEADER + f"# {about}\n")
        for key, values in arrays.items():
            numbers = torch.as_tensor(values).detach().reshape(-1).tolist()
            file.write(f"{key} {len(numbers)}\n")
            file.write(" ".join(f"{number:.17g}" for number in numbers) + "\n")


class Network:
    """Embedding or one-hot, nn.LSTM of two layers, optional linear trunk, linear head."""

    def __init__(self, words, embed, hidden, trunk):
        self.words, self.embed = words, embed
        self.lstm = torch.nn.LSTM(embed or words + 1, hidden, num_layers=2)
        self.embedding = torch.nn.Embedding(words + 1, embed) if embed else None
        self.trunk = torch.nn.Linear(hidden, trunk) if trunk else None
        self.head = torch.nn.Linear(trunk or hidden, words)
        for layer in range(2):  # one bias here, two there
            torch.nn.init.zeros_(getattr(self.lstm, f"bias_hh_l{layer}"))

    def parameters(self):
        """In the order and by the names of the model file. nn.LSTM's gates are in the order i f g o too."""
        if self.embedding:
            yield "embed.weight", self.embedding.weight
        for layer in range(2):
            for kind in ("weight_ih", "weight_hh", "bias"):
                theirs = f"bias_ih_l{layer}" if kind == "bias" else f"{kind}_l{layer}"
                yield f"lstm.{layer}.{kind}", getattr(self.lstm, theirs)
        for name, dense in (("trunk", self.trunk), ("head.0", self.head)):
            if dense:
                yield f"{name}.weight", dense.weight
                yield f"{name}.bias", dense.bias

    def logits(self, inputs, state):
        if self.embedding:
            x = self.embedding(inputs)
        else:
            x = functional.one_hot(inputs, self.words + 1).to(torch.double)
        y, state = self.lstm(x, state)
        if self.trunk:
            y = self.trunk(y)
        return self.head(y), state


def logits_of_row(network, row, inputs, reset, state):
    """A row of the batch, cut where it is reset: each piece but the first starts from zero."""
    h, c = (part[:, row].contiguous() for part in state)
    starts = [0] + [t for t in range(1, len(inputs)) if reset[t, row]]
    if reset[0, row]:
        h, c = torch.zeros_like(h), torch.zeros_like(c)
    parts = []
    for begin, end in zip(starts, starts[1:] + [len(inputs)]):
        if begin > 0:
            h, c = torch.zeros_like(h), torch.zeros_like(c)
        logits, (h, c) = network.logits(inputs[begin:end, row], (h, c))
        parts.append(logits)
    return torch.cat(parts), h, c


def write_network(name, about, network, steps, rows, has_masks):
    words, hidden = network.words, network.lstm.hidden_size
    inputs = torch.randint(words + 1, (steps, rows))
    targets = torch.randint(words, (steps, rows))
    reset = torch.rand(steps, rows) < 0.25
    valid = torch.rand(steps, rows) < 0.8
    states = torch.randint(2, (steps, rows))
    masks = torch.rand(2, words) < 0.6 if has_masks else torch.ones(2, words, dtype=torch.bool)
    masks[states, targets] = True
    state = torch.randn(2, 2, rows, hidden)  # [h or c, layer, row, unit]
    by_row = [logits_of_row(network, row, inputs, reset, state) for row in range(rows)]
    logits = torch.stack([row[0] for row in by_row], dim=1)
    logits = logits.masked_fill(~masks[states], -float("inf"))
    losses = functional.cross_entropy(logits.reshape(-1, words), targets.reshape(-1), reduction="none")
    losses = losses * valid.reshape(-1)
    losses.sum().backward()
    after = torch.stack([torch.stack([row[i] for row in by_row], dim=1) for i in (1, 2)])
    # The state lies layer by layer: [layer, h or c, row, unit].
    arrays = {
        "shape": [words, network.embed, hidden, network.head.in_features if network.trunk else 0, steps, rows],
        "inputs": inputs, "targets": targets, "reset": reset.int(), "valid": valid.int(),
        "masks": masks.int(), "states": states,
        "state": state.transpose(0, 1), "state_after": after.transpose(0, 1), "losses": losses,
    }
    for key, value in network.parameters():
        arrays[key] = value
        arrays["d." + key] = value.grad
    write(name, about, arrays)


def write_optimisers():
    """Each takes the same gradients; the first half of the weights decays, the second does not."""
    count, steps, rate, decay = 6, 8, 0.03, 0.1
    first = torch.randn(2, count)
    gradients = torch.randn(steps, 2, count)
    kinds = {
        "adamw": lambda groups: torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), eps=1e-8),
        "adam": lambda groups: torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8),
        "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=rate, alpha=0.9, eps=1e-7),
        "sgd": lambda groups: torch.optim.SGD(groups, lr=rate, momentum=0.9),
        "adadelta": lambda groups: torch.optim.Adadelta(groups, lr=rate, rho=0.95, eps=1e-6),
    }
    arrays = {"rate": [rate], "decay": [decay], "first": first, "gradients": gradients}
    for name, make in kinds.items():
        parts = [first[i].clone().requires_grad_() for i in range(2)]
        optimiser = make([{"params": [parts[0]], "weight_decay": decay}, {"params": [parts[1]], "weight_decay": 0}])
        after = []
        for step in range(steps):
            for part, gradient in zip(parts, gradients[step]):
                part.grad = gradient.clone()
            optimiser.step()
            after.append(torch.stack([part.detach().clone() for part in parts]))
        arrays[name] = torch.stack(after)
    write("optimisers.txt", "Weights [step][2][n] after each step; the first row of weights decays.", arrays)


def norm_arrays():
    """Both norms of one input [N,D]. Batch norm sees the valid rows alone; the others are normalised like them."""
    rows, columns = 9, 21
    x = (2 * torch.randn(rows, columns) + 3).requires_grad_()
    gain, bias = torch.randn(2, columns).unbind()
    gain.requires_grad_()
    bias.requires_grad_()
    valid = torch.arange(rows) % 4 != 2
    dy = torch.randn(rows, columns)
    mean, variance = x[valid].mean(0).detach(), x[valid].var(0, unbiased=False).detach()
    layer = functional.layer_norm(x, (columns,), gain, bias, eps=1e-5)
    batch = functional.batch_norm(x[valid], None, None, gain, bias, training=True, eps=1e-5)
    everywhere = functional.batch_norm(x, mean, variance, gain, bias, training=False, eps=1e-5)
    arrays = {"norm.x": x, "norm.gain": gain, "norm.bias": bias, "norm.valid": valid.int(), "norm.dy": dy,
              "layer.y": layer, "batch.y": everywhere, "batch.mean": mean, "batch.variance": variance}
    for name, y in (("layer", layer[valid]), ("batch", batch)):
        gradients = torch.autograd.grad(y, (x, gain, bias), dy[valid])
        arrays |= dict(zip((f"{name}.dx", f"{name}.dgain", f"{name}.dbias"), gradients))
    return arrays


def activity_arrays():
    steps, rows, units, ar, tar = 6, 3, 5, 2.0, 1.5
    h = torch.randn(steps, rows, units, requires_grad=True)
    reset, valid = torch.rand(steps, rows) < 0.2, torch.rand(steps, rows) < 0.8
    pairs = valid[1:] & valid[:-1] & ~reset[1:]
    arrays = {"activity.h": h, "activity.reset": reset.int(), "activity.valid": valid.int(), "activity.weights": [ar, tar]}
    arrays["activity.ar"], = torch.autograd.grad(ar * h[valid].square().mean(), h)
    arrays["activity.tar"], = torch.autograd.grad(tar * (h[1:] - h[:-1])[pairs].square().mean(), h)
    return arrays


def smoothing_arrays():
    rows, words, smoothing = 5, 23, 0.15
    logits, targets = torch.randn(rows, words, requires_grad=True), torch.randint(words, (rows,))
    loss = functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    return {"smoothing.logits": logits, "smoothing.targets": targets, "smoothing.e": [smoothing],
            "smoothing.loss": functional.cross_entropy(logits, targets, reduction="none"),
            "smoothing.dz": torch.autograd.grad(loss, logits)[0]}


class Stack:
    """A whole stack: side features, branches, residual, trunk, chained or structured heads; parameters by their names."""

    def __init__(self, words, features, embed, **shape):
        self.words, self.features, self.embed = words, features, embed
        self.branch, self.hidden = shape.get("branch", 0), shape["hidden"]
        self.trunk, self.head, self.norm = (shape.get(key) for key in ("trunk", "head", "norm"))
        self.maps = shape.get("maps", [])  # (contexts, width) of each
        self.index = [torch.randint(width, (contexts, words[0])) for contexts, width in self.maps]
        self.weights = {}
        self.add(sum(words) + len(words) + sum(features), embed, "embed.weight")
        for stream in range(len(words) if self.branch else 0):
            self.add_lstm(f"branch.{stream}", embed, self.branch)
        self.add_lstm("lstm.0", len(words) * self.branch or embed, self.hidden)
        if self.trunk:
            self.add_norm("trunk.norm", self.hidden)
            self.add_dense("trunk", self.trunk, self.hidden)
        for stream in range(len(words)):
            self.add_head(f"head.{stream}", stream, self.trunk or self.hidden)

    def add(self, rows, columns, name):
        self.weights[name] = torch.randn(rows, columns).mul(0.6).requires_grad_()

    def add_dense(self, name, outputs, inputs):
        self.add(outputs, inputs, f"{name}.weight")
        self.add(1, outputs, f"{name}.bias")

    def add_lstm(self, name, inputs, hidden):
        self.add(4 * hidden, inputs, f"{name}.weight_ih")
        self.add(4 * hidden, hidden, f"{name}.weight_hh")
        self.add(1, 4 * hidden, f"{name}.bias")

    def add_norm(self, name, width):
        if self.norm:
            self.add(1, width, f"{name}.weight")
            self.add(1, width, f"{name}.bias")

    def add_head(self, name, stream, width):
        outputs = sum(width for _, width in self.maps) or self.words[stream]
        if self.head:
            self.add_dense(f"{name}.dense", self.head, width)
            self.add_norm(f"{name}.norm", self.head)
        for below in range(stream):
            self.add(self.words[below], self.head or outputs, f"{name}.chain.{below}.weight")
        self.add_dense(name, outputs, self.head or width)

    def rows(self, inputs, column):
        sizes = [count + 1 for count in self.words] + self.features
        return self.weights["embed.weight"][sum(sizes[:column]) + inputs[..., column]]

    def dense(self, name, x):
        return functional.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"][0])

    def lstm(self, name, x):
        hidden = self.weights[f"{name}.weight_hh"].shape[1]
        zero = torch.zeros(1, x.shape[1], hidden)
        weights = [self.weights[f"{name}.{kind}"] for kind in ("weight_ih", "weight_hh")]
        bias = self.weights[f"{name}.bias"][0]
        return torch.lstm(x, (zero, zero), [*weights, bias, torch.zeros_like(bias)], True, 1, 0.0, True, False, False)[0]

    def normed(self, name, x, valid):
        """Batch norm of the valid positions alone; what the others become is not looked at."""
        if not self.norm:
            return x
        gain, bias = self.weights[f"{name}.weight"][0], self.weights[f"{name}.bias"][0]
        if self.norm == "layer":
            return functional.layer_norm(x, x.shape[-1:], gain, bias, eps=1e-5)
        y = functional.batch_norm(x[valid], None, None, gain, bias, training=True, eps=1e-5)
        return torch.zeros_like(x).masked_scatter(valid[..., None].expand_as(x), y)

    def body(self, inputs, valid):
        streams, columns = len(self.words), len(self.words) + len(self.features)
        parts = [self.rows(inputs, column) for column in range(columns)]
        parts[0] = sum(parts[streams:], parts[0])
        if self.branch:
            x = torch.cat([self.lstm(f"branch.{stream}", parts[stream]) for stream in range(streams)], dim=-1)
        else:
            x = sum(parts[1:streams], parts[0])
        y = self.lstm("lstm.0", x)
        if y.shape == x.shape:
            y = y + x
        return self.dense("trunk", self.normed("trunk.norm", y, valid)).relu() if self.trunk else y

    def logits(self, stream, body, batch):
        name = f"head.{stream}"
        chain = sum(self.weights[f"{name}.chain.{below}.weight"][batch["targets"][below]] for below in range(stream))
        if self.head:
            body = self.normed(f"{name}.norm", (self.dense(f"{name}.dense", body) + chain).relu(), batch["valid"])
            chain = 0
        z = self.dense(name, body) + chain
        if not self.maps:
            return z
        parts = z.split([width for _, width in self.maps], dim=-1)
        return sum(part.gather(-1, index[batch["contexts"][..., m]])
                   for m, (part, index) in enumerate(zip(parts, self.index)))


def write_stack(name, about, stack, steps, rows):
    bounds = [count + 1 for count in stack.words] + stack.features
    batch = {
        "inputs": torch.stack([torch.randint(bound, (steps, rows)) for bound in bounds], dim=-1),
        "targets": [torch.randint(count, (steps, rows)) for count in stack.words],
        "valid": torch.rand(steps, rows) < 0.8,
    }
    if stack.maps:
        batch["contexts"] = torch.stack([torch.randint(count, (steps, rows)) for count, _ in stack.maps], dim=-1)
    arrays = {key: batch[key].int() for key in ("inputs", "valid", "contexts") if key in batch}
    body, total = stack.body(batch["inputs"], batch["valid"]), 0
    for stream, targets in enumerate(batch["targets"]):
        losses = functional.cross_entropy(stack.logits(stream, body, batch).flatten(0, 1), targets.flatten(), reduction="none")
        losses = losses * batch["valid"].flatten()
        total = total + losses.sum()
        arrays |= {f"targets.{stream}": targets, f"losses.{stream}": losses}
    total.backward()
    arrays |= {f"index.{m}": index for m, index in enumerate(stack.index)}
    for key, value in stack.weights.items():
        arrays |= {key: value, "d." + key: value.grad}
    write(name, about, arrays)


class Biaxial:
    """LSTM layers along time, shared by all keys, then along the keys; parameters by their names."""

    def __init__(self, **shape):
        self.first, self.keys, self.bits = shape["first"], shape["keys"], shape["bits"]
        self.window, self.period, self.place_bits = shape["window"], shape["period"], shape["place_bits"]
        self.has_absolute, self.layers = shape["has_absolute"], {"time": shape["time"], "note": shape["note"]}
        self.weights = {}
        absolute = 1 + self.period if self.has_absolute else 0
        inputs = absolute + self.window * self.bits + self.period + self.place_bits + 1
        for axis, inputs in (("time", inputs), ("note", shape["time"][-1] + self.bits)):
            for layer, hidden in enumerate(self.layers[axis]):
                self.add(f"{axis}.{layer}.weight_ih", 4 * hidden, inputs)
                self.add(f"{axis}.{layer}.weight_hh", 4 * hidden, hidden)
                self.add(f"{axis}.{layer}.bias", 1, 4 * hidden)
                inputs = hidden
        self.add("out.weight", self.bits, inputs)
        self.add("out.bias", 1, self.bits)

    def add(self, name, rows, columns):
        self.weights[name] = torch.randn(rows, columns).mul(0.6).requires_grad_()

    def hears(self, before, place, key):
        """What a key is told: `before` is a list of sets of keys, one of each bit."""
        computed = range(self.first, self.first + self.keys)
        told = []
        if self.has_absolute:
            told += [key / 64 - 1] + [float(key % self.period == c) for c in range(self.period)]
        for near in range(key - self.window // 2, key + self.window // 2 + 1):
            told += [float(near in before[d] and near in computed) for d in range(self.bits)]
        for c in range(self.period):
            told.append(float(sum(k % self.period == (key + c) % self.period for k in before[0] if k in computed)))
        return told + [float(place >> bit & 1) for bit in range(self.place_bits)] + [1.0]

    def axis(self, name, x, reset):
        """LSTM layers over x [steps, rows, I]; state is zero before a step where reset [steps, rows]."""
        for layer, hidden in enumerate(self.layers[name]):
            weight_ih, weight_hh, bias = (self.weights[f"{name}.{layer}.{kind}"] for kind in ("weight_ih", "weight_hh", "bias"))
            h = c = torch.zeros(x.shape[1], hidden)
            y = []
            for x_t, reset_t in zip(x, reset):
                kept = (~reset_t).to(torch.double)[:, None]
                i, f, g, o = (x_t @ weight_ih.T + kept * h @ weight_hh.T + bias).chunk(4, dim=-1)
                c = f.sigmoid() * kept * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                y.append(h)
            x = torch.stack(y)
        return x

    def logits(self, before, places, truth, reset):
        """[steps, rows, K, D]. before and truth are lists of sets at [t][b]; places and reset tensors."""
        steps, rows = reset.shape
        keys = range(self.first, self.first + self.keys)
        x = torch.tensor([[[self.hears(before[t][b], int(places[t, b]), k) for k in keys] for b in range(rows)]
                          for t in range(steps)])
        y = self.axis("time", x.flatten(1, 2), reset.repeat_interleave(self.keys, dim=1)).unflatten(1, (rows, self.keys))
        below = torch.tensor([[[[float(k > self.first and k - 1 in truth[t][b][d]) for d in range(self.bits)] for k in keys]
                               for b in range(rows)] for t in range(steps)])
        z = torch.cat([y, below], dim=-1).flatten(0, 1).transpose(0, 1)
        first = torch.zeros(self.keys, steps * rows, dtype=torch.bool)
        z = self.axis("note", z, first) @ self.weights["out.weight"].T + self.weights["out.bias"]
        return z.transpose(0, 1).unflatten(0, (steps, rows))


def draw_sets(steps, rows, reset, bits):
    """Sets of each step and of the one before, at [t][b]; a key that stays on is struck anew half the time."""
    before, truth = [], []
    for t in range(steps):
        last = [None if t == 0 or reset[t, b] else truth[t - 1][b] for b in range(rows)]
        before.append([[set(), set()][:bits] if sets is None else sets for sets in last])
        truth.append([])
        for b in range(rows):
            u = torch.rand(3, 128)
            was = torch.tensor([k in before[t][b][0] for k in range(128)])
            on = (was & (u[0] < 0.7)) | (u[1] < 0.25)
            anew = on & ~(was & (u[2] < 0.5))
            truth[t].append([set(chosen.nonzero().flatten().tolist()) for chosen in (on, anew)][:bits])
    return before, truth


def words_of(sets):
    return [sum(1 << (k - 32 * w) for k in keys if k // 32 == w) for keys in sets for w in range(4)]


def write_biaxial(name, about, network, steps, rows):
    reset, valid = torch.rand(steps, rows) < 0.2, torch.rand(steps, rows) < 0.8
    places = torch.randint(1 << 10, (steps, rows))
    before, truth = draw_sets(steps, rows, reset, network.bits)
    logits = network.logits(before, places, truth, reset)
    keys = range(network.first, network.first + network.keys)
    bits = torch.tensor([[[[float(k in truth[t][b][d]) for d in range(network.bits)] for k in keys]
                          for b in range(rows)] for t in range(steps)])
    counts = valid[..., None, None].expand_as(bits).clone()
    if network.bits == 2:
        was = torch.tensor([[[k in before[t][b][0] for k in keys] for b in range(rows)] for t in range(steps)])
        counts[..., 1] &= was & (bits[..., 0] > 0)
    losses = (functional.binary_cross_entropy_with_logits(logits, bits, reduction="none") * counts).sum(2)
    losses.sum().backward()
    arrays = {
        "inputs": [word for t in range(steps) for b in range(rows) for word in words_of(before[t][b]) + [int(places[t, b])]],
        "targets": [word for t in range(steps) for b in range(rows) for word in words_of(truth[t][b])],
        "reset": reset.int(), "valid": valid.int(), "losses": losses,
    }
    for key, value in network.weights.items():
        arrays |= {key: value, "d." + key: value.grad}
    write(name, about, arrays)


def main():
    torch.set_default_dtype(torch.double)
    torch.manual_seed(1)
    write_network("embedding.txt", "Embedding, two LSTM layers, linear trunk, head; grammar masks.",
                  Network(words=9, embed=5, hidden=6, trunk=4), steps=7, rows=3, has_masks=True)
    write_network("onehot.txt", "One-hot words, two LSTM layers, head.",
                  Network(words=7, embed=0, hidden=5, trunk=0), steps=6, rows=4, has_masks=False)
    write_optimisers()
    write("layers.txt", "Layer and batch norm, activation regularisation, label smoothing.",
          norm_arrays() | activity_arrays() | smoothing_arrays())
    torch.manual_seed(2)
    for norm in ("layer", "batch"):
        write_stack(f"streams_{norm}.txt", f"Branches, residual, trunk, chained heads; {norm} norm.",
                    Stack([3, 5, 4], [6, 2], 4, branch=2, hidden=6, trunk=5, head=7, norm=norm), steps=5, rows=4)
    write_stack("chains.txt", "Several streams, summed; chains that end in the logits.", Stack([3, 5], [2], 4, hidden=5), steps=5, rows=3)
    write_stack("frames.txt", "Side features and a structured head.",
                Stack([7], [2, 3, 5], 5, hidden=6, maps=[(1, 7), (3, 4), (2, 5)]), steps=5, rows=3)
    torch.manual_seed(3)
    shape = {"first": 29, "keys": 6, "period": 5, "window": 5, "place_bits": 3, "time": [5, 4], "note": [3, 4]}
    for bits in (1, 2):
        write_biaxial(f"biaxial_{bits}.txt", f"Biaxial, {bits} bits a key.",
                      Biaxial(bits=bits, has_absolute=bits == 2, **shape), steps=5, rows=3)


main()
