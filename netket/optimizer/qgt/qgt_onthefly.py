# SPDX-License-Identifier: Apache-2.0
r"""Quantum geometric tensor that is never stored: products by forward and reverse derivatives.

.. math:: S v = \sum_\sigma p_\sigma\, O_\sigma^\dagger\,(w_\sigma - \bar w), \qquad
    w = O v, \quad \bar w = \sum_\sigma p_\sigma w_\sigma

where O v is a Jacobian-vector product and O† w a vector-Jacobian product. Memory is that of one
evaluation of the model on a chunk of samples.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from netket.errors import (
    NonHolomorphicQGTOnTheFlyDenseRepresentationError,
)
from netket.jax import tree_ravel
from netket.utils import struct
from netket.utils.types import Array, PyTree, Scalar, ScalarOrSchedule

from ..linear_operator import LinearOperator
from ._chunks import linear_maps, streamed_gram
from ._constructor import binds_options
from ._gram import add_to_diagonal
from ._jacobian_qgt import is_flat
from ._parameter_space import ParameterSpace
from ._samples import StateData, differentiation_mode, state_data


class QGTOnTheFlyT(LinearOperator):
    """The tensor made by `QGTOnTheFly`."""

    parameters: PyTree
    model_state: PyTree
    samples: Array
    pdf: Array | None
    apply_fun: Callable = struct.field(pytree_node=False)
    chunk_size: int | None = struct.field(pytree_node=False)
    mode: str = struct.field(pytree_node=False)

    def __init__(self, data: StateData, mode: str, diag_shift: Scalar):
        self.parameters = data.parameters
        self.model_state = data.model_state
        self.samples = data.samples
        self.pdf = data.pdf
        self.apply_fun = data.apply_fun
        self.chunk_size = data.chunk_size
        self.mode = mode
        self.diag_shift = diag_shift

    @property
    def space(self) -> ParameterSpace:
        """The structure of the parameters."""
        return ParameterSpace.of(self.parameters, self.mode)

    @property
    def flat_samples(self) -> Array:
        """All samples (B, N)."""
        return self.samples.reshape(-1, self.samples.shape[-1])

    def __matmul__(self, vec: PyTree) -> PyTree:
        return _matmul(self, vec)

    def to_dense(self) -> Array:
        if self.space.split:
            raise NonHolomorphicQGTOnTheFlyDenseRepresentationError()
        return _to_dense(self)

    def _solve(self, solve_fun: Any, y: PyTree, x0: PyTree | None) -> tuple[PyTree, Any]:
        space = self.space
        if is_flat(space, y):
            start = None if x0 is None else space.tree_of(x0)
            x, info = self._solve(solve_fun, space.tree_of(y), start)
            return tree_ravel(x)[0], info
        start = None if x0 is None else space.to_domain(x0)
        x, info = solve_fun(_DomainOperator(self, space), space.to_domain(y), x0=start)
        return space.from_domain(x), info

    def __repr__(self) -> str:
        return f"QGTOnTheFly(diag_shift={self.diag_shift})"


class _DomainOperator(LinearOperator):
    """A `QGTOnTheFlyT` inside of a solver: linear, and linearised only once."""

    tensor: QGTOnTheFlyT
    space: ParameterSpace = struct.field(pytree_node=False)
    product: Callable[[PyTree], PyTree] = struct.field(pytree_node=False)

    def __init__(self, tensor: QGTOnTheFlyT, space: ParameterSpace):
        self.tensor = tensor
        self.space = space
        self.product = product_function(tensor)
        self.diag_shift = tensor.diag_shift

    def __matmul__(self, vec: PyTree) -> PyTree:
        Sv = self.space.to_domain(self.product(self.space.from_domain(vec)))
        return jax.tree.map(lambda y, x: (y + self.diag_shift * x).astype(x.dtype), Sv, vec)

    def to_dense(self) -> Array:
        return _to_dense(self.tensor)


def product_function(S: QGTOnTheFlyT) -> Callable[[PyTree], PyTree]:
    """The function v -> S v (without shift) of trees like the parameters."""

    def log_psi(parameters: PyTree, σ: Array) -> Array:
        return S.apply_fun({"params": parameters, **(S.model_state or {})}, σ)

    σ = S.flat_samples
    p = 1 / σ.shape[0] if S.pdf is None else S.pdf
    push, pull = linear_maps(log_psi, S.parameters, σ, S.chunk_size)
    return partial(_product, push, pull, p)


def _product(push: Callable, pull: Callable, p: Array | float, v: PyTree) -> PyTree:
    w = push(v)
    p = jnp.asarray(p, dtype=w.real.dtype)
    # the derivatives on the left need not be centred, since this has mean zero
    return pull(p * (w - jnp.sum(p * w)))


@jax.jit
def _matmul(S: QGTOnTheFlyT, vec: PyTree) -> PyTree:
    if is_flat(S.space, vec):
        return tree_ravel(_matmul(S, S.space.tree_of(vec)))[0]
    v = S.space.checked(vec)
    Sv = product_function(S)(v)
    return jax.tree.map(lambda y, x: (y + S.diag_shift * x).astype(x.dtype), Sv, v)


@jax.jit
def _to_dense(S: QGTOnTheFlyT) -> jax.Array:
    matrix = streamed_gram(
        S.apply_fun, S.parameters, S.model_state, S.flat_samples, S.pdf, S.mode, S.chunk_size
    )
    return add_to_diagonal(matrix, S.diag_shift)


@binds_options
def QGTOnTheFly(
    vstate: Any,
    *,
    chunk_size: int | None = None,
    holomorphic: bool | None = None,
    diag_shift: ScalarOrSchedule = 0.0,
    diag_scale: None = None,
    **kwargs: Any,
) -> Any:
    """The quantum geometric tensor as a map, in the memory of a few evaluations of the model.

    Best with iterative solvers, many parameters and models that do not share parameters between
    sites; the matrix is computed only if a solver asks for it.

    Args:
        vstate: a variational state. Without it the function returns itself with the other
            arguments bound, for example as the argument `qgt` of `netket.optimizer.SR`.
        chunk_size: how many samples to differentiate at a time; by default as the state does.
        holomorphic: whether the log-amplitude is an analytic function of complex parameters.
        diag_shift: what is added to the diagonal.
        diag_scale: must be None; the tensors made of Jacobians have it.
        kwargs: none; other names are refused.

    Returns:
        A `LinearOperator`.

    Raises:
        IllegalHolomorphicDeclarationForRealParametersError: parameters are real.
        ValueError: a relative shift of the diagonal is asked for.
    """
    if diag_scale is not None:
        raise ValueError(
            "Argument `diag_scale` must be None for QGTOnTheFly, which does not know its diagonal: "
            "use QGTJacobianDense or QGTJacobianPyTree."
        )
    data = state_data(vstate, chunk_size)
    return QGTOnTheFlyT(data, differentiation_mode(data, None, holomorphic), diag_shift)
