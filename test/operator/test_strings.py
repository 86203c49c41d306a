# SPDX-License-Identifier: Apache-2.0
"""Strings on two-state sites: bits, sorting, and rows against the definition."""

import pickle

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.operator._strings import (
    StringOperator,
    StringTerms,
    count_bits,
    pack_bits,
    sorted_rows,
    unpack_bits,
)

HILBERT = nk.hilbert.Qubit(4)
both = pytest.mark.parametrize("backend", ["numba", "jax"])


def random_terms(size, n_sites=4, conditions=True, seed=0):
    """care, want, sign, flip of shape (size, n_sites), with few different flips; weights."""
    rng = np.random.default_rng(seed)
    care, want, sign, flip = rng.integers(0, 2, (4, size, n_sites))
    flip = flip[rng.integers(0, max(size // 3, 1), size)] if size else flip
    weights = rng.normal(size=(size, 2)) @ [1, 1j]
    return (care * conditions, want * care * conditions, sign, flip), weights


def dense(terms, weights, n_sites=4):
    """sum_t w_t [x & care = want] (-1)^|x & sign| |x><x xor flip|."""
    states = np.arange(2**n_sites)[:, None] >> np.arange(n_sites)[::-1] & 1
    matrix = np.zeros((2**n_sites, 2**n_sites), complex)
    for care, want, sign, flip, w in zip(*terms, weights):
        for row, x in enumerate(states):
            if np.all(x * care == want):
                column = int((x ^ flip) @ 2 ** np.arange(n_sites)[::-1])
                matrix[row, column] += w * (-1) ** (x @ sign)
    return matrix


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.integers(1, 140), st.integers(0, 100))
def test_bits(size, n_sites, seed):
    bits = np.random.default_rng(seed).integers(0, 2, (size, n_sites))
    words = pack_bits(bits)
    assert words.dtype == np.uint64 and words.shape == (size, -(-n_sites // 64))
    np.testing.assert_array_equal(unpack_bits(words, n_sites), bits)
    np.testing.assert_array_equal(count_bits(words), bits.sum(-1))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12))
def test_sorting(rows):
    order, differs = sorted_rows(list(np.array(rows, np.uint64).T))
    result = [rows[i] for i in order]
    assert result == sorted(rows)
    assert differs.tolist() == [i == 0 or result[i] != result[i - 1] for i in range(len(rows))]


@both
@pytest.mark.parametrize("conditions", [True, False])
@pytest.mark.parametrize("size", [0, 1, 40])
def test_rows_and_adjoints(size, conditions, backend, from_rows):
    arrays, weights = random_terms(size, conditions=conditions)
    terms, order = StringTerms.pack(*arrays)
    op = StringOperator(HILBERT, terms, weights[order], backend)
    matrix = dense(arrays, weights)
    np.testing.assert_allclose(from_rows(op), matrix, atol=1e-12)
    np.testing.assert_allclose(op.to_dense(), matrix, atol=1e-12)
    np.testing.assert_allclose(op.T.to_dense(), matrix.T, atol=1e-12)
    np.testing.assert_allclose(op.H.to_dense(), matrix.conj().T, atol=1e-12)
    assert op.is_hermitian == (size == 0)
    assert op.max_conn_size == max(len(np.unique(arrays[3], axis=0)), 1)


def test_content_decides():
    """Terms in any order are the same terms, also after pickling."""
    arrays, weights = random_terms(20)
    shuffled = np.random.default_rng(1).permutation(20)
    (a, order_a), (b, order_b) = (
        StringTerms.pack(*arrays),
        StringTerms.pack(*(x[shuffled] for x in arrays)),
    )
    assert a == b == pickle.loads(pickle.dumps(a)) and hash(a) == hash(b)
    np.testing.assert_array_equal(weights[order_a], weights[shuffled][order_b])
    assert a != a[np.arange(10)] and a != StringTerms.empty(4)


def test_merging():
    arrays, weights = random_terms(10)
    twice = [pack_bits(np.concatenate([x, x[::-1]])) for x in arrays]
    terms, place = StringTerms.merge(4, *twice)
    total = np.zeros(len(terms), complex)
    np.add.at(total, place, np.concatenate([weights, weights[::-1]]))
    op = StringOperator(HILBERT, terms, total, "numba")
    np.testing.assert_allclose(op.to_dense(), 2 * dense(arrays, weights), atol=1e-12)


@pytest.mark.parametrize("conditions", [True, False])
def test_both_kernels_on_many_sites(conditions, table_of):
    """Many terms, several words; conditions are short there, as those of fermions."""
    n_sites, size = 130, 20_000
    (care, want, sign, flip), weights = random_terms(size, n_sites, conditions)
    few = np.random.default_rng(3).random((size, n_sites)) < 0.02
    terms, order = StringTerms.pack(care * few, want * few, sign, flip)
    hilbert = nk.hilbert.Spin(0.5, n_sites)
    x = np.asarray(hilbert.random_state(jax.random.key(0), 2))
    ops = [StringOperator(hilbert, terms, weights[order], b) for b in ("numba", "jax")]
    np.testing.assert_array_equal(*(op.n_conn(x) for op in ops))
    tables = [table_of(*op.get_conn(x[1])) for op in ops]
    assert tables[0] == pytest.approx(tables[1], abs=1e-10)


@both
def test_rounding_noise_is_zero(backend):
    """(0.1 + 0.2 - 0.3) X is no connected element."""
    arrays = np.zeros((4, 3, 4), int)
    arrays[3, :, 1] = 1
    terms, _ = StringTerms.pack(*arrays)
    op = StringOperator(HILBERT, terms, np.array([0.1, 0.2, -0.3]), backend)
    assert 0.1 + 0.2 - 0.3 != 0
    assert np.all(op.n_conn(HILBERT.all_states()) == 0)
