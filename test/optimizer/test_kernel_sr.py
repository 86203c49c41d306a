# SPDX-License-Identifier: Apache-2.0
"""Stochastic reconfiguration from samples, in both spaces, against explicit matrices."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.optimizer import solver
from netket.optimizer._kernel_sr import choose_form, compute_sr_update

MODES = {
    "real": "real",
    "phase": "complex",
    "holomorphic": "holomorphic",
    "not holomorphic": "complex",
    "modulus": "real",
    "mixed": "complex",
}
FORMS = {
    "parameters": {"use_ntk": False},
    "samples": {"use_ntk": True},
    "on the fly": {"use_ntk": True, "on_the_fly": True},
}


def local_values(n):
    rng = np.random.default_rng(4)
    return jnp.asarray(rng.normal(size=n) + 1j * rng.normal(size=n))


def solve(state, values, mode, **kwargs):
    pdf = state.probability_distribution() if hasattr(state, "_all_states") else None
    samples = state.samples if pdf is None else state._all_states
    kwargs = {"diag_shift": 0.02, "mode": mode} | kwargs
    return compute_sr_update(
        state._apply_fun, state.parameters, state.model_state, samples, values, pdf=pdf, **kwargs
    )


def reference(kit, state, kind, mode, values, momentum=0.0, previous=0.0):
    """Both sides of (X† X + ε) x = X† (2 e - μ X δ), with stacked real and imaginary parts."""
    p = state.weights()
    rows = np.sqrt(p)[:, None] * kit.log_derivatives(state, kind)
    e = np.sqrt(p) * (values - p @ values)
    if mode == "real":
        rows, e = rows.real, e.real
    elif mode == "complex":
        rows, e = np.concatenate([rows.real, rows.imag]), np.concatenate([e.real, e.imag])
    right = rows.conj().T @ (2 * e - momentum * rows @ (previous + np.zeros(rows.shape[1])))
    S = rows.conj().T @ rows + 0.02 * np.eye(rows.shape[1])
    return np.linalg.solve(S, right) + momentum * previous


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "kind, states", [(k, "sampled") for k in MODES] + [("real", "summed"), ("mixed", "summed")]
)
def test_update_solves_the_equations(kit, kind, states, form):
    mode = MODES[kind]
    state = getattr(kit, states)(kind)
    values = local_values(len(state.weights()))
    update, info = solve(state, values, mode, **FORMS[form])
    expected = reference(kit, state, kind, mode, values)
    vector = kit.vector_of(update, mode == "holomorphic")
    np.testing.assert_allclose(vector, expected, rtol=1e-8, atol=1e-10)
    assert not info["solver_fallback"]
    dtypes = jax.tree.map(lambda x: x.dtype, (update, state.parameters))
    assert dtypes[0] == dtypes[1]


@pytest.mark.parametrize("form", FORMS)
def test_momentum(kit, form):
    """Three steps at fixed samples; without compiling again after the first."""
    state = kit.sampled("mixed")
    values = local_values(30)
    update, expected = None, 0.0
    for μ in (0.8, 0.7, 0.9):
        update, _ = solve(state, values, "complex", momentum=μ, previous=update, **FORMS[form])
        expected = reference(kit, state, "mixed", "complex", values, μ, expected)
        np.testing.assert_allclose(kit.vector_of(update, False), expected, rtol=1e-7, atol=1e-10)


def test_phases_can_be_left_out(kit):
    """Mode "real" with complex amplitudes sees their moduli only."""
    state, values = kit.sampled("phase"), local_values(30)
    expected = reference(kit, state, "phase", "real", values)
    for form in FORMS.values():
        update, _ = solve(state, values, "real", **form)
        np.testing.assert_allclose(kit.vector_of(update, False), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_chunks_change_nothing(kit, form):
    state, values = kit.sampled("not holomorphic"), local_values(30)
    whole, _ = solve(state, values, "complex", momentum=0.5, **FORMS[form])
    parts, _ = solve(state, values, "complex", momentum=0.5, chunk_size=7, **FORMS[form])
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parts)):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind, states", [("phase", "sampled"), ("real", "summed")])
def test_projector_only_improves_the_condition(kit, kind, states):
    state = getattr(kit, states)(kind)
    values = local_values(len(state.weights()))
    plain, _ = solve(state, values, MODES[kind], use_ntk=True)
    regular, info = solve(
        state, values, MODES[kind], use_ntk=True, proj_reg=0.7, solver=solver.pinv_smooth
    )
    np.testing.assert_allclose(plain["w"], regular["w"], rtol=1e-8, atol=1e-10)
    n_constants = 2 if MODES[kind] == "complex" else 1
    _, before = solve(state, values, MODES[kind], use_ntk=True, solver=solver.svd)
    _, after = solve(state, values, MODES[kind], use_ntk=True, proj_reg=0.7, solver=solver.svd)
    small = [np.sum(np.isclose(i["singular_values"], 0.02)) for i in (before, after)]
    assert small[0] - small[1] == n_constants


def test_one_compilation_for_all_steps(kit):
    traces = []
    apply = kit.sampled("real")._apply_fun

    def log_psi(variables, σ):
        traces.append(σ.shape)
        return apply(variables, σ)

    counts, update = [], None
    for step in range(3):
        parameters = kit.parameters_of("real", seed=step)
        state = kit.custom(log_psi, parameters, kit.sampled("real").samples)
        update, _ = solve(
            state,
            local_values(30) * step,
            "real",
            use_ntk=True,
            diag_shift=0.1 / (1 + step),
            momentum=0.1 * step,
            previous=update,
        )
        counts.append(len(traces))
    assert counts[0] == counts[1] == counts[2] > 0


def test_single_precision_stays(kit):
    state = kit.sampled("phase")
    state.parameters = jax.tree.map(lambda x: x.astype(jnp.float32), state.parameters)
    for form, μ in itertools.product(FORMS.values(), (None, 0.5)):
        values = local_values(30).astype(jnp.complex64)
        update, _ = solve(state, values, "complex", momentum=μ, **form)
        assert {x.dtype for x in jax.tree.leaves(update)} == {jnp.dtype("float32")}


def test_choice_of_the_form(kit):
    parameters = kit.parameters_of("mixed")  # 16 real, 4 complex
    assert choose_form(parameters, 100, "complex") == (False, False)
    assert choose_form(parameters, 11, "complex") == (True, False)
    assert choose_form(parameters, 12, "complex") == (False, False)
    assert choose_form(parameters, 12, "complex", use_ntk=True) == (True, False)
    assert choose_form(parameters, 12, "complex", on_the_fly=True) == (True, True)
    many = {"w": jax.ShapeDtypeStruct((10**6,), jnp.float64)}
    assert choose_form(many, 1000, "real") == (True, True)
    assert choose_form(many, 1000, "real", on_the_fly=False) == (True, False)
    with pytest.raises(ValueError, match="`on_the_fly` must be None or False"):
        choose_form(parameters, 12, "complex", use_ntk=False, on_the_fly=True)
