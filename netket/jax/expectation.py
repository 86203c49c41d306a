# SPDX-License-Identifier: Apache-2.0
r"""`expect`: a Monte Carlo mean whose derivative accounts for the change of the distribution.

    ∇⟨f⟩ = ⟨∇f⟩ + ⟨(f - ⟨f⟩) ∇ log p⟩

where samples are drawn from p, which depends on the parameters, too.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from netket.stats import Stats, statistics
from netket.utils.types import Array, PyTree

from .chunking import apply_chunked, vjp_chunked


def expect(
    log_pdf: Callable[[PyTree, Array], Array],
    expected_fun: Callable[..., Array],
    pars: PyTree,
    σ: Array,
    *expected_fun_args: PyTree,
    n_chains: int | None = None,
    chunk_size: int | None = None,
    in_axes: tuple | None = None,
) -> tuple[jax.Array, Stats]:
    """Mean of ``expected_fun(pars, σ, *args)`` over samples σ of ``exp(log_pdf(pars, σ))``.

    Its derivatives are those of the expectation value, not only of the mean over fixed samples.

    Args:
        log_pdf: logarithm (B,) of a density of the samples, which need not be normalised.
        expected_fun: values (B,), real or complex.
        pars: parameters.
        σ: samples (B, ...).
        expected_fun_args: more arguments of `expected_fun`.
        n_chains: into how many chains, one after the other, the samples are divided for the
            statistics; by default one.
        chunk_size: how many samples to evaluate and differentiate at most at a time.
        in_axes: for each of ``(pars, σ, *expected_fun_args)`` 0 if it is a batch like σ, else None;
            by default σ alone is. Needed with `chunk_size` only.

    Returns:
        The mean and its `Stats`. Only the former can be differentiated.
    """
    if in_axes is None:
        in_axes = (None, 0, *(None for _ in expected_fun_args))
    if len(in_axes) != 2 + len(expected_fun_args):
        raise ValueError(
            f"Argument `in_axes` must have {2 + len(expected_fun_args)} entries, one for each of "
            f"(pars, σ, *expected_fun_args), but has {len(in_axes)}."
        )
    settings = (n_chains, chunk_size, tuple(in_axes))
    return _expect(settings, log_pdf, expected_fun, pars, σ, *expected_fun_args)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _expect(settings: tuple, log_pdf: Callable, expected_fun: Callable, *args: PyTree) -> tuple:
    return _forward(settings, log_pdf, expected_fun, *args)[0]


def _forward(settings: tuple, log_pdf: Callable, expected_fun: Callable, *args: PyTree) -> tuple:
    n_chains, chunk_size, in_axes = settings
    values = apply_chunked(expected_fun, in_axes, chunk_size=chunk_size)(*args)
    stats = statistics(values if n_chains is None else values.reshape(n_chains, -1))
    mean = stats.mean.astype(values.dtype)
    return (mean, stats), (args, values - mean)


def _backward(
    settings: tuple, log_pdf: Callable, expected_fun: Callable, residuals: tuple, cotangent: tuple
) -> tuple[PyTree, ...]:
    _, chunk_size, in_axes = settings
    args, deviations = residuals
    weight = cotangent[0]

    def surrogate(deviations: Array, pars: PyTree, σ: Array, *args: PyTree) -> Array:
        """Re w (f + (f - ⟨f⟩) log p): to pull back 1 is to pull back w through the mean."""
        log_p = log_pdf(pars, σ)
        log_p = log_p.reshape(log_p.shape + (1,) * (deviations.ndim - log_p.ndim))
        values = expected_fun(pars, σ, *args)
        return jnp.real(weight * values) + jnp.real(weight * deviations) * log_p

    pull = vjp_chunked(
        surrogate,
        deviations,
        *args,
        chunk_argnums=tuple(i for i, axis in enumerate((0, *in_axes)) if axis is not None),
        chunk_size=chunk_size,
        nondiff_argnums=0,
    )
    real = jnp.finfo(deviations.dtype).dtype
    return pull(jnp.full(deviations.shape, 1 / deviations.size, dtype=real))


_expect.defvjp(_forward, _backward)
