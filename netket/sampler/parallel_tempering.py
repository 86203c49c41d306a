# SPDX-License-Identifier: Apache-2.0
r"""Chains at several temperatures, :math:`p_r(\sigma)\propto|\psi(\sigma)|^{p\beta_r}`.

After every sweep neighbouring replicas exchange their configurations with probability

.. math::

    \min\big(1, e^{(\beta_r - \beta_{r+1})(\log p(\sigma_{r+1}) - \log p(\sigma_r))}\big),

first the pairs that begin with an even r, then the others. Samples are those of β = 1.

Source: C. Geyer, Computing Science and Statistics 23, 156 (1991); K. Hukushima and K. Nemoto, J.
Phys. Soc. Jpn. 65, 1604 (1996).
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import AbstractHilbert
from netket.operator import DiscreteOperator
from netket.utils import HashableArray, struct
from netket.utils.types import Array, ArrayLike, PRNGKeyT, PyTree

from ._chains import positive_integer
from ._random import uniform
from ._steps import Tempering, run_chains
from .metropolis import MetropolisSampler, MetropolisSamplerState, log_prob_of
from .rules import ExchangeRule, HamiltonianRule, LocalRule

__all__ = [
    "ParallelTemperingExchange",
    "ParallelTemperingHamiltonian",
    "ParallelTemperingLocal",
    "ParallelTemperingSampler",
    "ParallelTemperingSamplerState",
]

_DEFAULT_REPLICAS = 32


class ParallelTemperingSamplerState(MetropolisSamplerState):
    """State of all replicas: configurations (C R, N), those of a chain one after the other.

    Steps and accepted proposals are counted over all replicas.
    """

    n_exchanged: Array = struct.field()
    """How often replicas r and r + 1 have exchanged configurations, in all chains, (R - 1,)."""
    n_exchange_steps: Array = struct.field()
    """How often they have tried to, in all chains."""

    def __init__(
        self,
        σ: Array,
        rng: PRNGKeyT,
        rule_state: PyTree | None,
        log_prob: Array | None = None,
        *,
        n_replicas: int,
    ):
        """Constructs the state before the first step.

        Args:
            σ: Configurations (C R, N).
            rng: Random key.
            rule_state: State of the rule, or None.
            log_prob: Log-probabilities (C R,).
            n_replicas: Number of temperatures.
        """
        super().__init__(σ, rng, rule_state, log_prob)
        self.n_exchanged = jnp.zeros(n_replicas - 1, int)
        self.n_exchange_steps = jnp.zeros((), int)

    @property
    def exchange_acceptance(self) -> Array:
        """Fraction of exchanges between neighbouring temperatures that were accepted, (R - 1,).

        Where it is close to 0, put more temperatures in between.
        """
        return self.n_exchanged / self.n_exchange_steps


class ParallelTemperingSampler(MetropolisSampler):
    """A Metropolis sampler whose chains are accompanied by hotter replicas.

    Hot replicas move between modes that are separated by improbable configurations.

    >>> import netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> sampler = nk.sampler.ParallelTemperingLocal(hi, n_replicas=4, n_chains=8)
    >>> sampler.sorted_betas.tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    _betas: HashableArray = struct.field(pytree_node=False)

    def __init__(
        self,
        *args: Any,
        n_replicas: int | None = None,
        betas: str | ArrayLike = "linear",
        **kwargs: Any,
    ):
        """Constructs a sampler.

        Args:
            *args: Those of :class:`MetropolisSampler`.
            n_replicas: Number R of temperatures, 32 by default.
            betas: The inverse temperatures: `"linear"` for 1 - r / R, `"log"` for
                1 - log(1 + r) / log(1 + R), or the numbers themselves, the largest of which is 1.
            **kwargs: Those of :class:`MetropolisSampler`.

        Raises:
            ValueError: The temperatures are not such, or given together with `n_replicas`.
        """
        super().__init__(*args, **kwargs)
        self._betas = HashableArray(_check_betas(betas, n_replicas))

    @property
    def sorted_betas(self) -> np.ndarray:
        """The inverse temperatures (R,), from 1 downwards."""
        return self._betas.wrapped

    @property
    def n_replicas(self) -> int:
        """Number of temperatures."""
        return len(self.sorted_betas)

    @property
    def n_batches(self) -> int:
        return self.n_chains * self.n_replicas

    def _make_state(self, *args: Any) -> ParallelTemperingSamplerState:
        return ParallelTemperingSamplerState(*args, n_replicas=self.n_replicas)

    def _reset(self, machine: Any, parameters: PyTree, state: Any) -> Any:
        state = super()._reset(machine, parameters, state)
        zeros = jnp.zeros_like(state.n_exchanged), jnp.zeros_like(state.n_exchange_steps)
        return state.replace(n_exchanged=zeros[0], n_exchange_steps=zeros[1])

    def _sample_chain(
        self,
        machine: Any,
        parameters: PyTree,
        state: Any,
        chain_length: int,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, Any]:
        return _sample_chain(
            self, machine, parameters, state, chain_length, return_log_probabilities
        )

    def _facts(self) -> dict[str, Any]:
        return super()._facts() | {"n_replicas": self.n_replicas}


