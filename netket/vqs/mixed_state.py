# SPDX-License-Identifier: Apache-2.0
r"""`MCMixedState`: a density matrix ρ(σ, σ') = exp(model((σ, σ'))), sampled like a wave function.

Expectation values of super-operators are those of |ρ>> as a wave function on the doubled space.
Those of physical operators are averages over the diagonal,

    Tr(O ρ)/Tr ρ = E_{σ ~ ρ(σ, σ)}[Σ_σ' <σ|O|σ'> ρ(σ', σ)/ρ(σ, σ)].
"""

import copy
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import MCMixedStateExpectAndGradOnPhysicalOperatorError
from netket.hilbert import AbstractHilbert, DoubledHilbert
from netket.jax import HashablePartial, PRNGKey
from netket.operator import AbstractOperator, AbstractSuperOperator, EmbedOperator, Squared
from netket.sampler import MetropolisSampler, Sampler
from netket.stats import LocalEstimators, Stats, statistics
from netket.utils.types import Array, PyTree, SeedT

from .dispatch import expect, expect_and_forces, expect_and_grad, local_estimators
from .mc_local import local_values_of
from .mc_state import MCState
from .model import FunctionModel
from .state import VariationalState


class VariationalMixedState(VariationalState):
    """Base of states that are density matrices.

    Args:
        hilbert: the `DoubledHilbert` of the elements of the density matrix.
    """

    def __init__(self, hilbert: AbstractHilbert, *args: Any, **kwargs: Any):
        _check_doubled(hilbert, "hilbert")
        super().__init__(hilbert, *args, **kwargs)

    @property
    def hilbert_physical(self) -> Any:
        """The space of the pure states."""
        return self.hilbert.physical  # type: ignore[attr-defined]

    def to_matrix(self, normalize: bool = True) -> np.ndarray:
        """The density matrix, in the order of ``hilbert_physical.all_states()``.

        Args:
            normalize: to Tr ρ = 1.
        """
        n = self.hilbert_physical.n_states
        matrix = np.asarray(self.to_array(normalize=False)).reshape(n, n)
        return matrix / np.trace(matrix) if normalize else matrix

    def to_qobj(self) -> Any:
        """The normalised density matrix as an operator of qutip.

        Raises:
            MissingDependencyError: qutip is not installed.
        """
        from netket.utils.optional import require

        qutip = require("qutip", "to convert states to qutip", extra="extra")
        shape = list(self.hilbert_physical.shape)
        # constrained spaces are no products of the local ones
        dims = None if self.hilbert_physical.constraint is not None else [shape, shape]
        return qutip.Qobj(self.to_matrix(), dims=dims)


