# SPDX-License-Identifier: Apache-2.0
r"""Rules for the Rényi entropy S_2 = -log_2 P.

Sampled, the purity P = Tr ρ_A² is the mean over pairs of independent samples of the swap

    s(σ, σ') = ψ(σ'_A, σ_B) ψ(σ_A, σ'_B) / (ψ(σ) ψ(σ'))

(M. Hastings et al., PRL 104, 157201 (2010)), where amplitudes outside of the Hilbert space are 0.
Exactly, it is the sum of |ψ ψ^†|² for ψ as a matrix with rows A and columns B. Its derivative by
the bra has one equal term for each replica, hence

    forces     F_k = -2/(P ln 2) <D_k(σ)^* (s(σ, σ') - P)>        gradient = 2 Re F_k.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from netket.stats import LocalEstimatorsBatch, Stats
from netket.utils.types import PyTree
from netket.vqs import (
    FullSumState,
    MCState,
    expect,
    expect_and_forces,
    expect_and_grad,
    local_estimators,
)
from netket.vqs.amplitudes import log_values
from netket.vqs.checks import check_hilbert
from netket.vqs.full_sum_expect import forces_of_image, gradient_of_images
from netket.vqs.mc_expect import forces_of_values, gradient_of_values

from ._checks import check_pure
from .renyi2 import Renyi2EntanglementEntropy


def _entropy(means: jax.Array) -> jax.Array:
    return -jnp.log2(means[0].real)


# -- sampled ----------------------------------------------------------------------------------


@local_estimators.dispatch
def local_estimators_renyi2(
    vstate: MCState, observable: Renyi2EntanglementEntropy, chunk_size: Any
) -> LocalEstimatorsBatch:
    swaps = _swaps_of(vstate, observable, chunk_size)[1]
    return LocalEstimatorsBatch(swaps.real[..., None], _entropy)


@expect.dispatch
def expect_renyi2(vstate: MCState, observable: Renyi2EntanglementEntropy, chunk_size: Any) -> Stats:
    return local_estimators(vstate, observable, chunk_size).to_stats()


@expect_and_forces.dispatch
def expect_and_forces_renyi2(
    vstate: MCState, observable: Renyi2EntanglementEntropy, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    return _with_tree(forces_of_values, vstate, observable, chunk_size, mutable)


@expect_and_grad.dispatch
def expect_and_grad_renyi2(
    vstate: MCState, observable: Renyi2EntanglementEntropy, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    return _with_tree(gradient_of_values, vstate, observable, chunk_size, mutable)


def _with_tree(
    tree_of: Callable,
    vstate: MCState,
    observable: Renyi2EntanglementEntropy,
    chunk_size: Any,
    mutable: Any,
) -> tuple[Stats, PyTree]:
    pairs, swaps = _swaps_of(vstate, observable, chunk_size)
    stats = LocalEstimatorsBatch(swaps.real[..., None], _entropy).to_stats()
    values = _force_values(swaps)
    values, σ = (jnp.concatenate(x) for x in ((values, values), pairs))
    return stats, tree_of(vstate, values, chunk_size, mutable, σ)


@jax.jit
def _force_values(swaps: jax.Array) -> jax.Array:
    return -2 / (math.log(2) * swaps.real.mean()) * swaps


def _swaps_of(
    vstate: MCState, observable: Renyi2EntanglementEntropy, chunk_size: Any
) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
    """The two replicas (C, n, N), and the swap s (C, n) of each pair."""
    check_pure(vstate, observable)
    check_hilbert(vstate.hilbert, observable)
    pairs = replicas(vstate.samples)
    constraint = observable.hilbert.constraint
    run = vstate._apply_fun, constraint, chunk_size
    return pairs, _swaps(*run, vstate.variables, *pairs, observable._mask)


def replicas(σ: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Pairs of independent samples: of different chains, or of both halves of an odd chain.

    Raises:
        ValueError: there is only one sample.
    """
    n_chains, n = σ.shape[:2]
    if n_chains % 2 == 0:
        return σ[: n_chains // 2], σ[n_chains // 2 :]
    half = n // 2
    if half == 0:
        raise ValueError(
            "The Rényi entropy needs pairs of samples, but there is one for each of an odd number "
            f"({n_chains}) of chains: set `n_samples` to at least {2 * n_chains}."
        )
    return σ[:, :half], σ[:, half : 2 * half]


@partial(jax.jit, static_argnums=(0, 1, 2))
def _swaps(
    apply_fun: Callable,
    constraint: Callable | None,
    chunk_size: int | None,
    variables: PyTree,
    σ: jax.Array,
    σp: jax.Array,
    mask: jax.Array,  # (N,) sites of A
) -> jax.Array:
    τ, τp = jnp.where(mask, σp, σ), jnp.where(mask, σ, σp)
    legal = None
    if constraint is not None:
        legal = constraint(τ) & constraint(τp)
        # the network sees legal configurations only
        τ, τp = jnp.where(legal[..., None], τ, σ), jnp.where(legal[..., None], τp, σp)
    x = jnp.stack([τ, τp, σ, σp])
    log = log_values(apply_fun, variables, x, chunk_size)
    swaps = jnp.exp(log[0] + log[1] - log[2] - log[3])
    return swaps if legal is None else jnp.where(legal, swaps, 0)


# -- exact ------------------------------------------------------------------------------------


@expect.dispatch
def expect_renyi2_full_sum(
    vstate: FullSumState, observable: Renyi2EntanglementEntropy, *args: Any
) -> Stats:
    return _exact(vstate, observable)[0]


@expect_and_forces.dispatch
def expect_and_forces_renyi2_full_sum(
    vstate: FullSumState, observable: Renyi2EntanglementEntropy, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, image = _exact(vstate, observable)
    return stats, forces_of_image(vstate, mutable, image)


@expect_and_grad.dispatch
def expect_and_grad_renyi2_full_sum(
    vstate: FullSumState, observable: Renyi2EntanglementEntropy, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, image = _exact(vstate, observable)
    return stats, gradient_of_images(vstate, mutable, image)


def _exact(vstate: FullSumState, observable: Renyi2EntanglementEntropy) -> tuple[Stats, jax.Array]:
    """The entropy, and what takes the place of O ψ (n_states,) in its derivative."""
    check_hilbert(vstate.hilbert, observable)
    return _exact_entropy(observable._shape, vstate.to_array(), *observable._rows_and_columns)


@partial(jax.jit, static_argnums=0)
def _exact_entropy(
    shape: tuple[int, int], psi: jax.Array, rows: jax.Array, columns: jax.Array
) -> tuple[Stats, jax.Array]:
    # configurations that a constraint excludes have amplitude 0
    matrix = jnp.zeros(shape, psi.dtype).at[rows, columns].set(psi)
    if shape[0] <= shape[1]:
        reduced = matrix @ matrix.conj().T
        image = reduced @ matrix
    else:
        reduced = matrix.conj().T @ matrix
        image = matrix @ reduced
    purity = jnp.sum(jnp.abs(reduced) ** 2)
    entropy = -jnp.log2(purity)
    zero = jnp.zeros_like(entropy)
    image = -2 / (math.log(2) * purity) * image[rows, columns]
    return Stats(mean=entropy, error_of_mean=zero, variance=zero), image
