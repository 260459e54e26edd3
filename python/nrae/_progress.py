"""How training gets on, for people: a bar in terminals and notebooks, lines elsewhere."""

from __future__ import annotations

import sys
import time

WIDTH = 30
LINES = 10
# Of what happens before the first step.
LABELS = {"graph": "neighbours", "start": "ordering the samples"}


class Progress:
    """A bar on standard error, or ten lines where nobody can redraw one.

    Parameters
    ----------
    verbose : int
        0 for nothing.
    """

    def __init__(self, verbose):
        self.quiet = not verbose
        # A notebook's stream is no terminal, but its lines can be redrawn.
        notebook = type(sys.stderr).__module__.startswith("ipykernel")
        self.redraws = notebook or getattr(sys.stderr, "isatty", bool)()
        self.drawn = 0.0
        self.length = 0
        self.text = ""
        self.told = 0

    def progress(self, what, done, total):
        """Hears that ``done`` of ``total`` is done."""
        if self.quiet or not self.redraws:
            return
        now = time.monotonic()
        if now - self.drawn < 0.1 and done < total:
            return
        self.drawn = now
        filled = int(WIDTH * done / total) if total else WIDTH
        label = LABELS.get(what) or f"epoch {self.text}".rstrip()
        self.write(f"{'━' * filled}{'─' * (WIDTH - filled)} {label}")

    def epoch(self, record, epochs):
        """Hears of an epoch."""
        number = record["epoch"]
        error = record.get("validation_mse")
        self.text = f"{number}/{epochs}  loss {record['loss']:.5f}"
        if error is not None:
            self.text += f"  validation {error:.5f}"
        if self.redraws and number == epochs:
            self.progress("step", 1, 1)
        if not self.quiet and not self.redraws and number * LINES // epochs > self.told:
            self.told = number * LINES // epochs
            print(f"epoch {self.text}", file=sys.stderr, flush=True)

    def write(self, line):
        print(f"\r{line:<{self.length}}", end="", file=sys.stderr, flush=True)
        self.length = len(line)

    def close(self):
        """Ends the line of the bar."""
        if self.length:
            print(file=sys.stderr, flush=True)
            self.length = 0
