# SPDX-License-Identifier: Apache-2.0
"""States that are saved and restored go on exactly as they would have."""

import copy
import pickle

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.nn.activation import reim_selu

HI = nk.hilbert.Spin(0.5, 4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)
CHAIN = nk.graph.Chain(4)
ISING = nk.operator.Ising(HI, CHAIN, h=1.0)
HEISENBERG = nk.operator.Heisenberg(FIXED, CHAIN)
BOX = nk.experimental.hilbert.Particle(2, geometry=nk.experimental.geometry.Cell(d=1, L=2.0))

rules = nk.sampler.rules
SAMPLERS = {
    "local": lambda: nk.sampler.MetropolisLocal(HI, n_chains=4),
    "reset": lambda: nk.sampler.MetropolisLocal(HI, n_chains=4, reset_chains=True),
    "exchange": lambda: nk.sampler.MetropolisExchange(FIXED, graph=CHAIN, n_chains=4),
    "hamiltonian": lambda: nk.sampler.MetropolisHamiltonian(
        FIXED, hamiltonian=HEISENBERG, n_chains=4
    ),
    "mixture": lambda: nk.sampler.MetropolisSampler(
        HI, rules.MultipleRules([rules.LocalRule(), rules.FixedRule()], [0.5, 0.5]), n_chains=4
    ),
    "tensor": lambda: nk.sampler.MetropolisSampler(
        HI * nk.hilbert.Fock(1, 2),
        rules.TensorRule(HI * nk.hilbert.Fock(1, 2), [rules.LocalRule(), rules.LocalRule()]),
        n_chains=4,
    ),
    "tempering": lambda: nk.sampler.ParallelTemperingLocal(HI, n_replicas=2, n_chains=4),
    "numpy": lambda: nk.sampler.MetropolisLocalNumpy(HI, n_chains=4),
    "gaussian": lambda: nk.sampler.MetropolisGaussian(BOX, sigma=0.3, n_chains=4),
    "exact": lambda: nk.sampler.ExactSampler(HI),
    "direct": lambda: nk.sampler.ARDirectSampler(HI),
}
AUTOREGRESSIVE = nk.models.ARNNDense(hilbert=HI, layers=1, features=2)


def mc_state(sampler=None, seed=1, **kwargs):
    sampler = SAMPLERS["local"]() if sampler is None else sampler
    options = {"n_samples": 8, "seed": seed, "n_discard_per_chain": 1} | kwargs
    model = options.pop("model", nk.models.RBM(param_dtype=float))
    return nk.vqs.MCState(sampler, model, **options)


def mixed_state(seed):
    doubled = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 2))
    sampler = nk.sampler.MetropolisLocal(doubled, n_chains=4)
    return nk.vqs.MCMixedState(
        sampler, nk.models.RBM(param_dtype=float), n_samples=8, n_samples_diag=16, seed=seed
    )


def same(a, b):
    def numbers(x):
        return jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x

    a, b = ([numbers(x) for x in jax.tree.leaves(tree)] for tree in (a, b))
    return len(a) == len(b) and all(map(np.array_equal, a, b))


@pytest.mark.parametrize("name", SAMPLERS)
def test_next_samples_are_the_same(name, tmp_path):
    """Of every sampler, by a checkpoint, by the bytes of flax, and by a pickle."""
    options = {"model": AUTOREGRESSIVE, "n_discard_per_chain": 0} if name == "direct" else {}
    old, other = (mc_state(SAMPLERS[name](), seed=seed, **options) for seed in (1, 2))
    old.sample()
    path = tmp_path / "state.nk"
    nk.vqs.save_checkpoint(path, old)
    copies = [
        nk.vqs.load_checkpoint(path, other),
        flax.serialization.from_bytes(other, flax.serialization.to_bytes(old)),
        pickle.loads(pickle.dumps(old)),
    ]
    assert not same(other.parameters, old.parameters)  # the template stays as it is
    for _ in range(2):
        samples = old.sample()
        for new in copies:
            assert same(new.parameters, old.parameters)
            np.testing.assert_array_equal(new.sample(), samples)
            assert same(new.sampler_state, old.sampler_state)


def test_mixed_state(tmp_path):
    old, other = mixed_state(1), mixed_state(2)
    old.sample()
    old.diagonal.sample()
    nk.vqs.save_checkpoint(tmp_path / "state.nk", old)
    copies = [
        nk.vqs.load_checkpoint(tmp_path / "state.nk", other),
        flax.serialization.from_bytes(other, flax.serialization.to_bytes(old)),
        pickle.loads(pickle.dumps(old)),
    ]
    samples, diagonal = old.sample(), old.diagonal.sample()
    for new in copies:
        np.testing.assert_array_equal(new.sample(), samples)
        np.testing.assert_array_equal(new.diagonal.sample(), diagonal)
        assert same(new.diagonal.variables, old.variables)


