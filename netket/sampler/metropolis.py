# SPDX-License-Identifier: Apache-2.0
r"""Metropolis-Hastings sampling of :math:`p(\sigma)\propto|\psi(\sigma)|^p` by many chains at once.

A sweep is `sweep_size` steps, after which each chain yields one sample. A step proposes σ' by a
rule and moves there if :math:`\log u + \log p(\sigma) \le \log p(\sigma') +
\log q(\sigma|\sigma')/q(\sigma'|\sigma)`, for u uniform in (0, 1).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import n_ranks, shard_along_axis
from netket.utils import struct
from netket.utils.types import Array, DType, ModuleOrApplyFun, PRNGKeyT, PyTree, Scalar

from ._chains import number_of_chains, positive_integer
from ._first_round import check_amplitudes, check_proposed, check_start, is_known, remember
from ._machine import as_machine, log_density
from ._members import check_members
from ._steps import run_chains
from .base import Sampler, SamplerState
from .rules import MetropolisRule
from .rules._parts import parts_of
from .rules.on_host import NumpyRule

__all__ = ["MetropolisSampler", "MetropolisSamplerState"]


class MetropolisSamplerState(SamplerState):
    """State of a Metropolis sampler: current configurations, random key, counts."""

    σ: Array = struct.field(sharded=True)
    """Current configurations (C, N)."""
    rng: PRNGKeyT = struct.field()
    """Random key."""
    rule_state: PyTree = struct.field()
    """State of the rule, or None."""
    log_prob: Array = struct.field(sharded=True, serialize=False)
    """Unnormalised log-probabilities (C,) of σ under the variables that were used last."""
    n_steps_proc: Array = struct.field()
    """Number of steps since the last reset, of all chains together."""
    n_accepted_proc: Array = struct.field(sharded=True)
    """Number of accepted proposals (C,) since the last reset."""

    def __init__(
        self, σ: Array, rng: PRNGKeyT, rule_state: PyTree | None, log_prob: Array | None = None
    ):
        """Constructs the state before the first step.

        Args:
            σ: Configurations (C, N).
            rng: Random key.
            rule_state: State of the rule, or None.
            log_prob: Log-probabilities (C,); by default -inf, to be computed when sampling.
        """
        self.σ = σ
        self.rng = rng
        self.rule_state = rule_state
        self.log_prob = jnp.full(σ.shape[:-1], -jnp.inf) if log_prob is None else log_prob
        self.n_steps_proc = jnp.zeros((), int)
        self.n_accepted_proc = jnp.zeros(σ.shape[:-1], int)

    @property
    def n_steps(self) -> Array:
        """Number of steps since the last reset, of all chains together."""
        return self.n_steps_proc

    @property
    def n_accepted(self) -> Array:
        """Number of accepted proposals since the last reset, of all chains together."""
        return _on_host(self.n_accepted_proc).sum()

    @property
    def acceptance(self) -> Array | None:
        """Fraction of accepted proposals since the last reset; None before the first step."""
        n_steps = _on_host(self.n_steps)
        if not isinstance(n_steps, jax.core.Tracer) and n_steps == 0:
            return None
        return self.n_accepted / n_steps

    def __repr__(self) -> str:
        try:
            acceptance = self.acceptance
        except TypeError:  # filled with placeholders by a transformation of jax
            acceptance = None
        if acceptance is None or isinstance(acceptance, jax.core.Tracer):
            text = "nothing sampled yet"
        else:
            text = f"# accepted = {self.n_accepted}/{self.n_steps} ({100 * acceptance:.2f}%)"
        return f"{type(self).__name__}({text}, rng state={self.rng})"


def _on_host(x: Any) -> Any:
    """An array of numpy, which needs no compiler, unless it is traced or on other hosts too."""
    there = isinstance(x, jax.core.Tracer) or not getattr(x, "is_fully_addressable", True)
    return x if there else np.asarray(x)


class MetropolisSampler(Sampler):
    r"""Samples :math:`|\psi(\sigma)|^p` by the Metropolis-Hastings algorithm.

    Source: N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953); W. K. Hastings, Biometrika 57, 97
    (1970).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> sampler = nk.sampler.MetropolisSampler(hi, nk.sampler.rules.LocalRule(), n_chains=8)
    >>> model = nk.models.RBM()
    >>> variables = model.init(jax.random.key(0), hi.all_states())
    >>> samples, state = sampler.sample(model, variables, chain_length=10)
    >>> samples.shape
    (8, 10, 4)
    """

    rule: MetropolisRule = struct.field(default=None)
    """Proposes new configurations."""
    sweep_size: int = struct.field(pytree_node=False, default=None)
    """Number of steps between samples."""
    reset_chains: bool = struct.field(pytree_node=False, default=False)
    """Whether chains begin at new configurations when the sampler is reset."""
    n_chains: int = struct.field(pytree_node=False, default=None)
    """Number of chains on all devices."""
    chunk_size: int | None = struct.field(pytree_node=False, default=None)
    """Number of configurations that are evaluated at a time, or None for all chains."""

    def __init__(
        self,
        hilbert: AbstractHilbert,
        rule: MetropolisRule,
        *,
        sweep_size: int | None = None,
        reset_chains: bool = False,
        n_chains: int | None = None,
        n_chains_per_rank: int | None = None,
        chunk_size: int | None = None,
        machine_pow: Scalar = 2,
        dtype: DType = None,
    ):
        """Constructs a sampler.

        Args:
            hilbert: The space of the configurations.
            rule: Proposes new configurations.
            sweep_size: Number of steps between samples, by default the number of sites.
            reset_chains: Whether chains begin at new configurations when the sampler is reset.
            n_chains: Number of chains on all devices together; it is rounded up to a multiple of
                the number of devices.
            n_chains_per_rank: Number of chains on each device, by default 16.
            chunk_size: Number of configurations that are evaluated at a time.
            machine_pow: The exponent p, a positive number.
            dtype: Data type of the samples; by default the smallest that holds the local states.

        Raises:
            TypeError: `rule` is no rule, or `hilbert` no Hilbert space.
            ValueError: A number is not positive, or the rule cannot sample the space.
        """
        super().__init__(hilbert, machine_pow=machine_pow, dtype=dtype)
        if not isinstance(rule, MetropolisRule):
            raise TypeError(
                f"Argument `rule` must be a MetropolisRule, but is a {type(rule).__name__}."
            )
        self._check_rule(rule)
        rule.check_space(hilbert)
        self.rule = rule
        size = hilbert.size if sweep_size is None else sweep_size
        self.sweep_size = positive_integer(size, "sweep_size")
        self.reset_chains = bool(reset_chains)
        self.n_chains = number_of_chains(n_chains, n_chains_per_rank)
        if chunk_size is not None:
            chunk_size = positive_integer(chunk_size, "chunk_size")
        self.chunk_size = chunk_size

    def _check_rule(self, rule: MetropolisRule) -> None:
        """Raises a TypeError for a rule of the other kind of sampler."""
        if any(isinstance(part, NumpyRule) for part in parts_of(rule)):
            raise TypeError(
                f"Argument `rule` must be one that jax can trace, but is {rule}, which is written "
                "in numpy: use MetropolisSamplerNumpy."
            )

    def replace(self, **changes: Any) -> Any:
        for name in {"sweep_size", "n_chains", "chunk_size"} & set(changes):
            if name != "chunk_size" or changes[name] is not None:
                changes[name] = positive_integer(changes[name], name)
        new = super().replace(**changes)
        # a rule that is given with its space is a part of another one, and has been checked
        if ("rule" in changes) != ("hilbert" in changes):
            new._check_rule(new.rule)
            new.rule.check_space(new.hilbert)
        return new

    @property
    def n_chains_per_rank(self) -> int:
        return max(self.n_chains // n_ranks(), 1)

    def sample_next(
        self, machine: ModuleOrApplyFun, parameters: PyTree, state: SamplerState | None = None
    ) -> tuple[SamplerState, tuple[Array, Array]]:
        """One more sweep.

        Args:
            machine: A module, or a function `f(variables, σ)` of log-amplitudes.
            parameters: Its variables.
            state: The state of the sampler; by default a new one.

        Returns:
            The new state, and configurations (C, N) with their log-probabilities (C,).
        """
        if state is None:
            state = self.reset(machine, parameters)
        (samples, log_prob), state = self._sample_chain(
            as_machine(machine), parameters, state, 1, return_log_probabilities=True
        )
        return state, (samples[:, 0], log_prob[:, 0])

    def reset(
        self, machine: ModuleOrApplyFun, parameters: PyTree, state: SamplerState | None = None
    ) -> MetropolisSamplerState:
        _check_kind(self, state)
        new: Any = super().reset(machine, parameters, state)
        if (
            isinstance(state, MetropolisSamplerState)
            and not self.reset_chains
            and is_known(state.σ)
        ):
            remember(new.σ)
        return new

    def sample(
        self,
        machine: ModuleOrApplyFun,
        parameters: PyTree,
        *,
        state: SamplerState | None = None,
        chain_length: int = 1,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, SamplerState]:
        _check_kind(self, state)
        start: Any = self.reset(machine, parameters) if state is None else state
        is_first = not is_known(start.σ)
        if is_first:
            check_start(self.hilbert, self.rule, start.σ)
        result, end = super().sample(
            machine,
            parameters,
            state=start,
            chain_length=chain_length,
            return_log_probabilities=return_log_probabilities,
        )
        samples = result[0] if return_log_probabilities else result
        check_proposed(self.hilbert, self.rule, samples if is_first else end.σ)
        if is_first and chain_length > 0:
            check_amplitudes(end.log_prob)
        remember(end.σ)
        return result, end

    # -- what the base class asks for ------------------------------------------------------------

    def _init_state(
        self, machine: Any, parameters: PyTree, key: PRNGKeyT
    ) -> MetropolisSamplerState:
        state = _new_state(self, machine, parameters, key)
        return state if self.reset_chains else self._checked(state)

    def _reset(
        self, machine: Any, parameters: PyTree, state: MetropolisSamplerState
    ) -> MetropolisSamplerState:
        state = _reset_state(self, machine, parameters, state)
        return self._checked(state) if self.reset_chains else state

    def _sample_chain(
        self,
        machine: Any,
        parameters: PyTree,
        state: MetropolisSamplerState,
        chain_length: int,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, MetropolisSamplerState]:
        return _sample_chain(
            self, machine, parameters, state, chain_length, return_log_probabilities
        )

    def _make_state(self, *args: Any) -> MetropolisSamplerState:
        """A new state, of the class that belongs to the sampler."""
        return MetropolisSamplerState(*args)

    def _checked(self, state: MetropolisSamplerState) -> MetropolisSamplerState:
        """The state, if its configurations belong to the space; only rules of others are asked."""
        if type(self.rule).random_state is not MetropolisRule.random_state:
            name = f"{type(self.rule).__name__}.random_state"
            check_members(self.hilbert, state.σ, f"The configurations returned by `{name}`")
        return state

    # -- representations -------------------------------------------------------------------------

    def _facts(self) -> dict[str, Any]:
        facts = {
            "rule": self.rule,
            "n_chains": self.n_chains,
            "sweep_size": self.sweep_size,
            "reset_chains": self.reset_chains,
            "machine_power": self.machine_pow,
            "dtype": self.dtype,
        }
        if self.chunk_size is not None:
            facts["chunk_size"] = self.chunk_size
        return facts

    def __repr__(self) -> str:
        facts = {"hilbert": self.hilbert, **self._facts()}
        lines = ",\n  ".join(f"{name} = {value}" for name, value in facts.items())
        return f"{type(self).__name__}(\n  {lines})"

    def __str__(self) -> str:
        words = ", ".join(f"{name} = {value}" for name, value in self._facts().items())
        return f"{type(self).__name__}({words})"


# -- compiled parts ------------------------------------------------------------------------------


@partial(jax.jit, static_argnums=1)
def _new_state(
    sampler: MetropolisSampler, machine: Any, parameters: PyTree, key: PRNGKeyT
) -> MetropolisSamplerState:
    rng, rule_key, state_key = jax.random.split(key, 3)
    rule_state = sampler.rule.init_state(sampler, machine, parameters, rule_key)
    σ = shard_along_axis(jnp.zeros((sampler.n_batches, sampler.hilbert.size), sampler.dtype), 0)
    # also finds out early that a model returns the wrong shape
    log_prob = jax.eval_shape(log_prob_of(sampler, machine, parameters), σ)
    state = sampler._make_state(
        σ, rng, rule_state, jnp.full(log_prob.shape, -jnp.inf, log_prob.dtype)
    )
    if sampler.reset_chains:
        return state
    return _at_random(sampler, machine, parameters, state, state_key)


@partial(jax.jit, static_argnums=1)
def _reset_state(
    sampler: MetropolisSampler, machine: Any, parameters: PyTree, state: MetropolisSamplerState
) -> MetropolisSamplerState:
    if sampler.reset_chains:
        rng, key = jax.random.split(state.rng)
        state = _at_random(sampler, machine, parameters, state.replace(rng=rng), key)
    return state.replace(
        rule_state=sampler.rule.reset(sampler, machine, parameters, state),
        n_steps_proc=jnp.zeros_like(state.n_steps_proc),
        n_accepted_proc=jnp.zeros_like(state.n_accepted_proc),
    )


@partial(jax.jit, static_argnums=(1, 4, 5))
def _sample_chain(
    sampler: MetropolisSampler,
    machine: Any,
    parameters: PyTree,
    state: MetropolisSamplerState,
    chain_length: int,
    return_log_probabilities: bool,
) -> tuple[Any, MetropolisSamplerState]:
    _check_shape(sampler, "The configurations of the state of the sampler", state.σ)
    state, samples, log_probs, _ = run_chains(
        sampler, machine, parameters, state, chain_length, return_log_probabilities
    )
    return ((samples, log_probs) if return_log_probabilities else samples), state


def log_prob_of(
    sampler: MetropolisSampler, machine: Any, params: PyTree
) -> Callable[[Array], jax.Array]:
    """The log-probabilities (B,) of configurations (B, N)."""
    return lambda σ: log_density(machine, params, σ, sampler.machine_pow, sampler.chunk_size)


def _at_random(
    sampler: MetropolisSampler,
    machine: Any,
    parameters: PyTree,
    state: MetropolisSamplerState,
    key: PRNGKeyT,
) -> MetropolisSamplerState:
    σ = sampler.rule.random_state(sampler, machine, parameters, state, key)
    _check_shape(sampler, f"What `{type(sampler.rule).__name__}.random_state` returns", σ)
    return state.replace(σ=shard_along_axis(jnp.asarray(σ), 0))


def _check_kind(sampler: MetropolisSampler, state: Any) -> None:
    """Raises a TypeError for the state of a sampler of another kind."""
    if state is not None and not hasattr(state, "σ"):
        raise TypeError(
            f"Argument `state` must be one of a {type(sampler).__name__}, but is a "
            f"{type(state).__name__}. Make one by `sampler.init_state(machine, parameters, seed)`."
        )


def _check_shape(sampler: MetropolisSampler, what: str, σ: Array) -> None:
    expected = (sampler.n_batches, sampler.hilbert.size)
    if σ.shape != expected or σ.dtype != sampler.dtype:
        raise ValueError(
            f"{what} must have shape {expected}, one row for each chain, and dtype "
            f"{sampler.dtype}, but has shape {σ.shape} and dtype {np.dtype(σ.dtype)}."
        )
