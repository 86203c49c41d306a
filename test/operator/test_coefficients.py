# SPDX-License-Identifier: Apache-2.0
"""Coefficients are numbers like others: traced by constructors, stacked for vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from operator_kinds import TABLE, representatives
from operator_pairs import MODELS

DIFFERENTIABLE = representatives(differentiable=True)


def weighted(op, x):
    """A number that depends on all elements, not on their order nor on padding."""
    xp, mels = op.get_conn_padded(x)
    xp, mels = jnp.asarray(xp, float), jnp.asarray(mels)
    weights = jnp.sin(1 + xp @ jnp.arange(1.0, xp.shape[-1] + 1))
    return jnp.sum(weights * (mels.real + 0.5 * mels.imag))


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.coefficients])
def test_constructors_take_traced_coefficients(name):
    """jax.grad(lambda c: f(Operator(..., c))), against finite differences of concrete operators."""
    model = MODELS[name]
    x = np.asarray(model.hilbert.all_states())
    c = np.array(model.coefficients)

    def f(c):
        return weighted(model.build("numba", *c), x)

    value, gradient = jax.jit(jax.value_and_grad(f))(c)
    np.testing.assert_allclose(value, f(tuple(map(float, c))), rtol=1e-12)
    for i in range(len(c)):
        step = 1e-4 * np.eye(len(c))[i]
        up, down = (f(tuple(map(float, c + s * step))) for s in (1, -1))
        assert gradient[i] == pytest.approx(float(up - down) / 2e-4, abs=1e-6)


@pytest.mark.capability("vmap")
@pytest.mark.parametrize("name", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_vmap_over_a_stack_of_hamiltonians(name):
    op = TABLE[name].build("numba")
    x = np.asarray(op.hilbert.all_states())[:8]
    factors = (1.0, -0.5, 2.0)
    stack = jax.tree_util.tree_map(lambda c: np.stack([c * s for s in factors]), op)
    found = jax.jit(jax.vmap(lambda op: weighted(op, x)))(stack)
    one_by_one = [jax.tree_util.tree_map(lambda c, s=s: c * s, op) for s in factors]
    np.testing.assert_allclose(found, [weighted(o, x) for o in one_by_one], atol=1e-12)


def is_linear(op):
    twice = jax.tree_util.tree_map(lambda c: 2 * c, op)
    return np.allclose(twice.to_dense(), 2 * np.asarray(op.to_dense()))


@pytest.mark.parametrize("name", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_derivatives_where_all_coefficients_vanish(name):
    """Nothing is connected then, but the derivatives of linear operators are what they were."""
    op = TABLE[name].build("numba")
    if not is_linear(op):
        return
    x = np.asarray(op.hilbert.all_states())
    v = jnp.sin(1.3 * jnp.arange(1, len(x) + 1))

    def f(op):
        mean = v @ op.apply(v)
        return weighted(op, x) + mean.real + 0.5 * mean.imag

    gradient = jax.jit(jax.grad(f))
    zero = jax.tree_util.tree_map(lambda c: 0 * c, op)
    for a, b in zip(*map(jax.tree_util.tree_leaves, (gradient(op), gradient(zero)))):
        np.testing.assert_allclose(a, b, atol=1e-10)
