# SPDX-License-Identifier: Apache-2.0
r"""What samplers ask of a model: :math:`\log p(\sigma) = p\,\Re\log\psi(\sigma)` of a batch."""

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.errors import NNXModuleToSamplerInput
from netket.jax import apply_chunked
from netket.utils.types import Array, ModuleOrApplyFun, PyTree, Scalar

__all__ = ["ApplyFunction", "as_machine", "log_density", "scaled"]


class ApplyFunction:
    """A function `f(variables, σ)` with the `apply` method of a module.

    Two are equal if their functions are, so that they select the same compiled code.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[PyTree, Array], Array]):
        self._function = function

    def apply(self, variables: PyTree, σ: Array) -> Array:
        """Log-amplitudes (B,) of configurations (B, N)."""
        return self._function(variables, σ)

    __call__ = apply

    @property
    def apply_fun(self) -> Callable[[PyTree, Array], Array]:
        """The function."""
        return self._function

    def __hash__(self) -> int:
        try:
            return hash((ApplyFunction, self._function))
        except TypeError:  # a partial of a module with lists among its fields: it is compiled anew
            return id(self._function)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApplyFunction) and self._function == other._function

    def __repr__(self) -> str:
        return f"ApplyFunction({self._function!r})"


def as_machine(machine: ModuleOrApplyFun) -> Any:
    """`machine` as a hashable object with `apply(variables, σ)`.

    Raises:
        TypeError: It is neither a module nor a function.
    """
    nnx = sys.modules.get("flax.nnx")
    if nnx is not None and isinstance(machine, nnx.Module):
        raise NNXModuleToSamplerInput()
    if hasattr(machine, "apply"):
        return machine if _is_hashable(machine) else ApplyFunction(machine.apply)
    if not callable(machine):
        raise TypeError(
            "Argument `machine` must be a module with a method `apply` or a function "
            f"`f(variables, σ)`, but is a {type(machine).__name__}."
        )
    return ApplyFunction(machine)


def _is_hashable(x: Any) -> bool:
    try:
        hash(x)
    except TypeError:
        return False
    return True


def log_density(
    machine: Any, parameters: PyTree, σ: Array, power: Scalar, chunk_size: int | None = None
) -> jax.Array:
    """Logarithm of the unnormalised probability of configurations.

    Args:
        machine: Object with `apply(variables, σ)`.
        parameters: Its variables.
        σ: Configurations (B, N).
        power: Exponent p of |ψ|^p.
        chunk_size: Number of configurations that are evaluated at a time, or None for all.

    Returns:
        Real values (B,).

    Raises:
        ValueError: The model returns another shape.
    """

    def evaluate(σ: Array) -> jax.Array:
        return _check_shape(machine.apply(parameters, σ), σ.shape[0]).real

    if chunk_size is not None and chunk_size < σ.shape[0]:
        evaluate = apply_chunked(evaluate, chunk_size=chunk_size)
    return scaled(evaluate(σ), power)


def scaled(log_psi: jax.Array, power: Scalar) -> jax.Array:
    """The logarithm of |ψ|^p, in single precision or better."""
    value = log_psi.real
    return (power * value).astype(jnp.promote_types(value.dtype, jnp.float32))


def _check_shape(value: Any, n: int) -> jax.Array:
    shape = getattr(value, "shape", None)
    if shape != (n,):
        what = f"an array of shape {shape}" if shape is not None else f"a {type(value).__name__}"
        raise ValueError(
            f"The model must return one log-amplitude for each of {n} configurations, an array of "
            f"shape ({n},), but it returned {what}. Often a sum or a `squeeze` over the last axis "
            "is missing."
        )
    return jnp.asarray(value)
