# SPDX-License-Identifier: Apache-2.0
"""Data of operators and their row kernels; see `_rows`. Modules `*_numba` import numba."""

from ._bose_hubbard import BoseHubbardData
from ._composite import ForeignData, ProductData, SumData
from ._ising import IsingData
from ._local import LocalData, LocalGroup, LocalGroups, flat_tables, group_tables
from ._moves import MoveData, MoveLevel, MoveLevels
from ._projected import ProjectedData, ProjectedRows, SpaceRule, space_data
from ._rows import row_jax
from ._strings import StringBuckets, StringData, string_buckets, string_tables

__all__ = [
    "BoseHubbardData",
    "ForeignData",
    "IsingData",
    "LocalData",
    "LocalGroup",
    "LocalGroups",
    "MoveData",
    "MoveLevel",
    "MoveLevels",
    "ProductData",
    "ProjectedData",
    "ProjectedRows",
    "SpaceRule",
    "StringBuckets",
    "StringData",
    "SumData",
    "flat_tables",
    "group_tables",
    "row_jax",
    "space_data",
    "string_buckets",
    "string_tables",
]
