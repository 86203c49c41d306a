# SPDX-License-Identifier: Apache-2.0
"""Checks of the sizes that users choose: samples, chains and chunks."""

import operator
import warnings
from typing import Any


def check_count(name: str, value: Any) -> int:
    """A number of samples, not negative.

    Raises:
        ValueError: it is negative or no integer.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if number < 0:
        raise ValueError(f"Argument `{name}` must be an integer of at least 0, but is {value!r}.")
    return number


def chain_length(n_samples: Any, n_chains: int, *, warn: bool = True) -> int:
    """Samples per chain for at least `n_samples` samples.

    Args:
        n_samples: number of samples, rounded up to a multiple of the chains with a warning.
        n_chains: number of chains.
        warn: whether to warn.

    Raises:
        ValueError: there are fewer samples than chains.
    """
    n_samples = check_count("n_samples", n_samples)
    if n_samples < n_chains:
        raise ValueError(
            f"Argument `n_samples` must be at least {n_chains}, one for each chain of the sampler, "
            f"but is {n_samples}. Ask for more samples, or give the sampler fewer chains "
            "(`n_chains=...`)."
        )
    length = -(-n_samples // n_chains)
    if warn and length * n_chains != n_samples:
        warnings.warn(
            f"n_samples={n_samples} is no multiple of the {n_chains} chains of the sampler: "
            f"{length * n_chains} samples will be drawn.",
            UserWarning,
            stacklevel=4,
        )
    return length
