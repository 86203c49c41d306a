# SPDX-License-Identifier: Apache-2.0
"""Rows of P O P, where P is the projector on the states that satisfy a constraint.

Elements that lead out of the space, and all elements of a configuration outside of it, are left
out. For jax the constraint is a function; for numba it is a table.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.hilbert.index import Block, Group, build_table, index_table

from ._rows import row_jax


class SpaceData(NamedTuple):
    """A constraint for numba: fixed sums over parts of the sites, and a list of states."""

    part: Any  # (N,) the part that each site belongs to
    total: Any  # (P,) sum of the digits of each part, -1 if it is free
    start: Any  # (N,) the digit of local index n is start + step n
    step: Any  # (N,)
    listed: Any  # (1,) bool, whether states must be in the table, too
    table: Any  # IndexTable


class ProjectedData(NamedTuple):
    """Data of the operator, and the space; for the numba kernel."""

    child: Any
    space: SpaceData


@partial(jax.tree_util.register_dataclass, data_fields=["child"], meta_fields=["rule"])
@dataclass(frozen=True)
class ProjectedRows:
    """Data of the operator, and a function from local indices (..., N) to booleans; for jax."""

    child: Any
    rule: "SpaceRule"


@dataclass(frozen=True)
class SpaceRule:
    """Whether configurations, given by their local indices, are in a space. Static under jit."""

    hilbert: DiscreteHilbert
    grid: Any

    def __call__(self, indices: Any) -> Any:
        states = self.grid.to_states(indices, self.hilbert._local_dtype)
        return self.hilbert.constraint(states)


@row_jax.register(ProjectedRows)
def projected_row(data: ProjectedRows, x: Any) -> tuple[Any, Any]:
    """The operator's row; what is outside becomes x with matrix element 0."""
    xp, mels = row_jax(data.child, x)
    legal = jnp.asarray(data.rule(xp)) & data.rule(x[None])[0]
    return jnp.where(legal[:, None], xp, x), jnp.where(legal, mels, 0)


def space_data(hilbert: DiscreteHilbert) -> SpaceData:
    """The constraint of a space, for numba.

    Raises:
        RuntimeError: states must be listed, as the constraint is a function, and are too many.
    """
    blocks = [block for group in hilbert._groups for block in group.blocks]
    listed = any(g.constraint is not None or g.listed is not None for g in hilbert._groups)
    table: Any = index_table(hilbert) if listed else build_table([Group((Block((2,)),))])
    dims = np.concatenate([np.array(b.dims, np.int64) for b in blocks])
    down = np.concatenate([np.full(b.n_sites, b.descending) for b in blocks])
    # copies: numba compiles another version for read-only arrays
    copies: Any = (np.array(a) if isinstance(a, np.ndarray) else a for a in table)
    return SpaceData(
        part=np.repeat(np.arange(len(blocks)), [b.n_sites for b in blocks]),
        total=np.array([-1 if b.total is None else b.total for b in blocks], np.int64),
        start=np.where(down, dims - 1, 0),
        step=np.where(down, -1, 1),
        listed=np.array([listed]),
        table=type(table)(*copies),
    )
