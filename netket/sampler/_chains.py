# SPDX-License-Identifier: Apache-2.0
"""How many chains there are, and on how many devices."""

import numbers
import warnings

from netket.jax.sharding import n_ranks

__all__ = ["DEFAULT_CHAINS_PER_RANK", "number_of_chains", "positive_integer"]

DEFAULT_CHAINS_PER_RANK = 16


def positive_integer(value: object, name: str) -> int:
    """`value` as a Python integer.

    Raises:
        ValueError: It is not an integer above zero; `name` is the argument that the error names.
    """
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or value < 1:
        raise ValueError(f"Argument `{name}` must be a positive integer, but is {value!r}.")
    return int(value)


def number_of_chains(n_chains: int | None, n_chains_per_rank: int | None) -> int:
    """The number of chains on all devices together: a multiple of their number.

    Raises:
        ValueError: Both are given, or one is not a positive integer.
    """
    ranks = n_ranks()
    if n_chains is not None and n_chains_per_rank is not None:
        raise ValueError(
            "Arguments `n_chains` and `n_chains_per_rank` must not both be given: the first is "
            "the second times the number of devices."
        )
    if n_chains is None:
        per_rank = DEFAULT_CHAINS_PER_RANK if n_chains_per_rank is None else n_chains_per_rank
        return ranks * positive_integer(per_rank, "n_chains_per_rank")
    n_chains = positive_integer(n_chains, "n_chains")
    rounded = -(-n_chains // ranks) * ranks
    if rounded != n_chains:
        warnings.warn(
            f"Using {rounded} chains instead of n_chains={n_chains}, {rounded // ranks} on each of "
            f"{ranks} devices. Pass `n_chains_per_rank` to choose the number on each device.",
            stacklevel=4,
        )
    return rounded
