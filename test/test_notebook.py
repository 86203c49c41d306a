# SPDX-License-Identifier: Apache-2.0
"""Every NetKet call of the founding notebook, with what it showed."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import plum
import pytest

import netket as nk


@pytest.fixture(scope="module")
def variables():
    model = nk.models.MLP(hidden_dims=[10, 4, 5])
    return model.init(jax.random.PRNGKey(0), jnp.ones(shape=(10, 3)))


def test_keys_and_shapes_of_the_mlp(variables):
    assert list(variables["params"]) == ["MLP_0"]
    shapes = jax.tree_util.tree_map(lambda leaf: leaf.shape, variables)
    assert shapes == {
        "params": {
            "MLP_0": {
                "Dense_0": {"bias": (10,), "kernel": (3, 10)},
                "Dense_1": {"bias": (4,), "kernel": (10, 4)},
                "Dense_2": {"bias": (5,), "kernel": (4, 5)},
                "Dense_3": {"kernel": (5, 1)},
            }
        }
    }
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree_util.tree_leaves(variables))


def test_number_of_variables(variables):
    count = jax.tree_util.tree_reduce(lambda acc, leaf: acc + np.prod(leaf.shape), variables, 0)
    assert count == 114


def test_tree_ravel_and_back(variables, recwarn):
    numbers, unravel = nk.jax.tree_ravel(variables)
    assert numbers.shape == (114,)
    restored = unravel(numbers)
    assert jax.tree_util.tree_structure(restored) == jax.tree_util.tree_structure(variables)
    jax.tree_util.tree_map(np.testing.assert_array_equal, restored, variables)
    zeros = unravel(0 * numbers)
    assert all(not np.any(leaf) for leaf in jax.tree_util.tree_leaves(zeros))
    assert not recwarn.list


def test_full_summation_over_the_ising_chain():
    g = nk.graph.Chain(length=4, pbc=True)
    hi = nk.hilbert.Spin(s=1 / 2, N=4)
    ham = nk.operator.Ising(hilbert=hi, graph=g, h=1, J=-1)
    model = nk.models.RBM(alpha=1)
    vqs = nk.vqs.FullSumState(hi, model)
    σ = vqs._all_states
    assert σ.shape == (16, 4) and set(np.unique(σ)) == {-1, 1}
    log_psi = vqs.log_value(σ)
    assert log_psi.shape == (16,)
    psi = np.exp(np.asarray(log_psi))
    dense = ham.to_dense()
    expected = np.vdot(psi, dense @ psi) / np.vdot(psi, psi)
    np.testing.assert_allclose(vqs.expect(ham).mean, expected, rtol=1e-12)


class TwoLayerFFN(nn.Module):
    """The hand-written model of the notebook; note the slash in the names of its parameters."""

    param_dtype: Any = jnp.float64
    num_features_1: int = 4
    num_features_2: int = 3
    use_bias: Any = True
    activation_fun: Any = nn.relu

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(
            name="Layer1",
            features=self.num_features_1,
            use_bias=self.use_bias,
            dtype=self.param_dtype,
        )(x)
        x = self.activation_fun(x)
        normal = nn.initializers.normal()
        shape = (self.num_features_1, self.num_features_2)
        W = self.param("Layer2/Weights", normal, shape, self.param_dtype)
        b = self.param("Layer2/Bias", normal, (self.num_features_2,), self.param_dtype)
        x = self.activation_fun(x @ W + b)
        return jnp.sum(x, axis=1)


def test_hand_written_model():
    model = TwoLayerFFN(num_features_1=6)
    variables = model.init(jax.random.PRNGKey(0), jnp.ones(shape=(10, 3)))
    assert model.apply(variables, jnp.ones(shape=(6, 3))).shape == (6,)
    assert set(variables["params"]) == {"Layer1", "Layer2/Weights", "Layer2/Bias"}


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_hand_written_model_as_a_state(backend):
    hi = nk.hilbert.Spin(0.5, 4)
    ham = nk.operator.Ising(hi, nk.graph.Chain(4), h=1.0, backend=backend)
    sampler = nk.sampler.MetropolisLocal(hi, n_chains=16)
    vs = nk.vqs.MCState(sampler, TwoLayerFFN(), n_samples=64, seed=0)
    stats, grad = vs.expect_and_grad(ham)
    assert np.isfinite(stats.mean)
    assert jax.tree_util.tree_structure(grad) == jax.tree_util.tree_structure(vs.parameters)


def test_plum_dispatch():
    dispatch = plum.Dispatcher()

    @dispatch
    def div(x, y):
        return "No idea"

    @dispatch
    def div(x: float, y: int):  # noqa: F811
        return f"float/int: {x / y}"

    @dispatch
    def div(x: int, y: int):  # noqa: F811
        return f"int/int: {x // y}"

    assert [div(2.3, 4.0), div(4.3, 2), div(5, 2)] == ["No idea", "float/int: 2.15", "int/int: 2"]
