# SPDX-License-Identifier: Apache-2.0
"""Sums and products of rows: O = sum_i c_i O_i and O = c O_1 O_2 ... O_n.

Also `ForeignData`: rows of operators that have no row kernel, only `get_conn_padded`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ._rows import row_jax


class SumData(NamedTuple):
    """Coefficients, and the data of the terms."""

    coefficients: Any  # (n,)
    children: tuple[Any, ...]


class ProductData(NamedTuple):
    """Coefficient, the data of the factors, and the largest row of each."""

    coefficient: Any  # ()
    children: tuple[Any, ...]
    slots: Any  # (n,)


@partial(jax.tree_util.register_dataclass, data_fields=["operator"], meta_fields=["grid"])
@dataclass(frozen=True)
class ForeignData:
    """An operator of a third party, and the grid of its Hilbert space."""

    operator: Any
    grid: Any


@row_jax.register(SumData)
def sum_row(data: SumData, x: Any) -> tuple[Any, Any]:
    """The rows of all terms, one after the other."""
    xps, rows = zip(*(row_jax(child, x) for child in data.children))
    mels = [c * m for c, m in zip(data.coefficients, rows)]
    return jnp.concatenate(xps), jnp.concatenate(mels)


@row_jax.register(ProductData)
def product_row(data: ProductData, x: Any) -> tuple[Any, Any]:
    """<x|A B|x'> = sum_y <x|A|y> <y|B|x'>, one slot for every path."""
    xp, mels = x[None], data.coefficient[None]
    for child in data.children:
        xp, factors = jax.vmap(partial(row_jax, child))(xp)
        xp = xp.reshape(-1, x.shape[0])
        mels = (mels[:, None] * factors).ravel()
    return xp, mels


@row_jax.register(ForeignData)
def foreign_row(data: ForeignData, x: Any) -> tuple[Any, Any]:
    """What `get_conn_padded` of the operator says."""
    sigma = data.grid.to_states(x, jnp.result_type(float))
    sigma_p, mels = data.operator.get_conn_padded(sigma[None])
    return data.grid.to_indices(sigma_p[0]), mels[0]
