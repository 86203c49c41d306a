# SPDX-License-Identifier: Apache-2.0
"""The optimal-control example: on target, and quick."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).parent.parent / "examples" / "optimal_control.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("optimal_control", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_derivatives_match_finite_differences(example):
    ising = example.ring(4)
    m = jax.jit(jax.value_and_grad(lambda h: example.magnetisation(h, ising)))
    slope = (m(0.701)[0] - m(0.699)[0]) / 2e-3
    np.testing.assert_allclose(m(0.7)[1], slope, rtol=1e-5)


def test_the_field_is_that_of_free_fermions(example):
    found = example.find_field(0.6, 6)
    np.testing.assert_allclose(found.found, example.exact_field(0.6, 6), rtol=1e-10)


def test_one_pulse(example):
    assert example.find_pulses(1).error < 1e-8


@pytest.mark.slow
def test_the_script():
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, env={**os.environ}
    )
    assert result.returncode == 0, result.stderr
    assert time.perf_counter() - start < 60
    rows = [line for line in result.stdout.splitlines() if line.startswith(("field", "pulses"))]
    assert len(rows) == 6
