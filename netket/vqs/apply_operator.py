# SPDX-License-Identifier: Apache-2.0
r"""`apply_operator`: the state O|ψ⟩ as a variational state, log Σ_σ' ⟨σ|O|σ'⟩ ψ(σ')."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from netket.jax import logsumexp_cplx
from netket.operator import DiscreteOperator
from netket.utils.types import PyTree, SeedT

from .checks import check_hilbert
from .dispatch import applied
from .full_sum_state import FullSumState
from .mc_state import MCState


@dataclass(frozen=True)
class AppliedOperator:
    """The model of ``O|ψ⟩``; the operator is among its variables, in collection ``"operator"``.

    Attributes:
        apply_fun: the log-amplitude of ``|ψ⟩``.
    """

    apply_fun: Callable

    def apply(self, variables: PyTree, x: jax.Array, **kwargs: Any) -> jax.Array:
        """Log-amplitudes (B,) of configurations (B, N)."""
        variables = dict(variables)
        applied = variables.pop("operator")
        operator = applied["operator"]
        if "to" in applied:  # |ψ⟩ is itself an operator applied to a state
            variables["operator"] = applied["to"]
        xp, mels = operator.get_conn_padded(x)
        log = self.apply_fun(variables, xp, **kwargs)
        return logsumexp_cplx(log, axis=-1, b=mels)


def apply_operator(
    operator: DiscreteOperator, vstate: MCState | FullSumState, *, seed: SeedT | None = None
) -> MCState | FullSumState:
    """The state ``O|ψ⟩``, of the same kind, with the parameters of ``|ψ⟩``.

    Args:
        operator: an operator with a jax kernel.
        vstate: the state ``|ψ⟩``.
        seed: of the sampler.

    Raises:
        TypeError: `operator` is no discrete operator.
        ValueError: the operator acts on another Hilbert space.
    """
    if not isinstance(operator, DiscreteOperator):
        raise TypeError(
            f"Argument `operator` must be a discrete operator, but is a {type(operator).__name__}."
        )
    check_hilbert(vstate.hilbert, operator)
    applied = {"operator": operator}
    if isinstance(vstate.model, AppliedOperator):
        applied["to"] = vstate.variables["operator"]
    options = {
        "variables": {**vstate.variables, "operator": applied},
        "chunk_size": vstate.chunk_size,
        "seed": seed,
    }
    model = AppliedOperator(vstate._apply_fun)
    if isinstance(vstate, FullSumState):
        return FullSumState(vstate.hilbert, model, **options)
    return MCState(
        vstate.sampler,
        model,
        n_samples=vstate.n_samples,
        n_discard_per_chain=vstate.n_discard_per_chain,
        **options,
    )


@applied.dispatch
def applied_discrete(vstate: MCState | FullSumState, operator: DiscreteOperator) -> Any:
    return apply_operator(operator, vstate)
