# SPDX-License-Identifier: Apache-2.0
r"""Models that update their log-amplitude when few sites change, instead of computing it anew.

.. math::

    (\log\psi(\sigma), c) \to (\log\psi(\sigma'), c'), \qquad
    \sigma'_i = \sigma_i \text{ except at } k \text{ sites},

where c is whatever a model wants to remember of σ. A restricted Boltzmann machine remembers
:math:`\theta = W\sigma + b`, and needs k rows of W for :math:`\theta'` instead of all of it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp

from .model_frameworks import identify_framework
from .model_frameworks.base import has_base
from .partial import HashablePartial
from .types import Array, PyTree

__all__ = [
    "Incremental",
    "IncrementalModel",
    "changed_sites",
    "defined_after",
    "incremental_of",
]


@runtime_checkable
class IncrementalModel(Protocol):
    """What a model defines to take part; both methods are about a single configuration.

    Modules of flax and equinox define them next to ``__call__``. Models that are pure functions
    define ``init_cache(variables, σ)`` and ``update_cache(variables, cache, sites, old, new)``, as
    methods of the object that has ``apply(variables, σ)``, or as attributes of the function.

    Both are called inside of `jax.vmap` and `jax.jit`: results that are not used cost nothing. The
    log-amplitudes must be those of the model itself up to rounding. A class that overrides
    ``__call__`` (or ``setup``, or ``apply``) without overriding ``update_cache`` does not take
    part, nor does a model with an attribute ``is_incremental`` that is False. An attribute
    ``incremental_from`` is the number of sites from which it is faster to update the
    log-amplitudes of a large batch than to evaluate it, 0 by default; local estimators obey it.
    """

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        """What is remembered of a configuration.

        Args:
            σ: One configuration (N,), of the dtype of the samples.

        Returns:
            log ψ(σ), of shape () and the dtype of the model, and any pytree of arrays.
        """
        ...

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        """The same for a configuration that differs at k sites.

        Args:
            cache: What is remembered of σ.
            sites: Sites (k,), all different. Some may not change at all: old and new are the same
                there. Only if nothing changes at all, sites may be repeated.
            old: Values (k,) of σ at these sites.
            new: Values (k,) of σ'.

        Returns:
            log ψ(σ'), and the cache of σ', with shapes and dtypes of that of σ.
        """
        ...


class Incremental(NamedTuple):
    """The methods of a model as pure functions of batches; hashable."""

    init: Callable
    """(variables, σ (B, N)) -> log ψ (B,), caches with first axis B"""
    update: Callable
    """(variables, caches, sites (B, k), old (B, k), new (B, k)) -> log ψ (B,), caches"""
    least_sites: int = 0
    """From how many sites it is faster for large batches."""


def incremental_of(model: Any) -> Incremental | None:
    """The methods of a model, or None if it has none.

    Args:
        model: An object with ``apply(variables, σ)`` such as a module of flax or what
            `maybe_wrap_module` made of a model, or a function ``f(variables, σ)``.
    """
    found = _single(model)
    if found is None:
        return None
    *functions, least_sites = found
    return Incremental(*(HashablePartial(_mapped, f) for f in functions), least_sites)


def _mapped(function: Callable, variables: PyTree, *args: PyTree) -> tuple[jax.Array, PyTree]:
    return jax.vmap(partial(function, variables))(*args)


def _single(model: Any) -> tuple[Callable, Callable, int] | None:
    """`init_cache`, `update_cache` as functions of variables and one configuration; from where."""
    if isinstance(model, HashablePartial):
        # functions that evaluate a model say so: `f(model, variables, σ)`
        if getattr(model.func, "evaluates_model", False) and len(model.args) == 1:
            return None if model.keywords else _single(model.args[0])
        return None
    held_by = getattr(model, "wrapped_class", None)  # of a module that holds its variables
    if held_by is not None:
        return _methods(held_by, held_by, partial(HashablePartial, _held, model))
    if has_base(model, "flax.linen", "Module"):
        return _methods(model, type(model), partial(HashablePartial, _linen, model))
    if getattr(model, "__name__", None) == "apply" and hasattr(model, "__self__"):
        return _single(model.__self__)  # a bound method
    if isinstance(model, IncrementalModel):
        return _methods(model, None, partial(getattr, model))
    inner = getattr(model, "apply_fun", None)
    return None if inner is None else _single(inner)


def _methods(
    model: Any, cls: type | None, method: Callable[[str], Callable]
) -> tuple[Callable, Callable, int] | None:
    if not getattr(model, "is_incremental", True) or not (cls is None or _takes_part(cls)):
        return None
    least_sites = getattr(model, "incremental_from", 0)
    return method("init_cache"), method("update_cache"), least_sites


def _linen(module: Any, name: str, variables: PyTree, *args: Any) -> Any:
    return module.apply(variables, *args, method=name)


def _held(model: Any, name: str, variables: PyTree, *args: Any) -> Any:
    module = identify_framework(model).unwrap(model, variables)
    return getattr(module, name)(*args)


def _takes_part(cls: type) -> bool:
    """Whether a class defines the methods, and no subclass of theirs changes the amplitude."""
    return all(
        defined_after(cls, name, "__call__", "setup", "apply")
        for name in ("init_cache", "update_cache")
    )


def defined_after(cls: type, name: str, *others: str) -> bool:
    """Whether a class has a method, by itself or from a base below which nobody changes `others`.

    A class that overrides how something is done does not inherit the shortcut to the same result.
    """
    for base in cls.__mro__:
        if name in vars(base):
            return True
        if any(other in vars(base) for other in others):
            return False
    return False


def changed_sites(σ: Array, σp: Array, k: int) -> jax.Array:
    """The sites at which configurations differ, completed by others to k different ones.

    Args:
        σ: Configurations (..., N).
        σp: Others (..., N), which differ at k sites or fewer.
        k: How many sites to return, at most N.

    Returns:
        Sites (..., k).
    """
    n = σp.shape[-1]
    # the largest keys are those of sites that differ; maxima of integers are fast, argmax is not
    dtype = jnp.int16 if 2 * n <= jnp.iinfo(jnp.int16).max else jnp.int32
    key = n - jnp.arange(n, dtype=dtype)
    key = jnp.where(σ != σp, key + n, key)
    found = []
    for _ in range(k):
        largest = jnp.max(key, axis=-1)
        found.append((-largest % n).astype(jnp.int32))
        # not to be chosen again, not even where no site that differs is left
        key = jnp.where(key == largest[..., None], 0, key)
    return jnp.stack(found, axis=-1)
