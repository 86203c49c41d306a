# SPDX-License-Identifier: Apache-2.0
"""Operators on one site, the builders that `spin` and `boson` share."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import DType

from ._base import as_integer, promoted


def on_site(
    hilbert: DiscreteHilbert,
    site: int,
    matrix: Callable[[int], np.ndarray],
    dtype: DType | None,
    cls: Callable[..., Any],
) -> Any:
    """A matrix on one site.

    Args:
        hilbert: the space.
        site: the site.
        matrix: function from the number d of local states to the matrix (d, d).
        dtype: dtype of the matrix elements, by default float64; complex if the matrix is.
        cls: class of the operator to build.

    Raises:
        ValueError: the site does not exist, or has infinitely many local states.
    """
    site = as_integer(site, "site")
    if not 0 <= site < hilbert.size:
        raise ValueError(f"Argument `site` must be from 0 to {hilbert.size - 1}, but is {site}.")
    d = hilbert.shape[site]
    if d == np.iinfo(np.int64).max:
        raise ValueError(
            f"Argument `hilbert` must have finitely many local states on site {site}: give the "
            "largest number of bosons, for example Fock(n_max=3)."
        )
    elements = matrix(d)
    dtype = np.dtype(float if dtype is None else dtype)
    dtype = promoted(dtype, 1j) if elements.dtype.kind == "c" else dtype
    return cls(hilbert, elements, [site], dtype=dtype)
