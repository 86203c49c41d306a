# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of bosons on a graph."""

from typing import Any

import numpy as np

from ._bose_hubbard import BoseHubbardData
from ._rows import CANCELLATION
from ._rows_numba import row_kernel


@row_kernel(BoseHubbardData)
def append_bose_hubbard_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    on_site, total, pairs = 0.0, 0.0, 0.0
    for i in range(x.shape[0]):
        bosons = np.float64(x[i])
        on_site += bosons * (bosons - 1) / 2
        total += bosons
    first = n
    n += 1
    for e in range(data.edges.shape[0]):
        pairs += np.float64(x[data.edges[e, 0]]) * np.float64(x[data.edges[e, 1]])
        for end in range(2):
            s, t = data.edges[e, end], data.edges[e, 1 - end]
            if x[s] > 0 and x[t] < data.most[t]:
                conn.mels[n] = -data.J[()] * np.sqrt(np.float64(x[s]) * (np.float64(x[t]) + 1))
                conn.size[n] = 2
                conn.sites[n, 0], conn.values[n, 0] = s, x[s] - 1
                conn.sites[n, 1], conn.values[n, 1] = t, x[t] + 1
                n += 1
    interaction, neighbours, potential = (
        data.U[()] * on_site,
        data.V[()] * pairs,
        data.mu[()] * total,
    )
    diagonal = interaction + neighbours - potential
    moduli = abs(interaction) + abs(neighbours) + abs(potential)
    if abs(diagonal) <= CANCELLATION * np.finfo(conn.mels.dtype).eps * moduli:
        diagonal = 0 * diagonal
    conn.mels[first] = diagonal
    conn.size[first] = 0
    return n
