# SPDX-License-Identifier: Apache-2.0
r"""Independent samples of :math:`|\psi(\sigma)|^p`, from the probabilities of all states."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.jax import apply_chunked
from netket.jax.sharding import array_of_rows, gather, n_ranks, shard_along_axis
from netket.utils import struct
from netket.utils.types import DType, PRNGKeyT, PyTree, Scalar

from ._first_round import check_amplitudes, is_known, remember
from ._machine import log_density
from .base import Sampler, SamplerState

__all__ = ["ExactSampler", "ExactSamplerState"]

# states that a device evaluates at a time
_BLOCK = 2**13


class ExactSamplerState(SamplerState):
    """State of the exact sampler: a random key."""

    rng: PRNGKeyT = struct.field()
    """Random key."""

    def __init__(self, rng: PRNGKeyT):
        self.rng = rng

    def __repr__(self) -> str:
        return f"ExactSamplerState(rng state={self.rng})"


class ExactSampler(Sampler):
    r"""Draws independent samples by inverting the cumulative distribution of all basis states.

    All amplitudes are evaluated at every call of `sample`, so it is meant for small spaces. Several
    devices evaluate a part of them each, and have one chain each; the samples of all chains, one
    chain after the other, are those that one device draws.

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> model = nk.models.RBM()
    >>> variables = model.init(jax.random.key(0), hi.all_states())
    >>> samples, _ = nk.sampler.ExactSampler(hi).sample(model, variables, chain_length=100)
    >>> samples.shape
    (1, 100, 4)
    """

    def __init__(self, hilbert: DiscreteHilbert, machine_pow: Scalar = 2, dtype: DType = None):
        """Constructs a sampler.

        Args:
            hilbert: The space of the configurations, which must be indexable.
            machine_pow: The exponent p, a positive number.
            dtype: Data type of the samples; by default the smallest that holds the local states.

        Raises:
            ValueError: The space has too many states, or `machine_pow` is not positive.
        """
        super().__init__(hilbert, machine_pow=machine_pow, dtype=dtype)
        if not (isinstance(hilbert, DiscreteHilbert) and hilbert.is_indexable):
            raise ValueError(
                "Argument `hilbert` must have few enough states to enumerate them all, but "
                f"{hilbert} cannot be indexed. Use a Metropolis sampler, such as MetropolisLocal."
            )

    @property
    def is_exact(self) -> bool:
        return True

    def _init_state(self, machine: Any, parameters: PyTree, key: PRNGKeyT) -> ExactSamplerState:
        return ExactSamplerState(key)

    def _reset(
        self, machine: Any, parameters: PyTree, state: ExactSamplerState
    ) -> ExactSamplerState:
        return state

    def _sample_chain(
        self,
        machine: Any,
        parameters: PyTree,
        state: ExactSamplerState,
        chain_length: int,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, ExactSamplerState]:
        numbers = _all_numbers(self.hilbert.n_states)
        is_first = not is_known(state.rng)
        samples, log_prob, state = _sample(self, machine, parameters, state, chain_length, numbers)
        if is_first and chain_length > 0:
            check_amplitudes(log_prob, of_chains=False)
        remember(state.rng)
        return ((samples, log_prob) if return_log_probabilities else samples), state


@partial(jax.jit, static_argnums=(1, 4))
def _sample(
    sampler: ExactSampler,
    machine: Any,
    parameters: PyTree,
    state: ExactSamplerState,
    chain_length: int,
    numbers: jax.Array,
) -> tuple[jax.Array, jax.Array, ExactSamplerState]:
    rng, key = jax.random.split(state.rng)
    log_prob = _all_log_densities(sampler, machine, parameters, numbers)
    numbers = shard_along_axis(_draw(key, log_prob, (sampler.n_batches, chain_length)), 0)
    samples = sampler.hilbert.numbers_to_states(numbers).astype(sampler.dtype)
    return samples, log_prob[numbers], state.replace(rng=rng)


def _all_numbers(n_states: int) -> jax.Array:
    """The numbers of all states, split over devices; the last one fills them up."""
    length = n_ranks() * -(-n_states // n_ranks())
    return array_of_rows(length, lambda i, j: np.minimum(np.arange(i, j), n_states - 1))


def _all_log_densities(
    sampler: ExactSampler, machine: Any, parameters: PyTree, numbers: jax.Array
) -> jax.Array:
    """Log-probabilities of all states, each device evaluating blocks of bounded memory."""

    def evaluate(numbers: jax.Array) -> jax.Array:
        states = sampler.hilbert.numbers_to_states(numbers).astype(sampler.dtype)
        return log_density(machine, parameters, states, sampler.machine_pow)

    log_prob = apply_chunked(evaluate, chunk_size=_BLOCK)(numbers)
    return gather(log_prob[: sampler.hilbert.n_states])


def _draw(key: PRNGKeyT, log_prob: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Indices, drawn with probabilities proportional to exp(log_prob)."""
    p = jnp.exp(log_prob - jnp.max(log_prob)).astype(float)
    cumulative = jnp.cumsum(p)
    total = cumulative[-1]
    # below the total, so that no state of probability zero is chosen
    u = jnp.minimum(jax.random.uniform(key, shape) * total, jnp.nextafter(total, 0.0))
    return jnp.searchsorted(cumulative, u, side="right")
