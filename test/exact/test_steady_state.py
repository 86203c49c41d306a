# SPDX-License-Identifier: Apache-2.0
"""Steady states of the dissipative Ising ring (QuTiP), of a driven qubit, and of cavities."""

import numpy as np
import pytest

import netket as nk
from netket.operator import LocalLiouvillian, boson, spin

# <X>, <Y>, <Z> per site and purity for V = 2, g = 1, gamma = 1, from QuTiP 5.3.1
RINGS = {
    2: (0.32, 0.24, -0.76, 0.8464),
    3: (0.4148148148, 0.1925925926, -0.8074074074, 0.8787379973),
    4: (0.4397812534, 0.1871861250, -0.8128138750, 0.8704846813),
    5: (0.4453553060, 0.1883265947, -0.8116734053, 0.8438569234),
}
METHODS = {
    "ed": {},
    "ed_dense": {"sparse": False},
    "iterative": {"method": "iterative"},
    "iterative_matrix_free": {"method": "iterative", "sparse": False},
}


def ring(n, backend="numba"):
    """H = V/4 sum Z Z + g/2 sum X, jumps sigma^-; a ring of two counts its bond twice."""
    hi = nk.hilbert.Spin(0.5, n)
    with nk.operator.use_backend(backend):
        ha = sum(0.5 * spin.sigmax(hi, i) for i in range(n))
        ha += sum(0.5 * spin.sigmaz(hi, i) @ spin.sigmaz(hi, (i + 1) % n) for i in range(n))
        return LocalLiouvillian(ha, [spin.sigmam(hi, i) for i in range(n)])


def residual(lind, rho):
    return np.abs(lind.to_sparse() @ rho.reshape(-1)).max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", RINGS)
def test_dissipative_ising_ring(n, method):
    lind = ring(n)
    rho = nk.exact.steady_state(lind, **METHODS[method])
    assert residual(lind, rho) < 1e-8
    assert np.trace(rho) == pytest.approx(1)
    np.testing.assert_allclose(rho, rho.conj().T)
    assert np.linalg.eigvalsh(rho).min() > -1e-9
    hi = lind.hilbert_physical
    paulis = (spin.sigmax, spin.sigmay, spin.sigmaz)
    values = [
        np.mean([np.trace(rho @ np.asarray(f(hi, i).to_dense())).real for i in range(n)])
        for f in paulis
    ]
    np.testing.assert_allclose([*values, np.trace(rho @ rho).real], RINGS[n], atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_jax_flag_and_single_precision(method):
    lind = ring(2, "jax")
    np.testing.assert_allclose(
        nk.exact.steady_state(lind, **METHODS[method]), nk.exact.steady_state(ring(2)), atol=1e-9
    )
    single = ring(2).copy(dtype=np.complex64)
    rho = nk.exact.steady_state(single, **METHODS[method])
    assert rho.dtype == np.complex64
    np.testing.assert_allclose(rho, nk.exact.steady_state(ring(2)), atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_driven_qubit(method):
    """Bloch equations: <Z> = -gamma² / (gamma² + 8 (g/2)²), resonant drive g X / 2."""
    hi, g, gamma = nk.hilbert.Spin(0.5, 1), 0.8, 1.7
    lind = LocalLiouvillian(0.5 * g * spin.sigmax(hi, 0), [np.sqrt(gamma) * spin.sigmam(hi, 0)])
    rho = nk.exact.steady_state(lind, **METHODS[method])
    z = rho[0, 0] - rho[1, 1]
    assert z.real == pytest.approx(-(gamma**2) / (gamma**2 + 2 * g**2))


def test_driven_cavity_is_coherent():
    """H = i e (b† - b), decay kappa: a coherent state with amplitude 2 e / kappa."""
    hi, e, kappa = nk.hilbert.Fock(12, 1), 0.2, 1.0
    b = boson.destroy(hi, 0)
    lind = LocalLiouvillian(1j * e * (b.H - b), [np.sqrt(kappa) * b])
    rho = nk.exact.steady_state(lind)
    assert np.trace(rho @ np.asarray(b.to_dense())) == pytest.approx(2 * e / kappa, abs=1e-8)
    assert np.trace(rho @ rho).real == pytest.approx(1, abs=1e-8)


def test_starting_point_and_options():
    lind, calls = ring(3), []
    rho0 = np.diag([0.0] * 7 + [1.0])
    for start in (rho0, rho0.reshape(-1)):
        rho = nk.exact.steady_state(
            lind, method="iterative", rho0=start, rtol=1e-10, callback=calls.append
        )
        assert residual(lind, rho) < 1e-8 and calls
    exact = nk.exact.steady_state(lind, tol=1e-9, maxiter=100)
    calls.clear()
    nk.exact.steady_state(lind, method="iterative", rho0=exact, rtol=1e-8, callback=calls.append)
    assert len(calls) < 3


def test_several_steady_states():
    """Without a drive from one to the other, both parities are conserved."""
    hi = nk.hilbert.Spin(0.5, 2)
    lind = LocalLiouvillian(
        spin.sigmaz(hi, 0) @ spin.sigmaz(hi, 1), [spin.sigmam(hi, 0) @ spin.sigmam(hi, 1)]
    )
    for kwargs in ({}, {"sparse": False}):
        with pytest.raises(ValueError, match="exactly one steady state"):
            nk.exact.steady_state(lind, **kwargs)


def test_bad_arguments():
    lind = ring(2)
    with pytest.raises(TypeError, match="must be a superoperator .* but is LocalOperator"):
        nk.exact.steady_state(spin.sigmax(nk.hilbert.Spin(0.5, 2), 0))
    with pytest.raises(ValueError, match='"ed" or "iterative", but is \'lu\''):
        nk.exact.steady_state(lind, method="lu")
    with pytest.raises(ValueError, match=r"shape \(4, 4\), but has shape \(2, 2\)"):
        nk.exact.steady_state(lind, method="iterative", rho0=np.eye(2))
    with pytest.raises(TypeError, match="no options"):
        nk.exact.steady_state(lind, rtol=1e-3)
    with pytest.warns(nk.errors.NetketWarning, match="not converged"):
        nk.exact.steady_state(ring(3), method="iterative", maxiter=1)
    large = LocalLiouvillian(spin.sigmax(nk.hilbert.Spin(0.5, 30), 0))
    with pytest.raises(ValueError, match="few enough states"):
        nk.exact.steady_state(large)
