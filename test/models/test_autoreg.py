# SPDX-License-Identifier: Apache-2.0
"""Autoregressive networks: normalised, causal, and the same with and without caches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

KEY = jax.random.key(2)
SPINS = nk.hilbert.Spin(0.5, 4)
BOSONS = nk.hilbert.Fock(3, 4)

DENSE = ("ARNNDense", {})
CONV = ("ARNNConv1D", {"kernel_size": 3, "kernel_dilation": 1})
CONV_2D = ("ARNNConv2D", {"kernel_size": (2, 3)})


def make(case, hilbert, prefix="", **options):
    name, extra = case
    options = {"layers": 2, "features": 3, **extra, **options}
    return getattr(nk.models, prefix + name)(hilbert, **options)


def variables_of(model, hilbert, scale=1.5):
    """Variables that make no sites equal."""
    rng = np.random.default_rng(1)

    def draw(p):
        real, imaginary = scale * rng.normal(size=(2, *p.shape))
        return (real + 1j * imaginary if p.dtype.kind == "c" else real).astype(p.dtype)

    return jax.tree.map(draw, dict(jax.eval_shape(model.init, KEY, hilbert.all_states()[:1])))


@pytest.mark.parametrize(
    ("case", "dtype", "hilbert"),
    [
        (DENSE, complex, SPINS),
        (DENSE, float, BOSONS),
        (CONV, complex, nk.hilbert.Spin(1, 4)),
        (CONV_2D, float, SPINS),
        (CONV_2D, complex, BOSONS),
    ],
    ids=str,
)
def test_normalised_and_causal(case, dtype, hilbert):
    model = make(case, hilbert, param_dtype=dtype)
    variables = variables_of(model, hilbert)
    x = hilbert.all_states()
    log_psi, p = jax.jit(
        lambda v, x: (model.apply(v, x), model.apply(v, x, method=model.conditionals))
    )(variables, x)
    assert log_psi.dtype == dtype
    np.testing.assert_allclose(np.sum(np.abs(np.exp(log_psi)) ** 2), 1, rtol=1e-12)
    assert p.shape == (len(x), hilbert.size, hilbert.local_size)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    index = hilbert.states_to_local_indices(x)
    chosen = np.take_along_axis(np.asarray(p), np.asarray(index)[..., None].astype(int), -1)
    np.testing.assert_allclose(chosen[..., 0].prod(-1), np.abs(np.exp(log_psi)) ** 2, rtol=1e-10)
    # states are in lexicographic order: those with the same sites before i follow each other
    p = np.asarray(p)
    for i in range(hilbert.size):
        blocks = p[:, i].reshape(hilbert.local_size**i, -1, hilbert.local_size)
        np.testing.assert_allclose(blocks, np.broadcast_to(blocks[:, :1], blocks.shape), rtol=1e-10)
        assert i == 0 or len(np.unique(blocks[:, 0].round(10), axis=0)) > 1


@pytest.mark.parametrize(("case", "dtype"), [(DENSE, complex), (CONV, float), (CONV_2D, complex)])
def test_fast_models_equal_plain_ones(case, dtype):
    hilbert = nk.hilbert.Spin(1, 4)
    options = {"param_dtype": dtype, "layers": 3, "features": (3, 2, 3)}
    plain, fast = (make(case, hilbert, prefix, **options) for prefix in ("", "Fast"))
    x = jnp.asarray(hilbert.all_states()[::5])
    variables = variables_of(plain, hilbert)
    shapes = jax.eval_shape(fast.init, KEY, x)
    assert jax.tree.map(jnp.shape, variables) == jax.tree.map(jnp.shape, dict(shapes))
    value = plain.apply(variables, x)
    np.testing.assert_allclose(fast.apply(variables, x), value, rtol=1e-12)
    p = plain.apply(variables, x, method=plain.conditionals)

    @jax.jit
    def conditional(cache, i):
        one, cache = fast.apply(
            {**variables, **cache}, x, i, method=fast.conditional, mutable=["cache"]
        )
        return one, cache, plain.apply(variables, x, i, method=plain.conditional)

    cache = {}
    for i in range(4):
        one, cache, slow = conditional(cache, i)
        np.testing.assert_allclose(one, p[:, i], rtol=1e-10)
        np.testing.assert_allclose(slow, p[:, i], rtol=1e-10)


def test_parameters_are_those_of_netket():
    model = make(DENSE, SPINS)
    shapes = jax.tree.map(jnp.shape, dict(jax.eval_shape(model.init, KEY, SPINS.all_states())))
    assert shapes == {
        "params": {
            "_layers_0": {"bias": (4, 3), "kernel": (4, 12)},
            "_layers_1": {"bias": (4, 2), "kernel": (12, 8)},
        }
    }
    model = make(CONV_2D, SPINS)
    shapes = jax.tree.map(jnp.shape, dict(jax.eval_shape(model.init, KEY, SPINS.all_states())))
    assert shapes == {
        "params": {
            "_layers_0": {"bias": (3,), "kernel": (2, 3, 1, 3)},
            "_layers_1": {"bias": (2,), "kernel": (2, 3, 3, 2)},
        }
    }


def test_other_powers_are_normalised():
    for prefix in ("", "Fast"):
        model = make(DENSE, SPINS, prefix, machine_pow=1)
        variables = variables_of(model, SPINS)
        value = model.apply(variables, SPINS.all_states())
        np.testing.assert_allclose(np.sum(np.abs(np.exp(value))), 1, rtol=1e-12)
        p = model.apply(variables, SPINS.all_states(), method=model.conditionals)
        np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)


def test_shapes_and_single_precision():
    model = make(CONV, SPINS, param_dtype=np.float32)
    x = SPINS.all_states()
    variables = model.init(KEY, x)
    value = model.apply(variables, x)
    assert value.dtype == np.float32
    batch = model.apply(variables, x.reshape(4, 4, 4))
    np.testing.assert_allclose(batch.ravel(), value, rtol=1e-6)
    one = model.apply(variables, x[3])
    assert one.shape == (1,)
    np.testing.assert_allclose(one[0], value[3], rtol=1e-6)


def test_models_are_hashable_and_compared_by_content():
    assert make(DENSE, SPINS, features=[3, 2]) == make(DENSE, SPINS, features=(3, 2))
    assert hash(make(CONV_2D, SPINS, kernel_size=[2, 2])) == hash(
        make(CONV_2D, SPINS, kernel_size=(2, 2))
    )


def test_gradient_is_that_of_finite_differences():
    model = make(CONV_2D, SPINS)
    variables = variables_of(model, SPINS)
    theta, unravel = nk.jax.tree_ravel(variables)
    x = SPINS.all_states()

    @jax.jit
    def loss(theta):
        return jnp.sum(jnp.sin(jnp.arange(16.0)) * model.apply(unravel(theta), x))

    gradient = jax.grad(loss)(theta)
    direction = jax.random.normal(KEY, theta.shape)
    ε = 1e-5
    difference = (loss(theta + ε * direction) - loss(theta - ε * direction)) / (2 * ε)
    np.testing.assert_allclose(gradient @ direction, difference, rtol=1e-7)


@pytest.mark.parametrize(
    ("make_model", "message"),
    [
        (lambda: make(DENSE, nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 3)), "of equal sites"),
        (lambda: make(DENSE, nk.hilbert.Fock(None, 4)), "finitely many local states"),
        (lambda: make(DENSE, SPINS, features=(3,)), "must have 2 entries"),
        (lambda: make(DENSE, SPINS, features=(3, 3)), "must end with 2"),
        (lambda: make(DENSE, SPINS, layers=0), "`layers` must be a positive integer"),
        (lambda: make(CONV_2D, nk.hilbert.Spin(0.5, 6)), "as a square lattice"),
    ],
)
def test_bad_input(make_model, message):
    with pytest.raises(ValueError, match=message):
        make_model().init(KEY, jnp.ones((1, 4)))


def test_a_base_class_says_what_is_missing():
    class Incomplete(nk.models.AbstractARNN):
        pass

    with pytest.raises(TypeError, match="Incomplete must define the method"):
        Incomplete(SPINS).init(KEY, SPINS.all_states())
