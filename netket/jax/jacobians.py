# SPDX-License-Identifier: Apache-2.0
r"""Jacobian of the log-amplitude, one row per sample: O_k(σ) = ∂ log ψ(σ) / ∂p_k.

In mode "real" the rows are ∂ Re log ψ, in mode "complex" there are two per sample, ∂ Re log ψ and
∂ Im log ψ, along axis 1. Complex parameters enter these as independent real and imaginary parts.
In mode "holomorphic" parameters are complex and log ψ is an analytic function of them.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import tree_map

from netket.errors import (
    HolomorphicUndeclaredWarning,
    IllegalHolomorphicDeclarationForRealParametersError,
)
from netket.utils.types import Array, PyTree

from .chunking import apply_chunked
from .dtypes import is_complex_dtype
from .tree import tree_leaf_iscomplex, tree_leaf_isreal, tree_ravel, tree_to_real

MODES = ("real", "complex", "holomorphic")


def jacobian(
    apply_fun: Callable[[PyTree, Array], Array],
    params: PyTree,
    samples: Array,
    model_state: PyTree | None = None,
    *,
    mode: str,
    pdf: Array | None = None,
    chunk_size: int | None = None,
    center: bool = False,
    dense: bool = False,
) -> PyTree:
    """Derivatives of ``apply_fun({"params": params, **model_state}, σ)`` for all samples σ.

    Args:
        apply_fun: the log-amplitude, for samples of shape (B, N).
        params: tree of P parameters.
        samples: (B, N), or any other shape that ends in N.
        model_state: the other variables of the model.
        mode: "real", "complex" or "holomorphic", see above; `jacobian_default_mode` chooses.
        pdf: weights (B,) of the samples in the mean that `center` subtracts; by default equal.
        chunk_size: how many samples to differentiate at a time; all by default.
        center: subtract the mean over the samples.
        dense: return one array instead of a tree.

    Returns:
        A tree like `params` with leaves (B, ...) or, in mode "complex", (B, 2, ...). If some
        parameters are complex, then in modes "real" and "complex" a pair of such trees:
        derivatives by real and by imaginary parts, where None stands for those of real parameters.
        If `dense`, the array (B, P) or (B, 2, P) of the same, leaf after leaf, 2P instead of P for
        complex parameters.

    Raises:
        ValueError: unknown mode.
        TypeError: mode "holomorphic" with a real function of complex parameters.
    """
    if mode not in MODES:
        raise ValueError(
            f"Argument `mode` must be one of {', '.join(map(repr, MODES))}, but is {mode!r}."
        )
    samples = samples.reshape(-1, samples.shape[-1])
    parts, restore = (params, None) if mode == "holomorphic" else tree_to_real(params)
    if mode != "holomorphic" and not tree_leaf_iscomplex(params):
        parts, restore = params, None

    def log_psi(parts: PyTree, σ: Array) -> Array:
        p = parts if restore is None else restore(parts)
        # one sample at a time, but as the batch that models expect
        return apply_fun({"params": p, **(model_state or {})}, σ[None, :])[0]

    row = partial(_ROWS[mode], log_psi, dense=dense)
    rows = apply_chunked(
        jax.vmap(row, in_axes=(None, 0)), in_axes=(None, 0), chunk_size=chunk_size
    )(parts, samples)
    return _center(rows, pdf) if center else rows


def _pull_rows(y: Array, pull: Callable, cotangents: tuple, dense: bool) -> tuple[PyTree, ...]:
    rows = [pull(jnp.asarray(w, dtype=y.dtype))[0] for w in cotangents]
    return tuple(tree_ravel(row)[0] if dense else row for row in rows)


def _row_real(log_psi: Callable, parts: PyTree, σ: Array, *, dense: bool) -> PyTree:
    y, pull = jax.vjp(lambda p: log_psi(p, σ).real, parts)
    return _pull_rows(y, pull, (1,), dense)[0]


def _row_complex(log_psi: Callable, parts: PyTree, σ: Array, *, dense: bool) -> PyTree:
    y, pull = jax.vjp(lambda p: log_psi(p, σ), parts)
    if is_complex_dtype(y.dtype):
        # jax returns Re Σ w J, and Im z = Re(-i z)
        real, imag = _pull_rows(y, pull, (1, -1j), dense)
    else:
        (real,) = _pull_rows(y, pull, (1,), dense)
        imag = tree_map(jnp.zeros_like, real)
    return tree_map(lambda re, im: jnp.stack([re, im]), real, imag)


def _row_holomorphic(log_psi: Callable, parts: PyTree, σ: Array, *, dense: bool) -> PyTree:
    y, pull = jax.vjp(lambda p: log_psi(p, σ), parts)
    if tree_leaf_iscomplex(parts) and not is_complex_dtype(y.dtype):
        raise TypeError(
            "Mode 'holomorphic' needs a complex log-amplitude, but the model returns dtype "
            f"{y.dtype} for complex parameters. Use mode 'real'."
        )
    return _pull_rows(y, pull, (1,), dense)[0]


_ROWS: dict[str, Callable] = {
    "real": _row_real,
    "complex": _row_complex,
    "holomorphic": _row_holomorphic,
}


def _center(rows: PyTree, pdf: Array | None) -> PyTree:
    if pdf is None:
        return tree_map(lambda x: x - jnp.mean(x, axis=0, keepdims=True), rows)
    return tree_map(lambda x: x - jnp.tensordot(pdf.astype(x.dtype), x, axes=1), rows)


def jacobian_default_mode(
    apply_fun: Callable[[PyTree, Array], Array],
    pars: PyTree,
    model_state: PyTree | None,
    samples: Array,
    *,
    holomorphic: bool | None = None,
    warn: bool = True,
) -> str:
    """The mode of `jacobian` that keeps all information about a model.

    Args:
        apply_fun: the log-amplitude.
        pars: tree of parameters.
        model_state: the other variables of the model.
        samples: any samples of shape (..., N); only their shape matters.
        holomorphic: whether the model is an analytic function of complex parameters.
        warn: warn if parameters are complex and `holomorphic` is None.

    Returns:
        "holomorphic" if declared so, else "real" for real log-amplitudes and "complex" for complex
        ones.

    Raises:
        IllegalHolomorphicDeclarationForRealParametersError: some parameters are real and
            `holomorphic` is True.
    """
    if holomorphic:
        if tree_leaf_isreal(pars):
            raise IllegalHolomorphicDeclarationForRealParametersError()
        return "holomorphic"
    σ = jax.ShapeDtypeStruct((1, samples.shape[-1]), samples.dtype)
    out: Any = jax.eval_shape(apply_fun, {"params": pars, **(model_state or {})}, σ)
    if not is_complex_dtype(out.dtype):
        return "real"
    if holomorphic is None and warn and not tree_leaf_isreal(pars):
        warnings.warn(HolomorphicUndeclaredWarning(), stacklevel=2)
    return "complex"
