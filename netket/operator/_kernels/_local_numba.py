# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of local terms."""

from typing import Any

import numpy as np

from ._local import LocalData
from ._rows import CANCELLATION
from ._rows_numba import row_kernel


@row_kernel(LocalData)
def append_local_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    u = np.uint64  # places are not negative: signed ones would be checked for it
    diagonal = data.constant[()]
    moduli = abs(diagonal)
    first, end = n, data.site_begins[0]
    n += 1
    for t in range(data.first_row.shape[0]):
        begin, end = end, data.site_begins[t + 1]
        row = u(data.first_row[t])
        for s in range(begin, end):
            row += u(data.strides[s]) * u(x[u(data.sites[s])])
        value, d = data.first_value[t], data.diagonal[row]
        if d >= 0:
            mel = data.mels[u(value + d)]
            diagonal += mel
            moduli += abs(mel)
        for o in range(u(data.off_begins[row]), u(data.off_begins[row + u(1)])):
            conn.mels[n] = data.mels[u(value + data.off_value[o])]
            c0 = u(data.change_begins[o])
            size = u(data.change_begins[o + u(1)]) - c0
            conn.size[n] = size
            for c in range(size):
                conn.sites[n, c] = data.sites[u(begin + data.change_position[c0 + c])]
                conn.values[n, c] = data.change_value[c0 + c]
            n += 1
    if abs(diagonal) <= CANCELLATION * np.finfo(data.mels.dtype).eps * moduli:
        diagonal = 0 * diagonal
    conn.mels[first] = diagonal
    conn.size[first] = 0
    return n
