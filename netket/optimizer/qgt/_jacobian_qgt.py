# SPDX-License-Identifier: Apache-2.0
r"""What the two tensors made of a stored Jacobian share.

.. math:: S = O^\dagger O, \qquad O_{\sigma k} = \sqrt{p_\sigma}\,
    (\partial_k \log\psi(\sigma) - \langle\partial_k \log\psi\rangle)

With a relative shift a diagonal matrix c is split off, :math:`S = c\,(O'^\dagger O' +
\epsilon)\,c` with :math:`c_k^2 = S_{kk} + \epsilon_0 / \epsilon`, so that the shift is
:math:`\epsilon S_{kk} + \epsilon_0`.
"""

from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from netket.jax import jacobian, tree_ravel
from netket.utils import struct
from netket.utils.types import Array, PyTree, Scalar

from ..linear_operator import LinearOperator
from ._gram import GramOperator
from ._parameter_space import ParameterSpace
from ._samples import differentiation_mode, state_data


class JacobianQGT(LinearOperator):
    """Quantum geometric tensor that keeps the centred Jacobian.

    Attributes:
        O: the Jacobian, centred and weighted by the square roots of the probabilities (and divided
            by `scale`): rows (B, ...), or (B, 2, ...) for real and imaginary parts.
        scale: the diagonal matrix c as a vector, if there is a relative shift.
        mode: "real", "complex" or "holomorphic", see `netket.jax.jacobian`.
    """

    O: PyTree
    scale: PyTree | None
    mode: str = struct.field(pytree_node=False)
    space: ParameterSpace = struct.field(pytree_node=False)

    dense: ClassVar[bool]

    def __init__(
        self, O: PyTree, scale: PyTree | None, diag_shift: Scalar, mode: str, space: ParameterSpace
    ):
        self.O = O
        self.scale = scale
        self.diag_shift = diag_shift
        self.mode = mode
        self.space = space

    def _domain(self, vec: PyTree) -> PyTree:
        """A tree like the parameters as one row of O."""
        return self.space.ravel(vec) if self.dense else self.space.to_domain(vec)

    def _parameters(self, vec: PyTree) -> PyTree:
        return self.space.unravel(vec) if self.dense else self.space.from_domain(vec)

    def _gram_operator(self, **options: bool) -> GramOperator:
        rows = self.O
        if self.mode == "complex":  # real and imaginary parts are rows of their own
            rows = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), rows)
        return GramOperator(rows, self.diag_shift, **options)

    def __matmul__(self, vec: PyTree) -> PyTree:
        return _matmul(self, vec)

    def to_dense(self) -> Array:
        return _to_dense(self)

    def _solve(self, solve_fun: Any, y: PyTree, x0: PyTree | None) -> tuple[PyTree, Any]:
        if is_flat(self.space, y):
            tree, restore = self.space.tree_of(y), tree_ravel
            start = None if x0 is None else self.space.tree_of(x0)
            x, info = self._solve(solve_fun, tree, start)
            return restore(x)[0], info
        b = self._domain(y)
        start = None if x0 is None else self._domain(x0)
        if self.scale is not None:
            b = jax.tree.map(jnp.divide, b, self.scale)
            start = None if start is None else jax.tree.map(jnp.multiply, start, self.scale)
        x, info = solve_fun(self._gram_operator(many_products=True), b, x0=start)
        if self.scale is not None:
            x = jax.tree.map(jnp.divide, x, self.scale)
        return self._parameters(x), info

    def __repr__(self) -> str:
        name = type(self).__name__.removesuffix("T")
        return f"{name}(diag_shift={self.diag_shift}, scale={self.scale}, mode={self.mode})"


def is_flat(space: ParameterSpace, vec: PyTree) -> bool:
    """Whether a vector is a raveled array rather than a tree."""
    is_leaf = jax.tree.structure(vec) == jax.tree.structure(0)
    return is_leaf and jnp.shape(vec) == (space.size,) and space.treedef != jax.tree.structure(0)


@jax.jit
def _matmul(S: JacobianQGT, vec: PyTree) -> PyTree:
    if is_flat(S.space, vec):
        return tree_ravel(_matmul(S, S.space.tree_of(vec)))[0]
    v = S._domain(vec)
    if S.scale is not None:
        v = jax.tree.map(jnp.multiply, v, S.scale)
    product = S._gram_operator() @ v
    if S.scale is not None:
        product = jax.tree.map(jnp.multiply, product, S.scale)
    return S._parameters(product)


@jax.jit
def _to_dense(S: JacobianQGT) -> jax.Array:
    matrix = S._gram_operator().to_dense()
    if S.scale is not None:
        c = tree_ravel(S.scale)[0]
        matrix = c[:, None] * matrix * c
    return matrix


# -- construction ------------------------------------------------------------------------------


def jacobian_qgt(
    cls: Any,
    vstate: Any,
    *,
    mode: str | None,
    holomorphic: bool | None,
    diag_shift: Scalar,
    diag_scale: Scalar | None,
    chunk_size: int | None,
) -> Any:
    """The tensor of class `cls` for a state; arguments are those of `QGTJacobianDense`."""
    data = state_data(vstate, chunk_size)
    mode = differentiation_mode(data, mode, holomorphic)
    O, scale = _scaled_jacobian(
        data.apply_fun,
        data.parameters,
        data.model_state,
        data.samples,
        data.pdf,
        diag_shift,
        diag_scale,
        mode=mode,
        dense=cls.dense,
        chunk_size=data.chunk_size,
    )
    shift = diag_shift if scale is None else diag_scale
    return cls(O, scale, shift, mode, ParameterSpace.of(data.parameters, mode))


@partial(jax.jit, static_argnums=0, static_argnames=("mode", "dense", "chunk_size"))
def _scaled_jacobian(
    apply_fun: Any,
    parameters: PyTree,
    model_state: PyTree,
    samples: Array,
    pdf: Array | None,
    diag_shift: Scalar,
    diag_scale: Scalar | None,
    *,
    mode: str,
    dense: bool,
    chunk_size: int | None,
) -> tuple[PyTree, PyTree | None]:
    """The Jacobian O' and the vector c of the formulas at the top."""
    O = jacobian(
        apply_fun,
        parameters,
        samples,
        model_state,
        mode=mode,
        pdf=pdf,
        chunk_size=chunk_size,
        center=True,
        dense=dense,
    )
    O = jax.tree.map(lambda x: weighted(x, pdf), O)
    if diag_scale is None:
        return O, None
    axes = (0, 1) if mode == "complex" else (0,)
    c = jax.tree.map(
        lambda x: jnp.sqrt(jnp.sum(jnp.abs(x) ** 2, axis=axes) + diag_shift / diag_scale), O
    )
    return jax.tree.map(jnp.divide, O, c), c


def weighted(rows: jax.Array, pdf: Array | None) -> jax.Array:
    """Rows (B, ...) times the square roots of the probabilities of their samples."""
    if pdf is None:
        return rows / rows.shape[0] ** 0.5
    weights = jnp.sqrt(pdf).astype(rows.real.dtype)
    return rows * weights.reshape(-1, *(1,) * (rows.ndim - 1))
