# SPDX-License-Identifier: Apache-2.0
"""The state vector as a model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk


def test_log_state_vector():
    hi = nk.hilbert.Spin(0.5, 4, total_sz=0)
    model = nk.models.LogStateVector(hi)
    states = hi.all_states()
    variables = model.init(jax.random.key(0), states)
    assert variables["params"]["logstate"].dtype == complex
    np.testing.assert_array_equal(model.apply(variables, states), np.ones(6))
    values = jnp.arange(6) * 1j
    shuffled = states[[3, 1, 5]].reshape(3, 1, 4)
    out = jax.jit(model.apply)({"params": {"logstate": values}}, shuffled)
    np.testing.assert_array_equal(out, np.array([[3j], [1j], [5j]]))


def test_log_state_vector_of_a_large_space():
    model = nk.models.LogStateVector(nk.hilbert.Spin(0.5, 100))
    with pytest.raises(ValueError, match="few enough states to store one parameter for each"):
        model.init(jax.random.key(0), jnp.ones((1, 100)))
