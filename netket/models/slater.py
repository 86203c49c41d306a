# SPDX-License-Identifier: Apache-2.0
r"""Slater determinants of fermions, :math:`\psi(n) = \det_{i \in n,\, j} M_{ij}`."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import SpinOrbitalFermions
from netket.jax import dtype_complex, logsumexp_cplx
from netket.utils.types import Array, DType, NNInitFunc, PyTree

from ._determinants import LogDet, hop, log_det_of_rows, sector

__all__ = ["MultiSlater2nd", "Slater2nd"]

_lecun = nn.initializers.lecun_normal()

# determinants of fewer orbitals are as fast as their updates in large batches
_INCREMENTAL_FROM = 12


class Slater2nd(nn.Module):
    r"""A Slater determinant, in second quantisation.

    .. math::

        |\psi\rangle = \prod_j \Big(\sum_i M_{ij} c_i^\dagger\Big) |0\rangle, \qquad
        \psi(n) = \det\, (M_{ij})_{i \in n},

    where i runs over the occupied orbitals. Parameters, for spin s in L orbitals:

    - `generalized`: one matrix `M` for all particles, whose orbitals mix the spins, (L (2s+1), n);
    - otherwise a product of determinants, one for every s_z: `M_0`, `M_1`, ... of shapes
      (L, n_sz), or, if `restricted`, the same matrix `M` for all of them.

    The amplitude of configurations with other numbers of particles is zero. If all of few particles
    hop, the determinant is updated, see :class:`netket.models.IncrementalModel`.

    Raises:
        TypeError: The Hilbert space is not one of fermions whose number is fixed.
        ValueError: The options need as many particles of every s_z, or a number for each.

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.SpinOrbitalFermions(4, s=1 / 2, n_fermions_per_spin=(2, 2))
    >>> model = nk.models.Slater2nd(hi)
    >>> model.init(jax.random.key(0), hi.all_states())["params"]["M"].shape
    (4, 2)
    """

    hilbert: SpinOrbitalFermions
    """The Hilbert space; the numbers of particles must be fixed."""
    generalized: bool = False
    """Whether orbitals may mix the spins."""
    restricted: bool = True
    """Whether all spins have the same orbitals; there must be as many particles of each."""
    kernel_init: NNInitFunc = _lecun
    """Initialiser of the orbitals."""
    param_dtype: DType = float
    """Data type of the parameters."""

    incremental_from = _INCREMENTAL_FROM

    def __post_init__(self) -> None:
        _check(self)
        super().__post_init__()

    @nn.compact
    def __call__(self, n: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            n: Occupation numbers of shape (..., N).

        Returns:
            Complex values of shape (...); -inf where the determinant vanishes.
        """
        names = _names(self)
        matrices = {
            name: self.param(name, _initialiser(self, shape), shape, self.param_dtype)
            for name, shape in dict(names).items()
        }
        dets = [
            log_det_of_rows(matrices[name], part) for (name, _), part in zip(names, _parts(self, n))
        ]
        return _log_product(dets)

    # -- few particles hop -----------------------------------------------------------------------

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        sectors = [sector(M, part) for M, part in zip(_matrices(self), _parts(self, σ))]
        return _log_product([part.det for part in sectors]), sectors

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        sectors, length = [], len(cache[0].n)
        sites, new = jnp.asarray(sites), jnp.asarray(new)
        for k, (M, part) in enumerate(zip(_matrices(self), cache)):
            here = sites // length == k
            sectors.append(hop(M, part, sites - k * length, new, here))
        return _log_product([part.det for part in sectors]), sectors

    # -- expectation values that need no samples -------------------------------------------------

    def rdm_one_body(self, return_intermediates: bool = False) -> Any:
        r"""The matrix :math:`P_{pq} = \langle c_q^\dagger c_p \rangle`, in closed form.

        It is the projector on the orbitals. With `generalized`, numbers of particles of the single
        s_z fluctuate in it, also if the Hilbert space fixes them. Call it as
        ``model.apply(variables, method=model.rdm_one_body)``.

        Args:
            return_intermediates: Whether to return a dictionary, too: inverse overlaps of the
                orbitals, `S_inv`, and the blocks of the matrix, `rdm_sector`; lists `S_invs` and
                `rdm_sectors` for different orbitals of every s_z; `rdm` if generalised.

        Returns:
            The matrix (N, N), with zeros between different s_z unless `generalized`.
        """
        matrices = _matrices(self)
        own = [_projector(M) for M in (matrices if _is_unrestricted(self) else matrices[:1])]
        blocks = [P for _, P in own] if _is_unrestricted(self) else [own[0][1]] * len(matrices)
        rdm = jax.scipy.linalg.block_diag(*blocks)
        if not return_intermediates:
            return rdm
        if _is_unrestricted(self):
            inverses, sectors = zip(*own)
            return rdm, {"S_invs": list(inverses), "rdm_sectors": list(sectors)}
        name = "rdm" if self.generalized else "rdm_sector"
        return rdm, {"S_inv": own[0][0], name: own[0][1]}

    def qgt_by_wick(self) -> Array:
        r"""The quantum geometric tensor, in closed form by Wick's theorem.

        .. math::

            S_{(pi),(qj)} = \langle O_{pi}^* O_{qj} \rangle_c
                = \big[(M^\dagger M)^{-1}\big]_{ji}\, (\delta_{pq} - P_{pq})

        for :math:`O = \partial \log\psi`, with P the projector on the orbitals. Call it as
        ``model.apply(variables, method=model.qgt_by_wick)``.

        Returns:
            The matrix (P, P) for the parameters in row-major order, `M_0` before `M_1`; real for
            real parameters.
        """
        matrices = _matrices(self)
        if _is_unrestricted(self):
            return jax.scipy.linalg.block_diag(*(_geometric_tensor(M) for M in matrices))
        # equal orbitals: the sectors add up
        return len(matrices) * _geometric_tensor(matrices[0])


