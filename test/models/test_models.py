# SPDX-License-Identifier: Apache-2.0
"""Models against their formulas, and their parameters against those of NetKet 3.23."""

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.nn.activation import reim_selu

SPINS = np.array([[1, -1, 1, 1], [-1, -1, 1, -1], [1, 1, 1, 1]], dtype=np.int8)


def initial(model, x=SPINS, seed=3):
    return model.init(jax.random.PRNGKey(seed), jnp.asarray(x, float))


def leaves(variables):
    """Parameters by their path."""
    flat = jax.tree_util.tree_flatten_with_path(variables["params"])[0]
    return {"/".join(k.key for k in path): np.asarray(leaf) for path, leaf in flat}


def moderate(variables, scale=30.0):
    """The same variables, large enough for all terms to matter."""
    return jax.tree.map(lambda p: scale * p, variables)


def log_cosh(x):
    return np.log(np.cosh(x))


@pytest.mark.parametrize("dtype", [float, complex, np.float32])
@pytest.mark.parametrize("visible", [True, False])
def test_rbm(dtype, visible):
    model = nk.models.RBM(alpha=2, param_dtype=dtype, use_visible_bias=visible)
    variables = moderate(initial(model))
    p = leaves(variables)
    expected = log_cosh(SPINS @ p["Dense/kernel"] + p["Dense/bias"]).sum(-1)
    if visible:
        expected = expected + SPINS @ p["visible_bias"]
    value = model.apply(variables, SPINS)
    assert value.dtype == np.dtype(dtype)
    rtol = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=1e-6 if rtol > 1e-6 else 0)


def test_rbm_of_another_activation():
    model = nk.models.RBM(activation=reim_selu, param_dtype=complex, use_hidden_bias=False)
    variables = moderate(initial(model))
    p = leaves(variables)
    expected = np.asarray(reim_selu(SPINS @ p["Dense/kernel"])).sum(-1) + SPINS @ p["visible_bias"]
    np.testing.assert_allclose(model.apply(variables, SPINS), expected, rtol=1e-12)


def test_rbm_mod_phase():
    model = nk.models.RBMModPhase(alpha=1)
    variables = moderate(initial(model))
    p = leaves(variables)
    modulus, phase = (
        log_cosh(SPINS @ p[f"Dense_{k}/kernel"] + p[f"Dense_{k}/bias"]).sum(-1) for k in (0, 1)
    )
    np.testing.assert_allclose(model.apply(variables, SPINS), modulus + 1j * phase, rtol=1e-12)


def test_rbm_multi_val_is_an_rbm_of_one_hot_vectors():
    x = np.array([[0, 1, 2], [2, 2, 0]])
    model = nk.models.RBMMultiVal(n_classes=3)
    variables = moderate(initial(model, x))
    one_hot = np.eye(3)[x].reshape(2, 9)
    expected = nk.models.RBM().apply({"params": variables["params"]["RBM"]}, one_hot)
    np.testing.assert_allclose(model.apply(variables, x), expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [float, complex])
def test_jastrow(dtype):
    model = nk.models.Jastrow(param_dtype=dtype)
    variables = initial(model)
    kernel = iter(leaves(variables)["kernel"])
    expected = sum(next(kernel) * SPINS[:, i] * SPINS[:, j] for i in range(4) for j in range(i))
    np.testing.assert_allclose(model.apply(variables, SPINS), expected, rtol=1e-12)


def test_mlp_and_its_key_names():
    model = nk.models.MLP(hidden_dims=[10, 4, 5])
    variables = model.init(jax.random.PRNGKey(0), jnp.ones((10, 3)))
    assert jax.tree.map(jnp.shape, variables) == {
        "params": {
            "MLP_0": {
                "Dense_0": {"bias": (10,), "kernel": (3, 10)},
                "Dense_1": {"bias": (4,), "kernel": (10, 4)},
                "Dense_2": {"bias": (5,), "kernel": (4, 5)},
                "Dense_3": {"kernel": (5, 1)},
            }
        }
    }
    assert model.apply(variables, jnp.ones((2, 7, 3))).shape == (2, 7)
    assert hash(model) == hash(nk.models.MLP(hidden_dims=(10, 4, 5)))


# -- what users rely on --------------------------------------------------------------------------

