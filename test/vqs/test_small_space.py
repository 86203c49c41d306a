# SPDX-License-Identifier: Apache-2.0
"""Local estimators where few states occur again and again: each is evaluated once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.vqs import mc_local
from netket.vqs.local_values import is_small_space, local_values_small_space, small_space

RNG = np.random.default_rng(0)
STRINGS = ["".join(RNG.choice(list("IXYZ"), 6)) for _ in range(200)]


def pauli_strings(hilbert):
    return nk.operator.PauliStrings(hilbert, STRINGS, RNG.normal(size=200) + 0.1j)


def hopping(hilbert):
    terms = [((i, 1), (j, 0)) for i in range(6) for j in range(6)]
    return nk.operator.FermionOperator2nd(hilbert, terms, RNG.normal(size=len(terms)))


CASES = [
    (nk.hilbert.Spin(0.5, 6), pauli_strings),
    (nk.hilbert.SpinOrbitalFermions(6, n_fermions=2), hopping),
]


def log_psi(variables, x):
    return (x.astype(float) @ variables["a"]) ** 2 + 1j * x @ variables["a"]


@pytest.mark.parametrize("chunk_size", [None, 16])
@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("hilbert, make", CASES)
def test_estimators_are_rows_of_the_matrix(hilbert, make, backend, chunk_size):
    op = make(hilbert).to_backend(backend)
    variables = {"a": jnp.asarray(0.2 * RNG.normal(size=6))}
    numbers = RNG.integers(0, hilbert.n_states, 50)
    x = hilbert.numbers_to_states(numbers).astype(np.int8)
    values = local_values_small_space(log_psi, variables, x, op, chunk_size)
    psi = np.exp(log_psi(variables, hilbert.all_states()))
    np.testing.assert_allclose(values, ((op.to_dense() @ psi) / psi)[numbers], atol=1e-12)


def test_both_ways_agree(monkeypatch):
    hilbert = nk.hilbert.Spin(0.5, 6)
    op = pauli_strings(hilbert)
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=16)
    state = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=1024, seed=1)
    used = []

    def spy(*args):
        used.append(local_values_small_space(*args))
        return used[-1]

    monkeypatch.setattr(mc_local, "local_values_small_space", spy)
    values, energy = state.local_estimators(op).data, state.expect(op).mean
    assert len(used) == 2
    monkeypatch.setattr(mc_local, "is_small_space", lambda op, n: False)
    np.testing.assert_allclose(values, state.local_estimators(op).data, atol=1e-12)
    np.testing.assert_allclose(energy, state.expect(op).mean, atol=1e-12)
    op = op.to_jax()  # the flag decides: this one is asked in jax
    np.testing.assert_allclose(values, state.local_estimators(op).data, atol=1e-12)
    assert len(used) == 2


def test_states_that_do_not_occur_have_no_influence():
    """Neither a network that is infinite on them, nor the padding of blocks."""
    hilbert = nk.hilbert.Spin(0.5, 6)
    op = nk.operator.PauliStrings(hilbert, ["XIIIII", "ZIIIII"], [1.0, 0.5])

    def log_psi(_, x):
        return jnp.where(jnp.all(x[:, 1:] == 1, axis=1), 0.1 * x[:, 0], jnp.inf)

    x = np.ones((3, 6), np.int8)
    values = local_values_small_space(log_psi, {}, x, op, None)
    np.testing.assert_allclose(values, 0.5 + np.exp(-0.2), atol=1e-12)


def test_when_it_is_chosen(monkeypatch):
    op = pauli_strings(nk.hilbert.Spin(0.5, 6))
    assert is_small_space(op, 1024)
    assert not is_small_space(op, 15), "more than 4 states for a sample"
    large = nk.operator.Ising(nk.hilbert.Spin(0.5, 40), nk.graph.Chain(40), h=1.0)
    assert not is_small_space(large, 10**6)
    monkeypatch.setattr(small_space, "_MOST_ELEMENTS", 64 * op.max_conn_size - 1)
    assert not is_small_space(op, 1024), "too large a matrix"
    monkeypatch.undo()
    monkeypatch.setattr(small_space, "_LEAST_ELEMENTS", 2**40)
    assert not is_small_space(op, 1024)


def test_a_sample_outside_of_the_space_is_refused():
    op = pauli_strings(nk.hilbert.Spin(0.5, 6))
    with pytest.raises(ValueError, match="3"):
        local_values_small_space(log_psi, {"a": jnp.ones(6)}, np.full((2, 6), 3), op, None)


def test_derivatives_by_coefficients_do_not_use_it():
    hilbert = nk.hilbert.Spin(0.5, 6)
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=16)
    state = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=1024, seed=1)
    op = pauli_strings(hilbert)
    gradient = jax.grad(lambda c: state.expect(c * op).mean.real)(1.0)
    np.testing.assert_allclose(gradient, state.expect(op).mean.real, rtol=1e-6)
