# SPDX-License-Identifier: Apache-2.0
"""The dual-backend base of operators."""

from ._abstract import AbstractObservable, AbstractOperator, is_scalar, lazy_form
from ._backend import BACKENDS, Backend, check_backend, promote_backends, use_backend
from ._discrete import DiscreteOperator, derived
from ._host import is_traced, merge_rows, pad_rows
from ._jax import DiscreteJaxOperator
from ._kernel import KernelOperator
from ._names import BackendName
from ._numbers import (
    as_coefficient,
    as_integer,
    dtype_of,
    inexact,
    one_for_each,
    promoted,
    stacked,
)

__all__ = [
    "BACKENDS",
    "AbstractObservable",
    "AbstractOperator",
    "Backend",
    "BackendName",
    "DiscreteJaxOperator",
    "DiscreteOperator",
    "KernelOperator",
    "as_coefficient",
    "as_integer",
    "check_backend",
    "derived",
    "dtype_of",
    "inexact",
    "is_scalar",
    "is_traced",
    "lazy_form",
    "merge_rows",
    "one_for_each",
    "pad_rows",
    "promote_backends",
    "promoted",
    "stacked",
    "use_backend",
]
