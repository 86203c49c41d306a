# SPDX-License-Identifier: Apache-2.0
r"""Modules of the wave function :math:`O|\psi\rangle`, from one of :math:`|\psi\rangle`.

.. math::

    \log (O\psi)(\sigma) = \log \sum_{\sigma'} \langle\sigma|O|\sigma'\rangle \psi(\sigma')
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax

from netket.jax import HashablePartial, logsumexp_cplx
from netket.utils.types import Array, PyTree

__all__ = [
    "ApplyOperatorModuleLinen",
    "ApplyOperatorModuleNNX",  # noqa: F822, see `__getattr__`
    "make_logpsi_op_afun",
]


class ApplyOperatorModuleLinen(nn.Module):
    """The log-amplitude of an operator times the state of a flax.linen module.

    Variables: the parameters of the module under the name `base_module`, and the coefficients of
    the operator in the collection `operator`, where no derivative is taken.
    """

    base_module: nn.Module
    """The module of the state that the operator acts on."""
    operator_treedef: Any
    """Structure of the operator, without its coefficients."""

    @classmethod
    def from_module_and_variables(
        cls, bare_module: nn.Module, operator: Any, bare_variables: PyTree
    ) -> tuple["ApplyOperatorModuleLinen", PyTree]:
        """The module and its variables.

        Args:
            bare_module: The module of the state that the operator acts on.
            operator: An operator with a jax kernel.
            bare_variables: Variables of `bare_module`.
        """
        leaves: list[jax.Array]
        leaves, treedef = jax.tree.flatten(operator)
        variables = {name: {"base_module": tree} for name, tree in bare_variables.items()}
        return cls(bare_module, treedef), {**variables, "operator": {"leaves": leaves}}

    @property
    def operator(self) -> Any:
        """The operator; only inside of `apply`."""
        leaves = self.get_variable("operator", "leaves", [])
        return jax.tree.unflatten(self.operator_treedef, leaves)

    def __call__(self, x: Array, *args: Any, **kwargs: Any) -> Array:
        """Log-amplitudes (...) of configurations (..., N)."""
        return _log_sum(lambda xp: self.base_module(xp, *args, **kwargs), self.operator, x)


def make_logpsi_op_afun(
    logpsi_fun: Callable, operator: Any, variables: PyTree
) -> tuple[Callable, PyTree]:
    """The log-amplitude of an operator times a state, as a function of variables.

    Args:
        logpsi_fun: Log-amplitude (variables, configurations) of the state.
        operator: An operator with a jax kernel.
        variables: Variables of the state.

    Returns:
        A function (variables, configurations), hashable by content, and its variables, which have
        the operator in the collection `operator`.
    """
    return HashablePartial(_applied, logpsi_fun), {**variables, "operator": operator}


def _applied(logpsi_fun: Callable, variables: PyTree, x: Array, *args: Any, **kwargs: Any) -> Array:
    variables = dict(variables)
    operator = variables.pop("operator")
    return _log_sum(lambda xp: logpsi_fun(variables, xp, *args, **kwargs), operator, x)


def _log_sum(log_psi: Callable, operator: Any, x: Array) -> jax.Array:
    xp, mels = operator.get_conn_padded(x)
    return logsumexp_cplx(log_psi(xp), axis=-1, b=mels)


def __getattr__(name: str) -> Any:
    if name == "ApplyOperatorModuleNNX":
        from ._apply_operator_nnx import ApplyOperatorModuleNNX  # flax.nnx is slow to import

        return ApplyOperatorModuleNNX
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
