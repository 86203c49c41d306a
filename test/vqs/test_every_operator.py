# SPDX-License-Identifier: Apache-2.0
"""Every kind of operator in expectation values: both backends, derivatives, stacks, no retraces.

The kinds are those of the table of operators; each is represented by its smallest case.
"""

from functools import cache, partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from operator_kinds import TABLE, representatives

import netket as nk

KINDS = representatives()
DIFFERENTIABLE = representatives(differentiable=True)
TRACES: list[int] = []  # one entry whenever the model is traced


def model(variables, x):
    """log ψ(x) = Σ_i tanh(a_i x_i) + i sin(b_i x_i), which compiles quickly."""
    TRACES.append(1)
    a, b = variables["params"]["w"]
    return jnp.sum(jnp.tanh(a * x) + 1j * jnp.sin(b * x), axis=-1)


@cache
def states(hilbert):
    """A state that sums over all configurations, and one with samples that stay the same."""
    w = np.random.default_rng(3).normal(scale=0.4, size=(2, hilbert.size))
    options = {"apply_fun": model, "variables": {"params": {"w": jnp.asarray(w)}}}
    sampler = nk.sampler.ExactSampler(hilbert)
    full = nk.vqs.FullSumState(hilbert, **options)
    mc = nk.vqs.MCState(sampler, n_samples=32, sampler_seed=1, **options)
    mc.sample()
    return {"full sum": full, "samples": mc}


def reference(state, op):
    """⟨O⟩ by dense algebra."""
    psi = np.asarray(state.to_array())
    if isinstance(state, nk.vqs.FullSumState):
        return psi.conj() @ np.asarray(op.to_dense()) @ psi
    numbers = state.hilbert.states_to_numbers(np.asarray(state.samples))
    if isinstance(op, nk.operator.Squared):  # |A_loc|², which has the same mean
        image = np.asarray(op.parent.to_dense()) @ psi
        return np.mean((np.abs(image / psi) ** 2)[numbers])
    return np.mean(((np.asarray(op.to_dense()) @ psi) / psi)[numbers])


each_state = pytest.mark.parametrize("which", ["full sum", "samples"])


@pytest.mark.capability("{backend}")
@each_state
@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("name", KINDS.values(), ids=KINDS)
def test_expectation_values(name, backend, which):
    """Equal dense algebra; other coefficients compile nothing."""
    op = TABLE[name].build(backend)
    state = states(op.hilbert)[which]
    for scale in (1.0, -2.0):
        changed = jax.tree_util.tree_map(lambda c, s=scale: c * s, op)
        n_traces = len(TRACES)
        found = state.expect(changed).mean
        expected = reference(state, changed)
        np.testing.assert_allclose(found, expected, atol=1e-10)
        assert scale == 1.0 or len(TRACES) == n_traces
        if backend == "numba" and which == "full sum":
            np.testing.assert_allclose(state.expect(changed.H).mean, expected.conj(), atol=1e-10)


def value(state, op):
    """A real number that depends on both parts of ⟨O⟩."""
    mean = state.expect(op).mean
    return mean.real + 0.5 * mean.imag


@pytest.mark.capability("grad")
@each_state
@pytest.mark.parametrize("name", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_derivatives(name, which):
    """By every coefficient, against finite differences of dense algebra."""
    op = TABLE[name].build("numba")
    state = states(op.hilbert)[which]
    gradient = jax.tree_util.tree_leaves(jax.jit(jax.grad(partial(value, state)))(op))
    leaves, treedef = jax.tree_util.tree_flatten(op)

    def exact(k, step):
        moved = [leaf + step if i == k else leaf for i, leaf in enumerate(leaves)]
        mean = reference(state, jax.tree_util.tree_unflatten(treedef, moved))
        return mean.real + 0.5 * mean.imag

    for k, leaf in enumerate(leaves):
        units = (1, 1j) if np.iscomplexobj(leaf) else (1,)
        for index, unit in product(np.ndindex(np.shape(leaf)), units):
            step = np.zeros(np.shape(leaf), np.asarray(leaf).dtype)
            step[index] = 1e-4 * unit
            slope = (exact(k, step) - exact(k, -step)) / 2e-4
            # the gradient of a real function is its derivative along the conjugate
            assert (gradient[k][index] * unit).real == pytest.approx(slope, abs=2e-7), index


@pytest.mark.capability("vmap")
@pytest.mark.parametrize("name", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_stacks(name):
    """vmap over a stack of Hamiltonians gives a stack of results, of either state in turn."""
    op = TABLE[name].build("numba")
    which = ["full sum", "samples"][list(DIFFERENTIABLE.values()).index(name) % 2]
    state = states(op.hilbert)[which]
    factors = (1.0, -0.5, 2.0)
    stack = jax.tree_util.tree_map(lambda c: np.stack([c * s for s in factors]), op)
    found = jax.jit(jax.vmap(lambda op: state.expect(op).mean))(stack)
    one_by_one = [jax.tree_util.tree_map(lambda c, s=s: c * s, op) for s in factors]
    expected = [reference(state, o) for o in one_by_one]
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("total_sz", [None, 0.5])
def test_derivatives_where_elements_vanish(total_sz):
    """A coefficient that is zero connects nothing, but its derivative does."""
    hilbert = nk.hilbert.Spin(0.5, 3, total_sz=total_sz)
    flip_flop = np.zeros((4, 4))
    flip_flop[1, 2] = flip_flop[2, 1] = 1.0
    for state in states(hilbert).values():

        def energy(J, state=state):
            return state.expect(nk.operator.LocalOperator(hilbert, J * flip_flop, [0, 2])).mean.real

        np.testing.assert_allclose(jax.grad(energy)(0.0), energy(1.0), atol=1e-12)
