# SPDX-License-Identifier: Apache-2.0
"""The properties that every operator has: one table of operators, one list of properties.

The table is in `test/_tables`; a new operator is one more entry there.
"""

import copy
import pickle
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from operator_kinds import TABLE as OPERATORS
from operator_kinds import representatives

# OPERATORS: name -> hilbert, build(backend), matrix(on), what is known not to hold; see `Case`
KINDS = set(representatives().values())  # one case of each kind
BACKENDS = ("numba", "jax")

everything = pytest.mark.parametrize("name", OPERATORS)
both = pytest.mark.parametrize("backend", BACKENDS)


def build(name, backend="numba"):
    return OPERATORS[name].build(backend)


@pytest.fixture(scope="module")
def exact(matrix_of):
    """The matrix of an operator of the table, from its definition."""
    return lambda name: np.asarray(OPERATORS[name].matrix(matrix_of))


def tolerance(op):
    return 1e-4 if np.finfo(op.dtype).eps > 1e-10 else 1e-12


# -- 1. matrices ------------------------------------------------------------------------------


@pytest.mark.capability("{backend}")
@both
@everything
def test_rows_equal_the_matrix_of_the_definition(name, backend, exact, from_rows):
    op = build(name, backend)
    np.testing.assert_allclose(from_rows(op), exact(name), atol=tolerance(op))


@pytest.mark.capability("sparse")
@both
@everything
def test_all_ways_to_a_matrix_agree(name, backend, exact):
    op, matrix = build(name, backend), exact(name)
    n, atol = len(matrix), tolerance(op)
    close = partial(np.testing.assert_allclose, atol=atol)
    close(np.asarray(op.to_dense()), matrix)
    sparse = op.to_sparse()
    close(sparse.toarray(), matrix)
    assert sparse.has_sorted_indices and np.all(sparse.data != 0) and sparse.dtype == op.dtype
    close(np.asarray(op.to_sparse(jax_=True).todense()), matrix)
    v = np.random.default_rng(0).normal(size=(n, 2, 3))
    expected = np.tensordot(matrix, v, 1)
    for product in (op @ v, op.apply(v), op(v)):
        assert isinstance(product, np.ndarray)
        close(product, expected, atol=100 * atol)
    assert isinstance(op @ jnp.asarray(v), jax.Array)
    close(op @ v[:, 0, 0], expected[:, 0, 0], atol=100 * atol)
    close(op.to_linear_operator() @ v[:, 0], expected[:, 0], atol=100 * atol)
    close(op.to_linear_operator().H @ v[:, 0], matrix.conj().T @ v[:, 0], atol=100 * atol)


# -- 2. rows ----------------------------------------------------------------------------------


@everything
def test_both_backends_have_the_same_rows(name, table_of):
    ops = [build(name, b) for b in BACKENDS]
    states = np.asarray(ops[0].hilbert.all_states())
    n_conn = [np.asarray(op.n_conn(states)) for op in ops]
    np.testing.assert_array_equal(*n_conn)
    for x, n in zip(states[::3], n_conn[0][::3]):
        rows = [op.get_conn(x) for op in ops]
        tables = [table_of(*row) for row in rows]
        assert tables[0].keys() == tables[1].keys()
        for key, mel in tables[0].items():
            assert mel == pytest.approx(tables[1][key], abs=tolerance(ops[0]))
        # distinct x', no zeros
        assert all(len(xp) == len(table) == n for (xp, _), table in zip(rows, tables))


@both
@everything
def test_rows_are_legal(name, backend):
    op = build(name, backend)
    hilbert = op.hilbert
    states = np.asarray(hilbert.all_states())
    xp, mels = map(np.asarray, op.get_conn_padded(states))
    assert xp.dtype == states.dtype and mels.dtype == op.dtype
    assert mels.shape[1] <= op.max_conn_size
    free = hilbert.states_to_numbers(xp[mels != 0])
    assert np.all(free >= 0)
    if backend == "numba":  # padding is the sample itself
        padding = mels == 0
        assert np.all(xp[padding] == np.broadcast_to(states[:, None], xp.shape)[padding])
        assert np.all(op.n_conn(states).max(initial=1) == mels.shape[1])
    assert np.all(np.asarray(op.n_conn(states)) == np.sum(mels != 0, axis=1))


@pytest.mark.capability("in jit")
@everything
def test_traced_rows_stay_in_the_space(name):
    """Also inside of jit, where zeros are not known, every x' is a state of the space."""
    op = build(name, "numba")
    states = np.asarray(op.hilbert.all_states())
    xp, mels = jax.jit(lambda o, x: o.get_conn_padded(x))(op, states)
    assert xp.shape[-2] == mels.shape[-1] == op.max_conn_size
    assert np.all(op.hilbert.states_to_numbers(np.asarray(xp)) >= 0)


