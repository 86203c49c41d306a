# SPDX-License-Identifier: Apache-2.0
"""The numba loop that collects the rows of a matrix that samples need, each once."""

from typing import Any

import numba as nb


@nb.njit(cache=True, nogil=True)
def collect_rows(
    numbers: Any,  # (B,) of the samples
    indptr: Any,
    indices: Any,
    values: Any,  # CSR matrix
    place: Any,  # (n_states,) filled: where a state is in `needed`, or -1
    row_of: Any,  # (n_states,) filled: which of the distinct samples a state is, or -1
    needed: Any,  # (n_states,) filled: numbers of the states that occur
    samples: Any,  # (B,) filled: places of the distinct samples
    owner: Any,  # (B,) filled: the distinct sample that each sample is
    columns: Any,  # filled: places of the connected states
    mels: Any,  # filled: matrix elements
    rows: Any,  # filled: the distinct sample that each element belongs to
) -> Any:
    """The numbers of needed states, and of elements."""
    place[:] = -1
    row_of[:] = -1
    n_needed = n_distinct = n = 0
    for b in range(numbers.shape[0]):
        k = numbers[b]
        if row_of[k] >= 0:
            owner[b] = row_of[k]
            continue
        row_of[k] = owner[b] = n_distinct
        if place[k] < 0:
            place[k] = n_needed
            needed[n_needed] = k
            n_needed += 1
        samples[n_distinct] = place[k]
        for e in range(indptr[k], indptr[k + 1]):
            c = indices[e]
            if place[c] < 0:
                place[c] = n_needed
                needed[n_needed] = c
                n_needed += 1
            columns[n], mels[n], rows[n] = place[c], values[e], n_distinct
            n += 1
        n_distinct += 1
    return n_needed, n
