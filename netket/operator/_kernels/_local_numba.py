# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of local terms."""

from typing import Any

import numpy as np

from ._local import LocalData
from ._rows import CANCELLATION
from ._rows_numba import row_kernel


@row_kernel(LocalData)
def append_local_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    diagonal = data.constant[()]
    moduli = abs(diagonal)
    first = n
    n += 1
    for t in range(data.first_row.shape[0]):
        begin = data.site_begins[t]
        row = data.first_row[t]
        for s in range(begin, data.site_begins[t + 1]):
            row += data.strides[s] * x[data.sites[s]]
        value = data.first_value[t]
        d = data.diagonal[row]
        if d >= 0:
            diagonal += data.mels[value + d]
            moduli += abs(data.mels[value + d])
        for o in range(data.off_begins[row], data.off_begins[row + 1]):
            conn.mels[n] = data.mels[value + data.off_value[o]]
            c0 = data.change_begins[o]
            conn.size[n] = data.change_begins[o + 1] - c0
            for c in range(c0, data.change_begins[o + 1]):
                conn.sites[n, c - c0] = data.sites[begin + data.change_position[c]]
                conn.values[n, c - c0] = data.change_value[c]
            n += 1
    if abs(diagonal) <= CANCELLATION * np.finfo(data.mels.dtype).eps * moduli:
        diagonal = 0 * diagonal
    conn.mels[first] = diagonal
    conn.size[first] = 0
    return n
