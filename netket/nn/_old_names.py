# SPDX-License-Identifier: Apache-2.0
"""Names of jax that this package used to re-export: they work, with a warning."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["old_name"]

_SAME_NAME = (
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softplus",
    "standardize",
)
_NEW_NAMES = {
    **{name: f"jax.nn.{name}" for name in _SAME_NAME},
    "hard_swish": "jax.nn.hard_silu",
    "swish": "jax.nn.silu",
    "cosh": "jax.numpy.cosh",
    "sinh": "jax.numpy.sinh",
    "tanh": "jax.numpy.tanh",
}


def old_name(module: str, name: str) -> Any:
    """What `module.name` used to be.

    Raises:
        AttributeError: There was no such name.
    """
    new = _NEW_NAMES.get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    message = f"{module}.{name} is deprecated: use {new}."
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    home = jnp if new.startswith("jax.numpy") else jax.nn
    return getattr(home, new.rpartition(".")[2])