FIRST_NUMBERS = {  # of NetKet 3.23 for jax.random.PRNGKey(3) and 4 sites
    "RBM": (nk.models.RBM(), "Dense/kernel", [-0.00311908, -0.00496343, 0.00950206]),
    "RBM bias": (nk.models.RBM(), "visible_bias", [0.00259405, 0.00250921, -0.00231598]),
    "RBM complex": (
        nk.models.RBM(alpha=2, param_dtype=complex),
        "Dense/bias",
        [0.00442528 - 0.01319537j, 0.00186747 + 0.00828233j, -0.00471739 - 0.00369941j],
    ),
    "RBMModPhase": (nk.models.RBMModPhase(), "Dense_1/bias", [-0.00103872, 0.00554934]),
    "Jastrow": (nk.models.Jastrow(), "kernel", [-0.00239465 + 0.00423351j]),
    "MLP": (nk.models.MLP(hidden_dims=(3, 2)), "MLP_0/Dense_2/kernel", [-0.97993216, -0.40060654]),
}


@pytest.mark.parametrize("name", FIRST_NUMBERS)
def test_initial_parameters_are_those_of_netket(name):
    model, path, expected = FIRST_NUMBERS[name]
    value = leaves(initial(model))[path].ravel()[: len(expected)]
    np.testing.assert_allclose(value, expected, atol=2e-8)


MODELS = {
    "RBM": nk.models.RBM(alpha=2),
    "RBM f32": nk.models.RBM(param_dtype=np.float32),
    "RBMModPhase": nk.models.RBMModPhase(),
    "Jastrow": nk.models.Jastrow(),
    "MLP": nk.models.MLP(hidden_dims=(3,)),
}


@pytest.mark.parametrize("name", MODELS)
def test_batches(name):
    """Any batch shape, and integer configurations as the samplers make them."""
    model = MODELS[name]
    variables = initial(model)
    values = model.apply(variables, SPINS)
    assert values.shape == (3,)
    assert model.apply(variables, SPINS[0]).shape == ()
    rows = jnp.stack([SPINS, SPINS[::-1]])
    np.testing.assert_allclose(model.apply(variables, rows)[1], values[::-1], rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_hashable_and_parameters_serialise(name):
    model = MODELS[name]
    assert hash(model) == hash(model.copy())
    variables = initial(model)
    data = flax.serialization.to_bytes(variables)
    loaded = flax.serialization.from_bytes(jax.tree.map(jnp.zeros_like, variables), data)
    jax.tree.map(np.testing.assert_array_equal, loaded, variables)


BOX = nk.experimental.geometry.Cell(d=2, L=(3.0, 4.0))
PAIRS = nk.models.DeepSetRelDistance(
    nk.experimental.hilbert.Particle(3, geometry=BOX), 2, 2, (4, 3), (4, 1), cusp_exponent=3
)


def test_functions_of_distances():
    """Numbers of NetKet 3.23; particles that cross the boundary, or are exchanged."""
    x = jnp.array([[0.3, 1.9, 2.4, 0.2, 1.1, 3.1]])
    rng = np.random.default_rng(0)
    variables = jax.tree.map(lambda p: 0.5 * rng.normal(size=p.shape), initial(PAIRS, x))
    value = PAIRS.apply(variables, x)
    np.testing.assert_allclose(value, [0.63482958], atol=1e-8)
    rows = jnp.stack([x + jnp.array([3, -4.0, 0, 0, 0, 8]), x[:, [2, 3, 0, 1, 4, 5]]])
    np.testing.assert_allclose(PAIRS.apply(variables, rows), [value, value], rtol=1e-9)
    without = {"params": {**variables["params"], "cusp": jnp.zeros(1)}}
    np.testing.assert_allclose(PAIRS.apply(without, x[0]), 0.64491373, atol=1e-8)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"features_rho": (4, 2)}, "must end with 1"),
        ({"features_phi": (4,)}, "`layers_phi` = 2"),
        ({"hilbert": nk.hilbert.Spin(0.5, 6)}, "periodic in every direction"),
    ],
)
def test_bad_functions_of_distances(change, message):
    with pytest.raises(ValueError, match=message):
        PAIRS.copy(**change).init(jax.random.PRNGKey(0), jnp.zeros((1, 6)))
