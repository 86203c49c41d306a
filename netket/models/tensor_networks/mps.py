# SPDX-License-Identifier: Apache-2.0
r"""Matrix product states, :math:`\psi(x) = \mathrm{tr} \prod_i A^{(i)}_{x_i}`."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.hilbert import DiscreteHilbert
from netket.utils.types import Array, DType, NNInitFunc, PyTree

from . import _tree
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

__all__ = ["MPSOpen", "MPSPeriodic"]

_normal = nn.initializers.normal(stddev=0.01)

# A product over the whole chain, of a batch, is as fast as updates for shorter chains than these.
# With open ends it is a product of vectors, N D² numbers; updates multiply matrices, D³ log N.
_PERIODIC_INCREMENTAL_FROM = 40
_OPEN_INCREMENTAL_FROM = 200
_SITES_PER_BOND_DIM = 7  # steps of samplers
_SITES_PER_BOND_DIM_OF_BATCHES = 32  # local estimators


class MPSPeriodic(nn.Module):
    r"""Matrix product state with periodic boundaries.

    .. math::

        \psi(x) = \mathrm{tr} \prod_{i=1}^N \big(1 + T^{(i)}_{x_i}\big)

    The parameters `tensors` are T, of shape (symperiod, d, D, D) for d local states.

    Source: U. Schollwöck, Annals of Physics 326, 96 (2011).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 6)
    >>> mps = nk.models.tensor_networks.MPSPeriodic(hi, bond_dim=4, symperiod=2)
    >>> mps.init(jax.random.key(0), hi.all_states())["params"]["tensors"].shape
    (2, 2, 4, 4)
    """

    hilbert: DiscreteHilbert
    """The Hilbert space, with the same number of local states on all sites."""
    bond_dim: int
    """Dimension D of the matrices."""
    symperiod: int | None = None
    """After how many sites tensors repeat; None if all are different."""
    unroll: int = 1
    """How many sites the loop over them has written out."""
    checkpoint: bool = True
    """Whether derivatives save memory by repeating steps of the loop."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of T; with small ones, all amplitudes are about D."""
    param_dtype: DType = float
    """Data type of the parameters."""

    incremental_from = _PERIODIC_INCREMENTAL_FROM

    def setup(self) -> None:
        d, D = check_space(self.hilbert), self.bond_dim
        shape = (check_period(self.hilbert.size, self.symperiod), d, D, D)
        self.tensors = self.param("tensors", self.kernel_init, shape, self.param_dtype)

    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N).

        Returns:
            Complex values of shape (...).
        """
        check_sites(x, self.hilbert.size, "one for each site")
        return log_amplitude(*self._contract(local_indices(self.hilbert, x)))

    def contract_mps(self, qn: Array) -> Array:
        """Amplitudes of configurations.

        Args:
            qn: Indices of local states, of shape (..., N).

        Returns:
            Values of shape (...).
        """
        value, log_scale = self._contract(jnp.asarray(qn))
        return value * jnp.exp(log_scale)

    def _contract(self, qn: Array) -> tuple[Array, Array]:
        x = qn.reshape(-1, qn.shape[-1])
        identity = jnp.eye(self.bond_dim, dtype=self.tensors.dtype)
        matrices = periodic_tensors(self.tensors, x.shape[-1]) + identity
        product, log_scale = sweep(
            matrices[0][x[:, 0]],
            (matrices[1:-1], x.T[1:-1]),
            absorb,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )
        if len(matrices) == 1:
            value = jnp.trace(product, axis1=-2, axis2=-1)
        else:  # of the last product, only the trace
            value = jnp.einsum("bij,bji->b", product, matrices[-1][x[:, -1]])
        return value.reshape(qn.shape[:-1]), log_scale.reshape(qn.shape[:-1])

    # -- few sites change ------------------------------------------------------------------------

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        tree = _tree.build(self._matrices, local_indices(self.hilbert, σ))
        return self._log_psi(tree), tree

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        tree = _tree.update(self._matrices, cache, sites, _indices_at(self.hilbert, sites, new))
        return self._log_psi(tree), tree

    def _matrices(self, sites: Array, x: Array) -> Array:
        """Matrices of some sites, (..., D, D)."""
        matrices = self.tensors[sites % len(self.tensors), x]
        return matrices + jnp.eye(self.bond_dim, dtype=matrices.dtype)

    def _log_psi(self, tree: _tree.Tree) -> Array:
        first, *rest = tree.halves
        value = jnp.sum(first * rest[0].T) if rest else jnp.trace(first)
        return log_amplitude(value, tree.log_scale)


class MPSOpen(nn.Module):
    r"""Matrix product state with open boundaries.

    .. math::

        \psi(x) = (1 + L_{x_1})^T \prod_{i=2}^{N-1} \big(1 + T^{(i)}_{x_i}\big) (1 + R_{x_N})

    where the 1 of the boundaries is the vector of ones. Parameters: `left_tensors` (d, D),
    `middle_tensors` (N - 2, d, D, D) and `right_tensors` (d, D).

    Source: U. Schollwöck, Annals of Physics 326, 96 (2011).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 6)
    >>> mps = nk.models.tensor_networks.MPSOpen(hi, bond_dim=4)
    >>> mps.init(jax.random.key(0), hi.all_states())["params"]["middle_tensors"].shape
    (4, 2, 4, 4)
    """

    hilbert: DiscreteHilbert
    """The Hilbert space, with the same number of local states on all sites."""
    bond_dim: int
    """Dimension D of the matrices."""
    unroll: int = 1
    """How many sites the loop over them has written out."""
    checkpoint: bool = True
    """Whether derivatives save memory by repeating steps of the loop."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of L, T and R; with small ones, all amplitudes are about D."""
    param_dtype: DType = float
    """Data type of the parameters."""

    def setup(self) -> None:
        d, D = check_space(self.hilbert), self.bond_dim
        n_middle = check_open(self.hilbert.size) - 2
        shapes = {"left": (d, D), "middle": (n_middle, d, D, D), "right": (d, D)}
        # in this order, on which initial values depend
        self.left_tensors, self.right_tensors, self.middle_tensors = (
            self.param(f"{name}_tensors", self.kernel_init, shapes[name], self.param_dtype)
            for name in ("left", "right", "middle")
        )

    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N).

        Returns:
            Complex values of shape (...).
        """
        check_sites(x, self.hilbert.size, "one for each site")
        return log_amplitude(*self._contract(local_indices(self.hilbert, x)))

    def contract_mps(self, qn: Array) -> Array:
        """Amplitudes of configurations.

        Args:
            qn: Indices of local states, of shape (..., N).

        Returns:
            Values of shape (...).
        """
        value, log_scale = self._contract(jnp.asarray(qn))
        return value * jnp.exp(log_scale)

    def _contract(self, qn: Array) -> tuple[Array, Array]:
        x = qn.reshape(-1, qn.shape[-1])
        identity = jnp.eye(self.bond_dim, dtype=self.middle_tensors.dtype)
        v, log_scale = sweep(
            1 + self.left_tensors[x[:, 0]],
            (self.middle_tensors + identity, x.T[1:-1]),
            absorb,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )
        value = jnp.sum(v * (1 + self.right_tensors[x[:, -1]]), axis=-1)
        return value.reshape(qn.shape[:-1]), log_scale.reshape(qn.shape[:-1])

    # -- few sites change ------------------------------------------------------------------------

    @property
    def is_incremental(self) -> bool:
        """Whether the chain is long enough for updates to be faster."""
        return self.hilbert.size > _SITES_PER_BOND_DIM * self.bond_dim

    @property
    def incremental_from(self) -> int:
        """From how many sites updates are faster for large batches."""
        return max(_OPEN_INCREMENTAL_FROM, _SITES_PER_BOND_DIM_OF_BATCHES * self.bond_dim)

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        tree = _tree.build(self._matrices, local_indices(self.hilbert, σ))
        return self._log_psi(tree), tree

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        tree = _tree.update(self._matrices, cache, sites, _indices_at(self.hilbert, sites, new))
        return self._log_psi(tree), tree

    def _matrices(self, sites: Array, x: Array) -> Array:
        """Matrices of some sites, (..., D, D); identities at the ends."""
        n_middle = len(self.middle_tensors)
        if n_middle == 0:
            identity = jnp.eye(self.bond_dim, dtype=self.middle_tensors.dtype)
            return jnp.broadcast_to(identity, (*sites.shape, *identity.shape))
        matrices = self.middle_tensors[jnp.clip(sites - 1, 0, n_middle - 1), x]
        inside = (sites > 0) & (sites <= n_middle)
        matrices = jnp.where(inside[..., None, None], matrices, 0)
        return matrices + jnp.eye(self.bond_dim, dtype=matrices.dtype)

    def _log_psi(self, tree: _tree.Tree) -> Array:
        v = 1 + self.left_tensors[tree.x[0]]
        for half in tree.halves:
            v = v @ half
        right = 1 + self.right_tensors[tree.x[-1]]
        return log_amplitude(v @ right, tree.log_scale)


def _indices_at(hilbert: DiscreteHilbert, sites: Array, values: Array) -> jax.Array:
    """Indices of local states of some sites; all sites have the same local states."""
    states = jnp.asarray(hilbert.states_at_index(0)).astype(values.dtype)
    return jnp.argmax(values[..., None] == states, axis=-1).astype(jnp.int32)
