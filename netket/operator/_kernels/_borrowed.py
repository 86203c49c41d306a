# SPDX-License-Identifier: Apache-2.0
"""Memory in numba: arrays whose references need not be counted, and fast copies.

A driver holds its arguments until it returns, so that the arrays in them need no counting. Yet
numba counts whenever an array is taken out of a tuple, with atomic instructions, and compiles the
code for it: kernels that are given borrowed arrays run faster, and compile in half of the time.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _borrowed(typing_context: Any, value: Any) -> Any:
    """`value`, an array or a nest of tuples of arrays, without owners; numba code only.

    What is borrowed must be held by somebody else: an argument of the function that numba was
    called with, for example, but not an array that is only used through `borrowed`.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, signature.args[0], arguments[0])

    return value(value), codegen


borrowed: Any = intrinsic(_borrowed)


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        for i, part in enumerate(parts):
            item = _without_owner(context, builder, part, builder.extract_value(value, i))
            value = builder.insert_value(value, item, i)
    return value


def _copy_items(typing_context: Any, target: Any, at: Any, source: Any, begin: Any, n: Any) -> Any:
    """target.flat[at + i] = source.flat[begin + i] for i < n; numba code only.

    The arrays must be contiguous and have the same dtype, and the two parts must not overlap.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target_type, _, source_type, _, _ = signature.args
        to = context.make_array(target_type)(context, builder, arguments[0])
        of = context.make_array(source_type)(context, builder, arguments[2])
        to_place = builder.gep(to.data, [arguments[1]])
        of_place = builder.gep(of.data, [arguments[3]])
        itemsize = context.get_abi_sizeof(context.get_data_type(target_type.dtype))
        cgutils.raw_memcpy(builder, to_place, of_place, arguments[4], itemsize)
        return context.get_dummy_value()

    if target.dtype != source.dtype:
        return None
    return types.void(target, types.int64, source, types.int64, types.int64), codegen


copy_items: Any = intrinsic(_copy_items)

BLOCK_BYTES = 32


def _copy_block(typing_context: Any, target: Any, at: Any, source: Any, begin: Any) -> Any:
    """`copy_items` of `BLOCK_BYTES`: the compiler knows the size, and no function is called."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target_type, _, source_type, _ = signature.args
        to = context.make_array(target_type)(context, builder, arguments[0])
        of = context.make_array(source_type)(context, builder, arguments[2])
        to_place = builder.gep(to.data, [arguments[1]])
        of_place = builder.gep(of.data, [arguments[3]])
        size = context.get_constant(types.int64, BLOCK_BYTES)
        cgutils.raw_memcpy(builder, to_place, of_place, size, 1)
        return context.get_dummy_value()

    if target.dtype != source.dtype:
        return None
    return types.void(target, types.int64, source, types.int64), codegen


copy_block: Any = intrinsic(_copy_block)
