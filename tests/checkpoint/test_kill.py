"""Fits that are killed, by SIGKILL, wherever they are just then."""

import multiprocessing
import pickle
import time
from functools import partial

import numpy as np
import pytest

from skbackprop.checkpoint.storage import read, write

from ._fits import FITS, assert_the_same
from ._process import LONG, fit, fit_and_hang, scribble

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(),
    reason="processes that start within milliseconds need a fork server",
)
PATIENCE = 60.0
NAMES = ["adam", "early", "lbfgs", "newton", "ema", "pruned, looked at"]


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([fit.__module__])
    return context


def wait_for(process, condition):
    end = time.monotonic() + PATIENCE
    while process.is_alive() and not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def kill(process):
    process.kill()
    process.join()


def n_epochs(path):
    return read(path)["monitor"]["n_iter"] if path.exists() else 0


def has_grown(path, before):
    return n_epochs(path) > before


@pytest.mark.parametrize("seed", range(len(NAMES)))
def test_a_fit_that_is_killed_at_random_ends_with_the_same_bits(
    seed, processes, tmp_path
):
    rng, name = np.random.default_rng(seed), NAMES[seed]
    path, done = tmp_path / "fit.ckpt", tmp_path / "model"
    n_killed = 0
    for _ in range(3):
        process = processes.Process(target=fit, args=(name, path, done))
        process.start()
        wait_for(process, partial(has_grown, path, n_epochs(path)))
        time.sleep(rng.uniform(0.0, 0.04))
        kill(process)
        n_killed += read(path)["solution"] is None
    assert n_killed > 0
    process = processes.Process(target=fit, args=(name, path, done))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert_the_same(pickle.loads(done.read_bytes()), FITS[name].run(**LONG))


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_fit_that_is_killed_while_it_writes_has_the_last_file(
    where, processes, tmp_path
):
    path, done = tmp_path / "fit.ckpt", tmp_path / "model"
    for how_often in (1, 4):
        hangs = processes.Event()
        process = processes.Process(
            target=fit_and_hang, args=("adam", path, where, how_often, hangs)
        )
        process.start()
        wait_for(process, hangs.is_set)
        kill(process)
        assert n_epochs(path) == how_often - 1
    process = processes.Process(target=fit, args=("adam", path, done))
    process.start()
    process.join(PATIENCE)
    assert_the_same(pickle.loads(done.read_bytes()), FITS["adam"].run(**LONG))


def test_half_a_file_never_takes_the_place_of_a_whole_one(processes, tmp_path):
    path, hangs = tmp_path / "fit.ckpt", processes.Event()
    write(path, {"small": 1})
    process = processes.Process(target=scribble, args=(path, hangs))
    process.start()
    wait_for(process, hangs.is_set)
    kill(process)
    assert read(path) == {"small": 1}
    assert len([*tmp_path.iterdir()]) == 2
