# SPDX-License-Identifier: Apache-2.0
r"""Independent samples of autoregressive models, from :math:`p(\sigma_i|\sigma_{<i})` by sites."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.jax.sharding import shard_along_axis
from netket.utils import struct
from netket.utils.types import Array, DType, PRNGKeyT, PyTree, Scalar

from .base import Sampler, SamplerState

__all__ = ["ARDirectSampler", "ARDirectSamplerState"]


class ARDirectSamplerState(SamplerState):
    """State of the direct sampler: a random key."""

    rng: PRNGKeyT = struct.field()
    """Random key."""

    def __init__(self, rng: PRNGKeyT):
        self.rng = rng

    def __repr__(self) -> str:
        return f"ARDirectSamplerState(rng state={self.rng})"


class ARDirectSampler(Sampler):
    r"""Draws independent samples of an autoregressive model, which knows its conditionals.

    The model is a :class:`netket.models.AbstractARNN`, or any module with a method
    `conditional(inputs, index)`: probabilities (B, d) of the local states of site `index`, which
    may keep what it needs later in a collection `cache`. The order of the sites is
    `model.reorder(arange(N))`, if there is such a method. Samples have the distribution of the
    model, :math:`|\psi|^p` where p is the `machine_pow` of the model.

    >>> import netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> model = nk.models.ARNNDense(hi, layers=2, features=4)
    >>> vs = nk.vqs.MCState(nk.sampler.ARDirectSampler(hi), model, n_samples=100)
    >>> vs.samples.shape
    (1, 100, 4)
    """

    def __init__(
        self, hilbert: DiscreteHilbert, machine_pow: Scalar | None = None, dtype: DType = None
    ):
        """Constructs a sampler.

        Args:
            hilbert: The space of the configurations, without a constraint.
            machine_pow: Must not be given, as the exponent is a property of the model.
            dtype: Data type of the samples; by default the smallest that holds the local states.

        Raises:
            ValueError: The space is constrained, or `machine_pow` is given.
        """
        if machine_pow is not None:
            raise ValueError(
                "Argument `machine_pow` must not be given: samples have the distribution that the "
                "model is normalised for. Set `machine_pow` of the model."
            )
        super().__init__(hilbert, machine_pow=2, dtype=dtype)
        if not isinstance(hilbert, DiscreteHilbert) or not hilbert.is_finite:
            raise ValueError(
                "Argument `hilbert` must have finitely many local states, but is "
                f"{hilbert}. Use a Metropolis sampler, such as MetropolisGaussian."
            )
        if hilbert.constraint is not None:
            raise ValueError(
                "Argument `hilbert` must have no constraint, as sites are drawn one by one without "
                f"knowing it, but is {hilbert}. Use a Metropolis sampler, such as "
                "MetropolisExchange."
            )

    @property
    def is_exact(self) -> bool:
        return True

    def _init_state(self, machine: Any, parameters: PyTree, key: PRNGKeyT) -> ARDirectSamplerState:
        return ARDirectSamplerState(key)

    def _reset(
        self, machine: Any, parameters: PyTree, state: ARDirectSamplerState
    ) -> ARDirectSamplerState:
        return state

    def _sample_chain(
        self,
        machine: Any,
        parameters: PyTree,
        state: ARDirectSamplerState,
        chain_length: int,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, ARDirectSamplerState]:
        model = _autoregressive(machine, self.hilbert)
        size = (chain_length, return_log_probabilities)
        samples, log_prob, state = _sample(self, model, parameters, state, *size)
        return ((samples, log_prob) if return_log_probabilities else samples), state


@partial(jax.jit, static_argnums=(1, 4, 5))
def _sample(
    sampler: ARDirectSampler,
    model: Any,
    variables: PyTree,
    state: ARDirectSamplerState,
    chain_length: int,
    with_log_prob: bool,
) -> tuple[jax.Array, jax.Array | None, ARDirectSamplerState]:
    rng, key = jax.random.split(state.rng)
    n_chains, n_sites = sampler.n_batches, sampler.hilbert.size
    n = n_chains * chain_length
    variables = {name: x for name, x in variables.items() if name != "cache"}
    u = shard_along_axis(jax.random.uniform(key, (n_sites, n)), 1)
    local_states = _local_states(sampler.hilbert, sampler.dtype)
    σ = jnp.broadcast_to(local_states[:, 0], (n, n_sites))

    def conditional(σ: Array, cache: PyTree, site: Array) -> tuple[Array, PyTree]:
        p, mutated = model.apply(
            variables | cache, σ, site, method=model.conditional, mutable=["cache"]
        )
        return p, dict(mutated)

    def draw(carry: PyTree, x: tuple[Array, Array, Array]) -> tuple[PyTree, None]:
        σ, cache, log_prob = carry
        site, u, values = x
        p, cache = conditional(σ, cache, site)
        index, log_p = _choose(p, u)
        σ = jax.lax.dynamic_update_slice(σ, values[index][:, None], (0, site))
        return (σ, cache, log_prob + log_p if with_log_prob else log_prob), None

    sites = _order(model, variables, n_sites)
    p, cache = jax.eval_shape(conditional, σ, {}, sites[0])
    zeros = lambda x: shard_along_axis(jnp.zeros(x.shape, x.dtype), 0)  # noqa: E731
    start = (shard_along_axis(σ, 0), jax.tree.map(zeros, cache), jnp.zeros(n, p.dtype))
    (σ, _, log_prob), _ = jax.lax.scan(draw, start, (sites, u, local_states[sites]))
    samples = shard_along_axis(σ.reshape(n_chains, chain_length, n_sites), 0)
    log_prob = log_prob.reshape(n_chains, chain_length) if with_log_prob else None
    return samples, log_prob, state.replace(rng=rng)


def _choose(p: Array, u: Array) -> tuple[jax.Array, jax.Array]:
    """Indices (B,) drawn with probabilities p (B, d) by uniform numbers u (B,), and their log p."""
    d = p.shape[-1]
    cumulative = jnp.dot(p, np.triu(np.ones((d, d), p.dtype)), precision=jax.lax.Precision.HIGHEST)
    total = cumulative[:, -1]
    # below the total, so that no state of probability zero is chosen
    u = jnp.minimum(u.astype(p.dtype) * total, jnp.nextafter(total, jnp.zeros_like(total)))
    index = jnp.sum(cumulative[:, :-1] <= u[:, None], axis=-1, dtype=jnp.int32)
    return index, jnp.log(jnp.take_along_axis(p, index[:, None], axis=-1)[:, 0])


def _order(model: Any, variables: PyTree, n_sites: int) -> jax.Array:
    """The sites (N,) in the order in which they are drawn."""
    sites = jnp.arange(n_sites)
    if not hasattr(model, "reorder"):
        return sites
    return model.apply(variables, sites, method=model.reorder)


def _local_states(hilbert: DiscreteHilbert, dtype: DType) -> jax.Array:
    """The local states (N, d) of all sites, the last one repeated where there are fewer."""
    d = max(hilbert.shape)
    rows = [np.asarray(hilbert.states_at_index(i)) for i in range(hilbert.size)]
    return jnp.asarray(np.array([np.pad(row, (0, d - len(row)), "edge") for row in rows]), dtype)


def _autoregressive(machine: Any, hilbert: DiscreteHilbert) -> Any:
    """What to sample from: `machine`, or a faster model with the same parameters.

    Raises:
        TypeError: `machine` has no conditional probabilities.
        ValueError: `machine` is a model of another space.
    """
    if not hasattr(machine, "conditional"):
        raise TypeError(
            "The model must be autoregressive, such as ARNNDense, a hashable module with a method "
            f"`conditional(inputs, index)`, but is {machine!r}. Use a Metropolis sampler for other "
            "models."
        )
    space = getattr(machine, "hilbert", hilbert)
    if space != hilbert:
        raise ValueError(
            f"The model must be one of the space of the sampler, {hilbert}, but is one of {space}."
        )
    return machine._sampling_twin() if hasattr(machine, "_sampling_twin") else machine
