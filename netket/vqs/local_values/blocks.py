# SPDX-License-Identifier: Apache-2.0
"""How many rows the network gets at a time.

Connected elements of `samples` samples at a time fill a buffer of `buffer` rows, of which the
network evaluates `dense` rows at a time, until nothing is left. Only the last block is padded, so
that `dense` bounds the waste; all sizes are static, so that nothing recompiles.
"""

from typing import NamedTuple

import jax

# rows per evaluation: small blocks stay in the caches of a CPU, large ones fill a GPU
_DENSE = {"cpu": 1024}
_DENSE_ACCELERATOR = 1 << 15
# rows in a buffer if the user sets no chunk size
_BUFFER = {"cpu": 1 << 14}
_BUFFER_ACCELERATOR = 1 << 19
# the last block is at most this part of all rows
_PARTS = 32
# with a chunk size, rows in a buffer for each row that the network gets
_CHUNKS = 4
# buffers that the host fills while the network evaluates another one
_OVERLAP = 4


class Blocks(NamedTuple):
    """Static sizes of the evaluation.

    Attributes:
        samples: samples whose connected elements are computed together.
        dense: rows per evaluation of the network.
        buffer: rows that wait for the evaluation.
        chunk_size: of the user, bounds evaluations at the samples themselves; None for no bound.
    """

    samples: int
    dense: int
    buffer: int
    chunk_size: int | None


def choose_blocks(
    n_samples: int, max_conn: int, chunk_size: int | None, *, overlap: bool = False
) -> Blocks:
    """Sizes for `n_samples` samples with at most `max_conn` connected elements each.

    Args:
        n_samples: number of samples B.
        max_conn: bound on the connected elements of one sample, K.
        chunk_size: the most rows that the network may get at once, None for a good default.
        overlap: split all rows into several buffers, so that one is filled by the host while the
            network evaluates another.
    """
    platform = jax.default_backend()
    rows = max(1, n_samples * max_conn)
    dense = max(8, power_of_two(rows // _PARTS))
    dense = min(dense, _DENSE.get(platform, _DENSE_ACCELERATOR))
    # a little more than all rows, if they fit
    buffer = min(_BUFFER.get(platform, _BUFFER_ACCELERATOR), rows + dense - 1)
    if overlap:
        buffer = min(buffer, max(rows // _OVERLAP, 8 * dense) + dense)
    if chunk_size is not None:
        dense = min(dense, chunk_size)
        # rows of a buffer are small compared to what the network makes of them
        buffer = min(buffer, _CHUNKS * chunk_size)
    buffer = dense * max(1, buffer // dense)
    n_blocks = -(-n_samples // max(1, buffer // max_conn))
    return Blocks(-(-n_samples // n_blocks), dense, buffer, chunk_size)


def power_of_two(n: int) -> int:
    """The largest power of two up to n, 1 if there is none."""
    return 1 << max(0, n.bit_length() - 1)
