# SPDX-License-Identifier: Apache-2.0
r"""What host and traced estimators share: mel ψ(σ')/ψ(σ) for one dense block of rows σ'.

The model evaluates σ', or, if it can (`netket.utils.incremental`) and an operator changes few
sites, only what differs from σ: then it remembers something of every sample.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax import apply_chunked
from netket.utils.incremental import Incremental, changed_sites, incremental_of
from netket.utils.types import PyTree

from .rows import take

# memory for what is remembered, if the user sets no chunk size
_MEMORY_BYTES = 2**26


def log_amplitudes(
    apply_fun: Callable, variables: PyTree, x: jax.Array, chunk_size: int | None
) -> jax.Array:
    """log ψ of samples x (B, N), evaluated `chunk_size` at a time."""
    if chunk_size is None or chunk_size >= x.shape[0]:
        return apply_fun(variables, x)
    return apply_chunked(lambda x: apply_fun(variables, x), chunk_size=chunk_size)(x)


class Memory(NamedTuple):
    """What is known of the samples; a pytree.

    Attributes:
        logpsi: their log-amplitudes (B,).
        x: the samples (B, N), if the model remembers anything.
        caches: of the model, with first axis B.
    """

    logpsi: jax.Array
    x: jax.Array | None = None
    caches: PyTree = None


class Amplitudes(NamedTuple):
    """How log ψ is evaluated; hashable.

    Attributes:
        apply_fun: function (variables, (B, N)) -> (B,).
        methods: of a model that can be updated, None if it is to be evaluated.
        n_changes: at how many sites σ' differs from σ at most.
    """

    apply_fun: Callable
    methods: Incremental | None = None
    n_changes: int = 0

    @classmethod
    def of(cls, apply_fun: Callable, operator: Any) -> "Amplitudes":
        """The cheapest way for the connected elements of an operator."""
        n = operator.hilbert.size
        # operators of third parties need not know
        k = getattr(operator, "_max_changes", n)
        # a diagonal operator changes no site, so that there is nothing to update
        methods = incremental_of(apply_fun) if 0 < 4 * k <= n else None
        if methods is None or n < methods.least_sites:
            return cls(apply_fun)
        return cls(apply_fun, methods, k)

    def group(self, variables: PyTree, x: Any, chunk_size: int | None) -> int | None:
        """For how many samples what is remembered fits the memory; None if for all of them."""
        if self.methods is None:
            return None
        size = chunk_size
        if size is None:
            caches = jax.eval_shape(self.methods.init, variables, x[:1])[1]
            n_bytes = sum(np.prod(c.shape) * c.dtype.itemsize for c in jax.tree.leaves(caches))
            size = max(1, int(_MEMORY_BYTES // max(n_bytes, 1)))
        return size if size < len(x) else None

    def remember(self, variables: PyTree, x: jax.Array, chunk_size: int | None) -> Memory:
        """What is needed of samples (B, N)."""
        if self.methods is None:
            return Memory(log_amplitudes(self.apply_fun, variables, x, chunk_size))
        logpsi, caches = self.methods.init(variables, x)
        return Memory(logpsi, x, caches)

    def ratios(
        self, variables: PyTree, memory: Memory, rows: jax.Array, segments: jax.Array
    ) -> jax.Array:
        """ψ(σ')/ψ(σ) of rows (c, N) that belong to samples `segments` (c,)."""
        if self.methods is None:
            new = self.apply_fun(variables, rows)
        else:
            x, caches = jax.tree.map(lambda a: take(a, segments), (memory.x, memory.caches))
            sites = changed_sites(x, rows, self.n_changes)
            values = (jnp.take_along_axis(a, sites, axis=1, mode="clip") for a in (x, rows))
            new, _ = self.methods.update(variables, caches, sites, *values)
        return jnp.exp(new - take(memory.logpsi, segments))


def weighted_ratios(
    amplitudes: Amplitudes,
    variables: PyTree,
    memory: Memory,
    rows: jax.Array,  # (c, N)
    mels: jax.Array,  # (c,)
    segments: jax.Array,  # (c,) the samples they belong to
    real: jax.Array,  # (c,)
) -> jax.Array:
    """mel ψ(σ')/ψ(σ) for one dense block; 0 where the row only pads the block."""
    ratios = amplitudes.ratios(variables, memory, rows, segments)
    # padding is removed before it is multiplied: not even an infinity can leave it
    return mels * jnp.where(real, ratios, 0)
