# SPDX-License-Identifier: Apache-2.0
r"""Rules for the infidelity 1 - F of a state ψ with a target φ.

With samples σ of |ψ|² and η of |φ|², and the ratios

    a(σ) = φ(σ)/ψ(σ)        b(η) = ψ(η)/φ(η),

the fidelity is F = <a><b>. As <|a|²><|b|²> = 1, adding c (<|a|²><|b|²> - 1) does not change it,
and near F = 1 this control variate removes most of the noise if c = -1/2 (A. Sinibaldi et al.,
Quantum 7, 1131 (2023), arXiv:2305.14294). Here all pairs (σ, η) are averaged over, so that

    F = Re(ā b̄) + c (A B - 1)        ā = mean a, b̄ = mean b, A = mean |a|², B = mean |b|²,

whose local estimators are linear in both samples: f(σ) + f(η) - F with f(σ) = Re(a(σ) b̄)
+ c (|a(σ)|² B - 1), and f(η) alike. Their mean is F, their spread gives its error (delta method),
also where σ and η are not independent, because both states were made with the same seed.

The infidelity is the mean of the hermitian operator 1 - |φ⟩⟨φ|, so its forces and gradient are the
covariances of D_k with the local estimators 1 - a(σ) b̄.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netket.stats import LocalEstimators, Stats, statistics
from netket.utils.types import PyTree
from netket.vqs import (
    FullSumState,
    MCState,
    expect,
    expect_and_forces,
    expect_and_grad,
    local_estimators,
)
from netket.vqs.amplitudes import log_values
from netket.vqs.checks import check_hilbert
from netket.vqs.full_sum_expect import forces_of_image, gradient_of_images
from netket.vqs.mc_expect import forces_of_values, gradient_of_values

from ._checks import check_pure
from .infidelity import InfidelityOperator

# -- sampled ----------------------------------------------------------------------------------


class Ratios(NamedTuple):
    """Ratios of amplitudes, and their means; b has one for each η, none if summed exactly."""

    a: jax.Array  # (C, n)
    b: jax.Array | None  # (C', n')
    mean_b: jax.Array
    mean_b_squared: jax.Array


class Fidelity(NamedTuple):
    """F, and the parts of its local estimators that belong to σ and to η."""

    mean: jax.Array
    of_samples: jax.Array  # (C, n)
    of_target: jax.Array | None  # (C', n')


@local_estimators.dispatch
def local_estimators_infidelity(
    vstate: MCState, observable: InfidelityOperator, chunk_size: Any
) -> LocalEstimators:
    fidelity = _fidelity(_ratios_of(vstate, observable, chunk_size), observable.cv_coeff or 0.0)
    other = fidelity.of_target
    if other is not None and other.shape != fidelity.of_samples.shape:
        raise ValueError(
            "Local estimators of the infidelity need as many samples and chains of the target, "
            f"{other.shape}, as of the state, {fidelity.of_samples.shape} (chains, samples of "
            "each): set `n_samples` of one of them. `expect` and `expect_and_grad` take any."
        )
    return LocalEstimators(_joint_values(fidelity))


@expect.dispatch
def expect_infidelity(vstate: MCState, observable: InfidelityOperator, chunk_size: Any) -> Stats:
    ratios = _ratios_of(vstate, observable, chunk_size)
    return _statistics(ratios, observable.cv_coeff or 0.0)


@expect_and_forces.dispatch
def expect_and_forces_infidelity(
    vstate: MCState, observable: InfidelityOperator, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, values = sampled_infidelity(vstate, observable, chunk_size)
    return stats, forces_of_values(vstate, values, chunk_size, mutable)


@expect_and_grad.dispatch
def expect_and_grad_infidelity(
    vstate: MCState, observable: InfidelityOperator, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, values = sampled_infidelity(vstate, observable, chunk_size)
    return stats, gradient_of_values(vstate, values, chunk_size, mutable)


def sampled_infidelity(
    vstate: MCState, observable: InfidelityOperator, chunk_size: int | None
) -> tuple[Stats, jax.Array]:
    """The infidelity, and local estimators (C, n) of -|φ⟩⟨φ|, whose forces are its own."""
    ratios = _ratios_of(vstate, observable, chunk_size)
    return _statistics(ratios, observable.cv_coeff or 0.0), _projections(ratios)


def _ratios_of(vstate: MCState, observable: InfidelityOperator, chunk_size: Any) -> Ratios:
    check_pure(vstate, observable)
    check_hilbert(vstate.hilbert, observable)
    target = observable.target_state
    σ, η, weights = vstate.samples, None, None
    if isinstance(target, FullSumState):
        η, weights = target._all_states, target.probability_distribution()
    else:
        η = target.samples
    return _ratios(
        (vstate._apply_fun, target._apply_fun, chunk_size),
        (vstate.variables, target.variables),
        σ,
        η,
        weights,
    )


@partial(jax.jit, static_argnums=0)
def _ratios(
    run: tuple[Callable, Callable, int | None],
    variables: tuple[PyTree, PyTree],
    σ: jax.Array,  # (C, n, N)
    η: jax.Array,  # (C', n', N), or all configurations (n_states, N)
    weights: jax.Array | None,  # (n_states,) |φ|²
) -> Ratios:
    psi, phi, chunk_size = run

    def log_ratio(x: jax.Array) -> jax.Array:
        """log φ - log ψ."""
        logs = (log_values(f, v, x, chunk_size) for f, v in zip((psi, phi), variables))
        log_psi, log_phi = logs
        return log_phi - log_psi

    log_a, log_b = log_ratio(σ), -log_ratio(η)
    # norms cancel in a b: neither of them overflows
    scale = jax.lax.stop_gradient(log_a.real.max())
    a, b = jnp.exp(log_a - scale), jnp.exp(log_b + scale)
    if weights is None:
        return Ratios(a, b, b.mean(), jnp.mean(jnp.abs(b) ** 2))
    # where φ is 0 the ratio has no weight
    b = jnp.where(weights > 0, b, 0)
    return Ratios(a, None, weights @ b, weights @ jnp.abs(b) ** 2)


@jax.jit
def _fidelity(ratios: Ratios, c: float) -> Fidelity:
    a, b, mean_b, B = ratios
    mean_a, a_squared = a.mean(), jnp.abs(a) ** 2
    A = a_squared.mean()
    mean = (mean_a * mean_b).real + c * (A * B - 1)
    of_samples = (a * mean_b).real + c * (a_squared * B - 1)
    if b is None:
        return Fidelity(mean, of_samples, None)
    return Fidelity(mean, of_samples, (mean_a * b).real + c * (A * jnp.abs(b) ** 2 - 1))


@jax.jit
def _joint_values(fidelity: Fidelity) -> jax.Array:
    """Local estimators 1 - f(σ) - f(η) + F of pairs of samples."""
    mean, of_samples, of_target = fidelity
    return 1 - of_samples - (0 if of_target is None else of_target - mean)


@jax.jit
def _statistics(ratios: Ratios, c: float) -> Stats:
    fidelity = _fidelity(ratios, c)
    if fidelity.of_target is None or fidelity.of_target.shape == fidelity.of_samples.shape:
        return statistics(_joint_values(fidelity))
    # chains of different lengths: the noise of σ and η adds up
    ours, theirs = statistics(fidelity.of_samples), statistics(fidelity.of_target)
    return Stats(
        mean=1 - fidelity.mean,
        error_of_mean=jnp.hypot(ours.error_of_mean, theirs.error_of_mean),
        variance=ours.variance + theirs.variance,
        tau_corr=jnp.maximum(ours.tau_corr, theirs.tau_corr),
        R_hat=jnp.maximum(ours.R_hat, theirs.R_hat),
        tau_corr_max=jnp.maximum(ours.tau_corr_max, theirs.tau_corr_max),
    )


@jax.jit
def _projections(ratios: Ratios) -> jax.Array:
    """Local estimators -a(σ) b̄ of -|φ⟩⟨φ|; the 1 has no derivative."""
    return -ratios.a * ratios.mean_b


# -- exact ------------------------------------------------------------------------------------


@expect.dispatch
def expect_infidelity_full_sum(
    vstate: FullSumState, observable: InfidelityOperator, *args: Any
) -> Stats:
    return exact_infidelity(vstate, observable)[0]


@expect_and_forces.dispatch
def expect_and_forces_infidelity_full_sum(
    vstate: FullSumState, observable: InfidelityOperator, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, image = exact_infidelity(vstate, observable)
    return stats, forces_of_image(vstate, mutable, image)


@expect_and_grad.dispatch
def expect_and_grad_infidelity_full_sum(
    vstate: FullSumState, observable: InfidelityOperator, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, image = exact_infidelity(vstate, observable)
    return stats, gradient_of_images(vstate, mutable, image)


def exact_infidelity(
    vstate: FullSumState, observable: InfidelityOperator
) -> tuple[Stats, jax.Array]:
    """The infidelity, and -|φ⟩⟨φ|ψ⟩ (n_states,)."""
    check_hilbert(vstate.hilbert, observable)
    return _exact_infidelity(vstate.to_array(), observable._target_amplitudes())


@jax.jit
def _exact_infidelity(psi: jax.Array, phi: jax.Array) -> tuple[Stats, jax.Array]:
    """The infidelity, and -|φ⟩⟨φ|ψ⟩ (n_states,)."""
    overlap = jnp.vdot(phi, psi)
    # |ψ - φ⟨φ|ψ⟩|² keeps its digits where the states are nearly equal
    infidelity = jnp.sum(jnp.abs(psi - overlap * phi) ** 2)
    zero = jnp.zeros_like(infidelity)
    return Stats(mean=infidelity, error_of_mean=zero, variance=zero), -overlap * phi