@both
@everything
def test_flattened(name, backend, table_of):
    op = build(name, backend)
    states = np.asarray(op.hilbert.all_states())[:5]
    sections = np.zeros(len(states), np.int32)
    xp, mels = op.get_conn_flattened(states, sections)
    assert isinstance(xp, np.ndarray) and isinstance(mels, np.ndarray)
    np.testing.assert_array_equal(np.diff(sections, prepend=0), op.n_conn(states))
    assert len(xp) == len(mels) == sections[-1]
    assert np.all(mels != 0)
    padded = op.get_conn_padded(states)
    for b, rows in enumerate(zip(np.split(xp, sections[:-1]), np.split(mels, sections[:-1]))):
        expected = table_of(np.asarray(padded[0])[b], np.asarray(padded[1])[b])
        assert table_of(*rows).keys() == expected.keys()
    padded_xp, padded_mels = op.get_conn_flattened(states, sections, pad=True)
    width = max(int(np.asarray(op.n_conn(states)).max()), 1)
    np.testing.assert_array_equal(sections, width * np.arange(1, 6))
    assert len(padded_xp) == len(padded_mels) == 5 * width


# -- 3. conversions ---------------------------------------------------------------------------


@both
@everything
def test_round_trips(name, backend):
    op = build(name, backend)
    other = "jax" if backend == "numba" else "numba"
    converted = op.to_backend(other)
    assert type(converted) is type(op) and converted.backend == other != op.backend
    assert converted.dtype == op.dtype and converted.hilbert == op.hilbert
    assert op.to_backend(backend) is op
    leaves, treedef = jax.tree_util.tree_flatten(op)
    copies = {
        "converted": converted.to_backend(backend),
        "jit": jax.jit(lambda o: o)(op),
        "pickle": pickle.loads(pickle.dumps(op)),
        "copy": copy.copy(op),
        "deepcopy": copy.deepcopy(op),
        "method": op.copy(),
        "flatten": jax.tree_util.tree_unflatten(treedef, leaves),
        "jit_converted": jax.jit(lambda o: o)(converted).to_backend(backend),
    }
    for way, again in copies.items():
        assert again == op, way
        assert hash(again) == hash(op), way
        assert hash(jax.tree_util.tree_structure(again)) == hash(treedef), way
    assert converted != op
    assert op != 2 * op
    np.testing.assert_array_equal(jax.jit(lambda o: o)(op).to_dense(), op.to_dense())


@everything
def test_leaves_are_inexact(name):
    for leaf in jax.tree_util.tree_leaves(build(name)):
        assert jnp.issubdtype(leaf.dtype, jnp.inexact)


@everything
def test_the_diagonal_is_where_samplers_expect_it(name):
    op = build(name, "jax")
    x = jnp.asarray(op.hilbert.all_states())[:8]
    xp, mels = op.get_conn_padded(x)
    diagonal = (mels != 0) & jnp.all(xp == x[:, None], axis=-1)
    assert not getattr(op, "_diagonal_first", False) or not jnp.any(diagonal[:, 1:])


# -- 4. compilation ---------------------------------------------------------------------------


@both
@everything
def test_coefficients_do_not_retrace(name, backend):
    op = build(name, backend)
    traces = []

    @jax.jit
    def rows(op, x):
        traces.append(1)
        return op.get_conn_padded(x)

    x = np.asarray(op.hilbert.all_states())[:2]
    for i in range(3):
        changed = jax.tree_util.tree_map(lambda c, i=i: c * (1.0 + i), op)
        rows(changed, x)
    rows(build(name, backend), x)
    assert len(traces) == 1


# -- 5. derivatives ---------------------------------------------------------------------------


DIFFERENTIABLE = [name for name, case in OPERATORS.items() if case.differentiable]


@pytest.mark.capability("grad")
@both
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_match_finite_differences(name, backend):
    op = build(name, backend)
    x = np.asarray(op.hilbert.all_states())[:6]

    def f(op):
        xp, mels = op.get_conn_padded(x)
        weights = jnp.cos(jnp.sum(xp * jnp.arange(1, op.hilbert.size + 1), -1))
        return jnp.sum((weights * mels).real) + jnp.sum(jnp.abs(mels) ** 2)

    gradient = jax.tree_util.tree_leaves(jax.jit(jax.grad(f))(op))
    leaves, treedef = jax.tree_util.tree_flatten(op)
    compiled = jax.jit(lambda *leaves: f(jax.tree_util.tree_unflatten(treedef, leaves)))
    for k, leaf in enumerate(leaves):
        leaf = np.asarray(leaf)
        for index in np.ndindex(leaf.shape):
            for unit in (1, 1j) if leaf.dtype.kind == "c" else (1,):
                step = np.zeros(leaf.shape, leaf.dtype)
                step[index] = 1e-5 * unit
                up, down = (
                    compiled(*leaves[:k], leaf + s * step, *leaves[k + 1 :]) for s in (1, -1)
                )
                # the gradient of a real function is its derivative along the conjugate
                slope = float((gradient[k][index] * unit).real)
                assert (up - down) / 2e-5 == pytest.approx(slope, abs=1e-6, rel=1e-6)


