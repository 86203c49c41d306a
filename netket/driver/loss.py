# SPDX-License-Identifier: Apache-2.0
"""What a driver asks of its loss: its value, and what to say if that is not finite."""

import cmath
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import NetketError


class InvalidLossError(NetketError, FloatingPointError):
    """The loss became nan or infinite during a run."""

    def __init__(self, name: str, loss: Any, step: int, parameters: Any):
        if all_finite(parameters):
            reason = (
                "the parameters are finite, so the model or the operator gives a value that is not"
            )
        else:
            reason = "the parameters are not finite either, so an earlier update has spoiled them"
        super().__init__(
            f"{name} is {mean(loss)} at step {step}; {reason}. The run was ended without another "
            "update, and what was logged is kept. Smaller steps help: decrease the learning rate "
            "or increase `diag_shift`. To end such runs without an error, or to tolerate some "
            "invalid steps, pass `callback=nk.callbacks.InvalidLossStopping(patience=...)`."
        )


def mean(loss: Any) -> Any:
    """The number behind a loss: the mean of statistics, any other loss as it is."""
    return getattr(loss, "mean", loss) if not isinstance(loss, np.ndarray | jax.Array) else loss


def is_finite(loss: Any) -> bool:
    """Whether all numbers in a loss (a number, statistics, or a dictionary of these) are finite."""
    if isinstance(loss, dict):
        return all(map(is_finite, loss.values()))
    value = mean(loss)
    if callable(value) or value is None:
        return True
    try:
        return cmath.isfinite(value) if np.ndim(value) == 0 else bool(np.isfinite(value).all())
    except TypeError:  # no number: nothing to say about it
        return True


def to_host(tree: Any) -> Any:
    """A tree with numpy arrays instead of jax arrays; waits until they are computed.

    Does what `jax.device_get` does, in a third of its time for a few scalars.
    """
    return jax.tree.map(lambda x: np.asarray(x)[()] if isinstance(x, jax.Array) else x, tree)


@jax.jit
def _all_finite(leaves: list[jax.Array]) -> jax.Array:
    return jnp.array([jnp.all(jnp.isfinite(x)) for x in leaves]).all()


def all_finite(tree: Any) -> bool:
    """Whether all numbers in the leaves of a tree are finite."""
    leaves = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(jnp.asarray(x).dtype, jnp.inexact)]
    return bool(_all_finite(leaves)) if leaves else True
