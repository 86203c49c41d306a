# SPDX-License-Identifier: Apache-2.0
r"""Matrix product density operators, :math:`\rho(x, y) = \sum_k \psi_k(x) \psi_k^*(y)`."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.hilbert import DiscreteHilbert
from netket.utils.types import Array, DType, NNInitFunc

from ._sweep import (
    absorb,
    check_open,
    check_period,
    check_sites,
    check_space,
    local_indices,
    log_amplitude,
    periodic_tensors,
    sweep,
)

__all__ = ["MPDOOpen", "MPDOPeriodic"]

_normal = nn.initializers.normal(stddev=0.01)


class MPDOPeriodic(nn.Module):
    r"""Matrix product density operator with periodic boundaries: positive by construction.

    .. math::

        \rho(x, y) = \mathrm{tr} \prod_{i=1}^N \sum_{k=1}^K A^{(i)}_{x_i k} \otimes
            \big(A^{(i)}_{y_i k}\big)^*, \qquad A^{(i)}_{s k} = T^{(i)}_{s k} + E_k

    The parameters `tensors` are T, of shape (symperiod, d, D, D, K). The constants E have ones at
    the places of K identity matrices one after the other, (K, D, D), that are read as (D, D, K).

    Source: F. Verstraete, J. J. García-Ripoll and J. I. Cirac, Phys. Rev. Lett. 93, 207204 (2004).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(1 / 2, 4))
    >>> mpdo = nk.models.tensor_networks.MPDOPeriodic(hi.physical, bond_dim=3)
    >>> mpdo.init(jax.random.key(0), hi.all_states())["params"]["tensors"].shape
    (4, 2, 3, 3, 2)
    """

    hilbert: DiscreteHilbert
    """The space of the rows, with the same number of local states on all sites."""
    bond_dim: int
    """Dimension D of the matrices."""
    kraus_dim: int = 2
    """Dimension K of what is traced out on every site."""
    symperiod: int | None = None
    """After how many sites tensors repeat; None if all are different."""
    unroll: int = 1
    """How many sites the loop over them has written out."""
    checkpoint: bool = True
    """Whether derivatives save memory by repeating steps of the loop."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of T."""
    param_dtype: DType = float
    """Data type of the parameters."""

    def setup(self) -> None:
        d, D = check_space(self.hilbert), self.bond_dim
        period = check_period(self.hilbert.size, self.symperiod)
        shape = (period, d, D, D, self.kraus_dim)
        self.tensors = self.param("tensors", self.kernel_init, shape, self.param_dtype)

    def __call__(self, x: Array) -> Array:
        """Logarithms of matrix elements.

        Args:
            x: Row and column configurations one after the other, of shape (..., 2 N).

        Returns:
            Complex values of shape (...).
        """
        check_sites(x, 2 * self.hilbert.size, "first those of the rows")
        return log_amplitude(*self._contract(*_both_indices(self.hilbert, x)))

    def contract_mpdo(self, qn: Array) -> Array:
        """Matrix elements.

        Args:
            qn: Indices of local states of rows and columns, of shape (..., 2 N).

        Returns:
            Values of shape (...).
        """
        value, log_scale = self._contract(*jnp.split(jnp.asarray(qn), 2, axis=-1))
        return value * jnp.exp(log_scale)

    def _contract(self, rows: Array, columns: Array) -> tuple[Array, Array]:
        x, y = (qn.reshape(-1, qn.shape[-1]) for qn in (rows, columns))
        A = periodic_tensors(self.tensors, x.shape[-1]) + _constants(self.tensors)
        first = jnp.einsum("balk,bcmk->baclm", A[0][x[:, 0]], A[0][y[:, 0]].conj())
        product, log_scale = sweep(
            first,
            (*_both_layouts(A[1:]), x.T[1:], y.T[1:]),
            _next_site,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )
        value = jnp.einsum("bacac->b", product)
        return value.reshape(rows.shape[:-1]), log_scale.reshape(rows.shape[:-1])