# -- 6. algebra inside of jit -----------------------------------------------------------------


SQUARES = [name for name, case in OPERATORS.items() if case.squares]


@pytest.mark.capability("in jit")
@pytest.mark.parametrize(
    ("name", "backend"),
    [(name, b) for name in SQUARES for b in BACKENDS if b == "numba" or name in KINDS],
)
def test_algebra_in_jit_equals_eager(name, backend):
    op = build(name, backend)
    x = np.asarray(op.hilbert.all_states())[:3]

    def rows(op, c):
        return (c * op + op @ op - op.H / 2 + op.T).n_conn(x), (c * op + op @ op).get_conn_padded(x)

    def sums(mels):
        return np.asarray(jnp.sum(mels, axis=-1))

    n, (_, mels) = jax.jit(rows)(op, 1.3)
    eager_n, (_, eager) = rows(op, 1.3)
    np.testing.assert_allclose(sums(mels), sums(eager), atol=100 * tolerance(op), rtol=1e-5)
    np.testing.assert_array_equal(n, eager_n)


# -- 7. adjoints, shapes, dtypes --------------------------------------------------------------


@both
@everything
def test_adjoints_and_hermiticity(name, backend, exact):
    op, matrix = build(name, backend), exact(name)
    close = partial(np.testing.assert_allclose, atol=tolerance(op))
    close(op.H.to_dense(), matrix.conj().T)
    close(op.T.to_dense(), matrix.T)
    close(op.conj().to_dense(), matrix.conj())
    close(op.conjugate().to_dense(), matrix.conj())
    close(op.H.H.to_dense(), matrix)
    assert op.H.backend == op.T.backend == backend
    hermitian = np.allclose(matrix, matrix.conj().T, atol=1e-6)
    if OPERATORS[name].hermiticity_known:
        assert op.is_hermitian == hermitian
    else:
        assert hermitian or not op.is_hermitian
    assert isinstance(op.is_hermitian, bool)
    assert (op + op.H).is_hermitian or not OPERATORS[name].hermiticity_known
    assert not (1j * (op + op.H)).is_hermitian


@both
@everything
def test_batch_shapes(name, backend):
    op = build(name, backend)
    n = op.hilbert.size
    states = np.asarray(op.hilbert.all_states())[:6]
    elements = np.asarray(op.get_conn_padded(states)[1]).sum(-1)
    shapes = [(), (2, 3), (1,), (0,), (0, 2)]
    if backend == "jax" and name not in KINDS:
        shapes = shapes[:2]  # each of them is compiled
    for shape in shapes:
        x = states[: int(np.prod(shape))].reshape(*shape, n)
        xp, mels = op.get_conn_padded(x)
        k = mels.shape[-1]
        assert xp.shape == (*shape, k, n) and mels.shape == (*shape, k)
        assert op.n_conn(x).shape == shape and op.n_conn(x).dtype == np.int32
        sums = np.asarray(mels).sum(-1).ravel()
        np.testing.assert_allclose(sums, elements[: len(sums)], atol=10 * tolerance(op))


@both
@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("name", ["ising", "local_mixed_spaces"])
def test_dtypes_of_samples(name, backend, dtype, table_of):
    op = build(name, backend)
    x = np.asarray(op.hilbert.all_states())[3].astype(dtype)
    xp, mels = op.get_conn_padded(x)
    assert xp.dtype == dtype and mels.dtype == op.dtype
    expected = table_of(*op.get_conn(x.astype(np.int8)))
    assert table_of(xp, mels) == pytest.approx(expected)


@both
@everything
def test_bad_samples_are_refused(name, backend):
    op = build(name, backend)
    x = np.array(op.hilbert.all_states()[:2])
    for method in (op.get_conn_padded, op.n_conn):
        with pytest.raises(ValueError, match=r"must have shape \(\.\.\., "):
            method(x[:, :-1])
        wrong = x.copy()
        wrong[1, 2] = 7
        with pytest.raises(
            ValueError, match="Sample 1, .* outside of the Hilbert space: on site 2"
        ):
            method(wrong)
    with pytest.raises(ValueError, match="one sample"):
        op.get_conn(x)


@both
@everything
def test_repr_shows_the_backend(name, backend):
    op = build(name, backend)
    assert f"backend={backend!r}" in repr(op) or f"backend {backend!r}" in repr(op)

    def traced(o):
        assert "traced" in repr(o) or not jax.tree_util.tree_leaves(o)
        return o

    jax.eval_shape(traced, op)
