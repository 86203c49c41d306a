# SPDX-License-Identifier: Apache-2.0
r"""Stochastic reconfiguration in the space of samples or of parameters, whichever is smaller.

With the centred Jacobian X and the centred local values e, both with rows weighted by
:math:`\sqrt{p_\sigma}`, the update with momentum μ is

.. math:: \delta_k = \mu\,\delta_{k-1} + X^\dagger (X X^\dagger + \epsilon)^{-1}
    (2 e - \mu X \delta_{k-1}) = \mu\,\delta_{k-1} + (X^\dagger X + \epsilon)^{-1}
    X^\dagger (2 e - \mu X \delta_{k-1})

The first form is known as minSR or NTK form (arXiv:2302.01941, arXiv:2310.05715), its momentum as
SPRING (arXiv:2401.10190). If real and imaginary parts of amplitudes count separately, X and e have
two rows per sample. The factor 2 is that of gradients by real parameters.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax import jacobian
from netket.jax.sharding import (
    gather,
    n_parts,
    n_ranks,
    pad_axis_for_sharding,
    shard_along_axis,
    sharding_decorator,
)
from netket.utils.types import Array, PyTree, Scalar

from .qgt._chunks import chunked, linear_maps
from .qgt._gram import add_to_diagonal, gram
from .qgt._jacobian_qgt import weighted
from .qgt._parameter_space import ParameterSpace
from .solver import cholesky_with_fallback
from .solver._dense_solver import SolverT

# a Jacobian of which a device has more (in bytes) is recomputed in blocks rather than stored
MAX_JACOBIAN_BYTES = 2**30


def choose_form(
    parameters: PyTree,
    n_samples: int,
    mode: str,
    *,
    use_ntk: bool | None = None,
    on_the_fly: bool | None = None,
) -> tuple[bool, bool]:
    """Which form of the equations is cheaper.

    Args:
        parameters: tree of parameters.
        n_samples: number of samples.
        mode: "real", "complex" or "holomorphic".
        use_ntk: solve in the space of samples; by default if it is the smaller one.
        on_the_fly: do not store the Jacobian; by default if it is large. Only with `use_ntk`.

    Returns:
        `use_ntk` and `on_the_fly`, neither of them None.

    Raises:
        ValueError: `on_the_fly` without `use_ntk`.
    """
    size = ParameterSpace.of(parameters, mode).domain_size
    n_rows = n_samples * (2 if mode == "complex" else 1)
    if use_ntk is None:
        use_ntk = bool(on_the_fly) or size > n_rows
    if on_the_fly and not use_ntk:
        raise ValueError(
            "Argument `on_the_fly` must be None or False with `use_ntk=False`: to solve in the "
            "space of parameters without a stored Jacobian, use netket.driver.VMC with "
            "SR(qgt=QGTOnTheFly)."
        )
    if on_the_fly is None:
        itemsize = max(x.dtype.itemsize for x in jax.tree.leaves(parameters))
        on_the_fly = use_ntk and n_rows * size * itemsize > MAX_JACOBIAN_BYTES * n_ranks()
    return bool(use_ntk), bool(on_the_fly)


def compute_sr_update(
    apply_fun: Callable[[PyTree, Array], Array],
    parameters: PyTree,
    model_state: PyTree,
    samples: Array,
    local_values: Array,
    *,
    diag_shift: Scalar,
    mode: str,
    use_ntk: bool,
    on_the_fly: bool = False,
    solver: SolverT = cholesky_with_fallback,
    pdf: Array | None = None,
    proj_reg: Scalar | None = None,
    momentum: Scalar | None = None,
    previous: PyTree | None = None,
    chunk_size: int | None = None,
) -> tuple[PyTree, Any]:
    """The update of stochastic reconfiguration from samples and local values; one compiled program.

    Nothing is recompiled when parameters, samples, local values, shifts or momentum change. To be
    used by drivers as::

        mode = netket.jax.jacobian_default_mode(apply_fun, parameters, model_state, samples,
                                                holomorphic=False)
        use_ntk, on_the_fly = choose_form(parameters, n_samples, mode)
        update, info = compute_sr_update(apply_fun, parameters, model_state, samples, local_values,
                                         diag_shift=0.01, mode=mode, use_ntk=use_ntk,
                                         on_the_fly=on_the_fly)

    Args:
        apply_fun: the log-amplitude ``(variables, (B, N)) -> (B,)``, hashable.
        parameters: tree of P parameters, real, complex or mixed.
        model_state: the other variables of the model.
        samples: (..., N), B in all; with `pdf`, all configurations.
        local_values: local energies (...) of the samples, not centred.
        diag_shift: ε of the formulas.
        mode: "real", "complex" or "holomorphic", see `netket.jax.jacobian`.
        use_ntk: solve in the space of samples, or of parameters; `choose_form` knows.
        on_the_fly: compute X X† in blocks without storing X.
        solver: a dense solver ``(A, b) -> (x, info)``.
        pdf: probabilities (B,) of the samples; by default all 1/B.
        proj_reg: added to X X† times the projector on the vector that X† and e have no part of
            (that of constants), which makes the matrix regular. Without effect if not `use_ntk`.
        momentum: μ, by default none.
        previous: the update of the step before, a tree like `parameters`; None is zero.
        chunk_size: how many samples to differentiate at a time.

    Returns:
        The update, a tree like `parameters`, to be subtracted by an optimiser like a gradient
        would, and the information of the solver.
    """
    if momentum is not None and previous is None:
        # zeros and not None: the first step must not be compiled separately
        previous = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), parameters)
    if chunk_size is not None and chunk_size * samples.shape[-1] >= samples.size:
        chunk_size = None
    return _update(
        apply_fun,
        parameters,
        model_state,
        samples,
        local_values,
        pdf,
        diag_shift,
        proj_reg,
        momentum,
        None if momentum is None else previous,
        mode=mode,
        use_ntk=use_ntk,
        on_the_fly=on_the_fly,
        solver=solver,
        chunk_size=chunk_size,
    )


@partial(
    jax.jit,
    static_argnums=0,
    static_argnames=("mode", "use_ntk", "on_the_fly", "solver", "chunk_size"),
)
def _update(
    apply_fun: Callable,
    parameters: PyTree,
    model_state: PyTree,
    samples: Array,
    local_values: Array,
    pdf: Array | None,
    diag_shift: Scalar,
    proj_reg: Scalar | None,
    momentum: Scalar | None,
    previous: PyTree | None,
    *,
    mode: str,
    use_ntk: bool,
    on_the_fly: bool,
    solver: SolverT,
    chunk_size: int | None,
) -> tuple[PyTree, Any]:
    space = ParameterSpace.of(parameters, mode)
    samples = samples.reshape(-1, samples.shape[-1])
    local_values = local_values.reshape(-1)
    model = (apply_fun, parameters, model_state, samples, pdf, mode, chunk_size)
    e = _rows_of(_centered(local_values, pdf), pdf, mode)
    X = _OnTheFlyRows(space, *model) if on_the_fly else _StoredRows(*model)
    right = 2 * e
    start = None
    if momentum is not None:
        start = (momentum * space.ravel(previous)).astype(X.dtype)
        right = right - X.times(start)
    right = right.astype(X.dtype)
    if use_ntk:
        T = X.kernel()
        if proj_reg is not None:
            T = T + (proj_reg * _projector(T.shape[0], pdf, mode)).astype(T.dtype)
        x, info = solver(add_to_diagonal(T, diag_shift), gather(right))
        x = X.adjoint_times(x)
    else:
        x, info = solver(add_to_diagonal(X.gram(), diag_shift), X.adjoint_times(right))
    return space.unravel(x if start is None else x + start), info


# -- the matrix X, stored or not ----------------------------------------------------------------


class _StoredRows:
    """X as an array (M, P)."""

    def __init__(
        self,
        apply_fun: Callable,
        parameters: PyTree,
        model_state: PyTree,
        samples: Array,
        pdf: Array | None,
        mode: str,
        chunk_size: int | None,
    ):
        rows = jacobian(
            apply_fun,
            parameters,
            samples,
            model_state,
            mode=mode,
            pdf=pdf,
            chunk_size=chunk_size,
            center=True,
            dense=True,
        )
        self.X = weighted(rows, pdf).reshape(-1, rows.shape[-1])
        self.dtype = self.X.dtype

    def times(self, v: jax.Array) -> jax.Array:
        return self.X @ v

    def adjoint_times(self, w: jax.Array) -> jax.Array:
        if n_parts(w.shape[0]) == 1:
            return _adjoint_product(w, self.X)
        # devices add up products with rows of their own
        return sharding_decorator(_adjoint_product, (True, True), jax.lax.psum)(w, self.X)

    def gram(self) -> jax.Array:
        return gram(self.X)

    def kernel(self) -> jax.Array:
        # devices exchange rows for columns and add up products: none of them has all of X
        X = shard_along_axis(pad_axis_for_sharding(self.X, axis=1), 1)
        return gather(X @ X.conj().T)


def _adjoint_product(w: jax.Array, X: jax.Array) -> jax.Array:
    """X† w without a conjugate copy of X."""
    return (w.conj() @ X).conj()


class _OnTheFlyRows:
    """X as products with it; X X† block by block, from Jacobians of two chunks at a time."""

    def __init__(
        self,
        space: ParameterSpace,
        apply_fun: Callable,
        parameters: PyTree,
        model_state: PyTree,
        samples: Array,
        pdf: Array | None,
        mode: str,
        chunk_size: int | None,
    ):
        self.space = space
        self.pdf = pdf
        self.mode = mode
        self.samples = samples
        self.chunk_size = chunk_size or _chunk_size(space, samples.shape[0])
        self.apply_fun = apply_fun
        self.parameters = parameters
        self.model_state = model_state

        def log_psi(θ: PyTree, σ: Array) -> Array:
            y = apply_fun({"params": θ, **(model_state or {})}, σ)
            return y.real if mode == "real" else y

        self.push, self.pull = linear_maps(log_psi, parameters, samples, chunk_size)
        self.log_dtype = jax.eval_shape(log_psi, parameters, samples).dtype
        row = partial(jacobian, apply_fun, mode=mode, dense=True)
        self.dtype = jax.eval_shape(row, parameters, samples[:1], model_state).dtype

    def times(self, v: jax.Array) -> jax.Array:
        w = self.push(self.space.unravel(v))
        return _rows_of(_centered(w, self.pdf), self.pdf, self.mode)

    def adjoint_times(self, w: jax.Array) -> jax.Array:
        if self.mode == "complex":
            w = jax.lax.complex(*w.reshape(-1, 2).T)
        w = weighted(w, self.pdf)
        p = 1 / w.shape[0] if self.pdf is None else self.pdf
        return self._pull(w - p * jnp.sum(w))

    def _pull(self, w: jax.Array) -> jax.Array:
        return self.space.ravel(self.pull(w.astype(self.log_dtype)))

    def kernel(self) -> jax.Array:
        n_samples, n_devices = self.samples.shape[0], n_parts()
        c = min(self.chunk_size, -(-n_samples // n_devices))  # each device gets a row of blocks
        blocks, is_sample = chunked(gather(self.samples), c)
        p = jnp.full(n_samples, 1 / n_samples) if self.pdf is None else self.pdf
        weights = jnp.pad(gather(p), (0, is_sample.size - n_samples)).reshape(is_sample.shape)
        part = sharding_decorator(
            partial(_rows_of_blocks, self.apply_fun, self.mode, n_devices),
            (True, *5 * [False]),
            jax.lax.psum,
        )
        variables = (self.parameters, self.model_state)
        T = part(jnp.arange(n_devices), *variables, self._mean_row(p), blocks, weights)
        n_rows = n_samples * T.shape[1] // c
        T = T.reshape(T.shape[0] * T.shape[1], -1)
        lower = jnp.tril(T[:n_rows, :n_rows])
        return lower + jnp.tril(lower, -1).conj().T

    def _mean_row(self, p: jax.Array) -> jax.Array:
        """The mean that is subtracted from the Jacobian: (P,), or (2, P) of real and imaginary."""
        if self.mode == "complex":
            # Im z = Re(-i z), and the adjoint conjugates
            return jnp.stack([self._pull(p), self._pull(1j * p)])
        return self._pull(p).conj()


def _rows_of_blocks(
    apply_fun: Callable,
    mode: str,
    n_devices: int,
    device: jax.Array,  # (1,)
    parameters: PyTree,
    model_state: PyTree,
    mean: jax.Array,  # (P,) or (2, P)
    blocks: jax.Array,  # (n_blocks, c, N)
    weights: jax.Array,  # (n_blocks, c)
) -> jax.Array:
    """The rows of blocks of X X† that a device computes, up to the diagonal; zeros elsewhere."""

    def rows(i: jax.Array) -> jax.Array:
        O = jacobian(apply_fun, parameters, blocks[i], model_state, mode=mode, dense=True) - mean
        return weighted(O, weights[i]).reshape(-1, O.shape[-1])

    def row_of_blocks(k: jax.Array, T: jax.Array) -> jax.Array:
        # there and back again, so that all have as many blocks
        i = k * n_devices + jnp.where(k % 2 == 0, device[0], n_devices - 1 - device[0])
        left = rows(jnp.minimum(i, n_blocks - 1))
        n_columns = jnp.where(i < n_blocks, i + 1, 0)
        return jax.lax.fori_loop(
            0, n_columns, lambda j, T: T.at[i, :, j].set(left @ rows(j).conj().T), T
        )

    n_blocks, c = weights.shape
    m = c * (2 if mode == "complex" else 1)
    dtype = jax.eval_shape(rows, device[0]).dtype
    T = jnp.zeros((n_blocks, m, n_blocks, m), dtype)
    return jax.lax.fori_loop(0, -(-n_blocks // n_devices), row_of_blocks, T)


def _chunk_size(space: ParameterSpace, n_samples: int) -> int:
    """So many samples that two blocks of the Jacobian take an eighth of what may be stored."""
    itemsize = max(d.itemsize for d in space.dtypes)
    per_sample = 2 * space.domain_size * itemsize
    return max(1, min(n_samples, math.ceil(MAX_JACOBIAN_BYTES / 16 / per_sample)))


# -- vectors in the space of samples --------------------------------------------------------------


def _centered(values: jax.Array, pdf: Array | None) -> jax.Array:
    mean = jnp.mean(values) if pdf is None else jnp.sum(pdf * values)
    return values - mean


def _rows_of(values: jax.Array, pdf: Array | None, mode: str) -> jax.Array:
    """Values (B,) as a vector (M,) with the weights and the order of the rows of X."""
    values = weighted(values, pdf)
    if mode == "real":
        return values.real
    if mode == "complex":
        return jnp.stack([values.real, values.imag], axis=-1).reshape(-1)
    return values


def _projector(n_rows: int, pdf: Array | None, mode: str) -> jax.Array:
    """The projector (M, M) on constant functions of the samples."""
    n_parts = 2 if mode == "complex" else 1
    n_samples = n_rows // n_parts
    u = jnp.full(n_samples, n_samples**-0.5) if pdf is None else jnp.sqrt(pdf)
    return jnp.kron(jnp.outer(u, u), jnp.eye(n_parts))
