# SPDX-License-Identifier: Apache-2.0
"""Ising rows of samples of a few bytes, which have a kernel of their own on CPUs."""

import jax
import numpy as np
import pytest

import netket as nk

EDGES = np.array([[0, 1], [1, 2], [2, 2], [0, 3], [3, 4]])  # one site is coupled to itself
SPACES = {
    "spins": nk.hilbert.Spin(0.5, 5),
    "inverted": nk.hilbert.Spin(0.5, 5, inverted_ordering=True),
    "qubits": nk.hilbert.Qubit(5),
    "bosons": nk.hilbert.Fock(1, 5),
}


@pytest.mark.parametrize("batch", [2, 300])  # programs below and above `CHEAP` operations
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float32"])
@pytest.mark.parametrize("space", SPACES)
def test_rows_equal_those_of_numba(space, dtype, batch):
    hilbert = SPACES[space]
    if dtype == "uint8" and min(hilbert.local_states) < 0:
        dtype = "int16"
    op = nk.operator.Ising(hilbert, EDGES, h=0.3 - 0.1j, J=0.7 + 0.2j)
    x = np.asarray(hilbert.all_states())[np.arange(batch) % 32].astype(dtype)
    xp, mels = op.to_numba().get_conn_padded(x)
    xp_jax, mels_jax = op.to_jax().get_conn_padded(jax.numpy.asarray(x))
    assert xp_jax.dtype == x.dtype and mels_jax.dtype == mels.dtype
    np.testing.assert_array_equal(xp_jax, xp)
    np.testing.assert_allclose(mels_jax, mels, atol=1e-14)


def test_more_edges_than_a_byte_counts():
    n = 18
    edges = np.array([(i, j) for i in range(n) for j in range(i)])  # 153, all aligned: 153 J
    op = nk.operator.Ising(nk.hilbert.Spin(0.5, n), edges, h=1.0, J=2.0, backend="jax")
    _, mels = op.get_conn_padded(np.ones((1, n), np.int8))
    assert mels[0, 0] == 2.0 * len(edges)


def test_small_programs_run_within_the_call():
    """16 chains of 20 spins, the default number of chains, stay below the limit of XLA."""
    from netket.operator._kernels import _rows

    op = nk.operator.Ising(nk.hilbert.Spin(0.5, 20), nk.graph.Chain(20), h=1.0, backend="jax")
    function = jax.jit(lambda op, x: op.get_conn_padded(x))
    program = function.lower(op, np.ones((16, 20), np.int8)).compile()
    assert program.cost_analysis()["flops"] < _rows.CHEAP


@pytest.mark.parametrize("value", [0, 3, -128])
def test_bad_values_among_few_samples_are_refused(value):
    x = np.ones((3, 5), np.int8)
    x[1, 2] = value
    for backend in ("numba", "jax"):
        op = nk.operator.Ising(SPACES["spins"], EDGES, h=1.0, backend=backend)
        op.get_conn_padded(np.ones((3, 5), np.int8))
        with pytest.raises(ValueError, match="Sample 1, .* on site 2"):
            op.get_conn_padded(x)
