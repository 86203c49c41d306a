# SPDX-License-Identifier: Apache-2.0
"""Solvers against numpy, for arrays and operators, vectors and trees."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netket.optimizer import LinearOperator, qgt, solver

NAMES = ("LU", "cholesky", "cholesky_with_fallback", "pinv", "pinv_smooth", "solve", "svd")


def positive(seed, n, is_complex):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if is_complex else 0)
    return x @ x.conj().T + 0.3 * np.eye(n), x[0] + 1


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 1000), is_complex=st.booleans())
def test_solves(name, seed, is_complex):
    A, b = positive(seed, 5, is_complex)
    x, _ = getattr(solver, name)(jnp.asarray(A), jnp.asarray(b), x0=jnp.asarray(b))
    np.testing.assert_allclose(A @ x, b, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_trees_and_numpy(name):
    A, _ = positive(3, 5, False)
    tree = {"u": np.array([1.0, 2.0]), "v": np.array([[0.5, -1.0, 0.3]])}
    x, _ = getattr(solver, name)(A, tree)
    assert x["v"].shape == (1, 3)
    flat = np.concatenate([x["u"], x["v"][0]])
    np.testing.assert_allclose(A @ flat, [1.0, 2.0, 0.5, -1.0, 0.3], rtol=1e-8)


def test_operators_give_their_matrix(kit):
    state = kit.summed("real")
    S = qgt.QGTJacobianDense(state, diag_shift=0.1)
    x, _ = solver.cholesky(S, state.parameters)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8), S @ x, state.parameters)


def test_options_alone_are_bound():
    damped = solver.pinv_smooth(rtol=1e-3, rtol_smooth=1e-2)
    assert damped == solver.pinv_smooth(rtol=1e-3, rtol_smooth=1e-2)
    assert hash(damped) == hash(solver.pinv_smooth(rtol=1e-3, rtol_smooth=1e-2))
    A, b = jnp.diag(jnp.array([1.0, 1e-2, 1e-4])), jnp.ones(3)
    np.testing.assert_allclose(damped(A, b)[0][:2], [1.0, 100 / 2.0], rtol=1e-6)
    assert damped(A, b)[0][2] == 0
    assert solver.cholesky() == solver.cholesky()


def test_lower_and_transposed():
    A, b = positive(1, 4, True)
    lower = np.tril(A)
    np.testing.assert_allclose(A @ solver.cholesky(lower, b, lower=True)[0], b)
    general = A + np.triu(A)
    np.testing.assert_allclose(general.T @ solver.LU(general, b, trans=1)[0], b)
    np.testing.assert_allclose(general @ solver.solve(general, b, assume_a="gen")[0], b)


def test_small_eigenvalues():
    w = np.array([1.0, 1e-3, 1e-9, -2e-13])
    A, b = jnp.diag(jnp.asarray(w)), jnp.ones(4)
    x, info = solver.pinv(A, b, rtol=1e-6)
    np.testing.assert_allclose(x, [1, 1e3, 0, 0])
    assert info is None
    x, info = solver.pinv_smooth(A, b, rtol=1e-10, rtol_smooth=1e-9, return_eigvals=True)
    np.testing.assert_allclose(x, [1, 1e3, 1e9 / 2, 0])
    assert info["rank"] == 3
    np.testing.assert_allclose(info["eval_max"], 1)
    np.testing.assert_allclose(info["eval_min"], -2e-13)
    np.testing.assert_allclose(info["cond_number"], -5e12)
    np.testing.assert_allclose(info["evals"], np.sort(w))
    np.testing.assert_allclose(solver.svd(A, b, rcond=1e-6)[0], [1, 1e3, 0, 0], atol=1e-9)
    assert set(solver.svd(A, b)[1]) == {"residuals", "rank", "singular_values"}
    assert solver.pinv_smooth(jnp.zeros((4, 4)), b)[0].tolist() == [0, 0, 0, 0]


def test_former_names():
    A, b = jnp.diag(jnp.array([1.0, 1e-3])), jnp.ones(2)
    for name in ("pinv", "pinv_smooth"):
        with pytest.warns(FutureWarning, match="`rtol`"):
            x, _ = getattr(solver, name)(A, b, rcond=1e-2)
        assert x[1] == 0
    with pytest.warns(FutureWarning, match="`rtol_smooth`"):
        solver.pinv_smooth(A, b, rcond_smooth=1e-2)


# -- fall-backs ------------------------------------------------------------------------------


def test_fallback():
    indefinite, b = jnp.diag(jnp.array([1.0, -1.0, 2.0])), jnp.ones(3)
    good, _ = positive(2, 3, False)
    robust = solver.nan_fallback(solver.cholesky, solver.pinv_smooth)
    for solve in (robust, solver.cholesky_with_fallback):
        x, info = solve(indefinite, {"b": b})
        np.testing.assert_allclose(x["b"], [1, -1, 0.5])
        assert bool(info["solver_fallback"])
        x, info = solve(jnp.asarray(good), b)
        np.testing.assert_allclose(good @ x, b)
        assert not bool(info["solver_fallback"])
    assert robust == solver.nan_fallback(solver.cholesky, solver.pinv_smooth)
    assert hash(robust) == hash(solver.nan_fallback(solver.cholesky, solver.pinv_smooth))
    _, info = solver.nan_fallback(solver.svd, solver.pinv)(good, b)
    assert set(info) == {"residuals", "rank", "singular_values", "solver_fallback"}


# -- operators of others, and bad input -------------------------------------------------------


class Diagonal(LinearOperator):
    """What a third party writes."""

    entries: jax.Array

    def __init__(self, entries, diag_shift=0.0):
        self.entries = entries
        self.diag_shift = diag_shift

    def __matmul__(self, vec):
        return (self.entries + self.diag_shift) * vec

    def to_dense(self):
        return jnp.diag(self.entries + self.diag_shift)


def test_operators_of_others():
    A, b = Diagonal(jnp.array([1.0, 2.0, 4.0])), jnp.ones(3)
    for solve in (*(getattr(solver, n) for n in NAMES), jax.scipy.sparse.linalg.gmres):
        np.testing.assert_allclose((A + 1.0).solve(solve, b)[0], [1 / 2, 1 / 3, 1 / 5], rtol=1e-5)
    x, _ = A.solve(jax.scipy.sparse.linalg.cg, b, x0=b, tol=1e-12)
    np.testing.assert_allclose(x, [1, 1 / 2, 1 / 4])
    loose = functools.partial(jax.scipy.sparse.linalg.cg, maxiter=1)
    assert not np.allclose(A.solve(loose, b)[0], x)
    assert len(jax.tree.leaves(A)) == 2
    np.testing.assert_allclose(A(b), A @ b)
    np.testing.assert_allclose(np.asarray(A), np.diag([1.0, 2.0, 4.0]))
    with pytest.raises(TypeError, match="must implement"):
        LinearOperator() @ b
    with pytest.raises(TypeError, match="must implement"):
        LinearOperator().to_dense()


def test_bad_input():
    A = jnp.eye(3)
    with pytest.raises(ValueError, match="must have 3 elements"):
        solver.cholesky(A, jnp.ones(4))
    with pytest.raises(ValueError, match="square matrix"):
        solver.cholesky(jnp.ones((3, 2)), jnp.ones(3))
    with pytest.raises(TypeError, match="no argument 'rtol': its options are lower, x0"):
        solver.cholesky(rtol=1e-3)
    with pytest.raises(TypeError):
        solver.cholesky(A)
