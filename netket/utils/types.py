# SPDX-License-Identifier: Apache-2.0
"""Types used in annotations."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, Union, runtime_checkable

import jax
import numpy as np
from jax import Array as JaxArray

__all__ = [
    "Array",
    "ArrayLike",
    "DType",
    "JaxArray",
    "ModelStateT",
    "ModuleOrApplyFun",
    "NNInitFunc",
    "Optimizer",
    "PRNGKeyT",
    "PyTree",
    "Scalar",
    "ScalarOrSchedule",
    "SeedT",
    "Shape",
    "ShardingT",
]


@runtime_checkable
class _SupportsDType(Protocol):
    @property
    def dtype(self) -> np.dtype: ...


#: An array of numpy or jax.
Array: TypeAlias = np.ndarray | jax.Array
#: An array, a number or a nested sequence of numbers.
ArrayLike: TypeAlias = Any
#: Whatever names a dtype.
DType: TypeAlias = None | str | type[Any] | np.dtype | _SupportsDType
#: Shape of an array.
Shape: TypeAlias = Sequence[int]
#: A number, or an array of shape ().
Scalar: TypeAlias = Any
#: A nested structure of arrays.
PyTree: TypeAlias = Any
#: Everything but the parameters among the variables of a model.
ModelStateT: TypeAlias = dict[str, Any]
#: A random key of jax, new-style or legacy.
PRNGKeyT: TypeAlias = Any
#: What random keys are made from.
SeedT: TypeAlias = int | PRNGKeyT
#: ``init(key, shape, dtype)`` of `jax.nn.initializers`.
NNInitFunc: TypeAlias = Callable[[PRNGKeyT, Shape, DType], jax.Array]
#: A gradient transformation of optax.
Optimizer: TypeAlias = Any
#: A number, or a function from the step to a number.
ScalarOrSchedule: TypeAlias = Union[Scalar, Callable[[Scalar], Scalar]]  # noqa: UP007
#: A module, or a function ``f(variables, σ)`` of its log-amplitude.
ModuleOrApplyFun: TypeAlias = Any
#: How an array is spread over devices.
ShardingT: TypeAlias = jax.sharding.PartitionSpec | None
