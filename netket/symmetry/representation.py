# SPDX-License-Identifier: Apache-2.0
"""`Representation`: an operator U_g for each element of a group, U_g U_h = U_gh.

The projector on the states that transform like the irrep with character χ of dimension d is
P_χ = (d/|G|) Σ_g χ(g)* U_g; these projectors are orthogonal, and their sum is the identity.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from netket.operator import DiscreteOperator
from netket.utils.group import Element, FiniteGroup

from ._basis import projector_basis
from ._combine import SharedTerms, combination, shared_terms
from .sector import Sector


class Representation:
    """A representation of a group by operators on a Hilbert space.

    Args:
        group: the group.
        representation_dict: the operator of each element.

    Raises:
        TypeError: `group` is no group, or something that is not a discrete operator is given.
        ValueError: elements are missing, or do not belong to the group; operators act on different
            spaces; the operators do not multiply like the elements.

    Attributes:
        group: the group.
        hilbert: the space.
        operators: the operators, in the order of the elements of the group.

    Example:
        >>> import netket as nk
        >>> from netket.operator.permutation import PermutationOperator
        >>> hilbert, group = nk.hilbert.Spin(0.5, 2), nk.symmetry.group.cyclic_group(2)
        >>> exchange = {g: PermutationOperator(hilbert, g) for g in group}
        >>> nk.symmetry.Representation(group, exchange).irrep_subspace_dims()
        array([3, 1])
    """

    def __init__(self, group: FiniteGroup, representation_dict: Mapping[Element, DiscreteOperator]):
        if not isinstance(group, FiniteGroup):
            raise TypeError(f"Argument `group` must be a group, but is a {type(group).__name__}.")
        self.group = group
        self._dict = dict(representation_dict)
        self.operators: tuple[Any, ...] = _operators(group, self._dict)
        self.hilbert = self.operators[0].hilbert
        _check_products(self)

    # -- a collection of operators ------------------------------------------------------------

    @property
    def representation_dict(self) -> dict[Element, Any]:
        """The operator of each element."""
        return dict(self._dict)

    def __len__(self) -> int:
        return len(self.operators)

    def __iter__(self) -> Iterator[tuple[Element, Any]]:
        return zip(self.group.elems, self.operators)

    def __getitem__(self, key: Any) -> Any:
        """The operator of an element, or of the element with a number."""
        return self._dict[key] if isinstance(key, Element) else self.operators[key]

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and isinstance(other, Representation)
            and self.group == other.group
            and self.operators == other.operators
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((type(self), self.group, self.operators))

    # -- characters ---------------------------------------------------------------------------

    @cached_property
    def _traces(self) -> np.ndarray:
        return np.array([_trace(op) for op in self.operators])

    @property
    def character(self) -> np.ndarray:
        """The traces of the operators, (len(group),); integers if they are."""
        traces = self._traces
        if np.abs(traces.imag).max() < 1e-9 and np.abs(traces - np.rint(traces.real)).max() < 1e-6:
            return np.rint(traces.real).astype(int)
        return traces.copy()

    @cached_property
    def _characters(self) -> np.ndarray:
        return self.group.character_table()

    @cached_property
    def _dimensions(self) -> np.ndarray:
        """Dimensions of the irreps."""
        identity = self.group.product_table[0, 0]
        return np.rint(self._characters[:, identity].real).astype(int)

    def irrep_subspace_dims(self) -> np.ndarray:
        """Number of states that transform like each irrep, in the order of the character table.

        They are the ranks of the projectors, d times the multiplicity of an irrep of dimension d,
        and are computed from traces, without listing the states.
        """
        multiplicities = (self._characters.conj() @ self._traces).real / len(self)
        return np.rint(self._dimensions * multiplicities).astype(int)

    def _row(self, character_index: Any) -> int:
        """The number of an irrep, checked."""
        n = len(self._characters)
        if not isinstance(character_index, int | np.integer) or isinstance(character_index, bool):
            raise TypeError(
                f"Argument `character_index` must be an integer, but is {character_index!r}."
            )
        if not -n <= character_index < n:
            raise IndexError(
                f"Argument `character_index` must be from 0 to {n - 1}, a row of the character "
                f"table of the group, but is {character_index}."
            )
        return int(character_index) % n

    # -- projections --------------------------------------------------------------------------

    def projector(self, character_index: int, *, atol: float = 1e-15) -> Any:
        """The projector ``(d/|G|) Σ_g χ(g)* U_g`` on the states of an irrep.

        Args:
            character_index: the irrep, a row of the character table of the group.
            atol: terms with a smaller factor are left out.

        Returns:
            An operator with both backends; for permutations a `PermutationSum`.
        """
        return self._projector(self._row(character_index), atol)

    def _projector(self, row: int, atol: float = 1e-15) -> Any:
        weights = self._characters[row].conj() * (self._dimensions[row] / len(self))
        return combination(self.operators, weights, atol, self._shared)

    @cached_property
    def _shared(self) -> SharedTerms | None:
        return shared_terms(self.operators)

    def _row_projector(self, row: int) -> Any:
        """Projector on one state of each multiplet, ``(d/|G|) Σ_g D_00(g)* U_g``."""
        if self._dimensions[row] == 1:
            return self._projector(row)
        matrices = self.group.irrep_matrices()[row]
        weights = matrices[:, 0, 0].conj() * (self._dimensions[row] / len(self))
        return combination(self.operators, weights, 1e-13, self._shared)

    def project(
        self, state: Any, character_index: int | None = None, *, atol: float = 1e-15, **kwargs: Any
    ) -> Any:
        """A variational state projected on an irrep: the amplitudes of P_χ|ψ⟩.

        Args:
            state: the state, an `MCState` or `FullSumState`.
            character_index: the irrep, a row of the character table of the group.
            atol: see `projector`.
            kwargs: what selects an irrep in place of the index, see `projector`.

        Returns:
            A state of the same kind, with the parameters of the given one.
        """
        selected: Any = character_index
        projector = self.projector(selected, atol=atol, **kwargs)
        return apply_to_state(projector, state)

    def sector(self, character_index: int, **kwargs: Any) -> Sector:
        """The states of an irrep, for exact diagonalisation: see `netket.exact.lanczos_ed`.

        Args:
            character_index: the irrep, a row of the character table of the group.
            kwargs: what selects an irrep in place of the index, see `projector`.
        """
        return Sector(self, self._row(character_index))

    def symmetry_adapted_basis(self) -> tuple[np.ndarray, np.ndarray]:
        """An orthonormal basis in which every state belongs to one irrep.

        Returns:
            The states as columns, (n_states, n_states), those of the first irrep first; and the
            number of states of each irrep, (n_irreps,).

        Raises:
            ValueError: the space has too many states.
        """
        rows = range(len(self._characters))
        columns = [projector_basis(self._projector(row)).toarray() for row in rows]
        return np.concatenate(columns, axis=1), np.array([c.shape[1] for c in columns])

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(hilbert={self.hilbert}, group={type(self.group).__name__} of "
            f"{len(self)} elements)"
        )


def apply_to_state(operator: Any, state: Any) -> Any:
    """The variational state O|ψ⟩."""
    if not hasattr(state, "applied"):
        raise TypeError(
            "Argument `state` must be a variational state, an `MCState` or a `FullSumState`, but "
            f"is a {type(state).__name__}. For vectors, use `projector(...) @ vector`."
        )
    return state.applied(operator)


# -- checks --------------------------------------------------------------------------------------


def _operators(group: FiniteGroup, table: dict[Element, Any]) -> tuple[Any, ...]:
    missing = [g for g in group if g not in table]
    unknown = set(table) - set(group)
    if missing or unknown:
        what = f"misses {missing[0]}" if missing else f"has {next(iter(unknown))}"
        raise ValueError(
            "Argument `representation_dict` must have an operator for each element of the group, "
            f"and nothing else, but {what}."
        )
    for g, operator in table.items():
        if not isinstance(operator, DiscreteOperator):
            raise TypeError(
                "Argument `representation_dict` must hold discrete operators, but has a "
                f"{type(operator).__name__} for {g}."
            )
    spaces = {operator.hilbert for operator in table.values()}
    if len(spaces) != 1:
        raise ValueError(
            "Argument `representation_dict` must hold operators on one Hilbert space, but has some "
            f"on {' and '.join(map(str, spaces))}."
        )
    return tuple(table[g] for g in group)


def _check_products(representation: Representation) -> None:
    """U_g U_h = U_gh for permutations, where it costs nothing; each element with a few others."""
    group, operators = representation.group, representation.operators
    if not all(hasattr(op, "_terms") and hasattr(op, "_fermionic") for op in operators):
        return
    products = group.product_table[group.inverse]
    n = len(group)
    if (shared := representation._shared) is not None:
        images, flips = (a[shared.places] for a in (shared.terms.images, shared.terms.flips))
        every = np.arange(n)
        if all(
            (
                np.take_along_axis(images, images[other], axis=1) == images[products[every, other]]
            ).all()
            and (flips ^ flips[other] == flips[products[every, other]]).all()
            for other in ((every + 1) % n, (5 * every + 2) % n)
        ):
            return
    for i in range(n):
        for j in {(i + 1) % n, (5 * i + 2) % n}:
            product = operators[i] @ operators[j]
            if product._terms != operators[products[i, j]]._terms:
                raise ValueError(
                    "Argument `representation_dict` must hold operators that multiply like the "
                    f"elements of the group, but those of {group[i]} and {group[j]} do not: their "
                    f"product is not the operator of {group[products[i, j]]}."
                )


def _trace(operator: Any) -> complex:
    if hasattr(operator, "trace"):
        return complex(operator.trace())
    return complex(operator.to_sparse().diagonal().sum())
