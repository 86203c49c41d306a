# SPDX-License-Identifier: Apache-2.0
"""Vectors of parameters in the form on which a quantum geometric tensor is a linear map.

The tensor of a function that is not holomorphic acts on real vectors: each complex parameter
counts as its real and its imaginary part. So a tree of parameters becomes, as in
`netket.jax.jacobian`, a pair of trees of real and of imaginary parts (None for those of real
parameters), and as a flat vector first all real, then all imaginary parts.
"""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import RealQGTComplexDomainError
from netket.jax import tree_ravel, tree_to_real
from netket.utils.types import PyTree


@dataclasses.dataclass(frozen=True)
class ParameterSpace:
    """Structure of a tree of parameters; hashable, made by `ParameterSpace.of`."""

    treedef: Any
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype, ...]
    split: bool
    """Whether complex parameters count as pairs of real ones."""

    @classmethod
    def of(cls, parameters: PyTree, mode: str) -> "ParameterSpace":
        leaves, treedef = jax.tree.flatten(parameters)
        dtypes = tuple(np.dtype(x.dtype) for x in leaves)
        split = mode != "holomorphic" and any(d.kind == "c" for d in dtypes)
        return cls(treedef, tuple(x.shape for x in leaves), dtypes, split)

    @property
    def sizes(self) -> list[int]:
        """Number of elements of each leaf."""
        return [math.prod(shape) for shape in self.shapes]

    @property
    def size(self) -> int:
        """Number of parameters P, complex ones counted once."""
        return sum(self.sizes)

    @property
    def domain_size(self) -> int:
        """Number of rows of the matrix, complex parameters counted twice if they are pairs."""
        return sum(
            n * (1 + (self.split and d.kind == "c")) for n, d in zip(self.sizes, self.dtypes)
        )

    # -- trees -------------------------------------------------------------------------------

    def checked(self, tree: PyTree) -> PyTree:
        """The tree with the dtypes of the parameters, if it has their structure.

        Raises:
            ValueError: another structure, or another shape of a leaf.
            RealQGTComplexDomainError: a complex leaf where the parameter is real.
        """
        leaves, treedef = jax.tree.flatten(tree)
        shapes = tuple(jnp.shape(x) for x in leaves)
        if treedef != self.treedef or shapes != self.shapes:
            expected = self.treedef.unflatten(self.shapes)
            raise ValueError(
                "A vector must be a pytree like the parameters, or their raveled array of "
                f"{self.size} elements, but its leaves have shapes {treedef.unflatten(shapes)} "
                f"where those of the parameters have {expected}."
            )
        for x, dtype in zip(leaves, self.dtypes):
            if jnp.iscomplexobj(x) and dtype.kind != "c":
                raise RealQGTComplexDomainError()
        return treedef.unflatten([jnp.asarray(x, dtype=d) for x, d in zip(leaves, self.dtypes)])

    def to_domain(self, tree: PyTree) -> PyTree:
        """A tree like the parameters as the tree on which the tensor acts."""
        tree = self.checked(tree)
        return tree_to_real(tree)[0] if self.split else tree

    def from_domain(self, domain: PyTree) -> PyTree:
        """The inverse of `to_domain`."""
        if not self.split:
            return domain
        real, imag = domain
        return jax.tree.map(
            lambda y, x: x if y is None else jax.lax.complex(x, y),
            imag,
            real,
            is_leaf=lambda y: y is None,
        )

    # -- flat vectors -----------------------------------------------------------------------

    def ravel(self, tree: PyTree) -> jax.Array:
        """A tree like the parameters as the vector that the matrix multiplies."""
        return tree_ravel(self.to_domain(tree))[0]

    def unravel(self, vector: jax.Array) -> PyTree:
        """The inverse of `ravel`."""
        if not self.split:
            leaves = self._pieces(vector)
        else:
            real = self._pieces(vector[: self.size])
            imag = self._pieces(vector[self.size :], [d.kind == "c" for d in self.dtypes])
            leaves = [x if y is None else jax.lax.complex(x, y) for x, y in zip(real, imag)]
        return self.treedef.unflatten([x.astype(d) for x, d in zip(leaves, self.dtypes)])

    def tree_of(self, vector: jax.Array) -> PyTree:
        """The tree of a raveled array (P,), whose dtype may be that of the most general leaf."""
        if not self.split and vector.dtype.kind == "c" and all(d.kind != "c" for d in self.dtypes):
            raise RealQGTComplexDomainError()
        leaves = [x if d.kind == "c" else x.real for x, d in zip(self._pieces(vector), self.dtypes)]
        return self.treedef.unflatten([x.astype(d) for x, d in zip(leaves, self.dtypes)])

    def _pieces(self, vector: jax.Array, present: list[bool] | None = None) -> list:
        """Consecutive pieces of a vector in the shapes of those leaves that are present."""
        pieces, start = [], 0
        for shape, size, is_there in zip(
            self.shapes, self.sizes, present or [True] * len(self.shapes)
        ):
            pieces.append(vector[start : start + size].reshape(shape) if is_there else None)
            start += size if is_there else 0
        return pieces
