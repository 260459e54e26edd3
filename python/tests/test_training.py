"""Training: callbacks, Ctrl-C, going on, threads and forks."""

import multiprocessing
import os
import sys
import threading
import time

import numpy as np
import pytest

from conftest import DEVICES


def test_callbacks_hear_of_every_epoch_and_may_stop(roll, quick):
    heard = []
    model = quick(epochs=4).fit(roll, callbacks=heard.append)
    assert heard == model.history_ and [record["epoch"] for record in heard] == [1, 2, 3, 4]
    assert {"loss", "lr", "validation_mse"} <= set(heard[0])
    model = quick(epochs=100_000).fit(roll, callbacks=[lambda record: record["epoch"] >= 5])
    assert 5 <= model.n_iter_ < 100_000 and model.stopped_ == "callback"

    def fails(record):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        quick().fit(roll, callbacks=fails)


def test_the_lock_is_left_to_others(roll, quick):
    counted = []
    running = True

    def count():
        while running:
            counted.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    quick(hidden=(256, 256), epochs=60).fit(roll)
    running = False
    thread.join()
    assert len(counted) > 20


def test_training_goes_on_with_other_data(roll, quick):
    model = quick().fit(roll[:50])
    before = model.score(roll)
    model.set_params(warm_start=True, epochs=100).fit(roll)
    assert model.n_iter_ == 103 and model.score(roll) > before
    scale = model._model.to_bytes()
    model.partial_fit(roll[20:] * 1.5)
    assert model.n_iter_ == 104
    # The scaling is that of the first samples.
    head = scale.index(b"scaling")
    assert model._model.to_bytes()[head : head + 100] == scale[head : head + 100]
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(roll[:, :2])
    assert quick().partial_fit(roll).n_iter_ == 1


def test_fits_in_threads_are_those_alone(roll, quick):
    alone = [quick(random_state=seed).fit_transform(roll) for seed in range(4)]
    found = [None] * 4

    def fit(seed):
        found[seed] = quick(random_state=seed).fit_transform(roll)

    threads = [threading.Thread(target=fit, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(alone, found))


def codes_of(seed, roll, device="cpu"):
    from conftest import short

    return short(random_state=seed, device=device).fit_transform(roll)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("device", DEVICES)
def test_fit_fork_fit(roll, device):
    before = codes_of(0, roll, device)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        children = pool.starmap_async(codes_of, 2 * [(0, roll, device)]).get(timeout=60)
    assert all(np.array_equal(before, codes) for codes in children)
    assert np.array_equal(codes_of(0, roll, device), before)


def test_joblib_in_processes(roll):
    import joblib

    before = codes_of(0, roll)
    with joblib.parallel_config(backend="multiprocessing"):
        children = joblib.Parallel(n_jobs=2)(joblib.delayed(codes_of)(0, roll) for _ in range(2))
    assert all(np.array_equal(before, codes) for codes in children)


def test_progress_is_told_where_it_is_wanted(roll, quick, capsys):
    quick(epochs=20, verbose=1).fit(roll)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10 and lines[-1].startswith("epoch 20/20  loss")
    quick(verbose=0).fit(roll)
    assert capsys.readouterr().err == ""
