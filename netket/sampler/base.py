# SPDX-License-Identifier: Apache-2.0
r"""What all samplers share: configurations drawn from :math:`p(\sigma)\propto|\psi(\sigma)|^p`."""

import abc
import numbers
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax import PRNGKey
from netket.jax.sharding import n_ranks
from netket.utils import struct
from netket.utils.types import Array, DType, ModuleOrApplyFun, PyTree, Scalar, SeedT

from ._machine import as_machine, log_density

__all__ = ["Sampler", "SamplerState"]


class SamplerState(struct.Pytree):
    """Base of what a sampler keeps between calls: a pytree that `flax.serialization` stores."""


class Sampler(struct.Pytree):
    r"""Base of the samplers of :math:`p(\sigma)\propto|\psi(\sigma)|^p`.

    A sampler is an immutable pytree, hashable by content: it can be passed through `jax.jit` and
    `replace` makes a changed copy. What changes while sampling is in its state::

        state = sampler.init_state(model, variables, seed=1)
        state = sampler.reset(model, variables, state)
        samples, state = sampler.sample(model, variables, state=state, chain_length=100)

    A subclass defines `_init_state(machine, parameters, key)`, `_reset(machine, parameters, state)`
    and `_sample_chain(machine, parameters, state, chain_length)`, where `machine` is an object with
    `apply(variables, σ)`. To support `return_log_probabilities`, the last one accepts this keyword.
    """

    hilbert: AbstractHilbert = struct.field(pytree_node=False)
    """The space of the configurations."""
    machine_pow: Scalar = struct.field(default=2)
    """The exponent p."""
    dtype: DType = struct.field(pytree_node=False, default=None)
    """Data type of the samples."""

    def __init__(self, hilbert: AbstractHilbert, *, machine_pow: Scalar = 2, dtype: DType = None):
        """Constructs a sampler.

        Args:
            hilbert: The space of the configurations.
            machine_pow: The exponent p, a positive number.
            dtype: Data type of the samples; by default the smallest that holds the local states.

        Raises:
            TypeError: `hilbert` is no Hilbert space.
            ValueError: `machine_pow` is not positive, or `dtype` cannot hold the local states.
        """
        if not isinstance(hilbert, AbstractHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a Hilbert space, but is a {type(hilbert).__name__}."
            )
        self.hilbert = hilbert
        self.machine_pow = _check_power(machine_pow)
        self.dtype = _check_dtype(hilbert, dtype)

    def replace(self, **changes: Any) -> Any:
        """A copy with other values of some fields, which are checked as by the constructor.

        Args:
            **changes: The new values, by the names of the fields.

        Raises:
            ValueError: There is no such field, or its value is not possible.
        """
        if "machine_pow" in changes:
            changes["machine_pow"] = _check_power(changes["machine_pow"])
        if "dtype" in changes:
            changes["dtype"] = _check_dtype(changes.get("hilbert", self.hilbert), changes["dtype"])
        return super().replace(**changes)

    # -- facts ---------------------------------------------------------------------------------

    @property
    def n_chains_per_rank(self) -> int:
        """Number of chains on every device."""
        return max(self.n_chains // n_ranks(), 1)

    @property
    def n_chains(self) -> int:
        """Number of independent chains on all devices."""
        return n_ranks()

    @property
    def n_batches(self) -> int:
        """Number of configurations that are updated at the same time."""
        return self.n_chains

    @property
    def is_exact(self) -> bool:
        """Whether samples are independent and of exactly the right distribution."""
        return False

    # -- sampling ------------------------------------------------------------------------------

    def log_pdf(self, model: ModuleOrApplyFun) -> Callable[[PyTree, Array], Array]:
        """The function `f(variables, σ)` of the unnormalised log-probabilities.

        Args:
            model: A module, or a function of log-amplitudes.
        """
        machine = as_machine(model)
        return lambda variables, σ: log_density(machine, variables, σ, self.machine_pow)

    def init_state(
        self, machine: ModuleOrApplyFun, parameters: PyTree, seed: SeedT | None = None
    ) -> SamplerState:
        """A new state.

        Args:
            machine: A module, or a function `f(variables, σ)` of log-amplitudes.
            parameters: Its variables.
            seed: An integer or a random key; by default one of the operating system.
        """
        return self._init_state(as_machine(machine), parameters, PRNGKey(seed))

    def reset(
        self, machine: ModuleOrApplyFun, parameters: PyTree, state: SamplerState | None = None
    ) -> SamplerState:
        """The state at the beginning of a new round of samples, for example of new parameters.

        Args:
            machine: A module, or a function `f(variables, σ)` of log-amplitudes.
            parameters: Its variables.
            state: The state until now; by default a new one.
        """
        if state is None:
            state = self.init_state(machine, parameters)
        return self._reset(as_machine(machine), parameters, state)

    def sample(
        self,
        machine: ModuleOrApplyFun,
        parameters: PyTree,
        *,
        state: SamplerState | None = None,
        chain_length: int = 1,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, SamplerState]:
        """Draws samples.

        Args:
            machine: A module, or a function `f(variables, σ)` of log-amplitudes.
            parameters: Its variables.
            state: The state of the sampler; by default a new one.
            chain_length: Number of samples of every chain.
            return_log_probabilities: Whether unnormalised log-probabilities are returned, too.

        Returns:
            The samples (n_chains, chain_length, N), and the new state. On request the first of the
            two is a pair: samples and log-probabilities (n_chains, chain_length).

        Raises:
            ValueError: `chain_length` is negative, or the model returns the wrong shape.
        """
        if not isinstance(chain_length, numbers.Integral) or chain_length < 0:
            raise ValueError(
                f"Argument `chain_length` must be a positive integer, but is {chain_length!r}."
            )
        if state is None:
            state = self.reset(machine, parameters)
        options = {"return_log_probabilities": True} if return_log_probabilities else {}
        return self._sample_chain(
            as_machine(machine), parameters, state, int(chain_length), **options
        )

    def samples(
        self,
        machine: ModuleOrApplyFun,
        parameters: PyTree,
        *,
        state: SamplerState | None = None,
        chain_length: int = 1,
    ) -> Iterator[Array]:
        """Iterates over `chain_length` batches of samples (n_chains, N), drawn one at a time.

        Args:
            machine: A module, or a function `f(variables, σ)` of log-amplitudes.
            parameters: Its variables.
            state: The state of the sampler; by default a new one.
            chain_length: Number of batches.
        """
        if state is None:
            state = self.reset(machine, parameters)
        for _ in range(chain_length):
            batch, state = self.sample(machine, parameters, state=state, chain_length=1)
            yield batch[:, 0, :]

    # -- what subclasses define ------------------------------------------------------------------

    @abc.abstractmethod
    def _init_state(self, machine: Any, parameters: PyTree, key: Any) -> SamplerState:
        """A new state."""

    @abc.abstractmethod
    def _reset(self, machine: Any, parameters: PyTree, state: SamplerState) -> SamplerState:
        """The state at the beginning of a new round."""

    @abc.abstractmethod
    def _sample_chain(
        self, machine: Any, parameters: PyTree, state: SamplerState, chain_length: int
    ) -> tuple[Any, SamplerState]:
        """Samples (n_chains, chain_length, N) and the new state."""

    # -- equality --------------------------------------------------------------------------------

    def __hash__(self) -> int:
        return hash(_content(self))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _content(self) == _content(other)


def _content(tree: PyTree) -> tuple:
    """Something hashable that is equal for equal pytrees with concrete leaves."""
    leaves, treedef = jax.tree.flatten(tree)
    return treedef, tuple((x.shape, x.tobytes()) for x in map(np.asarray, leaves))


def _check_power(p: Scalar) -> Scalar:
    """The exponent as a Python number; what jax traces is left alone."""
    if isinstance(p, jax.core.Tracer):
        return p
    try:
        p = np.asarray(p).item()
        positive = 0 < p < np.inf
    except (TypeError, ValueError):
        positive = False
    if not positive:
        raise ValueError(f"Argument `machine_pow` must be a positive number, but is {p!r}.")
    return p


def _check_dtype(hilbert: AbstractHilbert, dtype: DType) -> np.dtype:
    """The data type of the samples; the smallest by default.

    Raises:
        ValueError: It cannot hold the local states, or is not one of numbers.
    """
    dtype = np.dtype(_smallest_dtype(hilbert) if dtype is None else dtype)
    if not hasattr(hilbert, "states_at_index"):
        fits, values = jax.dtypes.issubdtype(dtype, np.inexact), "positions"
    else:
        ends = _ends(hilbert)
        values = f"local states from {ends.min()} to {ends.max()}"
        with np.errstate(invalid="ignore"):
            fits = np.array_equal(ends.astype(dtype).astype(ends.dtype), ends)
    if not fits or dtype.kind == "b":
        raise ValueError(
            f"Argument `dtype` must be able to hold the {values} of {hilbert}, but is {dtype}. "
            "Leave it out for the smallest one."
        )
    return dtype


def _smallest_dtype(hilbert: AbstractHilbert) -> DType:
    """The smallest signed integers that hold all local states, floats if they are not integers."""
    if not hasattr(hilbert, "states_at_index"):
        return float
    ends = _ends(hilbert)
    if np.any(ends != np.rint(ends)):
        return float
    low, high = int(ends.min()), int(ends.max())
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return next(k for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max)


def _ends(hilbert: Any) -> np.ndarray:
    """First and last local state of every site, or of all."""
    if getattr(hilbert, "local_states", None) is not None:
        values = [hilbert.local_states]
    else:
        values = [hilbert.states_at_index(i) for i in range(hilbert.size)]
    return np.array([[v[0], v[-1]] for v in values])
