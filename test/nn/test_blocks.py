# SPDX-License-Identifier: Apache-2.0
"""The multilayer perceptron against matrix products by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.nn import blocks

X = np.sin(np.arange(6.0)).reshape(2, 3)


def parameters(module):
    return module.init(jax.random.key(0), X)


def test_formula():
    mlp = blocks.MLP(output_dim=2, hidden_dims=(4,), hidden_activations=jnp.tanh)
    variables = parameters(mlp)
    first, second = variables["params"]["Dense_0"], variables["params"]["Dense_1"]
    hidden = np.tanh(X @ first["kernel"] + first["bias"])
    expected = hidden @ second["kernel"] + second["bias"]
    np.testing.assert_allclose(mlp.apply(variables, X), expected, rtol=1e-13)


def test_options():
    mlp = blocks.MLP(
        hidden_dims=(4, 2),
        hidden_activations=(None, jnp.sin),
        output_activation=jnp.exp,
        use_hidden_bias=False,
        param_dtype=complex,
    )
    variables = parameters(mlp)
    kernels = [variables["params"][f"Dense_{k}"] for k in range(3)]
    assert [sorted(k) for k in kernels] == [["kernel"], ["kernel"], ["bias", "kernel"]]
    x = np.sin(X @ kernels[0]["kernel"] @ kernels[1]["kernel"])
    expected = np.exp(x @ kernels[2]["kernel"] + kernels[2]["bias"])
    np.testing.assert_allclose(mlp.apply(variables, X), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "widths"),
    [
        ({}, []),
        ({"hidden_dims": 5}, [5]),
        ({"hidden_dims": [5, 2]}, [5, 2]),
        ({"hidden_dims_alpha": 2}, [6]),
        ({"hidden_dims_alpha": (1, 2)}, [3, 6]),
    ],
)
def test_widths(options, widths):
    params = parameters(blocks.MLP(**options))["params"]
    assert [params[f"Dense_{k}"]["kernel"].shape[1] for k in range(len(params))] == [*widths, 1]


def test_inconsistent_widths():
    with pytest.raises(ValueError, match="must not both be given"):
        parameters(blocks.MLP(hidden_dims=(3,), hidden_dims_alpha=(1,)))
    with pytest.raises(ValueError, match="must have 2 entries, one for every hidden layer"):
        parameters(blocks.MLP(hidden_dims=(3, 4), hidden_activations=(jnp.tanh,)))
