# SPDX-License-Identifier: Apache-2.0
"""Linear combinations of the operators of a group, Σ_g w_g U_g, in closed form if possible."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netket.operator import DiscreteOperator
from netket.operator.permutation import PermutationSum
from netket.operator.permutation._base import PermutationKind, gathered
from netket.operator.permutation._terms import PermutationTerms


class SharedTerms(NamedTuple):
    """The permutations of all operators of a group, of which each operator has one.

    Attributes:
        terms: the distinct ones.
        places: (n,) which of them each operator has.
        weights: (n,) the number in front of it.
    """

    terms: PermutationTerms
    places: np.ndarray
    weights: np.ndarray


def shared_terms(operators: Sequence[Any]) -> SharedTerms | None:
    """The permutations of operators; None if they are not all single permutations of one kind."""
    if not all(isinstance(op, PermutationKind) for op in operators):
        return None
    terms = [op._terms for op in operators]
    if len({op._fermionic for op in operators}) != 1 or {len(t) for t in terms} != {1}:
        return None
    made = PermutationTerms.make([t.images[0] for t in terms], [t.flips[0] for t in terms])
    return SharedTerms(*made, np.array([op._weights_array()[0] for op in operators]))


def combination(
    operators: Sequence[DiscreteOperator],
    weights: np.ndarray,
    atol: float,
    shared: SharedTerms | None = None,
) -> Any:
    """Σ_g w_g U_g; terms with |w_g| <= atol are dropped.

    Permutations and spin flips give one `PermutationSum`, in which equal ones are merged.

    Args:
        operators: the operators U_g.
        weights: the numbers w_g.
        atol: see above.
        shared: the `shared_terms` of the operators, if they are known.
    """
    keep = np.flatnonzero(np.abs(weights) > atol).tolist() or [0]
    weights = weights[keep]
    if np.iscomplexobj(weights) and np.abs(weights.imag).max() <= 1e-15:
        weights = weights.real
    first: Any = operators[keep[0]]
    shared = shared_terms(operators) if shared is None else shared
    if shared is None:
        return sum(w * operators[i] for w, i in zip(weights.tolist(), keep))
    terms, places = shared.terms, shared.places[keep]
    used, places = np.unique(places, return_inverse=True)
    if len(used) < len(terms):
        terms = PermutationTerms(terms.images[used], terms.flips[used])
    total = gathered(weights * shared.weights[keep], places, len(used))
    return PermutationSum._build(first.hilbert, terms, total, first._fermionic, first.backend)
