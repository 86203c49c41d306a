# SPDX-License-Identifier: Apache-2.0
"""Orthonormal bases of the ranges of projectors, from their blocks.

Projectors of groups of permutations are block diagonal: a block is an orbit, the configurations
that are permuted into each other.
"""

from typing import Any

import numpy as np


def projector_basis(projector: Any) -> Any:
    """States with P v = v, as the columns of a sparse matrix (n_states, rank).

    Args:
        projector: the operator P, on a space with few enough states.
    """
    from scipy.sparse import csc_array, csr_array
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array(projector.to_sparse())
    n = matrix.shape[0]
    pattern = csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=(n, n))
    n_blocks, labels = connected_components(pattern, directed=False)
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels, minlength=n_blocks)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.empty(n, dtype=int)  # of a state in its block
    place[order] = np.arange(n) - np.repeat(starts, sizes)
    entries = matrix.tocoo()
    rows, columns, values, heads = [], [], [], []
    n_vectors = 0
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        number = np.full(n_blocks, -1)
        number[chosen] = np.arange(len(chosen))
        inside = sizes[labels[entries.row]] == size
        i, j = entries.row[inside], entries.col[inside]
        dense = np.zeros((len(chosen), size, size), dtype=matrix.dtype)
        dense[number[labels[i]], place[i], place[j]] = entries.data[inside]
        w, v = np.linalg.eigh((dense + dense.conj().transpose(0, 2, 1)) / 2)
        block, which = np.nonzero(w > 0.5)
        states = order[starts[chosen][block][:, None] + np.arange(size)]
        rows.append(states.ravel())
        values.append(v[block, :, which].ravel())
        columns.append(np.repeat(n_vectors + np.arange(len(block)), size))
        heads.append(states[:, 0])
        n_vectors += len(block)
    row, value, column = map(np.concatenate, (rows, values, columns))
    # vectors in the order of the first state of their block
    rank = np.argsort(np.argsort(np.concatenate(heads), kind="stable"), kind="stable")
    keep = np.abs(value) > 1e-14
    entry = (value[keep], (row[keep], rank[column[keep]]))
    return csc_array(entry, shape=(n, n_vectors))
