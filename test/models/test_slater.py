# SPDX-License-Identifier: Apache-2.0
"""Slater determinants: free fermions, antisymmetry, updates after hops, zero amplitudes."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator.fermion import create, destroy
from netket.utils.incremental import incremental_of

Fermions = nk.hilbert.SpinOrbitalFermions
SPINLESS = Fermions(6, n_fermions=3)
BALANCED = Fermions(4, s=0.5, n_fermions_per_spin=(2, 2))
POLARISED = Fermions(4, s=0.5, n_fermions_per_spin=(1, 2))

CASES = {
    "spinless": nk.models.Slater2nd(SPINLESS),
    "restricted": nk.models.Slater2nd(BALANCED, param_dtype=complex),
    "unrestricted": nk.models.Slater2nd(POLARISED, restricted=False),
    "generalised": nk.models.Slater2nd(BALANCED, generalized=True, param_dtype=complex),
    "single precision": nk.models.Slater2nd(SPINLESS, param_dtype=np.float32),
}


def initial(model, seed=0):
    return jax.jit(model.init)(jax.random.key(seed), model.hilbert.all_states())


def determinants(model, variables, samples):
    """The definition, by numpy."""
    params = {name: np.asarray(M) for name, M in variables["params"].items()}
    amplitudes = []
    for row in np.asarray(samples):
        parts = [row] if model.generalized else row.reshape(-1, model.hilbert.n_orbitals)
        names = [f"M_{k}" if "M_0" in params else "M" for k in range(len(parts))]
        amplitudes.append(
            np.prod([np.linalg.det(params[m][part != 0]) for m, part in zip(names, parts)])
        )
    return np.array(amplitudes)


@pytest.mark.parametrize("name", CASES)
def test_amplitudes_and_derivatives(name):
    model = CASES[name]
    samples = model.hilbert.all_states()
    variables = initial(model)
    value = jax.jit(model.apply)(variables, samples)
    single = np.dtype(model.param_dtype).itemsize == 4
    assert value.dtype == (np.complex64 if single else np.complex128)
    expected = determinants(model, variables, samples)
    np.testing.assert_allclose(np.exp(value), expected, atol=1e-6 if single else 1e-13)
    if single:
        return
    # a directional derivative
    direction = jax.tree.map(lambda p: jnp.cos(jnp.arange(p.size).reshape(p.shape)), variables)

    def along(t):
        moved = jax.tree.map(lambda p, d: p + t * d, variables, direction)
        return jnp.exp(model.apply(moved, samples))

    along = jax.jit(along)
    _, slope = jax.jvp(along, (0.0,), (1.0,))
    np.testing.assert_allclose(slope, (along(1e-6) - along(-1e-6)) / 2e-6, atol=1e-8)


def test_batches():
    model = CASES["spinless"]
    samples, variables = SPINLESS.all_states()[:4], initial(model)
    value = model.apply(variables, samples)
    assert model.apply(variables, samples[2]) == value[2]
    batch = model.apply(variables, samples.reshape(2, 2, -1))
    np.testing.assert_array_equal(batch.ravel(), value)


def test_ground_state_of_free_fermions():
    """The Fermi sea of a ring has the sum of the lowest levels as its energy, without variance."""
    hopping = -np.roll(np.eye(6), 1, axis=0)
    hopping = hopping + hopping.T
    levels, orbitals = np.linalg.eigh(hopping)
    hamiltonian = sum(
        -(create(SPINLESS, i) @ destroy(SPINLESS, j) + create(SPINLESS, j) @ destroy(SPINLESS, i))
        for i, j in ((i, (i + 1) % 6) for i in range(6))
    )
    state = nk.vqs.FullSumState(SPINLESS, nk.models.Slater2nd(SPINLESS))
    state.parameters = {"M": jnp.asarray(orbitals[:, :3])}
    energy = state.expect(hamiltonian)
    np.testing.assert_allclose(energy.mean, -4, atol=1e-12)
    np.testing.assert_allclose(energy.mean, levels[:3].sum(), atol=1e-12)
    np.testing.assert_allclose(energy.variance, 0, atol=1e-12)


def test_exchange_of_orbitals_changes_the_sign():
    model = CASES["spinless"]
    M = initial(model)["params"]["M"]
    samples = SPINLESS.all_states()
    value = np.exp(model.apply({"params": {"M": M}}, samples))
    swapped = np.exp(model.apply({"params": {"M": M[:, [1, 0, 2]]}}, samples))
    np.testing.assert_allclose(swapped, -value, atol=1e-14)


def test_other_numbers_of_particles_have_no_amplitude():
    model = CASES["unrestricted"]
    samples = Fermions(4, s=0.5).all_states()
    value = np.exp(model.apply(initial(model), samples))
    inside = (samples[:, :4].sum(-1) == 1) & (samples[:, 4:].sum(-1) == 2)
    assert np.all(value[~inside] == 0) and np.all(value[inside] != 0)


def test_no_particles_of_one_spin():
    hilbert = Fermions(3, s=0.5, n_fermions_per_spin=(0, 2))
    model = nk.models.Slater2nd(hilbert, restricted=False)
    variables = initial(model)
    alone = nk.models.Slater2nd(Fermions(3, n_fermions=2))
    np.testing.assert_allclose(
        model.apply(variables, hilbert.all_states()),
        alone.apply({"params": {"M": variables["params"]["M_1"]}}, hilbert.all_states()[:, 3:]),
    )


def test_derivatives_are_finite_where_the_amplitude_vanishes():
    model = nk.models.Slater2nd(Fermions(4, n_fermions=2))
    variables = {"params": {"M": jnp.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])}}
    samples = model.hilbert.all_states()
    value = model.apply(variables, samples)
    assert np.isneginf(value.real).tolist() == [True] + 4 * [False] + [True]
    jacobian = jax.jit(jax.jacrev(lambda v: model.apply(v, samples).real))(variables)
    jacobian = jacobian["params"]["M"]
    assert np.all(np.isfinite(jacobian)) and not np.any(jacobian[0])
    multi = nk.models.MultiSlater2nd(model.hilbert)
    multi_variables = {"params": {"VmapSlater2nd_0": {"M": variables["params"]["M"][None]}}}
    np.testing.assert_allclose(np.exp(multi.apply(multi_variables, samples)), np.exp(value))
    gradient = jax.jit(jax.jacrev(lambda v: multi.apply(v, samples).real))(multi_variables)
    assert np.all(np.isfinite(gradient["params"]["VmapSlater2nd_0"]["M"]))


@pytest.mark.parametrize("dtype", [float, complex])
def test_sums_of_determinants(dtype):
    model = nk.models.MultiSlater2nd(BALANCED, n_determinants=3, param_dtype=dtype)
    samples = BALANCED.all_states()
    variables = initial(model)
    orbitals = variables["params"]["VmapSlater2nd_0"]["M"]
    single = nk.models.Slater2nd(BALANCED, param_dtype=dtype)
    expected = sum(determinants(single, {"params": {"M": M}}, samples) for M in orbitals)
    np.testing.assert_allclose(np.exp(model.apply(variables, samples)), expected, atol=1e-13)


CASES["of all spins"] = nk.models.Slater2nd(
    Fermions(3, s=0.5, n_fermions=2), generalized=True, param_dtype=complex
)


@pytest.mark.parametrize("name", ["restricted", "unrestricted", "of all spins"])
def test_expectation_values_in_closed_form(name):
    model = CASES[name]
    hilbert = model.hilbert
    variables = initial(model)
    psi = np.exp(model.apply(variables, hilbert.all_states()))
    psi /= np.linalg.norm(psi)
    rdm, parts = model.apply(variables, True, method=model.rdm_one_body)
    sites = [(i, sz) for sz in (-1, 1) for i in range(hilbert.n_orbitals)]
    for (p, a), (q, b) in itertools.product(enumerate(sites[:5]), repeat=2):
        if a[1] == b[1] or name == "of all spins":
            operator = create(hilbert, *b) @ destroy(hilbert, *a)
            expected = psi.conj() @ operator.to_sparse() @ psi
            np.testing.assert_allclose(rdm[p, q], expected, atol=1e-12)
    assert (
        sorted(parts)
        == {
            "restricted": ["S_inv", "rdm_sector"],
            "unrestricted": ["S_invs", "rdm_sectors"],
            "of all spins": ["S_inv", "rdm"],
        }[name]
    )

    flat, unravel = jax.flatten_util.ravel_pytree(variables)
    holomorphic = np.iscomplexobj(flat)

    def log_psi(v):
        value = model.apply(unravel(v), hilbert.all_states())
        return value if holomorphic else value.real

    O = np.asarray(jax.jit(jax.jacrev(log_psi, holomorphic=holomorphic))(flat))
    O = np.where(np.abs(psi)[:, None] > 1e-12, O, 0)
    O -= np.abs(psi) ** 2 @ O
    expected = (O.conj().T * np.abs(psi) ** 2) @ O
    S = model.apply(variables, method=model.qgt_by_wick)
    np.testing.assert_allclose(S, expected, atol=1e-11)


# -- updates -------------------------------------------------------------------------------------


def some_hops(model, n_steps, n_chains, rng):
    """Random walks in the space: configurations, and the sites that differ from the last one."""
    hilbert = model.hilbert
    σ = np.array([hilbert.all_states()[i] for i in rng.integers(hilbert.n_states, size=n_chains)])
    visited, sites = [σ], []
    for _ in range(n_steps):
        σ = σ.copy()
        chosen = np.zeros((n_chains, 4), np.int32)
        for row, place in zip(σ, chosen):
            changes = set()
            for _ in range(rng.integers(1, 3)):
                sector = rng.integers(hilbert.n_spin_subsectors) * hilbert.n_orbitals
                part = row[sector : sector + hilbert.n_orbitals]
                i, j = rng.choice(np.flatnonzero(part)), rng.choice(np.flatnonzero(part == 0))
                part[[i, j]] = part[[j, i]]
                changes |= {sector + i, sector + j}
            others = [s for s in range(hilbert.size) if s not in changes]
            place[:] = rng.permutation([*changes, *others[: 4 - len(changes)]])
        visited.append(σ)
        sites.append(chosen)
    return np.array(visited), np.array(sites)


def walk(model, variables, visited, sites):
    """Log-amplitudes by updates, all accepted."""
    methods = incremental_of(model)

    def step(carry, change):
        σ, cache = carry
        sites, σp = change
        old, new = (jnp.take_along_axis(x, sites, axis=-1) for x in (σ, σp))
        log_psi, cache = methods.update(variables, cache, sites, old, new)
        return (σp, cache), log_psi

    @jax.jit
    def run(visited):
        first, cache = methods.init(variables, visited[0])
        return jnp.concatenate(
            [first[None], jax.lax.scan(step, (visited[0], cache), (sites, visited[1:]))[1]]
        )

    return run(visited)


@pytest.mark.parametrize("name", ["restricted", "unrestricted", "single precision"])
def test_updates(name):
    model = CASES[name]
    variables = initial(model)
    visited, sites = some_hops(model, 60, 3, np.random.default_rng(1))
    value = walk(model, variables, visited, sites)
    expected = model.apply(variables, visited)
    assert value.dtype == expected.dtype
    single = value.dtype == np.complex64
    np.testing.assert_allclose(value, expected, rtol=1e-3 if single else 1e-10)


def test_updates_from_and_to_zero_amplitudes():
    """Walks over configurations whose determinant vanishes, where no inverse exists."""
    model = CASES["spinless"]
    variables = {"params": {"M": jnp.repeat(jnp.eye(3), 2, axis=0) + 0.0}}
    visited, sites = some_hops(model, 100, 4, np.random.default_rng(2))
    value = walk(model, variables, visited, sites)
    expected = model.apply(variables, visited)
    assert np.isneginf(expected.real).any() and np.isfinite(expected.real).any()
    np.testing.assert_allclose(np.exp(value), np.exp(expected), atol=1e-12)


def test_updates_where_determinants_vanish_up_to_rounding():
    """From there, the determinant lemma would give anything."""
    hilbert = Fermions(6, n_fermions=3)
    model = nk.models.Slater2nd(hilbert)
    hopping = np.kron(np.eye(2), np.eye(3, k=1) + np.eye(3, k=-1))
    levels = np.linalg.eigh(-hopping)[1][:, :3]
    mixed = levels @ np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    variables = {"params": {"M": jnp.asarray(mixed)}}
    n = jnp.asarray(hilbert.all_states())
    methods = incremental_of(model)
    log_psi, cache = jax.jit(methods.init)(variables, n)
    assert np.any((np.abs(np.exp(log_psi)) < 1e-15) & np.isfinite(log_psi))
    sites = jnp.broadcast_to(jnp.arange(6), n.shape)

    @jax.jit
    def from_all_to(new):
        return methods.update(variables, cache, sites, n, jnp.broadcast_to(new, n.shape))[0]

    for new, expected in zip(n, np.exp(log_psi)):
        np.testing.assert_allclose(np.exp(from_all_to(new)), expected, atol=1e-12)


def test_changes_of_the_number_of_particles_have_no_amplitude():
    model = CASES["spinless"]
    methods = incremental_of(model)
    variables, σ = initial(model), SPINLESS.all_states()[:1]
    _, cache = jax.jit(methods.init)(variables, σ)
    site = jnp.array([[0]])
    value, gone = jax.jit(methods.update)(variables, cache, site, σ[:, :1], 1 - σ[:, :1])
    assert np.isneginf(value.real).all()
    # and back again, two sites at a time
    sites = jnp.array([[0, 1]])
    changed = jnp.asarray(σ).at[0, 0].set(1 - σ[0, 0])
    back, _ = jax.jit(methods.update)(variables, gone, sites, changed[:, :2], σ[:, :2])
    np.testing.assert_allclose(back, model.apply(variables, σ), rtol=1e-12)


# -- options and what users rely on ----------------------------------------------------------------


def test_bad_spaces():
    with pytest.raises(TypeError, match="fixed number of fermions"):
        nk.models.Slater2nd(Fermions(3))
    with pytest.raises(TypeError, match="must be SpinOrbitalFermions"):
        nk.models.MultiSlater2nd(nk.hilbert.Spin(0.5, 3))
    with pytest.raises(ValueError, match="generalized=True"):
        nk.models.Slater2nd(Fermions(3, s=0.5, n_fermions=3))
    with pytest.raises(ValueError, match="restricted=False"):
        nk.models.Slater2nd(POLARISED)
    with pytest.raises(ValueError, match="at least 1"):
        nk.models.MultiSlater2nd(BALANCED, n_determinants=0)
    model = CASES["spinless"]
    with pytest.raises(ValueError, match="must have 6 occupation numbers"):
        model.init(jax.random.key(0), jnp.ones((1, 4)))


def test_initial_parameters_are_those_of_netket():
    model = nk.models.MultiSlater2nd(
        Fermions(3, s=0.5, n_fermions_per_spin=(1, 2)), n_determinants=2, restricted=False
    )
    variables = jax.jit(model.init)(jax.random.PRNGKey(3), model.hilbert.all_states())
    params = variables["params"]["VmapSlater2nd_0"]
    np.testing.assert_allclose(params["M_0"].ravel()[:2], [-0.28852661, 0.28476771], atol=2e-8)
    np.testing.assert_allclose(params["M_1"].ravel()[:2], [-0.17909091, -0.25081294], atol=2e-8)
    value = model.apply(variables, model.hilbert.all_states()[:2])
    np.testing.assert_allclose(value.real, [-2.46780905, 0.25360222], atol=1e-7)
