# SPDX-License-Identifier: Apache-2.0
"""What a state needs of a model: its initial variables and its log-amplitude as a pure function.

A model is a flax module (linen or nnx), another object with ``init(rng, x)`` and
``apply(variables, x)``, or a pair of such functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import Array, DType, PRNGKeyT, PyTree


@dataclass(frozen=True)
class FunctionModel:
    """A model made of a function for its variables and one for its log-amplitude.

    Attributes:
        init_fun: ``(rngs, x) -> variables``, or None if they are given in another way.
        apply_fun: ``(variables, x[B, N]) -> [B]``.
    """

    init_fun: Callable | None
    apply_fun: Callable

    def init(self, rngs: Any, x: Array) -> PyTree:
        if self.init_fun is None:
            raise ValueError(
                "The parameters cannot be drawn, because the state was given no function to do "
                "it: pass `init_fun`, or `variables`."
            )
        return self.init_fun(rngs, x)

    def apply(self, variables: PyTree, x: Array, **kwargs: Any) -> Any:
        return self.apply_fun(variables, x, **kwargs)


def log_amplitude(model: Any, variables: PyTree, σ: Array, **kwargs: Any) -> Any:
    """log ψ of any batch of configurations, and the new model state if one is asked for.

    Args:
        model: has ``apply(variables, x[B, N], **kwargs) -> [B]``.
        variables: of the model.
        σ: configurations (..., N).
        kwargs: passed on, for example ``mutable``.

    Returns:
        Log-amplitudes (...); with `mutable` a pair of these and the changed variables.

    Raises:
        ValueError: the model returns another shape, or no numbers.
    """
    σ = jnp.asarray(σ)
    x = σ.reshape(-1, σ.shape[-1])
    out = model.apply(variables, x, **kwargs)
    out, *state = out if isinstance(out, tuple) else (out,)
    if not jnp.issubdtype(jnp.result_type(out), jnp.number):
        raise ValueError(
            f"Argument `model` must return log-amplitudes, real or complex numbers, but "
            f"{_name(model)} returns {jnp.result_type(out)}."
        )
    if jnp.shape(out) != x.shape[:1]:
        raise ValueError(
            f"Argument `model` must map configurations of shape {x.shape} to one log-amplitude "
            f"each, that is to shape {x.shape[:1]}, but {_name(model)} returns shape "
            f"{jnp.shape(out)}. Sum over the last axes, for example by "
            "`jnp.sum(y, axis=tuple(range(1, y.ndim)))`."
        )
    out = out.reshape(σ.shape[:-1])
    return (out, *state) if state else out


# a partial of it is the model, see `netket.utils.incremental`
log_amplitude.evaluates_model = True  # type: ignore[attr-defined]


def _name(model: Any) -> str:
    return getattr(model, "__qualname__", type(model).__name__)


def check_module(model: Any) -> None:
    """Raises a TypeError, with a hint, for what is no model or cannot be a static argument."""
    if not callable(getattr(model, "apply", None)):
        raise TypeError(
            "Argument `model` must be a module with methods `init(rng, x)` and "
            "`apply(variables, x)`, or a pair of such functions, but is "
            f"{getattr(model, '__qualname__', repr(model))}. Pass a single function as "
            "`apply_fun`, with its `variables`."
        )
    try:
        hash(model)
    except TypeError as error:
        raise TypeError(
            f"Argument `model` must be hashable, but {type(model).__name__} is not ({error}). "
            "Store arrays among its fields as netket.utils.HashableArray, and lists as tuples."
        ) from None


def init_variables(
    model: Any, hilbert: AbstractHilbert, key: PRNGKeyT, dtype: DType
) -> dict[str, PyTree]:
    """Fresh variables of a model on a Hilbert space.

    Args:
        model: has ``init(rngs, x)``.
        hilbert: the space of x.
        key: a random key.
        dtype: of x.
    """
    return _init_compiled(model, {"params": key}, example(hilbert, 1, dtype))


# compiled for a single use: it takes longer to optimise the program than to run it
@partial(jax.jit, static_argnums=0, compiler_options={"xla_backend_optimization_level": 0})
def _init_compiled(model: Any, rngs: PyTree, x: jax.Array) -> PyTree:
    return model.init(rngs, x)


def example(hilbert: AbstractHilbert, n: int, dtype: DType) -> Array:
    """Any n configurations (n, N) of a space."""
    if hilbert.is_indexable:
        return np.asarray(hilbert.numbers_to_states(np.zeros(n, dtype=np.int64))).astype(dtype)
    return hilbert.random_state(jax.random.key(0), n, dtype=dtype)


def check_model(
    apply_fun: Callable, variables: PyTree, hilbert: AbstractHilbert, dtype: DType
) -> None:
    """Traces the model once, so that one that does not fit is found at once.

    Raises:
        ValueError: it does not return one number for each configuration.
    """
    # a batch of another size than anything else, so that a sum over the wrong axis shows
    n = 2 if hilbert.size != 2 else 3
    x = jax.ShapeDtypeStruct((n, hilbert.size), jax.dtypes.canonicalize_dtype(dtype))
    jax.eval_shape(apply_fun, variables, x)
