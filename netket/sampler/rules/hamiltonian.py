# SPDX-License-Identifier: Apache-2.0
r"""Moves along an operator: σ' is uniform among the n(σ) configurations connected to σ.

.. math::

    q(\sigma'|\sigma) = \frac{1}{n(\sigma)}, \qquad
    n(\sigma) = \#\{\sigma'\neq\sigma : \langle\sigma|H|\sigma'\rangle \neq 0\},

which is corrected for by :math:`\log n(\sigma) - \log n(\sigma')`.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import n_parts, sharding_decorator
from netket.operator import DiscreteOperator
from netket.utils import struct
from netket.utils.types import Array, PRNGKeyT, PyTree

from .._random import nth, nth_true, uniform
from .base import DrawnAheadRule

__all__ = ["HamiltonianRule"]

# configurations from which an operator is checked
_CHECKED = 64


class _Moves(NamedTuple):
    """Which of the rows that an operator connects to σ are configurations other than σ."""

    allowed: jax.Array  # (C, K)
    count: jax.Array  # (C,)


class HamiltonianRule(DrawnAheadRule):
    """Proposes a configuration that an operator connects to the current one.

    Whatever the operator conserves is conserved, and constraints that it respects are respected.

    The jax kernel of the operator is traced into the compiled loop, whatever its flag: this is
    faster than to leave the loop for numba (see `benchmarks`). An operator that has a numba kernel
    only is called from the loop. `kernel="numba"` does so for any operator.

    >>> import netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> ha = nk.operator.Ising(hi, nk.graph.Chain(4), h=1.0)
    >>> nk.sampler.rules.HamiltonianRule(ha).kernel
    'jax'
    """

    _operator: PyTree = struct.field()  # with the jax flag: what it connects is in jax's order
    _host_operator: Any = struct.field(pytree_node=False)
    _backend: str = struct.field(pytree_node=False)
    _is_hermitian: bool = struct.field(pytree_node=False)

    def __init__(self, operator: DiscreteOperator, *, kernel: str | None = None):
        """Constructs the rule.

        Args:
            operator: A discrete operator; where it connects σ to σ' it must also connect σ' to σ
                (every hermitian operator does), other moves are rejected.
            kernel: Which kernel is used, "jax" or "numba"; by default jax if there is one.

        Raises:
            TypeError: `operator` is no discrete operator.
            ValueError: The operator has no such kernel.
        """
        if not isinstance(operator, DiscreteOperator):
            raise TypeError(
                "Argument `operator` must be a discrete operator, but is a "
                f"{type(operator).__name__}."
            )
        if kernel is None:
            kernel = "jax" if "jax" in operator.backends else "numba"
        if kernel not in operator.backends:
            raise ValueError(
                f"Argument `kernel` must be one of {operator.backends}, those that "
                f"{type(operator).__name__} has, but is {kernel!r}."
            )
        # asked now: it is not known of coefficients that jax traces
        self._is_hermitian = bool(operator.is_hermitian)
        self._backend = operator.backend
        self._operator = operator.to_jax() if kernel == "jax" else None
        self._host_operator = None if kernel == "jax" else _Host(operator.to_numba())

    @property
    def operator(self) -> DiscreteOperator:
        """The operator, with the backend that it was given with."""
        if self._host_operator is None:
            return self._operator.to_backend(self._backend)
        return self._host_operator.operator.to_backend(self._backend)

    @property
    def kernel(self) -> str:
        """Which kernel of the operator is used, "jax" or "numba"."""
        return "jax" if self._host_operator is None else "numba"

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if self.operator.hilbert != hilbert:
            raise ValueError(
                f"Argument `hamiltonian` must act on the space of the sampler, {hilbert}, but acts "
                f"on {self.operator.hilbert}."
            )

    def check_start(self, hilbert: AbstractHilbert, σ: np.ndarray) -> None:
        check_few(self.operator, σ)

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> jax.Array:
        """Uniform numbers (..., C)."""
        return uniform(key, shape)

    def facts(self, sampler: Any, machine: Any, params: PyTree, σ: Array) -> _Moves | None:
        if self._host_operator is not None:
            return None
        return _connected(self._operator, σ)[1]

    def _call_host(self, σ: Array, u: Array) -> tuple[jax.Array, jax.Array]:
        """Proposals and corrections; each device asks for its own chains."""

        def call(σ: Array, u: Array) -> tuple[jax.Array, jax.Array]:
            shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (σ, u))
            return jax.pure_callback(self._host_operator, shapes, σ, u)

        if n_parts(len(σ)) == 1:
            return call(σ, u)
        return sharding_decorator(call, (True, True), (False, False))(σ, u)

    def propose(
        self,
        sampler: Any,
        machine: Any,
        params: PyTree,
        σ: Array,
        facts: _Moves | None,
        drawn: jax.Array,
    ) -> tuple[jax.Array, jax.Array, _Moves | None]:
        if self._host_operator is not None:
            σp, correction = self._call_host(σ, drawn)
            return σp, correction, None
        n = facts.count
        chosen = nth_true(facts.allowed, nth(drawn, n))
        # not carried from step to step: jax computes only the rows that are taken
        rows, _ = self._operator.get_conn_padded(σ)
        σp = jnp.take_along_axis(rows, chosen[:, None, None], axis=1, mode="clip")[:, 0]
        σp = jnp.where((n > 0)[:, None], σp, σ)  # nowhere to go
        rows, back = _connected(self._operator, σp)
        correction = _log_ratio(n, back.count)
        if not self._is_hermitian:
            leads_back = jnp.any(back.allowed & jnp.all(rows == σ[:, None], axis=-1), axis=-1)
            correction = jnp.where(leads_back | (n == 0), correction, -jnp.inf)
        return σp, correction, back

    def max_changes(self, hilbert: AbstractHilbert) -> int | None:
        # operators of third parties need not know
        return getattr(self.operator, "_max_changes", None)

    def __repr__(self) -> str:
        return f"HamiltonianRule({self.operator}, kernel={self.kernel!r})"


def check_few(operator: DiscreteOperator, σ: np.ndarray) -> None:
    """Raises a ValueError if an operator leads out of a constrained space from configurations.

    It does so from nearly all of them, so that only a few are looked at.
    """
    if not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(operator)):
        operator.check_inside(σ[:_CHECKED])


def _connected(operator: DiscreteOperator, σ: Array) -> tuple[jax.Array, _Moves]:
    """Rows (C, K, N) that the operator connects to σ (C, N), and which of them are moves."""
    rows, mels = operator.get_conn_padded(σ)
    allowed = mels != 0
    # the diagonal may be known to be in slot 0 if anywhere: this spares the comparison of all rows
    if getattr(operator, "_diagonal_first", False):
        allowed = allowed.at[:, 0].set(allowed[:, 0] & jnp.any(rows[:, 0] != σ, axis=-1))
    else:
        allowed &= jnp.any(rows != σ[:, None], axis=-1)
    return rows, _Moves(allowed, jnp.sum(allowed, axis=-1, dtype=jnp.int32))


def _log_ratio(n: Any, n_back: Any) -> Any:
    """log n(σ) - log n(σ'); zero where there is no other configuration."""
    xp = jnp if isinstance(n, jax.Array) else np
    logs = (xp.log(xp.maximum(counts, 1).astype(float)) for counts in (n, n_back))
    return xp.subtract(*logs)


# -- the numba kernel, outside the compiled loop -------------------------------------------------


class _Host:
    """Proposals of an operator with a numba kernel; hashed like the operator."""

    def __init__(self, operator: DiscreteOperator):
        self.operator = operator

    def __call__(self, σ: Array, u: Array) -> tuple[np.ndarray, np.ndarray]:
        """Proposed configurations (C, N) and corrections (C,)."""
        σ, u = np.asarray(σ), np.asarray(u)
        rows, counts = self._moves(σ)
        first = np.cumsum(counts) - counts
        σp = σ.copy()
        free = counts > 0
        chosen = np.minimum((u * counts).astype(int), counts - 1)
        σp[free] = rows[(first + chosen)[free]]
        back_rows, back_counts = self._moves(σp)
        correction = _log_ratio(counts, back_counts)
        if not self.operator.is_hermitian:
            leads_back = np.all(back_rows == np.repeat(σ, back_counts, axis=0), axis=-1)
            chain = np.repeat(np.arange(len(σ)), back_counts)
            found = np.bincount(chain[leads_back], minlength=len(σ)) > 0
            correction = np.where(found | ~free, correction, -np.inf)
        return σp, correction.astype(u.dtype)

    def _moves(self, σ: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Connected configurations other than σ itself (M, N), and how many for each σ (C,)."""
        ends = np.empty(len(σ), dtype=np.int64)
        rows, _ = self.operator.get_conn_flattened(σ, ends)
        chain = np.repeat(np.arange(len(σ)), np.diff(ends, prepend=0))
        moves = np.any(rows != σ[chain], axis=-1)
        return rows[moves], np.bincount(chain[moves], minlength=len(σ))

    def __hash__(self) -> int:
        return hash((_Host, self.operator))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Host) and self.operator == other.operator
