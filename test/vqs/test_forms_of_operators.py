# SPDX-License-Identifier: Apache-2.0
"""Local estimators of all forms of operators, of pure and mixed states, and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import Adjoint, EmbedOperator, ProductOperator, Squared, SumOperator

HI = nk.hilbert.Spin(0.5, 2)
DOUBLED = nk.hilbert.DoubledHilbert(HI)
LARGE = nk.hilbert.TensorHilbert(HI, nk.hilbert.Fock(2, 1))


def ising(h=0.7, backend="numba"):
    return nk.operator.Ising(HI, nk.graph.Chain(2, pbc=False), h=h, J=0.4, backend=backend)


def forms(backend):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    a = nk.operator.LocalOperator(HI, [matrix], [[0, 1]], backend=backend)
    p = nk.operator.PauliStrings(HI, ["XY", "ZI"], [0.3, 0.2j], backend=backend)
    lind = nk.operator.LocalLiouvillian(ising(), [nk.operator.spin.sigmam(HI, 0)])
    lind = lind.to_backend(backend)
    yield from (Squared(a), Adjoint(a), ProductOperator(a, p), EmbedOperator(LARGE, a, 0))
    yield SumOperator(a, ising(backend=backend), p, coefficients=[1.0, 0.5j, 2.0])
    yield from (lind.H @ lind, Squared(lind))


def state(hilbert, amplitudes, kind=nk.vqs.MCState):
    return kind(
        nk.sampler.ExactSampler(hilbert),
        apply_fun=lambda v, x: v["params"]["log"][hilbert.states_to_numbers(x)],
        variables={"params": {"log": jnp.log(jnp.asarray(amplitudes))}},
        n_samples=32,
        seed=1,
    )


def random_complex(*shape):
    rng = np.random.default_rng(3)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def local_values(op, psi):
    if isinstance(op, Squared):
        return np.abs(local_values(op.parent, psi)) ** 2
    return (op.to_dense() @ psi) / psi


@pytest.mark.parametrize("backend, chunk_size", [("numba", 5), ("jax", None)])
def test_local_estimators(backend, chunk_size):
    factor = random_complex(4, 4)
    rho = factor @ factor.conj().T
    mixed = state(DOUBLED, rho.ravel(), nk.vqs.MCMixedState)
    pure = {h: state(h, random_complex(h.n_states)) for h in (HI, LARGE)}
    for vs in (mixed, *pure.values()):
        vs.chunk_size = chunk_size
    for op in forms(backend):
        cases = []
        if op.hilbert != DOUBLED:
            vs = pure[op.hilbert]
            cases.append((vs, vs.samples, local_values(op, vs.to_array())))
        else:
            cases.append((mixed, mixed.samples, local_values(op, rho.ravel())))
        if op.hilbert == HI:
            diagonal = np.diag(op.to_dense() @ rho) / np.diag(rho)
            cases.append((mixed, mixed.diagonal.samples, diagonal))
        for vs, σ, expected in cases:
            numbers = op.hilbert.states_to_numbers(np.asarray(σ))
            np.testing.assert_allclose(vs.local_estimators(op).data, expected[numbers], atol=1e-10)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_derivatives_by_coefficients_at_fixed_samples(backend):
    vs = state(HI, random_complex(4))
    vs.chunk_size = 5
    for observable in (
        lambda op: op,
        nk.observable.VarianceObservable,
        lambda op: nk.observable.VarianceObservable(op, use_Oloc_squared=True),
    ):

        def value(h, observable=observable):
            return vs.expect(observable(ising(h, backend))).mean.real

        expected = (value(0.7 + 1e-5) - value(0.7 - 1e-5)) / 2e-5
        np.testing.assert_allclose(jax.grad(value)(0.7), expected, rtol=1e-7)