def test_full_sum_state(tmp_path):
    old = nk.vqs.FullSumState(HI, nk.models.RBM(param_dtype=float), seed=1)
    other = nk.vqs.FullSumState(HI, nk.models.RBM(param_dtype=float), seed=2)
    other.to_array()
    nk.vqs.save_checkpoint(tmp_path / "state.nk", old)
    for new in (
        nk.vqs.load_checkpoint(tmp_path / "state.nk", other),
        flax.serialization.from_bytes(other, flax.serialization.to_bytes(old)),
        pickle.loads(pickle.dumps(old)),
    ):
        np.testing.assert_array_equal(new.to_array(), old.to_array())


def test_sizes_and_model_state(tmp_path):
    class Counting(nn.Module):
        @nn.compact
        def __call__(self, x):
            count = self.variable("counts", "calls", lambda: jnp.zeros((), int))
            if self.is_mutable_collection("counts"):
                count.value += 1
            return nk.models.RBM(param_dtype=float)(x)

    old = mc_state(model=Counting(), mutable=["counts"], chunk_size=4, n_samples=16)
    old.n_discard_per_chain = 3
    old.expect_and_grad(ISING)
    new = mc_state(model=Counting(), mutable=["counts"], seed=2)
    nk.vqs.save_checkpoint(tmp_path / "state.nk", old)
    new = nk.vqs.load_checkpoint(tmp_path / "state.nk", new)
    assert (new.n_samples, new.n_discard_per_chain, new.chunk_size) == (16, 3, 4)
    assert new.model_state["counts"]["calls"] == old.model_state["counts"]["calls"] > 0


def test_a_run_is_continued(tmp_path):
    """Three steps, a checkpoint, and two more, are five steps."""

    def run(state, steps):
        nk.VMC(ISING, nk.optimizer.Sgd(0.1), variational_state=state).run(
            steps, show_progress=False
        )
        return state

    whole = run(mc_state(), 5)
    nk.vqs.save_checkpoint(tmp_path / "state.nk", run(mc_state(), 3))
    continued = run(nk.vqs.load_checkpoint(tmp_path / "state.nk", mc_state(seed=7)), 2)
    assert same(continued.parameters, whole.parameters)


def test_copies():
    state = mc_state()
    state.sample()
    shallow, deep = copy.copy(state), copy.deepcopy(state)
    shallow.parameters = jax.tree.map(jnp.zeros_like, state.parameters)
    assert shallow._samples is None and state._samples is not None
    np.testing.assert_array_equal(deep.sample(), state.sample())


def test_functions_made_by_functions_are_pickled():
    """Initializers of jax are such; those of others are refused by python, and not called."""
    wide = nn.initializers.variance_scaling(0.3, "fan_avg", "uniform", dtype=float)
    model = nk.models.RBM(param_dtype=float, kernel_init=wide, activation=reim_selu)
    state = mc_state(model=model)
    new = pickle.loads(pickle.dumps(state))
    assert same(new.parameters, state.parameters)
    new.init(seed=5)
    state.init(seed=5)
    assert same(new.parameters, state.parameters)
    state = mc_state(model=model.clone(activation=lambda x: x))
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(state)


# -- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: mc_state(nk.sampler.MetropolisLocal(nk.hilbert.Spin(0.5, 6), n_chains=4)),
            "Hilbert space: it has Spin.*N=6.*the checkpoint has Spin.*N=4",
        ),
        (
            lambda: mc_state(model=nk.models.Jastrow(param_dtype=float)),
            "model, class: it has Jastrow, the checkpoint has RBM",
        ),
        (
            lambda: mc_state(model=nk.models.RBM(param_dtype=float, alpha=2)),
            "model, field `alpha`: it has 2, the checkpoint has 1",
        ),
        (
            lambda: mc_state(model=nk.models.RBM(param_dtype=float, activation=reim_selu)),
            "model, field `activation`: it has .*selu.*has log_cosh",
        ),
        (
            lambda: mc_state(nk.sampler.MetropolisLocal(HI, n_chains=2)),
            "sampler, `n_chains`: it has 2, the checkpoint has 4",
        ),
        (lambda: mc_state(nk.sampler.ExactSampler(HI)), "sampler, class"),
        (
            lambda: nk.vqs.FullSumState(HI, nk.models.RBM(param_dtype=float)),
            "kind of the state: it has FullSumState, the checkpoint has MCState",
        ),
    ],
    ids=["space", "model", "size", "activation", "chains", "sampler", "kind"],
)
def test_another_state(make, message, tmp_path):
    nk.vqs.save_checkpoint(tmp_path / "state.nk", mc_state())
    with pytest.raises(ValueError, match=f"(?s)vstate.*{message}"):
        nk.vqs.load_checkpoint(tmp_path / "state.nk", make())