@partial(jax.jit, static_argnums=(1, 4, 5))
def _sample_chain(
    sampler: ParallelTemperingSampler,
    machine: Any,
    parameters: PyTree,
    state: ParallelTemperingSamplerState,
    chain_length: int,
    return_log_probabilities: bool,
) -> tuple[Any, ParallelTemperingSamplerState]:
    # the exchanges need the dtype of the log-probabilities
    log_prob = jax.eval_shape(log_prob_of(sampler, machine, parameters), state.σ)
    state, samples, log_probs, exchanged = run_chains(
        sampler,
        machine,
        parameters,
        state,
        chain_length,
        return_log_probabilities,
        _tempering(sampler, log_prob.dtype),
    )
    state = state.replace(
        n_exchanged=state.n_exchanged + jnp.sum(exchanged, axis=0),
        n_exchange_steps=state.n_exchange_steps + chain_length * sampler.n_chains,
    )
    return ((samples, log_probs) if return_log_probabilities else samples), state


def _tempering(sampler: ParallelTemperingSampler, dtype: Any) -> Tempering:
    chains, replicas = sampler.n_chains, sampler.n_replicas
    betas = jnp.asarray(sampler.sorted_betas, dtype)

    def draw(key: PRNGKeyT, n_sweeps: int) -> jax.Array:
        u = uniform(key, (n_sweeps, chains, replicas - 1), dtype)
        return jnp.log1p(-u)

    def exchange(walkers: PyTree, log_u: jax.Array) -> tuple[PyTree, jax.Array]:
        log_p = walkers[1].reshape(chains, replicas)
        place = jnp.broadcast_to(jnp.arange(replicas), (chains, replicas))
        counts = jnp.zeros(replicas - 1, int)
        for parity in (0, 1):
            r = np.arange(parity, replicas - 1, 2)
            here, there = (jnp.take_along_axis(log_p, place[:, k], axis=1) for k in (r, r + 1))
            gain = (betas[r] - betas[r + 1]) * (there - here)
            # two replicas at zero probability may as well stay
            accept = log_u[:, r] <= jnp.nan_to_num(gain, nan=-jnp.inf, posinf=jnp.inf)
            first = jnp.where(accept, place[:, r + 1], place[:, r])
            second = jnp.where(accept, place[:, r], place[:, r + 1])
            place = place.at[:, r].set(first).at[:, r + 1].set(second)
            counts = counts.at[r].add(jnp.sum(accept, axis=0))

        def exchanged(x: jax.Array) -> jax.Array:
            # within each chain, so that nothing moves from device to device
            parts = x.reshape(chains, replicas, -1)
            parts = jnp.take_along_axis(parts, place[..., None], axis=1, mode="clip")
            return parts.reshape(x.shape)

        return jax.tree.map(exchanged, walkers), counts

    return Tempering(jnp.tile(betas, chains), draw, exchange, slice(None, None, replicas))


def _check_betas(betas: str | ArrayLike, n_replicas: int | None) -> np.ndarray:
    if not isinstance(betas, str):
        if n_replicas is not None:
            raise ValueError(
                "Arguments `betas` and `n_replicas` must not both be given: the number of "
                "replicas is that of the inverse temperatures."
            )
        values = np.sort(np.asarray(betas, float).ravel())[::-1]
        if len(values) < 2 or values[0] != 1 or values[-1] < 0:
            raise ValueError(
                "Argument `betas` must be two or more inverse temperatures from 0 to 1, of which "
                f"the largest is 1, but is {values[::-1].tolist()}."
            )
        return values.copy()
    n = positive_integer(_DEFAULT_REPLICAS if n_replicas is None else n_replicas, "n_replicas")
    if n < 2:
        raise ValueError(
            "Argument `n_replicas` must be at least 2, but is 1: use MetropolisSampler."
        )
    if betas == "linear":
        return 1 - np.arange(n) / n
    if betas == "log":
        return 1 - np.log1p(np.arange(n)) / np.log1p(n)
    raise ValueError(f"Argument `betas` must be 'linear', 'log' or numbers, but is {betas!r}.")


def ParallelTemperingLocal(
    hilbert: AbstractHilbert, *args: Any, **kwargs: Any
) -> ParallelTemperingSampler:
    """A sampler with replicas that changes one random site at a time.

    Args:
        hilbert: The space of the configurations.
        *args: Those of :class:`ParallelTemperingSampler`.
        **kwargs: The same.
    """
    return ParallelTemperingSampler(hilbert, LocalRule(), *args, **kwargs)


def ParallelTemperingExchange(
    hilbert: AbstractHilbert,
    *args: Any,
    clusters: ArrayLike | None = None,
    graph: AbstractGraph | None = None,
    d_max: int = 1,
    **kwargs: Any,
) -> ParallelTemperingSampler:
    """A sampler with replicas that exchanges the states of two sites.

    Args:
        hilbert: The space of the configurations.
        clusters: Pairs of sites, of shape (K, 2), that are exchanged.
        graph: A graph, instead of clusters: all pairs of nodes at a distance up to `d_max`.
        d_max: Largest distance on the graph, in edges.
        *args: Those of :class:`ParallelTemperingSampler`.
        **kwargs: The same.
    """
    rule = ExchangeRule(clusters=clusters, graph=graph, d_max=d_max)
    return ParallelTemperingSampler(hilbert, rule, *args, **kwargs)


def ParallelTemperingHamiltonian(
    hilbert: AbstractHilbert, hamiltonian: DiscreteOperator, *args: Any, **kwargs: Any
) -> ParallelTemperingSampler:
    """A sampler with replicas that moves between configurations that a Hamiltonian connects.

    Args:
        hilbert: The space of the configurations.
        hamiltonian: A discrete operator on it, of either backend.
        *args: Those of :class:`ParallelTemperingSampler`.
        **kwargs: The same.
    """
    return ParallelTemperingSampler(hilbert, HamiltonianRule(hamiltonian), *args, **kwargs)
