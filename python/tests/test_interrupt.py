"""Ctrl-C, pressed at several moments. What is counted is what the run still does after it; the clock,
which also counts what else the machine does, has generous bounds."""

import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import nrae
from nrae import _estimator
from nrae._progress import Progress

# A block is under way, the next one has begun before the flag is seen, and one may wait to be told.
BLOCKS = 4
# Samples that do not unroll have this start only where it is asked for.
STARTS = {"train.warm_start": "geodesic"}


@pytest.fixture(autouse=True)
def heard():
    """Ctrl-C is heard, as in a terminal: a process that a script has started in the background ignores
    it, and a run that waits for it would have no end."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # Nor has one an end in which Ctrl-C is never pressed.
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, unheard)
        signal.alarm(180)
    yield
    if hasattr(signal, "SIGALRM"):
        signal.alarm(0)
    signal.signal(signal.SIGINT, before)


def unheard(*_):
    raise TimeoutError("no Ctrl-C has ended the run within three minutes")


@pytest.fixture
def told(monkeypatch):
    """What a run tells of its progress, in order, and when Ctrl-C was pressed; ``press`` is called
    with each."""

    class Told(list):
        press_at = staticmethod(lambda what, done: False)
        pressed = None

        def press(self):
            self.append("pressed")
            self.pressed = time.perf_counter()
            os.kill(os.getpid(), signal.SIGINT)

        def after(self):
            return [what for what in self[self.index("pressed") + 1 :] if what == "steps"]

    told = Told()

    class Listens(Progress):
        def progress(self, what, done, total):
            told.append(what)
            if told.pressed is None and told.press_at(what, done):
                told.press()

    monkeypatch.setattr(_estimator, "Progress", Listens)
    return told


def samples(rows, features):
    return np.random.default_rng(0).normal(size=(rows, features)).astype("f4")


def endless(**parameters):
    known = {"epochs": 1_000_000, "device": "cpu", "verbose": 0, "hidden": (32,)}
    return nrae.NRAE(**{**known, **parameters})


SIZES = [(80, 3), (2000, 64), (20_000, 200)]


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("steps", [1, 40, 300])
def test_a_run_stops_within_a_few_blocks(shape, steps, told):
    X = samples(*shape)
    told.press_at = lambda what, done: what == "steps" and done >= steps
    model = endless(method="ae")
    with pytest.warns(RuntimeWarning, match="stopped by Ctrl-C"):
        model.fit(X)
    assert time.perf_counter() - told.pressed < 5
    assert len(told.after()) <= BLOCKS
    assert model.interrupted_ and model.stopped_ == "interrupt"
    assert np.isfinite(model.transform(X[:5])).all()
    done = model.n_iter_
    assert model.set_params(warm_start=True, epochs=1).partial_fit(X[:200]).n_iter_ == done + 1


@pytest.mark.parametrize("moment", ["start", "graph"])
def test_before_the_first_step_there_is_no_model_to_keep(moment, told):
    X = samples(4000, 200)
    told.press_at = lambda what, done: what == moment
    before = threads()
    model = endless(method="nrae-q", warm_start=True, settings=STARTS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert time.perf_counter() - told.pressed < 5 and told.after() == []
    assert not hasattr(model, "history_")
    # The thread that prepares gives up too.
    end = time.perf_counter() + 60
    while threads() > before and time.perf_counter() < end:
        time.sleep(0.05)
    assert threads() <= before


def threads():
    """Threads of this process beside those of the pool, which are named; none where nobody tells."""
    if not sys.platform.startswith("linux"):
        return 0
    names = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm") as file:
                names.append(file.read().strip())
        except OSError:
            pass
    return sum(not name.startswith("nrae") for name in names)


def test_a_fitted_model_is_kept_where_another_fit_is_stopped_before_its_first_step(told):
    X = samples(3000, 100)
    model = nrae.NRAE(epochs=1, hidden=(8,), device="cpu", verbose=0, settings=STARTS).fit(X)
    codes = model.transform(X)
    told.press_at = lambda what, done: what == "start"
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert np.array_equal(model.transform(X), codes)


def test_an_evaluation_is_given_up(told):
    X, validation = samples(60, 500), samples(40_000, 500)
    model = endless(method="ae", hidden=(256, 256), settings={"train.evaluate_every": 1})
    timers = []

    def press_later(record):
        if record["epoch"] == 2:
            # An epoch is one step; the evaluation after it takes a hundred times as long.
            timers.append(threading.Timer(0.15, told.press))
            timers[0].start()

    with pytest.warns(RuntimeWarning, match="stopped by Ctrl-C"):
        model.fit(X, validation_data=validation, callbacks=press_later)
    assert time.perf_counter() - told.pressed < 5 and len(told.after()) <= BLOCKS
    assert "validation_mse" in model.history_[0] and "validation_mse" not in model.history_[-1]
    assert np.isfinite(model.transform(X)).all()


def test_a_second_ctrl_c_raises(told):
    """While the first is being answered."""
    told.press_at = lambda what, done: what == "steps" and done >= 5
    heard = []

    def press_again(record):
        if told.pressed and not heard:
            heard.append(record)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyboardInterrupt):
            endless(method="ae").fit(samples(80, 3), callbacks=press_again)
