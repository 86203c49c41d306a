# SPDX-License-Identifier: Apache-2.0
"""Names that moved still work, and say where they are now."""

import jax
import jax.numpy as jnp
import pytest

import netket as nk


@pytest.mark.parametrize(
    ("module", "name", "new", "function"),
    [
        (nk.nn, "log_cosh", "netket.nn.activation.log_cosh", nk.nn.activation.log_cosh),
        (nk.nn, "gelu", "jax.nn.gelu", jax.nn.gelu),
        (nk.nn.activation, "swish", "jax.nn.silu", jax.nn.silu),
        (nk.nn.activation, "tanh", "jax.numpy.tanh", jnp.tanh),
    ],
)
def test_old_names(module, name, new, function):
    with pytest.warns(DeprecationWarning, match=new):
        assert getattr(module, name) is function


def test_no_such_name():
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = nk.nn.no_such_name