def test_other_temperatures_and_pairs_of_sites(tmp_path):
    """Differences that no variable shows, and that would change the next samples."""
    path = tmp_path / "folder" / "state.nk"
    tempering = nk.sampler.ParallelTemperingLocal
    exchange = nk.sampler.MetropolisExchange
    other = nk.graph.Graph([(0, 1), (1, 2), (2, 3), (0, 2)])  # as many edges as the chain has
    for saved, given, message in [
        (tempering(HI, n_replicas=2), tempering(HI, n_replicas=4), "`n_replicas`: it has 4"),
        (tempering(HI, n_replicas=4), tempering(HI, betas=[1, 0.9, 0.6, 0.1]), "`sorted_betas`"),
        (exchange(FIXED, graph=CHAIN), exchange(FIXED, graph=other), r"`rule\.\w*clusters`"),
    ]:
        nk.vqs.save_checkpoint(path, mc_state(saved, n_samples=16))
        with pytest.raises(ValueError, match=f"the sampler, {message}"):
            nk.vqs.load_checkpoint(path, mc_state(given, n_samples=16))


def test_backends_of_moves_are_free(tmp_path):
    """By default they depend on the number of devices, and the samples do not."""
    path = tmp_path / "state.nk"
    samplers = [
        nk.sampler.MetropolisHamiltonian(FIXED, hamiltonian=HEISENBERG.to_backend(b), n_chains=4)
        for b in ("numba", "jax")
    ]
    old, other = (mc_state(sampler, seed=seed) for seed, sampler in enumerate(samplers))
    nk.vqs.save_checkpoint(path, old)
    new = nk.vqs.load_checkpoint(path, other)
    np.testing.assert_array_equal(new.sample(), old.sample())


def test_variables_of_another_size():
    data = flax.serialization.to_bytes(mc_state())
    other = mc_state(model=nk.models.RBM(param_dtype=float, alpha=2))
    with pytest.raises(ValueError, match=r"`params/Dense/bias` has shape \(4,\) there and \(8,\)"):
        flax.serialization.from_bytes(other, data)


def test_shapes_of_functions(tmp_path):
    """A model that has no fields differs in the first of its variables."""

    def state(n):
        variables = {"params": {"a": jnp.zeros(n), "b": jnp.zeros(())}}
        return nk.vqs.FullSumState(
            HI, apply_fun=lambda v, x: x @ v["params"]["a"][:4], variables=variables
        )

    nk.vqs.save_checkpoint(tmp_path / "state.nk", state(4))
    with pytest.raises(ValueError, match=r"`params/a`: it has float64\[5\].*float64\[4\]"):
        nk.vqs.load_checkpoint(tmp_path / "state.nk", state(5))


def test_files_that_are_no_checkpoint(tmp_path):
    state, path = mc_state(), tmp_path / "state.nk"
    nk.vqs.save_checkpoint(path, state)
    data = path.read_bytes()
    for length in (1, 10, 20, 30, 40, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match="state.nk.*damaged"):
            nk.vqs.load_checkpoint(path, state)
    path.write_bytes(data[:-10] + b"0123456789")
    with pytest.raises(ValueError, match="damaged.*checksum"):
        nk.vqs.load_checkpoint(path, state)
    magic = data.index(b"\n") + 1
    path.write_bytes(data[:magic] + b"\x07" + data[magic + 1 :])
    with pytest.raises(ValueError, match="version 1.*version 7"):
        nk.vqs.load_checkpoint(path, state)
    for foreign in (b"", flax.serialization.to_bytes(state.variables)):
        path.write_bytes(foreign)
        with pytest.raises(ValueError, match="must name a checkpoint"):
            nk.vqs.load_checkpoint(path, state)
    with pytest.raises(FileNotFoundError):
        nk.vqs.load_checkpoint(tmp_path / "nothing", state)
    with pytest.raises(IsADirectoryError, match="Argument `path`"):
        nk.vqs.save_checkpoint(tmp_path, state)
    for call in (nk.vqs.save_checkpoint, nk.vqs.load_checkpoint):
        with pytest.raises(TypeError, match="must be a variational state, but is a RBM"):
            call(path, state.model)


def test_a_failing_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path, state = tmp_path / "state.nk", mc_state()
    nk.vqs.save_checkpoint(path, state)
    old = path.read_bytes()
    state.sample()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        nk.vqs.save_checkpoint(path, state)
    monkeypatch.undo()
    state.sampler_state = state.sampler_state.replace(rule_state=object())
    with pytest.raises(TypeError):
        nk.vqs.save_checkpoint(path, state)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["state.nk"]
