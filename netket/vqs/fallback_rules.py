# SPDX-License-Identifier: Apache-2.0
"""Rules for what has no better one: errors that say what to implement, and chunks left out."""

from typing import Any, NoReturn

from netket.operator._base import AbstractObservable

from .dispatch import expect, expect_and_forces, expect_and_grad, local_estimators
from .kernel_rules import warn_ignored
from .mc_state import MCState
from .state import VariationalState


def no_rule(function: str, vstate: Any, operator: Any) -> NoReturn:
    """Raises the error for a pair of state and observable without rule."""
    state, kind = type(vstate).__name__, type(operator).__name__
    what = "observables are subclasses of netket.observable.AbstractObservable"
    if isinstance(operator, AbstractObservable):
        what = (
            f"write one with `@netket.vqs.{function}.dispatch` for (vstate: {state}, operator: "
            f"{kind}" + (", chunk_size: None)" if isinstance(vstate, MCState) else ")")
        )
    raise TypeError(f"There is no rule {function}({state}, {kind}): {what}.")


@expect.dispatch
def expect_unknown(vstate: VariationalState, operator: Any, *args: Any, **kwargs: Any) -> Any:
    no_rule("expect", vstate, operator)


@expect_and_grad.dispatch
def expect_and_grad_unknown(
    vstate: VariationalState, operator: Any, *args: Any, **kwargs: Any
) -> Any:
    no_rule("expect_and_grad", vstate, operator)


@expect_and_forces.dispatch
def expect_and_forces_unknown(
    vstate: VariationalState, operator: Any, *args: Any, **kwargs: Any
) -> Any:
    no_rule("expect_and_forces", vstate, operator)


@local_estimators.dispatch
def local_estimators_unknown(
    vstate: VariationalState, operator: Any, *args: Any, **kwargs: Any
) -> Any:
    no_rule("local_estimators", vstate, operator)


@expect.dispatch
def expect_own_chunks(vstate: MCState, operator: AbstractObservable) -> Any:
    return expect(vstate, operator, vstate.chunk_size)


@expect_and_grad.dispatch
def expect_and_grad_own_chunks(vstate: MCState, operator: AbstractObservable, **kwargs: Any) -> Any:
    kwargs.setdefault("mutable", vstate.mutable)
    return expect_and_grad(vstate, operator, vstate.chunk_size, **kwargs)


@expect_and_forces.dispatch
def expect_and_forces_own_chunks(
    vstate: MCState, operator: AbstractObservable, **kwargs: Any
) -> Any:
    kwargs.setdefault("mutable", vstate.mutable)
    return expect_and_forces(vstate, operator, vstate.chunk_size, **kwargs)


def _without_chunks(
    function: Any, name: str, vstate: Any, operator: Any, chunk_size: Any, **kwargs: Any
) -> Any:
    if chunk_size is None:
        no_rule(name, vstate, operator)
    warn_ignored(chunk_size, name, vstate, operator)
    return function(vstate, operator, None, **kwargs)


@expect.dispatch
def expect_without_chunks(vstate: MCState, operator: AbstractObservable, chunk_size: Any) -> Any:
    return _without_chunks(expect, "expect", vstate, operator, chunk_size)


@expect_and_grad.dispatch
def expect_and_grad_without_chunks(
    vstate: MCState, operator: AbstractObservable, chunk_size: Any, **kwargs: Any
) -> Any:
    name = "expect_and_grad"
    return _without_chunks(expect_and_grad, name, vstate, operator, chunk_size, **kwargs)


@expect_and_forces.dispatch
def expect_and_forces_without_chunks(
    vstate: MCState, operator: AbstractObservable, chunk_size: Any, **kwargs: Any
) -> Any:
    name = "expect_and_forces"
    return _without_chunks(expect_and_forces, name, vstate, operator, chunk_size, **kwargs)


@local_estimators.dispatch
def local_estimators_without_chunks(
    vstate: MCState, operator: AbstractObservable, chunk_size: Any
) -> Any:
    return _without_chunks(local_estimators, "local_estimators", vstate, operator, chunk_size)