class MPDOOpen(nn.Module):
    r"""Matrix product density operator with open boundaries: positive by construction.

    .. math::

        \rho(x, y) = \Big[\sum_k (1 + L_{x_1 k}) \otimes (1 + L_{y_1 k})^*\Big]^T
            \prod_{i=2}^{N-1} \Big[ \sum_k A^{(i)}_{x_i k} \otimes \big(A^{(i)}_{y_i k}\big)^* \Big]
            \Big[\sum_k (1 + R_{x_N k}) \otimes (1 + R_{y_N k})^*\Big]

    with A as in :class:`MPDOPeriodic`. Parameters: `left_tensors` (d, D, K), `middle_tensors`
    (N - 2, d, D, D, K) and `right_tensors` (d, D, K).

    Source: F. Verstraete, J. J. García-Ripoll and J. I. Cirac, Phys. Rev. Lett. 93, 207204 (2004).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(1 / 2, 4))
    >>> mpdo = nk.models.tensor_networks.MPDOOpen(hi.physical, bond_dim=3)
    >>> mpdo.init(jax.random.key(0), hi.all_states())["params"]["left_tensors"].shape
    (2, 3, 2)
    """

    hilbert: DiscreteHilbert
    """The space of the rows, with the same number of local states on all sites."""
    bond_dim: int
    """Dimension D of the matrices."""
    kraus_dim: int = 2
    """Dimension K of what is traced out on every site."""
    unroll: int = 1
    """How many sites the loop over them has written out."""
    checkpoint: bool = True
    """Whether derivatives save memory by repeating steps of the loop."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of L, T and R."""
    param_dtype: DType = float
    """Data type of the parameters."""

    def setup(self) -> None:
        d, D, K = check_space(self.hilbert), self.bond_dim, self.kraus_dim
        n_middle = check_open(self.hilbert.size) - 2
        shapes = {"left": (d, D, K), "middle": (n_middle, d, D, D, K), "right": (d, D, K)}
        # in this order, on which initial values depend
        self.left_tensors, self.right_tensors, self.middle_tensors = (
            self.param(f"{name}_tensors", self.kernel_init, shapes[name], self.param_dtype)
            for name in ("left", "right", "middle")
        )

    def __call__(self, x: Array) -> Array:
        """Logarithms of matrix elements.

        Args:
            x: Row and column configurations one after the other, of shape (..., 2 N).

        Returns:
            Complex values of shape (...).
        """
        check_sites(x, 2 * self.hilbert.size, "first those of the rows")
        return log_amplitude(*self._contract(*_both_indices(self.hilbert, x)))

    def contract_mpdo(self, qn: Array) -> Array:
        """Matrix elements.

        Args:
            qn: Indices of local states of rows and columns, of shape (..., 2 N).

        Returns:
            Values of shape (...).
        """
        value, log_scale = self._contract(*jnp.split(jnp.asarray(qn), 2, axis=-1))
        return value * jnp.exp(log_scale)

    def _contract(self, rows: Array, columns: Array) -> tuple[Array, Array]:
        x, y = (qn.reshape(-1, qn.shape[-1]) for qn in (rows, columns))
        A = self.middle_tensors + _constants(self.middle_tensors)
        left, right = 1 + self.left_tensors, 1 + self.right_tensors
        v, log_scale = sweep(
            jnp.einsum("blk,bmk->blm", left[x[:, 0]], left[y[:, 0]].conj()),
            (*_both_layouts(A), x.T[1:-1], y.T[1:-1]),
            _next_site,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )
        last = jnp.einsum("blk,bmk->blm", right[x[:, -1]], right[y[:, -1]].conj())
        value = jnp.sum(v * last, axis=(-2, -1))
        return value.reshape(rows.shape[:-1]), log_scale.reshape(rows.shape[:-1])


def _constants(tensors: Array) -> jax.Array:
    """The constants E, (D, D, K); parameters of users depend on this order."""
    D, K = tensors.shape[-2:]
    return jnp.tile(jnp.eye(D, dtype=tensors.dtype), (K, 1, 1)).reshape(D, D, K)


def _both_layouts(A: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Tensors (N, d, D, D, K) as needed for the rows, (N, d, K D, D), and conjugate."""
    n_sites, d, D, _, K = A.shape
    return jnp.moveaxis(A, -1, 2).reshape(n_sites, d, K * D, D), A.conj()


def _next_site(v: Array, A: Array, A_conj: Array, x: Array, y: Array) -> jax.Array:
    """v (B, ..., l, m) times the tensors of rows and columns, one after the other."""
    with_column = absorb(v, A_conj, y)  # (B, ..., l, m', k)
    moved = jnp.moveaxis(with_column, (-1, -3), (-2, -1))  # (B, ..., m', k, l)
    return absorb(moved.reshape(*moved.shape[:-2], -1), A, x).swapaxes(-1, -2)


def _both_indices(hilbert: DiscreteHilbert, x: Array) -> tuple[jax.Array, jax.Array]:
    x = jnp.asarray(x)
    n_sites = hilbert.size
    return local_indices(hilbert, x[..., :n_sites]), local_indices(hilbert, x[..., n_sites:])
