# SPDX-License-Identifier: Apache-2.0
r"""Projection on an irrep, :math:`\psi(\sigma) = \frac{1}{|G|}\sum_g \chi(g) \psi_0(g\sigma)`."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.jax import logsumexp_cplx
from netket.utils import HashableArray
from netket.utils.group import PermutationGroup
from netket.utils.types import Array

__all__ = ["SymmExpSum"]


class SymmExpSum(nn.Module):
    r"""The wave function of another module, projected on an irrep of a group of permutations.

    .. math::

        \psi(\sigma) = \frac{1}{|G|} \sum_{g \in G} \chi(g)\, \psi_0(g \sigma)

    The parameters are those of the other module, under the name `module`.

    >>> import jax, netket as nk
    >>> group = nk.graph.Chain(4).translation_group()
    >>> model = nk.nn.blocks.SymmExpSum(nk.models.RBM(), group, character_id=2)
    >>> x = jax.numpy.ones((5, 4))
    >>> model.apply(model.init(jax.random.key(0), x), x).shape
    (5,)
    """

    module: nn.Module
    """The module of log-amplitudes."""
    symm_group: PermutationGroup
    """The group."""
    characters: HashableArray | None = None
    """Characters χ (n_elements,); all 1 by default."""
    character_id: int | None = None
    """Row of `symm_group.character_table()` with the characters; give at most one of the two."""

    def __post_init__(self) -> None:
        if self.characters is not None and self.character_id is not None:
            raise ValueError("Arguments `characters` and `character_id` must not both be given.")
        if self.characters is not None and not isinstance(self.characters, HashableArray):
            object.__setattr__(self, "characters", HashableArray(np.asarray(self.characters)))
        super().__post_init__()

    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N).

        Returns:
            Values of shape (...).
        """
        images = np.asarray(self.symm_group)
        value = self.module(jnp.asarray(x)[..., images])  # (..., n_elements)
        weights = self._weights()
        if weights is None:
            n_elements = jnp.asarray(len(images), value.real.dtype)
            sum_of = logsumexp_cplx if jnp.iscomplexobj(value) else jax.scipy.special.logsumexp
            return sum_of(value, axis=-1) - jnp.log(n_elements)
        return logsumexp_cplx(value, axis=-1, b=weights / len(images))

    def _weights(self) -> Any:
        if self.character_id is not None:
            return np.asarray(self.symm_group.character_table()[self.character_id])
        return None if self.characters is None else np.asarray(self.characters)
