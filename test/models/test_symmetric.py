# SPDX-License-Identifier: Apache-2.0
"""Models that are invariant under groups, their layers, and functions of sets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SQUARE = nk.graph.Square(3)
GROUP = SQUARE.space_group()
SPINS = np.random.default_rng(0).choice([-1, 1], size=(4, 9))


def variables_of(model, x=SPINS):
    return jax.jit(model.init)(jax.random.PRNGKey(3), jnp.asarray(x, float))


def orbit(x, images):
    """The configuration and what all elements make of it."""
    return x[np.asarray(images)]


MODELS = {
    "rbm": nk.models.RBMSymm(GROUP, alpha=8, param_dtype=complex),
    "fft": nk.models.GCNN(SQUARE, layers=2, features=2),
    "irreps": nk.models.GCNN(SQUARE, mode="irreps", layers=2, features=2),
    "projected": nk.nn.blocks.SymmExpSum(nk.models.RBM(), GROUP),
}


@pytest.mark.parametrize("name", MODELS)
def test_invariance(name):
    model = MODELS[name]
    value = jax.jit(model.apply)(variables_of(model), orbit(SPINS[0], GROUP))
    np.testing.assert_allclose(value, np.full(72, value[0]), rtol=1e-10)
    batch = model.apply(variables_of(model), SPINS.reshape(2, 2, 9))
    assert batch.shape == (2, 2)


@pytest.mark.parametrize("parity", [None, 1, -1])
def test_ways_to_compute_a_network_agree(parity):
    values = []
    for mode in ("fft", "irreps"):
        model = nk.models.GCNN(SQUARE, mode=mode, layers=2, features=2, parity=parity)
        variables = variables_of(model)
        values.append(np.exp(model.apply(variables, SPINS)))
        flipped = np.exp(model.apply(variables, -SPINS))
        if parity:
            np.testing.assert_allclose(flipped, parity * values[-1], atol=1e-10)
    np.testing.assert_allclose(*values, rtol=1e-8, atol=1e-10)


def test_characters():
    """Translations multiply the wave function by a phase."""
    chain = nk.graph.Chain(4)
    group = chain.translation_group()
    characters = np.exp(0.5j * np.pi * np.arange(4))
    x = np.array([1, 1, -1, 1])
    for model in (
        nk.models.GCNN(group, layers=2, features=2, characters=characters),
        nk.nn.blocks.SymmExpSum(nk.models.RBM(), group, characters=characters),
    ):
        psi = np.exp(model.apply(variables_of(model, x[None]), orbit(x, group)))
        np.testing.assert_allclose(np.abs(psi), np.abs(psi[0]), rtol=1e-10)
        np.testing.assert_allclose(psi[1:] / psi[:-1], psi[1] / psi[0], rtol=1e-10)
        assert np.isclose(abs((psi[1] / psi[0]).imag), 1)


@pytest.mark.parametrize("mask", [None, np.arange(72) % 3 > 0])
def test_convolutions_agree_with_their_definition(mask):
    x = np.sin(np.arange(2 * 3 * 72.0)).reshape(2, 3, 72)
    layers = [
        nk.nn.DenseEquivariant(SQUARE, features=2, mode=mode, mask=mask)
        for mode in ("matrix", "fft", "irreps")
    ]
    variables = variables_of(layers[0], x)
    kernel = np.zeros((2, 3, 72))
    kernel[..., slice(None) if mask is None else mask] = variables["params"]["kernel"]
    expected = np.einsum("bch,fchg->bfg", x, kernel[..., GROUP.product_table])
    for layer in layers:
        np.testing.assert_allclose(layer.apply(variables, x), expected, atol=1e-11)


def test_first_layers_agree():
    x = SPINS[:, None].astype(float)
    layers = [nk.nn.DenseSymm(SQUARE, features=2, mode=mode) for mode in ("matrix", "fft")]
    variables = variables_of(layers[0], x)
    np.testing.assert_allclose(*(layer.apply(variables, x) for layer in layers), atol=1e-12)
    with pytest.raises(nk.errors.SymmModuleInvalidInputShape, match="3 dimensions"):
        layers[0].apply(variables, SPINS)


def test_sets_do_not_depend_on_the_order():
    model = nk.models.DeepSetMLP(features_phi=(4, 3), features_rho=(2,))
    x = np.sin(np.arange(30.0)).reshape(2, 5, 3)
    variables = variables_of(model, x)
    value = model.apply(variables, x)
    assert value.shape == (2,)
    np.testing.assert_allclose(model.apply(variables, x[:, ::-1]), value, rtol=1e-12)


def test_gaussian():
    model = nk.models.Gaussian()
    A, x = np.arange(9.0).reshape(3, 3), np.array([1.0, -1, 2])
    value = model.apply({"params": {"kernel": A}}, x)
    np.testing.assert_allclose(value, -0.5 * np.sum((A @ x) ** 2))


def test_one_of_two_biases():
    model = nk.models.GCNN(nk.graph.Chain(4), layers=2, features=2, parity=1)
    x = np.array([[1, 1, -1, 1]])
    variables = jax.tree.map(lambda p: p + 0.1, variables_of(model, x))
    new = nk.models.update_GCNN_parity(variables)["params"]
    assert "bias" not in new["equivariant_layers_flip_0"]
    np.testing.assert_allclose(new["equivariant_layers_0"]["bias"], 0.2)


def test_bad_arguments():
    with pytest.raises(ValueError, match="must be given"):
        nk.models.GCNN(SQUARE)
    with pytest.raises(ValueError, match="`shape` must be given"):
        nk.models.GCNN(GROUP, mode="fft", layers=1, features=1)
    with pytest.raises(ValueError, match="2 entries"):
        nk.models.GCNN(SQUARE, layers=2, features=(1, 2, 3))
    with pytest.raises(ValueError, match="72 entries"):
        nk.models.GCNN(SQUARE, layers=1, features=1, characters=np.ones(3))
    with pytest.raises(ValueError, match="`parity`"):
        nk.models.GCNN(SQUARE, layers=1, features=1, parity=2)
    with pytest.raises(ValueError, match="`mode`"):
        nk.nn.DenseSymm(SQUARE, features=1, mode="irreps")
    with pytest.raises(ValueError, match="at least 8.0"):
        nk.models.RBMSymm(GROUP).init(jax.random.key(0), jnp.ones((1, 9)))
