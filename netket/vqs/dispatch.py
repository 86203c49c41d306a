# SPDX-License-Identifier: Apache-2.0
r"""The functions that third parties extend: one rule per kind of state and kind of observable.

`expect`, `expect_and_grad`, `expect_and_forces` and `local_estimators` answer a method of a state
of the same name. The rules for `MCState` and operators compute

    <O> = E_{σ ~ |ψ|²}[O_loc(σ)]        O_loc = kernel(log ψ, variables, samples, arguments)

with a kernel from `get_local_kernel` and arguments from `get_local_kernel_arguments`, so that a
new kind of operator needs these two only::

    @nk.vqs.get_local_kernel_arguments.dispatch
    def my_arguments(vstate: nk.vqs.MCState, op: MyOperator):
        return vstate.samples, op            # samples, and a pytree passed to the kernel

    @nk.vqs.get_local_kernel.dispatch
    def my_kernel(vstate: nk.vqs.MCState, op: MyOperator):
        return my_local_values               # f(logpsi, variables, samples[B, N], op) -> [B]
"""

from typing import Any

from plum import Dispatcher

_dispatcher = Dispatcher()


@_dispatcher.abstract
def expect(vstate: Any, operator: Any, chunk_size: Any) -> Any:
    """Expectation value of an observable, as `netket.stats.Stats`.

    Called as ``expect(vstate, op, vstate.chunk_size)`` by `MCState.expect` and as
    ``expect(vstate, op)`` by `FullSumState.expect`.
    """


@_dispatcher.abstract
def expect_and_grad(vstate: Any, operator: Any, chunk_size: Any) -> Any:
    """Expectation value and its gradient by the parameters.

    Rules take ``(vstate, op, chunk_size, *, mutable)`` for a `MCState`, without `chunk_size` for a
    `FullSumState`, and may take further keywords, which `vstate.expect_and_grad` passes on.
    """


@_dispatcher.abstract
def expect_and_forces(vstate: Any, operator: Any, chunk_size: Any) -> Any:
    """Expectation value and the forces <∂_k log ψ^* (O_loc - <O>)>.

    Rules take the arguments of those of `expect_and_grad`.
    """


@_dispatcher.abstract
def applied(vstate: Any, operator: Any) -> Any:
    """The state O|ψ⟩, of the same kind; the answer of `VariationalState.applied`."""


@_dispatcher.abstract
def local_estimators(vstate: Any, operator: Any, chunk_size: Any) -> Any:
    """The values whose mean is the expectation value, as `netket.stats.LocalEstimators`."""


@_dispatcher.abstract
def get_local_kernel(vstate: Any, operator: Any, chunk_size: Any) -> Any:
    """The function that computes local estimators.

    It has the signature ``kernel(logpsi, variables, samples, arguments)``, with `samples` of
    shape (B, N), returns (B,) values, and must be traceable and hashable. Rules for an integer
    `chunk_size` return a kernel that takes the keyword `chunk_size` as well.
    """


@_dispatcher.abstract
def get_local_kernel_arguments(vstate: Any, operator: Any) -> Any:
    """Samples (..., N), and a pytree of further arguments for the kernel of `get_local_kernel`."""
