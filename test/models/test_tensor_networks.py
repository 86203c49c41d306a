# SPDX-License-Identifier: Apache-2.0
"""Matrix product states and operators: known states, updates, positivity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.utils.incremental import incremental_of

tn = nk.models.tensor_networks
SPINS = nk.hilbert.Spin(0.5, 5)
LARGE = jax.nn.initializers.normal(1.0)


def initial(model, n_sites):
    return jax.jit(model.init)(jax.random.PRNGKey(3), jnp.ones((1, n_sites)))


def test_ghz():
    """All up or all down."""
    model = tn.MPSPeriodic(SPINS, bond_dim=2, symperiod=1)
    matrices = np.zeros((1, 2, 2, 2))
    matrices[0, 0, 0, 0] = matrices[0, 1, 1, 1] = 1
    psi = np.exp(model.apply({"params": {"tensors": matrices - np.eye(2)}}, SPINS.all_states()))
    expected = np.zeros(32)
    expected[[0, -1]] = 1
    np.testing.assert_array_equal(psi, expected)


def test_aklt():
    """The ground state of a ring of spins 1 with projectors on S = 2: energy -2/3 per bond.

    Source: I. Affleck, T. Kennedy, E. H. Lieb and H. Tasaki, Phys. Rev. Lett. 59, 799 (1987).
    """
    n_sites = 6
    hi = nk.hilbert.Spin(1, n_sites)
    plus = np.array([[0, 1], [0, 0]])
    z = np.diag([1, -1])
    matrices = np.stack([np.sqrt(2 / 3) * plus, -z / np.sqrt(3), -np.sqrt(2 / 3) * plus.T])
    local = np.asarray(hi.local_states)
    matrices = matrices[np.argsort(np.argsort(-local))]  # m = 1, 0, -1
    model = tn.MPSPeriodic(hi, bond_dim=2, symperiod=1)
    state = nk.vqs.FullSumState(hi, model)
    state.parameters = {"tensors": jnp.asarray((matrices - np.eye(2))[None])}
    spin = (nk.operator.spin.sigmax, nk.operator.spin.sigmay, nk.operator.spin.sigmaz)
    dot = sum(s(hi, 0) @ s(hi, 1) / 4 for s in spin)
    energy = state.expect(dot + dot @ dot / 3)
    np.testing.assert_allclose(energy.mean, -2 / 3, atol=1e-12)
    assert energy.variance < 1e-12


def test_open_chain_is_a_product_of_matrices():
    hi = nk.hilbert.Fock(2, 5)
    model = tn.MPSOpen(hi, bond_dim=3, kernel_init=LARGE, param_dtype=complex)
    variables = initial(model, 5)
    params = {k: np.asarray(v) for k, v in variables["params"].items()}
    x = hi.all_states()[::17].astype(int)
    expected = []
    for row in x:
        v = 1 + params["left_tensors"][row[0]]
        for i in range(3):
            v = v @ (params["middle_tensors"][i, row[i + 1]] + np.eye(3))
        expected.append(v @ (1 + params["right_tensors"][row[-1]]))
    np.testing.assert_allclose(np.exp(model.apply(variables, x)), expected, rtol=1e-12)
    amplitudes = model.apply(variables, x, method=model.contract_mps)
    np.testing.assert_allclose(amplitudes, expected, rtol=1e-12)


def test_long_chains_do_not_overflow():
    hi = nk.hilbert.Spin(0.5, 2000)
    model = tn.MPSOpen(hi, bond_dim=4, kernel_init=LARGE, param_dtype=np.float32)
    x = np.ones((1, 2000), np.int8)
    value, slope = jax.jit(jax.value_and_grad(lambda v: model.apply(v, x)[0].real))(
        initial(model, 2000)
    )
    assert value > 200 and value.dtype == np.float32
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))


MODELS = {
    "open": tn.MPSOpen(SPINS, bond_dim=2, kernel_init=LARGE, param_dtype=complex),
    "periodic": tn.MPSPeriodic(SPINS, bond_dim=2, kernel_init=LARGE, unroll=2),
    "open operator": tn.MPDOOpen(SPINS, bond_dim=2, kernel_init=LARGE, param_dtype=complex),
    "periodic operator": tn.MPDOPeriodic(
        SPINS, bond_dim=2, kraus_dim=3, kernel_init=LARGE, checkpoint=False
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_batches_and_derivatives(name):
    model = MODELS[name]
    n_sites = 10 if "operator" in name else 5
    variables = initial(model, n_sites)
    x = np.random.default_rng(0).choice([-1, 1], size=(4, n_sites)).astype(np.int8)
    apply = jax.jit(model.apply)
    value = apply(variables, x)
    np.testing.assert_allclose(apply(variables, x[1]), value[1], rtol=1e-12)
    np.testing.assert_allclose(apply(variables, x.reshape(2, 2, -1)).ravel(), value, rtol=1e-12)

    direction = jax.tree.map(lambda p: jnp.cos(jnp.arange(p.size).reshape(p.shape)), variables)

    @jax.jit
    def along(t):
        moved = jax.tree.map(lambda p, d: p + t * d, variables, direction)
        return jnp.exp(model.apply(moved, x))

    _, slope = jax.jvp(along, (0.0,), (1.0,))
    scale = np.abs(value).max() * 10
    expected = (along(1e-6) - along(-1e-6)) / 2e-6
    np.testing.assert_allclose(slope, expected, rtol=1e-6, atol=1e-7 * scale)


@pytest.mark.parametrize("name", ["open operator", "periodic operator"])
def test_density_matrices(name):
    model = MODELS[name]
    hi = nk.hilbert.DoubledHilbert(SPINS)
    rho = np.exp(jax.jit(model.apply)(initial(model, 10), hi.all_states())).reshape(32, 32)
    scale = np.abs(rho).max()
    np.testing.assert_allclose(rho, rho.conj().T, atol=1e-12 * scale)
    levels = np.linalg.eigvalsh(rho)
    assert levels[0] > -1e-12 * scale and levels[-2] > 1e-6 * scale


def test_no_derivative_where_the_amplitude_vanishes():
    model = tn.MPSPeriodic(SPINS, bond_dim=1)
    variables = {"params": {"tensors": jnp.full((5, 2, 1, 1), -1.0)}}
    x = SPINS.all_states()[:1]
    value, slope = jax.value_and_grad(lambda v: model.apply(v, x)[0].real)(variables)
    assert np.isneginf(value) and not np.any(slope["params"]["tensors"])


@pytest.mark.parametrize("n_sites", [2, 11])
@pytest.mark.parametrize("cls", [tn.MPSOpen, tn.MPSPeriodic])
def test_updates(cls, n_sites, monkeypatch):
    monkeypatch.setattr(cls, "is_incremental", True, raising=False)  # also of short chains
    hi = nk.hilbert.Fock(2, n_sites)
    model = cls(hi, bond_dim=3, kernel_init=LARGE, param_dtype=complex)
    variables = initial(model, n_sites)
    methods = incremental_of(model)
    rng = np.random.default_rng(1)
    σ = jnp.asarray(rng.integers(3, size=(3, n_sites)))
    sites = jnp.asarray(np.argsort(rng.random((200, 3, n_sites)), axis=-1)[..., :2])
    new = jnp.asarray(rng.integers(3, size=sites.shape))

    def step(carry, change):
        σ, cache = carry
        sites, new = change
        old = jnp.take_along_axis(σ, sites, axis=-1)
        σ = jnp.put_along_axis(σ, sites, new, axis=-1, inplace=False)
        log_psi, cache = methods.update(variables, cache, sites, old, new)
        return (σ, cache), (σ, log_psi)

    @jax.jit
    def walk(σ):
        first, cache = methods.init(variables, σ)
        (_, cache), visited = jax.lax.scan(step, (σ, cache), (sites, new))
        return first, visited

    first, (visited, log_psi) = walk(σ)
    np.testing.assert_allclose(np.exp(first - model.apply(variables, σ)), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_psi - model.apply(variables, visited)), 1, rtol=1e-10)


def test_short_open_chains_are_evaluated_anew():
    hi = nk.hilbert.Spin(0.5, 30)
    assert incremental_of(tn.MPSOpen(hi, bond_dim=4)) is not None
    assert incremental_of(tn.MPSOpen(hi, bond_dim=5)) is None
    assert incremental_of(tn.MPSPeriodic(hi, bond_dim=5)) is not None


def test_initial_values_are_those_of_netket():
    """Values of NetKet 3.23 for the same key."""
    hi = nk.hilbert.Spin(0.5, 4)
    x = hi.all_states()[:2]
    for model, samples, expected in (
        (tn.MPSOpen(hi, bond_dim=3), x, 1.0843755),
        (tn.MPSPeriodic(hi, bond_dim=3), x, 1.0989542),
        (tn.MPDOPeriodic(hi, bond_dim=3), np.concatenate([x, hi.all_states()[2:0:-1]], 1), None),
    ):
        value = model.apply(model.init(jax.random.PRNGKey(3), samples), samples)
        if expected is not None:
            np.testing.assert_allclose(value[0], expected, atol=1e-7)


def test_bad_arguments():
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="must divide the number of sites, 5, but is 2"):
        tn.MPSPeriodic(SPINS, bond_dim=2, symperiod=2).init(key, jnp.ones((1, 5)))
    with pytest.raises(ValueError, match="two sites or more"):
        tn.MPSOpen(nk.hilbert.Spin(0.5, 1), bond_dim=2).init(key, jnp.ones((1, 1)))
    with pytest.raises(ValueError, match="must have 10 values"):
        tn.MPDOOpen(SPINS, bond_dim=2).init(key, jnp.ones((1, 5)))
    mixed = nk.hilbert.Spin(0.5, 2) * nk.hilbert.Fock(2, 2)
    with pytest.raises(ValueError, match="same number of local states"):
        tn.MPSOpen(mixed, bond_dim=2).init(key, jnp.ones((1, 4)))