class MCMixedState(VariationalMixedState, MCState):
    """A density matrix whose expectation values are estimated with Monte Carlo samples.

    Args:
        sampler: draws samples of ``|ρ(σ, σ')|²``, on a `DoubledHilbert`.
        model: module whose log-amplitudes of configurations (B, 2 N) are log ρ(σ, σ').
        sampler_diag: draws samples of ``ρ(σ, σ)``, with `machine_pow` 1; by default one with the
            rule and the number of chains of `sampler`.
        n_samples_diag: number of samples of the diagonal; by default as `n_samples`.
        n_samples_per_rank_diag: alternatively, the number for each device.
        n_discard_per_chain_diag: samples of each of its chains that are discarded first.
        seed: of the variables and the samplers.
        sampler_seed: of the samplers, if it is to be another.
        variables: of the model; by default the model draws them.
        kwargs: further arguments of `MCState`.

    Raises:
        TypeError: the sampler is not one of a `DoubledHilbert`.

    Example:
        >>> import jax.numpy as jnp, netket as nk
        >>> hi = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 2))
        >>> diagonal = lambda variables, x: -2.0 * jnp.sum((x[:, :2] - x[:, 2:]) ** 2, axis=-1)
        >>> sampler = nk.sampler.MetropolisLocal(hi)
        >>> rho = nk.vqs.MCMixedState(sampler, apply_fun=diagonal, variables={}, n_samples=64)
        >>> rho.diagonal.samples.shape
        (16, 4, 2)
    """

    def __init__(
        self,
        sampler: Sampler,
        model: Any = None,
        *,
        sampler_diag: Sampler | None = None,
        n_samples_diag: int | None = None,
        n_samples_per_rank_diag: int | None = None,
        n_discard_per_chain_diag: int | None = None,
        seed: SeedT | None = None,
        sampler_seed: SeedT | None = None,
        variables: PyTree | None = None,
        **kwargs: Any,
    ):
        if isinstance(sampler, Sampler):
            _check_doubled(sampler.hilbert, "sampler")
        seed, diagonal_seed = jax.random.split(PRNGKey(seed))
        if sampler_seed is not None:
            sampler_seed, diagonal_seed = jax.random.split(PRNGKey(sampler_seed))
        self._diagonal: MCState | None = None
        MCState.__init__(
            self,
            sampler,
            model,
            seed=seed,
            sampler_seed=sampler_seed,
            variables=variables,
            **kwargs,
        )
        if n_samples_diag is None and n_samples_per_rank_diag is None:
            n_samples_diag = self.n_samples
        if sampler_diag is None:
            sampler_diag = _diagonal_sampler(sampler)
        if sampler_diag.hilbert != self.hilbert_physical:
            raise ValueError(
                f"Argument `sampler_diag` must sample {self.hilbert_physical}, but samples "
                f"{sampler_diag.hilbert}."
            )
        self._diagonal = MCState(
            sampler_diag,
            diagonal_model(self._apply_fun),
            variables=self.variables,
            n_samples=n_samples_diag,
            n_samples_per_rank=n_samples_per_rank_diag,
            n_discard_per_chain=n_discard_per_chain_diag,
            sampler_seed=diagonal_seed,
            chunk_size=self.chunk_size,
        )

    # -- the diagonal -------------------------------------------------------------------------

    @property
    def diagonal(self) -> MCState:
        """The diagonal as a state, whose amplitudes are ρ(σ, σ)."""
        assert self._diagonal is not None
        self._diagonal.chunk_size = self.chunk_size
        return self._diagonal

    @property
    def sampler_diag(self) -> Sampler:
        """The sampler of the diagonal."""
        return self.diagonal.sampler

    @sampler_diag.setter
    def sampler_diag(self, sampler: Sampler) -> None:
        self.diagonal.sampler = sampler

    @property
    def n_samples_diag(self) -> int:
        """Number of samples of the diagonal over all chains and devices."""
        return self.diagonal.n_samples

    @n_samples_diag.setter
    def n_samples_diag(self, n_samples: int) -> None:
        self.diagonal.n_samples = n_samples

    @property
    def chain_length_diag(self) -> int:
        """Number of samples of each chain of the diagonal."""
        return self.diagonal.chain_length

    @chain_length_diag.setter
    def chain_length_diag(self, length: int) -> None:
        self.diagonal.chain_length = length

    @property
    def n_discard_per_chain_diag(self) -> int:
        """Samples of each chain of the diagonal that are discarded first."""
        return self.diagonal.n_discard_per_chain

    @n_discard_per_chain_diag.setter
    def n_discard_per_chain_diag(self, n: int | None) -> None:
        self.diagonal.n_discard_per_chain = n

    def reset(self) -> None:
        MCState.reset(self)
        if self._diagonal is not None:  # its variables are those of the whole
            self._diagonal.variables = self.variables

    def expect_and_grad_operator(self, Ô: AbstractOperator, is_hermitian: Any = None) -> Any:
        """The gradient of a physical operator is not defined.

        Raises:
            MCMixedStateExpectAndGradOnPhysicalOperatorError: always.
        """
        raise MCMixedStateExpectAndGradOnPhysicalOperatorError(self, Ô)

    def __copy__(self) -> "MCMixedState":
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._diagonal = copy.copy(self._diagonal)
        return new

    def __repr__(self) -> str:
        return MCState.__repr__(self).replace("MCState(", "MCMixedState(", 1)

    def __str__(self) -> str:
        return MCState.__str__(self).replace("MCState(", "MCMixedState(", 1)


def _check_doubled(hilbert: Any, argument: str) -> None:
    if not isinstance(hilbert, DoubledHilbert):
        raise TypeError(
            f"Argument `{argument}` must belong to a netket.hilbert.DoubledHilbert, the space of "
            f"the elements of a density matrix, but belongs to {hilbert}."
        )


