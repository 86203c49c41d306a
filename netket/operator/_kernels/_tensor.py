# SPDX-License-Identifier: Apache-2.0
"""Tensor products: O = c A_1 (x) A_2 (x) ..., each on a range of sites, the identity elsewhere.

<x|O|x'> = c prod_k <x_k|A_k|x'_k> prod_(i in no range) delta(x_i, x'_i), with x_k the part of x
in range k.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ._rows import row_jax


class TensorData(NamedTuple):
    """Coefficient, the data of the factors, their ranges, and the largest row of each; numba."""

    coefficient: Any  # ()
    children: tuple[Any, ...]
    first: Any  # (n,)
    last: Any  # (n,) last site + 1
    slots: Any  # (n,)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["coefficient", "children"],
    meta_fields=["ranges"],
)
@dataclass(frozen=True)
class TensorRows:
    """The same for the jax kernel, with static ranges."""

    coefficient: Any  # ()
    children: tuple[Any, ...]
    ranges: tuple[tuple[int, int], ...]


@row_jax.register(TensorRows)
def tensor_row(data: TensorRows, x: Any) -> tuple[Any, Any]:
    """One slot for each combination of slots of the factors."""
    xp, mels = x[None], data.coefficient[None]
    for child, (first, last) in zip(data.children, data.ranges):
        part, elements = row_jax(child, x[first:last])
        n, k = mels.shape[0], elements.shape[0]
        xp = jnp.repeat(xp, k, axis=0).at[:, first:last].set(jnp.tile(part, (n, 1)))
        mels = (mels[:, None] * elements).ravel()
    return xp, mels
