# SPDX-License-Identifier: Apache-2.0
"""Checks of what a user gives to a driver; each error names the argument and the way out."""

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def check_state(state: Any) -> Any:
    """Returns a variational state as it is.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(state, type) or not (hasattr(state, "parameters") and hasattr(state, "expect")):
        raise TypeError(
            "Argument `variational_state` must be a variational state, such as "
            f"`nk.vqs.MCState(sampler, model)`, but is {_describe(state)}."
        )
    return state


def check_optimizer(optimizer: Any) -> Any:
    """Returns an optax gradient transformation as it is.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(optimizer, type) or not (
        callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None))
    ):
        raise TypeError(
            "Argument `optimizer` must be an optax gradient transformation, such as "
            f"`nk.optimizer.Sgd(0.05)` or `optax.adam(1e-3)`, but is {_describe(optimizer)}."
        )
    return optimizer


def check_preconditioner(preconditioner: Any) -> Any:
    """Returns a function ``(state, gradient, step) -> update`` as it is.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(preconditioner, type) or not callable(preconditioner):
        raise TypeError(
            "Argument `preconditioner` must be a function (state, gradient, step) -> update, such "
            f"as `nk.optimizer.SR(diag_shift=0.01)`, but is {_describe(preconditioner)}."
        )
    return preconditioner


def check_hamiltonian(hamiltonian: Any, state: Any) -> Any:
    """Returns a hermitian operator on the Hilbert space of the state as it is.

    Raises:
        TypeError: it is no operator, or acts on another Hilbert space.
        ValueError: it is not hermitian.
    """
    if isinstance(hamiltonian, type) or not hasattr(hamiltonian, "hilbert"):
        raise TypeError(
            "Argument `hamiltonian` must be an operator, such as `nk.operator.Ising(...)`, but is "
            f"{_describe(hamiltonian)}."
        )
    if hamiltonian.hilbert != state.hilbert:
        raise TypeError(
            "Argument `hamiltonian` must act on the Hilbert space of the variational state, "
            f"{state.hilbert}, but acts on {hamiltonian.hilbert}. Build both from the same "
            "Hilbert space."
        )
    if not getattr(hamiltonian, "is_hermitian", True):
        raise ValueError(
            "Argument `hamiltonian` must be hermitian, because its expectation value is "
            f"minimised, but {_describe(hamiltonian)} is not. Minimise `(H + H.H) / 2`, or "
            "`H.H @ H` to look for a null vector."
        )
    return hamiltonian


def check_observables(observables: Any, state: Any) -> Any:
    """Returns a dictionary of observables on the Hilbert space of the state as it is.

    Raises:
        TypeError: it is no dictionary, or an observable acts on another Hilbert space.
    """
    if not isinstance(observables, Mapping):
        raise TypeError(
            "Argument `obs` must be a dictionary of names and operators, such as "
            f'`{{"magnetisation": m}}`, but is {_describe(observables)}.'
        )
    hilbert = state.hilbert
    # a mixed state also knows expectation values of operators on the physical space
    known = (hilbert, getattr(hilbert, "physical", hilbert))
    for name, observable in named_leaves(observables):
        if getattr(observable, "hilbert", hilbert) not in known:
            raise TypeError(
                f"Observable {name!r} of argument `obs` must act on the Hilbert space of the "
                f"variational state, {hilbert}, but acts on {observable.hilbert}."
            )
    return observables


def check_steps(n_iter: Any, argument: str = "n_iter", minimum: int | None = None) -> int:
    """Returns a number of steps as a python integer.

    Raises:
        TypeError: it is no integer.
        ValueError: it is below the minimum.
    """
    try:
        steps = operator.index(n_iter)
    except TypeError:
        raise TypeError(
            f"Argument `{argument}` must be an integer number of steps, but is "
            f"{_describe(n_iter)}; write `int(...)`."
        ) from None
    if minimum is not None and steps < minimum:
        raise ValueError(f"Argument `{argument}` must be at least {minimum}, but is {steps}.")
    return steps


def check_number(argument: str, value: Any) -> Any:
    """Returns a number, or a function from the step to a number, as it is.

    Raises:
        TypeError: it is something else.
    """
    if not callable(value) and not (np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf"):
        raise TypeError(
            f"Argument `{argument}` must be a number, or a function from the step to a number "
            f"(such as optax.linear_schedule), but is {_describe(value)}."
        )
    return value


def named_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All entries of nested dictionaries and sequences, with their path as name."""
    if is_container(tree):
        items = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        for key, value in items:
            yield from named_leaves(value, f"{name}/{key}" if name else str(key))
    else:
        yield name, tree


def is_container(x: Any) -> bool:
    """Whether something holds observables, rather than being one (operators are pytrees, too)."""
    return isinstance(x, Mapping | list | tuple)


def _describe(x: Any) -> str:
    if isinstance(x, type):
        return f"the class {x.__name__} (create an object of it)"
    text = repr(x)
    if len(text) > 80 or "\n" in text:
        return f"an object of type {type(x).__name__}"
    return f"{text} of type {type(x).__name__}"
