# SPDX-License-Identifier: Apache-2.0
r"""The derivative of local estimators O_loc(σ_s) = Σ_j mel_j r_j, r_j = ψ(σ'_j)/ψ(σ_s).

For a cotangent c_s:   c_s r_j   goes to the matrix elements, and on to the coefficients,
                       c_s mel_j to r_j, and on to the parameters, by dense blocks again.

Connected elements are computed anew, so that memory is bounded as in the evaluation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netket.utils.types import PyTree

from .blocks import Blocks, power_of_two
from .ratios import log_amplitudes
from .rows import connected, positions, real_rows, sample_blocks

# in one block of samples, at most this part of the rows pads the last dense block
_PARTS = 16


@jax.tree_util.register_static
@dataclass(frozen=True)
class Wanted:
    """By what the estimators are differentiated."""

    variables: bool
    operator: bool


def pull_back(
    apply_fun: Callable,
    blocks: Blocks,
    wanted: Wanted,
    variables: PyTree,
    σ: jax.Array,
    operator: Any,
    cotangent: jax.Array,
) -> tuple[PyTree, PyTree]:
    """Cotangents of variables and operator; None for what is not wanted or not inexact.

    Args:
        apply_fun, blocks, variables, σ, operator: as for `local_values`.
        wanted: what to compute.
        cotangent: of the estimators (B,).
    """
    parameters, coefficients = _Inexact(variables), _Inexact(operator)
    x, n = sample_blocks(σ, blocks.samples)
    weights = jnp.pad(cotangent, (0, x.shape[0] * x.shape[1] - n)).reshape(x.shape[:2])

    def add_samples(sums: tuple, step: tuple[jax.Array, jax.Array]) -> tuple[tuple, None]:
        samples = _Samples.of(apply_fun, blocks, wanted, parameters, coefficients, *step)
        return _add(sums, samples.pull_back(wanted)), None

    sums = (
        parameters.zeros() if wanted.variables else None,
        coefficients.zeros() if wanted.operator else None,
    )
    (for_parameters, for_coefficients), _ = jax.lax.scan(add_samples, sums, (x, weights))
    return parameters.cotangents(for_parameters), coefficients.cotangents(for_coefficients)


class _Inexact:
    """The leaves of a tree that have derivatives, apart from the others."""

    def __init__(self, tree: PyTree):
        self.all, self.treedef = jax.tree.flatten(tree)
        self.which = [jnp.issubdtype(jnp.result_type(x), jnp.inexact) for x in self.all]
        self.leaves = [jnp.asarray(x) for x, use in zip(self.all, self.which) if use]

    def merge(self, leaves: list[jax.Array]) -> PyTree:
        """The tree with other inexact leaves."""
        new = iter(leaves)
        return self.treedef.unflatten(
            [next(new) if use else x for x, use in zip(self.all, self.which)]
        )

    def zeros(self) -> list[jax.Array]:
        return [jnp.zeros_like(x) for x in self.leaves]

    def cotangents(self, leaves: list[jax.Array] | None) -> PyTree:
        """The tree with cotangents as leaves, and None where there is none."""
        if leaves is None:
            return None
        new = iter(leaves)
        return self.treedef.unflatten([next(new) if use else None for use in self.which])


class _Samples(NamedTuple):
    """One block of b samples with its connected elements, flattened."""

    apply_fun: Callable
    blocks: Blocks
    parameters: _Inexact
    x: jax.Array  # (b, N)
    weights: jax.Array  # (b,)
    rows: jax.Array  # (b K, N)
    mels: jax.Array  # (b K,)
    pull_mels: Callable  # cotangent of mels -> of the coefficients
    order: jax.Array  # (b K + padding,) real rows first
    n: jax.Array  # how many are real

    @classmethod
    def of(
        cls,
        apply_fun: Callable,
        blocks: Blocks,
        wanted: Wanted,
        parameters: _Inexact,
        coefficients: _Inexact,
        x: jax.Array,
        weights: jax.Array,
    ) -> "_Samples":
        def elements(leaves: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
            xp, mels = connected(coefficients.merge(leaves), x)
            return mels, xp

        mels, pull_mels, xp = jax.vjp(elements, coefficients.leaves, has_aux=True)
        # an element that vanishes at these coefficients still has a derivative by them
        real = real_rows(x, xp, None if wanted.operator else mels).ravel()
        dense = min(blocks.dense, max(8, power_of_two(real.size // _PARTS)))
        order, n = positions(real, padding=dense)
        return cls(
            apply_fun,
            blocks._replace(dense=dense),
            parameters,
            x,
            weights,
            xp.reshape(-1, x.shape[1]),
            mels.ravel(),
            lambda bar: pull_mels(_cast(bar, mels.dtype).reshape(mels.shape))[0],
            order,
            n,
        )

    def pull_back(self, wanted: Wanted) -> tuple[Any, Any]:
        """Cotangents of the leaves of parameters and coefficients."""
        logpsi, pull_logpsi = jax.vjp(self.log_amplitudes, self.parameters.leaves)
        ratios, for_parameters, logpsi_bar = self.dense_loop(wanted, logpsi)
        for_coefficients = None
        if wanted.operator:
            segments = jnp.arange(len(self.rows)) // (len(self.rows) // len(self.x))
            for_coefficients = self.pull_mels(self.weights[segments] * ratios)
        if not wanted.variables:
            return None, for_coefficients
        return _add(for_parameters, pull_logpsi(logpsi_bar)[0]), for_coefficients

    def log_amplitudes(self, leaves: list[jax.Array]) -> jax.Array:
        variables = self.parameters.merge(leaves)
        return log_amplitudes(self.apply_fun, variables, self.x, self.blocks.chunk_size)

    def dense_loop(self, wanted: Wanted, logpsi: jax.Array) -> tuple[jax.Array, list, jax.Array]:
        """Ratios of all rows (1 where not real), and cotangents of parameters and log ψ(σ)."""
        dense, n_rows = self.blocks.dense, len(self.rows)
        k = n_rows // len(self.x)

        def add_block(i: jax.Array, carry: tuple) -> tuple:
            ratios, for_parameters, logpsi_bar = carry
            j = jax.lax.dynamic_slice_in_dim(self.order, i * dense, dense)
            s = j // k
            real = i * dense + jnp.arange(dense) < self.n

            def ratio(leaves: list[jax.Array], logpsi: jax.Array) -> jax.Array:
                variables = self.parameters.merge(leaves)
                return jnp.exp(self.apply_fun(variables, self.rows[j]) - logpsi)

            if wanted.variables:
                r, pull = jax.vjp(ratio, self.parameters.leaves, logpsi[s])
                bar = jnp.where(real, self.weights[s] * self.mels[j], 0)
                terms, log_terms = pull(_cast(bar, r.dtype))
                for_parameters = _add(for_parameters, terms)
                logpsi_bar = logpsi_bar.at[s].add(log_terms)
            else:
                r = ratio(self.parameters.leaves, logpsi[s])
            # what only pads the block is sent beyond the end, and dropped there
            ratios = ratios.at[jnp.where(real, j, n_rows)].set(r, mode="drop")
            return ratios, for_parameters, logpsi_bar

        carry = (
            jnp.ones(n_rows, logpsi.dtype),
            self.parameters.zeros() if wanted.variables else None,
            jnp.zeros_like(logpsi),
        )
        return jax.lax.fori_loop(0, (self.n + dense - 1) // dense, add_block, carry)


def _add(a: PyTree, b: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: a + b.astype(a.dtype), a, b)


def _cast(bar: jax.Array, dtype: Any) -> jax.Array:
    """The cotangent of the conversion of numbers of `dtype` to those of `bar`."""
    return (bar if jnp.issubdtype(dtype, jnp.complexfloating) else bar.real).astype(dtype)
