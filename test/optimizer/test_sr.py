# SPDX-License-Identifier: Apache-2.0
"""Stochastic reconfiguration: the natural gradient, schedules, solvers, and no recompilation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.scipy.sparse.linalg import cg, gmres

from netket import errors, optimizer
from netket.optimizer import SR, LinearPreconditioner, identity_preconditioner, qgt, solver

FORMS = ("QGTJacobianDense", "QGTJacobianPyTree", "QGTOnTheFly")


def hamiltonian(n):
    """A random real symmetric matrix."""
    x = np.random.default_rng(0).normal(size=(n, n))
    return x + x.T


def energy_gradient(state, H):
    """Energy, and its gradient 2 ⟨O* (H - E)⟩ as a tree, of a state summed over all states."""

    def log_psi(p):
        return state._apply_fun({"params": p}, state._all_states)

    psi = jnp.exp(log_psi(state.parameters))
    norm = jnp.vdot(psi, psi).real
    force = (H @ psi - jnp.vdot(psi, H @ psi) / norm * psi) * psi.conj() / norm
    _, pull = jax.vjp(log_psi, state.parameters)
    dtype = jax.eval_shape(log_psi, state.parameters).dtype
    (bar,) = pull(force.conj().astype(dtype))
    return jax.tree.map(lambda g: 2 * g.conj(), bar)


@pytest.fixture
def problem(kit):
    def make(kind):
        state = kit.summed(kind)
        return state, energy_gradient(state, hamiltonian(16))

    return make


@pytest.mark.parametrize("kind", ("real", "phase", "holomorphic", "not holomorphic", "mixed"))
def test_update_is_the_natural_gradient(kit, problem, kind):
    state, gradient = problem(kind)
    holomorphic = kind == "holomorphic"
    S = kit.exact_tensor(state, kind)
    expected = np.linalg.solve(S + 0.05 * np.eye(len(S)), kit.vector_of(gradient, holomorphic))
    for form in (*FORMS, "QGTAuto"):
        for solve in (solver.cholesky, functools.partial(cg, tol=1e-12)):
            sr = SR(getattr(qgt, form), solve, diag_shift=0.05, holomorphic=holomorphic)
            update = kit.vector_of(sr(state, gradient), holomorphic)
            np.testing.assert_allclose(update, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", ("holomorphic", "phase"))
def test_step_follows_the_projected_imaginary_time_evolution(kit, kind):
    """A model of all amplitudes has no constraint: δ log ψ = (H - E) ψ / ψ, up to the norm."""

    def log_all(variables, σ):
        index = ((σ + 1) @ jnp.array([4.0, 2.0, 1.0, 0.5])).astype(int)
        table = variables["params"]
        return table[index] if table.ndim == 1 else table[index, 0] + 1j * table[index, 1]

    holomorphic = kind == "holomorphic"
    table = kit.random_array(1, (16,) if holomorphic else (16, 2), holomorphic)
    state = kit.custom(log_all, table)
    H = hamiltonian(16)
    gradient = energy_gradient(state, H)
    sr = SR(qgt.QGTJacobianDense, solver.pinv(rtol=1e-10), diag_shift=0, holomorphic=holomorphic)
    update = sr(state, gradient)
    if not holomorphic:
        update = update[:, 0] + 1j * update[:, 1]
    psi = np.exp(log_all({"params": state.parameters}, state._all_states))
    direction = H @ psi / psi
    # with the factor 2 of gradients by real parameters; a constant is a change of norm and phase
    difference = update - 2 * direction
    np.testing.assert_allclose(difference, np.mean(difference), atol=1e-8)


def test_default_is_conjugate_gradient_to_its_tolerance(problem, kit):
    state, gradient = problem("real")
    S = kit.exact_tensor(state, "real") + 0.1 * np.eye(20)
    exact = np.linalg.solve(S, kit.vector_of(gradient, False))
    update = kit.vector_of(SR(diag_shift=0.1)(state, gradient), False)
    assert np.linalg.norm(update - exact) < 1e-3 * np.linalg.norm(exact)


# -- schedules and compilation ------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_schedules(kit, problem, form):
    state, gradient = problem("real")
    schedule = optax.linear_schedule(0.1, 0.01, 10)
    sr = SR(getattr(qgt, form), solver.cholesky, diag_shift=schedule)
    for step in (0, 5, 20):
        fixed = SR(getattr(qgt, form), solver.cholesky, diag_shift=float(schedule(step)))
        jax.tree.map(
            functools.partial(np.testing.assert_allclose, rtol=1e-6),
            sr(state, gradient, step),
            fixed(state, gradient),
        )
    with pytest.raises(TypeError, match="`step` is needed because `diag_shift` follows"):
        sr(state, gradient)


def test_relative_shift_may_follow_a_schedule(problem):
    state, gradient = problem("real")
    sr = SR(diag_scale=lambda step: 0.1 / (1 + step), solver=solver.cholesky)
    assert not np.allclose(sr(state, gradient, 0)["w"], sr(state, gradient, 3)["w"])
    with pytest.raises(TypeError, match="`diag_scale` follows"):
        sr(state, gradient)


@pytest.mark.parametrize("solve", [cg, solver.cholesky])
@pytest.mark.parametrize("form", (*FORMS, "QGTAuto"))
def test_one_compilation_for_all_steps(kit, form, solve):
    traces = []
    apply = kit.sampled("real")._apply_fun

    def log_psi(variables, σ):
        traces.append(σ.shape)
        return apply(variables, σ)

    sr = SR(getattr(qgt, form), solve, diag_shift=optax.linear_schedule(0.1, 0.01, 10))
    counts = []
    for step in range(4):
        parameters = kit.parameters_of("real", seed=step)
        σ = jax.random.choice(jax.random.key(step), jnp.array([-1.0, 1.0]), (2, 15, 4))
        sr(kit.custom(log_psi, parameters, σ), parameters, step)
        counts.append(len(traces))
    assert counts[0] > 0
    assert counts[1:] == counts[:1] * 3


# -- solvers ------------------------------------------------------------------------------------


def test_iterative_solvers_start_from_the_previous_solution(problem):
    state, gradient = problem("real")
    starts = []

    def solve(A, b, x0=None):
        x, _ = cg(A, b, x0=x0, tol=1e-10)
        return x, jnp.linalg.norm(jnp.concatenate([v.ravel() for v in jax.tree.leaves(x0)]))

    for restart in (False, True):
        sr = SR(qgt.QGTOnTheFly, solve, solver_restart=restart)
        for _ in range(2):
            update = sr(state, gradient)
            starts.append(float(sr.info))
        jax.tree.map(np.testing.assert_array_equal, sr.x0, update)
    assert starts[0] == starts[2] == starts[3] == 0 != starts[1]

    # a solution for other parameters is no start
    sr.solver_restart = False
    other = jax.tree.map(lambda x: x.astype(jnp.float32), (state.parameters, gradient))
    state.parameters = other[0]
    sr(state, other[1])


def test_information_of_the_solver(problem):
    state, gradient = problem("real")
    sr = SR(solver=solver.cholesky_with_fallback)
    assert sr.info is None
    sr(state, gradient)
    assert not sr.info["solver_fallback"]


def test_solvers_of_users_and_of_jax(problem):
    state, gradient = problem("real")
    exact = SR(solver=solver.cholesky)(state, gradient)

    def by_inverse(A, b, *, x0=None):
        return jnp.linalg.inv(A.to_dense()) @ b, {"size": b.size}

    for solve in (
        by_inverse,
        functools.partial(gmres, tol=1e-12),
        lambda A, b, x0: cg(A, b, tol=1e-12),
    ):
        update = SR(qgt.QGTJacobianDense, solve)(state, gradient)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), update, exact)


# -- tensors, and other preconditioners -----------------------------------------------------------


def test_functions_of_users_make_the_tensor(problem):
    state, gradient = problem("real")
    seen = []

    def tensor(vstate, **kwargs):
        seen.append(kwargs)
        return qgt.QGTJacobianDense(vstate, diag_shift=kwargs["diag_shift"])

    update = SR(tensor, solver.cholesky, diag_shift=0.3)(state, gradient)
    expected = SR(solver=solver.cholesky, diag_shift=0.3)(state, gradient)
    np.testing.assert_allclose(update["w"], expected["w"])
    assert seen == [{"diag_shift": 0.3, "diag_scale": None}]


def test_linear_preconditioner(problem):
    state, gradient = problem("real")
    made = LinearPreconditioner(
        lambda vstate, step: qgt.QGTJacobianDense(vstate, diag_shift=0.1 * (step + 1)),
        solver.cholesky,
    )
    expected = SR(solver=solver.cholesky, diag_shift=0.2)(state, gradient)
    np.testing.assert_allclose(made(state, gradient, 1)["w"], expected["w"])


def test_identity(problem):
    state, gradient = problem("real")
    assert identity_preconditioner(state, gradient) is gradient
    assert identity_preconditioner(state, gradient, 3) is gradient


def test_repr():
    text = repr(SR(diag_shift=0.2, holomorphic=True))
    assert text.startswith("SR(\n  qgt_constructor = QGTAuto(),\n  diag_shift      = 0.2,")
    assert "qgt_kwargs      = {'holomorphic': True}" in text


def test_options_can_be_changed_later(problem):
    state, gradient = problem("real")
    sr = SR(solver=solver.cholesky)
    sr.diag_shift = 0.4
    expected = SR(solver=solver.cholesky, diag_shift=0.4)(state, gradient)
    np.testing.assert_allclose(sr(state, gradient)["w"], expected["w"])
    with pytest.raises(AttributeError):
        sr.shift = 0.4


def test_bad_input(kit, problem):
    state, gradient = problem("real")
    for name in ("diag_shift", "diag_scale"):
        for value in ("a", np.ones(3), None if name == "diag_shift" else [0.1]):
            with pytest.raises(TypeError, match=f"`{name}` must be a number"):
                SR(**{name: value})
    with pytest.raises(TypeError, match="`solver` must be a function"):
        SR(solver=3)
    for wrong in (3, qgt.QGTJacobianDense(state)):
        with pytest.raises(TypeError, match="`qgt` must be a function"):
            SR(wrong)
    with pytest.raises(errors.IllegalHolomorphicDeclarationForRealParametersError):
        SR(holomorphic=True)(state, gradient)
    with pytest.raises(TypeError):
        SR(shift=0.1)(state, gradient)
    with pytest.raises(TypeError, match="`lhs_constructor` must be a function"):
        optimizer.LinearPreconditioner(3, solver.cholesky)
