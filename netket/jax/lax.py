# SPDX-License-Identifier: Apache-2.0
"""Functions of `jax.lax` whose name depends on the version of jax."""

from typing import Any

import jax


def pcast(x: Any, axis_name: Any, *, to: str = "varying") -> Any:
    """Declare inside `jax.shard_map` how a value varies over the axes of the mesh.

    Args:
        x: an array or a tree of arrays.
        axis_name: a name, or a tuple of names, of axes of the mesh.
        to: ``"varying"``, or what else `jax.lax.pcast` knows.
    """
    if not hasattr(jax.lax, "pcast"):  # jax 0.8
        return jax.lax.pvary(x, axis_name) if to == "varying" else x
    return jax.tree.map(lambda leaf: jax.lax.pcast(leaf, axis_name, to=to), x)
