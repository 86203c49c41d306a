# SPDX-License-Identifier: Apache-2.0
"""Sums and products of rows: O = sum_i c_i O_i and O = c O_1 O_2 ... O_n.

Also `ForeignData`: rows of operators that have no row kernel, only `get_conn_padded`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

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


# From so many terms of one kind and size on, their kernel is traced once, for all of them.
_STACKED = 4


@row_jax.register(SumData)
def sum_row(data: SumData, x: Any) -> tuple[Any, Any]:
    """The rows of all terms, one after the other, terms of one kind together."""
    groups: dict[Any, list[int]] = {}
    for i, child in enumerate(data.children):
        leaves, structure = jax.tree_util.tree_flatten(child)
        shapes = tuple((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves)
        groups.setdefault((structure, shapes), []).append(i)
    xps: list[Any] = []
    mels: list[Any] = []
    for group in groups.values():
        children = [data.children[i] for i in group]
        if len(group) < _STACKED:
            xp, rows = zip(*(row_jax(child, x) for child in children))
            xps += xp
            mels += [data.coefficients[i] * row for i, row in zip(group, rows)]
        else:
            stacked = jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *children)
            xp, row = jax.vmap(row_jax, in_axes=(0, None))(stacked, x)
            numbers = data.coefficients[np.array(group)]
            xps.append(xp.reshape(-1, x.shape[0]))
            mels.append((numbers[:, None] * row).ravel())
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
