# SPDX-License-Identifier: Apache-2.0
"""Which jax arrays are answered by numpy, without compiling anything: those in memory of the CPU.

A compiled function takes 0.1 s before its first result, and its threads take longer to wake than
numpy takes for thousands of samples. Only for few samples at a time, asked for again and again, is
calling it shorter than the way from and to numpy.
"""

from collections.abc import Hashable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

#: Entries of few samples, and how often they are asked for before a function is compiled.
_FEW, _OFTEN = 2**10, 16


def is_on_host(array: jax.Array) -> bool:
    """Whether an array is known, and lies where numpy reads it, and nobody wants it elsewhere."""
    return (
        not isinstance(array, jax.core.Tracer)
        and not getattr(array, "committed", True)
        and array.dtype.kind in "iufb"
        # one device, as an array on several is committed to them
        and next(iter(array.devices())).platform == "cpu"
    )


def numpy_is_faster(owner: Any, array: jax.Array, n_entries: int) -> bool:
    """Whether numpy answers `owner` faster than a compiled function, for so many of samples.

    Args:
        owner: what is asked, and remembers how often.
        array: what it is asked about.
        n_entries: number of entries of the samples.
    """
    if isinstance(array, jax.core.Tracer):
        return False
    if n_entries <= _FEW:
        calls = owner.__dict__["_cached_calls"] = owner.__dict__.get("_cached_calls", 0) + 1
        if calls > _OFTEN:
            return False
    return is_on_host(array)


#: How often something was asked for.
_asked: dict[Hashable, int] = {}


def is_asked_often(what: Hashable) -> bool:
    """Whether this was called as often for the same thing, so that it pays to compile for it."""
    if len(_asked) > 2**12:
        _asked.clear()
    n = _asked[what] = _asked.get(what, 0) + 1
    return n > _OFTEN


def to_jax(array: np.ndarray) -> jax.Array:
    """A jax array of an array that nobody changes.

    Calling a compiled function takes a third of the time of `jax.numpy.asarray`, which is what
    counts for arrays that are made again and again.
    """
    often = is_asked_often((array.shape, array.dtype))
    return _identity(array) if often else jnp.asarray(array)


@jax.jit
def _identity(array: jax.Array) -> jax.Array:
    return array
