# SPDX-License-Identifier: Apache-2.0
"""Linear combinations of the operators of a group, Σ_g w_g U_g, in closed form if possible."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.operator import DiscreteOperator
from netket.operator.permutation import PermutationSum
from netket.operator.permutation._base import PermutationKind


def combination(operators: Sequence[DiscreteOperator], weights: np.ndarray, atol: float) -> Any:
    """Σ_g w_g U_g; terms with |w_g| <= atol are dropped.

    Permutations and spin flips give one `PermutationSum`, in which equal ones are merged.
    """
    keep = np.flatnonzero(np.abs(weights) > atol).tolist() or [0]
    chosen: list[Any] = [operators[i] for i in keep]
    weights = weights[keep]
    if np.iscomplexobj(weights) and np.abs(weights.imag).max() <= 1e-15:
        weights = weights.real
    if all(isinstance(op, PermutationKind) and len(op._terms) == 1 for op in chosen):
        if len({op._fermionic for op in chosen}) == 1:
            return PermutationSum(
                chosen[0].hilbert,
                [op._terms.images[0] for op in chosen],
                weights * np.array([op._weights_array()[0] for op in chosen]),
                flips=[bool(op._terms.flips[0]) for op in chosen],
                fermionic=chosen[0]._fermionic,
                backend=chosen[0].backend,
            )
    return sum(w * op for w, op in zip(weights.tolist(), chosen))