class MultiSlater2nd(nn.Module):
    r"""A sum of Slater determinants, :math:`\psi(n) = \sum_k \det\, (M^{(k)}_{ij})_{i\in n}`.

    The parameters are those of :class:`Slater2nd` under the name `VmapSlater2nd_0`, with a first
    axis for the determinants.

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.SpinOrbitalFermions(4, n_fermions=2)
    >>> model = nk.models.MultiSlater2nd(hi, n_determinants=3)
    >>> model.init(jax.random.key(0), hi.all_states())["params"]["VmapSlater2nd_0"]["M"].shape
    (3, 4, 2)
    """

    hilbert: SpinOrbitalFermions
    """The Hilbert space; the numbers of particles must be fixed."""
    n_determinants: int = 1
    """Number of determinants."""
    generalized: bool = False
    """Whether orbitals may mix the spins."""
    restricted: bool = True
    """Whether all spins have the same orbitals; there must be as many particles of each."""
    kernel_init: NNInitFunc = _lecun
    """Initialiser of the orbitals."""
    param_dtype: DType = float
    """Data type of the parameters."""

    def __post_init__(self) -> None:
        _check(self)
        if self.n_determinants < 1:
            raise ValueError(
                f"Argument `n_determinants` must be at least 1, but is {self.n_determinants}."
            )
        super().__post_init__()

    @nn.compact
    def __call__(self, n: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            n: Occupation numbers of shape (..., N).

        Returns:
            Complex values of shape (...).
        """
        determinants = nn.vmap(
            Slater2nd,
            variable_axes={"params": 0},
            split_rngs={"params": True},
            in_axes=None,
            axis_size=self.n_determinants,
        )
        terms = determinants(
            hilbert=self.hilbert,
            generalized=self.generalized,
            restricted=self.restricted,
            kernel_init=self.kernel_init,
            param_dtype=self.param_dtype,
        )(n)
        return _log_sum(terms)


# -- options -------------------------------------------------------------------------------------


def _check(model: Slater2nd | MultiSlater2nd) -> None:
    hilbert, name = model.hilbert, type(model).__name__
    if not isinstance(hilbert, SpinOrbitalFermions) or hilbert.n_fermions is None:
        raise TypeError(
            "Argument `hilbert` must be SpinOrbitalFermions with a fixed number of fermions, as "
            f"SpinOrbitalFermions(4, n_fermions=2), but is {hilbert}."
        )
    per_spin = hilbert.n_fermions_per_spin
    if not model.generalized and None in per_spin:
        raise ValueError(
            f"Argument `hilbert` must fix the number of fermions of every s_z, but is {hilbert}. "
            f"Give `n_fermions_per_spin`, or use {name}(..., generalized=True)."
        )
    if model.restricted and None not in per_spin and len(set(per_spin)) > 1:
        raise ValueError(
            "Argument `restricted` must be False if there are not as many fermions of every s_z, "
            f"but `n_fermions_per_spin` is {per_spin}: use {name}(..., restricted=False)."
        )


def _is_unrestricted(model: Slater2nd) -> bool:
    return not (model.generalized or model.restricted)


def _names(model: Slater2nd) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of the parameter of every determinant."""
    hilbert = model.hilbert
    if model.generalized:
        return [("M", (hilbert.size, hilbert.n_fermions or 0))]
    numbers = [m or 0 for m in hilbert.n_fermions_per_spin]
    names = ["M" if model.restricted else f"M_{k}" for k in range(len(numbers))]
    return [(name, (hilbert.n_orbitals, m)) for name, m in zip(names, numbers)]


def _initialiser(model: Slater2nd, shape: tuple[int, ...]) -> NNInitFunc:
    # those that depend on the numbers of rows and columns divide by them
    return model.kernel_init if all(shape) else nn.initializers.zeros


def _matrices(model: Slater2nd) -> list[jax.Array]:
    return [jnp.asarray(model.variables["params"][name]) for name, _ in _names(model)]


def _parts(model: Slater2nd, n: Array) -> list[jax.Array]:
    """Occupation numbers (..., N) of every determinant."""
    if n.shape[-1] != model.hilbert.size:
        raise ValueError(
            f"Argument `n` must have {model.hilbert.size} occupation numbers in its last axis, as "
            f"{model.hilbert} does, but has shape {n.shape}."
        )
    n = jnp.asarray(n)
    if model.generalized:
        return [n]
    length = model.hilbert.n_orbitals
    return [n[..., k : k + length] for k in range(0, n.shape[-1], length)]


# -- formulas ------------------------------------------------------------------------------------


@jax.jit
def _log_product(dets: list[LogDet]) -> jax.Array:
    modulus = sum(det.modulus for det in dets)
    return jax.lax.complex(modulus, sum(_angle(det.phase) for det in dets))


def _angle(phase: Array) -> jax.Array:
    if jnp.iscomplexobj(phase):
        return jnp.angle(phase)
    return jnp.where(phase < 0, jnp.asarray(np.pi, phase.dtype), 0)


@jax.jit
def _log_sum(terms: Array) -> jax.Array:
    """log Σ exp over the first axis; the derivative is zero where all terms vanish."""
    nothing = jnp.all(jnp.isneginf(terms.real), axis=0)
    value = logsumexp_cplx(jnp.where(nothing, 0, terms), axis=0)
    return jnp.where(nothing, jnp.asarray(-jnp.inf, dtype_complex(terms.dtype)), value)


def _projector(M: Array) -> tuple[jax.Array, jax.Array]:
    """Inverse overlap of the orbitals, and the projector on them, <c†_q c_p>."""
    inverse = jnp.linalg.inv(M.conj().T @ M)
    return inverse, M @ inverse @ M.conj().T


def _geometric_tensor(M: Array) -> jax.Array:
    inverse, P = _projector(M)
    holes = jnp.eye(len(M), dtype=M.dtype) - P
    S = jnp.einsum("ji,pq->piqj", inverse, holes)
    return S.reshape(M.size, M.size)
