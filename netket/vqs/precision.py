# SPDX-License-Identifier: Apache-2.0
"""How long to sample: until chains have mixed, until an error is small, and how often.

The functions behind `MCState.thermalise`, `MCState.expect_to_precision` and
`MCState.check_mc_convergence`.
"""

import math
import sys
import warnings
from typing import Any

import jax
import numpy as np

from netket.errors import SamplingWarning
from netket.stats import OnlineStats, online_statistics
from netket.utils.history import HistoryDict
from netket.utils.types import PyTree


def thermalise(
    state: Any,
    op: Any,
    *,
    min_chain_length: int,
    max_chain_length: int,
    rhat_tol: float,
    decay: float,
    patience: int,
    verbose: bool,
    raise_on_failure: bool,
) -> tuple[OnlineStats, HistoryDict]:
    """See `MCState.thermalise`."""
    _check_lengths(min_chain_length, max_chain_length)
    acc, history, good = None, _History(), 0
    block = max(2, min_chain_length // 2)
    while history.length < max_chain_length:
        acc = _more(state, op, block, acc, decay=decay)
        history.add(block, acc, ("mean", "error_of_mean", "variance", "R_hat"))
        good = good + 1 if acc.R_hat < rhat_tol else 0
        if good >= patience and history.length >= min_chain_length:
            break
    state.reset()
    if good < patience:
        text = (
            f"The chains have not mixed after {history.length} samples each: R_hat is "
            f"{float(acc.R_hat):.4g}, not below {rhat_tol}. Raise `max_chain_length`, or "
            "`sweep_size` of the sampler."
        )
        if raise_on_failure:
            raise RuntimeError(text)
        warnings.warn(text, SamplingWarning, stacklevel=3)
    _report(verbose, f"{history.length} samples per chain: {acc}")
    return acc, history.dict


def expect_to_precision(
    state: Any,
    op: PyTree,
    *,
    atol: PyTree,
    rtol: PyTree,
    max_iter: int,
    max_lag: int,
    verbose: bool,
) -> PyTree:
    """See `MCState.expect_to_precision`."""
    ops, treedef = jax.tree.flatten(op, is_leaf=_is_observable)
    tolerances = list(zip(*(_per_operator(t, treedef, n) for t, n in ((atol, "a"), (rtol, "r")))))
    if any(a is None and r is None for a, r in tolerances):
        raise ValueError("Argument `atol` or `rtol` must be given for every operator.")
    if max_iter < 1:
        raise ValueError(f"Argument `max_iter` must be positive, but is {max_iter}.")
    accs: list[OnlineStats | None] = [None] * len(ops)
    for i in range(max_iter):
        state.sample(n_discard_per_chain=None if i == 0 else 0)
        accs = [
            state.local_estimators(o).accumulate(acc, max_lag=max_lag) for o, acc in zip(ops, accs)
        ]
        if all(_is_precise(acc, *t) for acc, t in zip(accs, tolerances)):
            break
    else:
        warnings.warn(
            f"The errors are not as small as asked for after max_iter={max_iter} rounds of "
            f"{state.n_samples} samples.",
            SamplingWarning,
            stacklevel=3,
        )
    errors = ", ".join(f"{float(acc.error_of_mean):.3g}" for acc in accs)
    _report(verbose, f"{i + 1} rounds of {state.n_samples} samples; errors: {errors}")
    return treedef.unflatten(accs)


def check_mc_convergence(
    state: Any, op: Any, *, min_chain_length: int, max_chain_length: int, plot: bool
) -> tuple[OnlineStats, HistoryDict]:
    """See `MCState.check_mc_convergence`."""
    _check_lengths(min_chain_length, max_chain_length)
    sampler = state.sampler
    sweep_size = getattr(sampler, "sweep_size", None)
    if sweep_size is None or sampler.is_exact:
        raise TypeError(
            f"A {type(sampler).__name__} draws independent samples: there is nothing to check. "
            "Only states with a Metropolis sampler can be asked."
        )
    kept = state.sampler_state
    # every step, so that correlations shorter than a sweep show
    state._sampler = sampler.replace(sweep_size=1)
    block = min(max(min_chain_length, 2), 64)
    acc, history = None, _History()
    names = ("mean", "error_of_mean", "variance", "R_hat", "tau_corr_acf", "tau_corr_batch")
    try:
        while history.length < max_chain_length:
            acc = _more(state, op, block, acc)
            history.add(block, acc, names, sweep_size=sweep_size)
            # an autocorrelation function needs chains much longer than the time it decays in
            if history.length >= max(min_chain_length, 50 * float(acc.tau_corr_acf)):
                break
    finally:
        state._sampler = sampler
        state.sampler_state = kept
        state.reset()
    τ = float(acc.tau_corr_acf)
    verdict = "samples are nearly independent" if sweep_size >= 2 * τ else "raise `sweep_size`"
    report = (
        f"{acc}\n"
        f"autocorrelation time: {τ:.3g} steps, {τ / sweep_size:.3g} sweeps of {sweep_size} steps\n"
        f"sweep_size should be at least twice the time, {math.ceil(2 * τ)}: {verdict}\n"
    )
    if jax.process_index() == 0:
        sys.stdout.write(report)
    if plot:
        _plot(acc, history.dict)
    return acc, history.dict


class _History:
    """Values by the number of samples of each chain."""

    def __init__(self) -> None:
        self.dict, self.length = HistoryDict(), 0

    def add(self, block: int, acc: OnlineStats, names: tuple[str, ...], **others: Any) -> None:
        self.length += block
        values = {name: np.asarray(getattr(acc, name)).item() for name in names}
        self.dict.push(values | others, self.length)


def _more(state: Any, op: Any, length: int, acc: Any, **options: Any) -> OnlineStats:
    """The statistics continued by more samples of every chain."""
    state.sample(chain_length=length, n_discard_per_chain=0)
    return online_statistics(state.local_estimators(op).data, acc, **options)


def _check_lengths(shortest: int, longest: int) -> None:
    if shortest < 1 or longest < shortest:
        raise ValueError(
            "Arguments `min_chain_length` and `max_chain_length` must be positive and in order, "
            f"but are {shortest} and {longest}."
        )


def _is_observable(x: Any) -> bool:
    # operators are trees, too
    return hasattr(x, "hilbert")


def _per_operator(tolerance: PyTree, treedef: Any, name: str) -> list[Any]:
    """The tolerance of each operator, from one for all or a tree of them."""
    if tolerance is None or np.isscalar(tolerance):
        return [tolerance] * treedef.num_leaves
    leaves, structure = jax.tree.flatten(tolerance, is_leaf=lambda x: x is None)
    if structure.num_leaves != treedef.num_leaves:
        raise ValueError(
            f"Argument `{name}tol` must be a number, or a tree like `op` with "
            f"{treedef.num_leaves} numbers, but has {structure.num_leaves}."
        )
    return leaves


def _is_precise(acc: Any, atol: float | None, rtol: float | None) -> bool:
    error, size = float(acc.error_of_mean), abs(complex(acc.mean))
    bounds = [atol] if atol is not None else []
    bounds += [rtol * size] if rtol is not None else []
    return error <= max(bounds)  # NaN is not


def _report(verbose: bool, text: str) -> None:
    if verbose and jax.process_index() == 0:
        sys.stderr.write(text + "\n")


def _plot(acc: OnlineStats, history: HistoryDict) -> None:
    from netket.utils.optional import require

    plt = require("matplotlib.pyplot", "to plot the convergence of chains", extra="extra")
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    lengths, means = history["mean"].iters, np.real(history["mean"].values)
    left.errorbar(lengths, means, np.asarray(history["error_of_mean"].values), marker=".")
    left.set(xlabel="steps of each chain", ylabel="mean")
    right.plot(np.asarray(acc.acf), marker=".")
    right.axhline(0, color="gray", linewidth=0.5)
    right.set(xlabel="distance in steps", ylabel="autocorrelation")
    if plt.isinteractive():
        figure.show()