def diagonal_model(apply_fun: Any) -> FunctionModel:
    """The model whose log-amplitudes are log ρ(σ, σ)."""
    return FunctionModel(None, HashablePartial(_log_diagonal, apply_fun))


def _log_diagonal(apply_fun: Any, variables: PyTree, σ: Array, **kwargs: Any) -> Any:
    """log ρ(σ, σ)."""
    return apply_fun(variables, jnp.concatenate([σ, σ], axis=-1), **kwargs)


def _diagonal_sampler(sampler: Sampler) -> Sampler:
    physical = sampler.hilbert.physical  # type: ignore[attr-defined]
    if not isinstance(sampler, MetropolisSampler):
        return type(sampler)(physical, machine_pow=1, dtype=sampler.dtype)
    return type(sampler)(
        physical,
        sampler.rule,
        sweep_size=physical.size,
        reset_chains=sampler.reset_chains,
        n_chains=sampler.n_chains,
        chunk_size=sampler.chunk_size,
        machine_pow=1,
        dtype=sampler.dtype,
    )


# -- rules ------------------------------------------------------------------------------------


def is_physical(vstate: MCMixedState, operator: AbstractOperator) -> bool:
    """Whether an operator acts on the space of pure states."""
    if isinstance(operator, AbstractSuperOperator):
        return False
    return operator.hilbert == vstate.hilbert_physical


def _values(vstate: MCMixedState, operator: AbstractOperator, chunk_size: Any) -> jax.Array:
    """Local estimators: of super-operators, or of physical operators on the diagonal."""
    if not is_physical(vstate, operator):
        return local_values_of(vstate, operator, chunk_size)
    view = copy.copy(vstate)
    σ = vstate.diagonal.samples
    view._samples = jnp.concatenate([σ, σ], axis=-1)
    return local_values_of(view, EmbedOperator(vstate.hilbert, operator, 0), chunk_size)


@local_estimators.dispatch
def local_estimators_mixed(
    vstate: MCMixedState, operator: AbstractOperator, chunk_size: Any
) -> LocalEstimators:
    return LocalEstimators(_values(vstate, operator, chunk_size))


@local_estimators.dispatch
def local_estimators_mixed_squared(
    vstate: MCMixedState, operator: Squared, chunk_size: Any
) -> LocalEstimators:
    if is_physical(vstate, operator):
        return LocalEstimators(_values(vstate, operator, chunk_size))
    return local_estimators.invoke(MCState, Squared, object)(vstate, operator, chunk_size)


@expect.dispatch
def expect_mixed(vstate: MCMixedState, operator: AbstractOperator, chunk_size: Any) -> Stats:
    return statistics(_values(vstate, operator, chunk_size))


@expect.dispatch
def expect_mixed_squared(vstate: MCMixedState, operator: Squared, chunk_size: Any) -> Stats:
    return statistics(local_estimators(vstate, operator, chunk_size).data)


@expect_and_grad.dispatch
def expect_and_grad_mixed(
    vstate: MCMixedState, operator: AbstractOperator, chunk_size: Any, **kwargs: Any
) -> tuple[Stats, PyTree]:
    check_super(vstate, operator)
    rule = expect_and_grad.invoke(MCState, AbstractOperator, object)
    return rule(vstate, operator, chunk_size, **kwargs)


@expect_and_grad.dispatch
def expect_and_grad_mixed_squared(
    vstate: MCMixedState, operator: Squared, chunk_size: Any, **kwargs: Any
) -> tuple[Stats, PyTree]:
    check_super(vstate, operator)
    rule = expect_and_grad.invoke(MCState, Squared, object)
    return rule(vstate, operator, chunk_size, **kwargs)


@expect_and_forces.dispatch
def expect_and_forces_mixed(
    vstate: MCMixedState, operator: AbstractOperator, chunk_size: Any, **kwargs: Any
) -> tuple[Stats, PyTree]:
    check_super(vstate, operator)
    rule = expect_and_forces.invoke(MCState, AbstractOperator, object)
    return rule(vstate, operator, chunk_size, **kwargs)


def check_super(vstate: MCMixedState, operator: AbstractOperator) -> None:
    """Raises an error for a physical operator, whose gradient is not defined."""
    if is_physical(vstate, operator):
        raise MCMixedStateExpectAndGradOnPhysicalOperatorError(vstate, operator)
