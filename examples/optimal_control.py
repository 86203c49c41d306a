# SPDX-License-Identifier: Apache-2.0
"""Optimal control: derivatives of what a quantum system does by the fields that act on it.

    H(h, J) = -h Σ_i X_i + J Σ_i Z_i Z_(i+1)        Ising ring

Coefficients of operators are differentiable numbers, so that `jax.grad` of any function of an
operator is the derivative by its fields, through the constructor and through the kernels:

 1. the field h at which the ground state has a given magnetisation m = Σ_i <X_i> / N. The answer
    is known: free fermions have m(h) = 1/N Σ_k (h + cos k) / sqrt(1 + h² + 2 h cos k);
 2. pulses that take the state |+ + ... +> to a classical antiferromagnet: p times the coupling
    alone and then the field alone, for times that are optimised. The best that any such pulses
    can do is known: <Z_i Z_(i+1)> = -p / (p + 1) on rings of at least 2 p + 2 sites
    (arXiv:1906.08948).

    python examples/optimal_control.py
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq, minimize

import netket as nk


class Result(NamedTuple):
    """What was asked for, what was found, and what it should be."""

    problem: str
    asked: str
    found: float
    exact: float
    evaluations: int

    @property
    def error(self) -> float:
        return abs(self.found - self.exact)


def ring(n_sites: int) -> Callable[..., Any]:
    """The Ising ring as a function of its coefficients."""
    hilbert, graph = nk.hilbert.Spin(s=1 / 2, N=n_sites), nk.graph.Chain(n_sites)
    return lambda h, J: nk.operator.Ising(hilbert, graph, h=h, J=J)


# -- 1. a field for a magnetisation -------------------------------------------------------------


@jax.custom_jvp
def ground_state(matrix: jax.Array) -> jax.Array:
    """The lowest eigenvector of a matrix; only this level must not be degenerate."""
    return jnp.linalg.eigh(matrix)[1][:, 0]


@ground_state.defjvp
def _(matrices: tuple, changes: tuple) -> tuple:
    """Perturbation theory, |dψ> = Σ_n |n> <n|dH|ψ> / (E_0 - E_n)."""
    energies, states = jnp.linalg.eigh(matrices[0])
    ground, excited = states[:, 0], states[:, 1:]
    weights = (excited.T @ (changes[0] @ ground)) / (energies[0] - energies[1:])
    return ground, excited @ weights


def magnetisation(h: Any, ising: Callable[..., Any]) -> jax.Array:
    """m of the ground state at the field h."""
    operator = ising(h, 1.0)
    ground = ground_state(operator.to_dense())
    field = ising(-1.0, 0.0)  # Σ_i X_i
    return jnp.vdot(ground, field @ ground) / operator.hilbert.size


def exact_field(target: float, n_sites: int) -> float:
    """The field at which free fermions have the magnetisation."""
    k = (2 * np.arange(n_sites) + 1) * np.pi / n_sites

    def m(h: float) -> float:
        return np.mean((h + np.cos(k)) / np.sqrt(1 + h**2 + 2 * h * np.cos(k)))

    return brentq(lambda h: m(h) - target, 1e-3, 20, xtol=1e-14)


def find_field(target: float, n_sites: int, h: float = 1.0) -> Result:
    """Newton's method: h <- h - (m(h) - target) / m'(h)."""
    ising = ring(n_sites)
    m_and_slope = jax.jit(jax.value_and_grad(lambda h: magnetisation(h, ising)))
    (m, slope), evaluations = m_and_slope(h), 1
    while abs(m - target) > 1e-12 and evaluations < 50:
        h = float(h - (m - target) / slope)
        (m, slope), evaluations = m_and_slope(h), evaluations + 1
    exact = exact_field(target, n_sites)
    return Result(f"field h, N = {n_sites}", f"m = {target}", h, exact, evaluations)


# -- 2. pulses for a state ----------------------------------------------------------------------


def evolve(operator: Any, psi: jax.Array, n_terms: int = 40) -> jax.Array:
    """exp(-i H) psi by its Taylor series; the matrix of H is never built."""

    def add(carry: tuple, k: Any) -> tuple:
        term, total = carry
        term = -1j * (operator @ term) / k
        return (term, total + term), None

    (_, psi), _ = jax.lax.scan(add, (psi, psi), jnp.arange(1.0, n_terms + 1))
    return psi


def correlation(pulses: jax.Array, n_sites: int) -> jax.Array:
    """<Z_i Z_(i+1)> after pulses (p, 2): a coupling, then a field, one after the other."""
    ising = ring(n_sites)
    n_states = 2**n_sites
    plus = jnp.full(n_states, n_states**-0.5, dtype=complex)

    def pulse(psi: jax.Array, fields: jax.Array) -> tuple[jax.Array, None]:
        coupling, field = fields
        psi = evolve(ising(0.0, coupling), psi)
        return evolve(ising(field, 0.0), psi), None

    psi, _ = jax.lax.scan(pulse, plus, pulses)
    return jnp.vdot(psi, ising(0.0, 1.0) @ psi).real / n_sites


def find_pulses(p: int) -> Result:
    """The lowest correlation that p pulses reach, by a quasi-Newton method."""
    n_sites = 2 * p + 2
    f = jax.jit(jax.value_and_grad(lambda x: correlation(x.reshape(p, 2), n_sites)))

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        c, gradient = f(x)
        return float(c), np.asarray(gradient)

    # the coupling is turned on while the field is turned off
    s = (np.arange(p) + 0.5) / p
    start = 0.6 * np.stack([s, 1 - s], axis=1).ravel()
    best = minimize(value, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    return Result(f"pulses, N = {n_sites}", f"p = {p}", best.fun, -p / (p + 1), best.nfev)


# -- the table ----------------------------------------------------------------------------------


def table(results: list[Result]) -> str:
    """The results as text, a line for each."""
    header = f"{'problem':<18}{'asked':<12}{'found':>14}{'exact':>14}{'error':>10}{'steps':>7}"
    lines = [header, "-" * len(header)]
    lines += [
        f"{r.problem:<18}{r.asked:<12}{r.found:>14.9f}{r.exact:>14.9f}{r.error:>10.1e}"
        f"{r.evaluations:>7}"
        for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    results = [find_field(m, n_sites=8) for m in (0.3, 0.6, 0.9)]
    results += [find_pulses(p) for p in (1, 2, 3)]
    print(table(results))
    wrong = [r for r in results if r.error > 1e-8]
    if wrong:
        raise SystemExit(f"not on target: {wrong}")


if __name__ == "__main__":
    main()
