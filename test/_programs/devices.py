# SPDX-License-Identifier: Apache-2.0
"""What does not depend on the number of devices, written to a file by process 0.

python devices.py OUT            on all devices of one process
djaxrun -np 2 python devices.py OUT
"""

import math
import os
import pickle
import re
import sys
import warnings

import jax

if "OMPI_COMM_WORLD_SIZE" in os.environ:
    jax.distributed.initialize()

import flax.serialization
import jax.numpy as jnp
import numpy as np

import netket as nk
from netket.jax.sharding import replicate, to_host

OUT = sys.argv[1]
HI = nk.hilbert.Spin(0.5, 4)
ISING = nk.operator.Ising(HI, nk.graph.Chain(4), h=0.8, J=0.6, backend="jax")
found = {}


def keep(name, tree):
    for i, x in enumerate(jax.tree.leaves(to_host(tree))):
        found[f"{name} {i}"] = np.asarray(x)


def split_over_all(x):
    """Whether every device has an equal part of the rows."""
    rows = {shard.data.shape[0] for shard in x.addressable_shards}
    return rows == {len(x) // jax.device_count()} and len(x.sharding.device_set) > 0


class Neighbours(nk.operator.DiscreteOperator):
    """Flips of neighbours as somebody may write them: on the host only."""

    @property
    def dtype(self):
        return float

    @property
    def is_hermitian(self):
        return True

    @property
    def max_conn_size(self):
        return 4

    def get_conn_flattened(self, x, sections, pad=False):
        # only where both are equal: samples have different numbers of connected elements
        equal = x == np.roll(x, -1, axis=1)
        row, site = np.nonzero(equal)
        sections[:] = np.cumsum(equal.sum(axis=1))
        xp = x[row]
        k = np.arange(len(row))
        xp[k, site] *= -1
        xp[k, (site + 1) % 4] *= -1
        return xp, np.ones(len(row))


def state(**options):
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=16)
    options = {"n_samples": 64, "seed": 1} | options
    return nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), **options)


def monte_carlo():
    vs = state()
    assert split_over_all(vs.samples) and split_over_all(vs.sampler_state.σ)
    assert vs.n_samples_per_rank * jax.device_count() == vs.n_samples == 64
    assert vs.sampler.n_chains_per_rank * jax.device_count() == 16
    keep("samples", vs.samples)
    keep("acceptance", vs.sampler_state.acceptance)
    for op in (ISING, ISING.to_numba(), Neighbours(HI)):
        name = f"{type(op).__name__} {op.backend}"
        keep(name, [vs.expect_and_grad(op), vs.local_estimators(op).data])
    keep("forces", vs.expect_and_forces(ISING))
    keep("derivative", vs.expect_and_grad(ISING, use_covariance=False))
    keep("squared", vs.expect(nk.operator.Squared(ISING)))
    keep("log_value", [vs.log_value(vs.samples), vs.log_value(HI.all_states()), vs.to_array()])
    for qgt in (nk.optimizer.qgt.QGTJacobianDense, nk.optimizer.qgt.QGTJacobianPyTree):
        keep(qgt.__name__, vs.quantum_geometric_tensor(qgt).to_dense())
    keep("on the fly", vs.quantum_geometric_tensor(nk.optimizer.qgt.QGTOnTheFly) @ vs.parameters)


def no_samples_are_sent():
    from netket.sampler.metropolis import _sample_chain
    from netket.vqs.mc_expect import _covariance

    vs = state()
    values = vs.local_estimators(ISING).data
    sample = _sample_chain.lower(
        vs.sampler, vs._model, vs.variables, vs.sampler_state, vs.chain_length, False
    )
    gradient = _covariance.lower(
        vs._training_fun, False, None, vs.parameters, vs.model_state, vs.samples, values
    )
    mean = jax.jit(nk.stats.statistics).lower(values)
    for program, may_sum in ((sample, False), (gradient, True), (mean, True)):
        code = program.compile().as_text()
        assert "all-gather" not in code and "all-to-all" not in code
        assert may_sum or "all-" not in code


def no_jacobian_is_sent():
    """Devices exchange rows for columns: none has more than its share of the Jacobian."""
    from netket.optimizer import solver
    from netket.optimizer._kernel_sr import _update

    vs = state()
    update = _update.lower(
        *(vs._apply_fun, vs.parameters, vs.model_state, vs.samples),
        *(vs.local_estimators(ISING).data, None, 0.01, None, None, None),
        mode="complex",
        use_ntk=True,
        on_the_fly=False,
        solver=solver.cholesky,
        chunk_size=None,
    )
    code = update.compile().as_text()
    whole = re.findall(r"= \w+\[([\d,]*)\]\S* all-gather", code)
    assert all(math.prod(map(int, shape.split(","))) <= 2 * 64 for shape in whole), whole
    assert ("all-to-all" in code) == (jax.device_count() > 1)


def chunked():
    vs = state(chunk_size=3)
    keep("chunked", [vs.expect_and_grad(op) for op in (ISING, Neighbours(HI))])
    keep("chunked derivative", vs.expect_and_grad(ISING, use_covariance=False))
    keep("chunked log_value", [vs.log_value(vs.samples), vs.to_array()])
    for qgt in (nk.optimizer.qgt.QGTJacobianDense(), nk.optimizer.qgt.QGTOnTheFly()):
        keep(f"chunked {qgt}", vs.quantum_geometric_tensor(qgt).to_dense())


def drivers():
    vs = state()
    log = nk.logging.RuntimeLog()
    sgd = nk.optimizer.Sgd(0.05)
    sr = nk.optimizer.SR(diag_shift=0.01)
    driver = nk.VMC(ISING, sgd, variational_state=vs, preconditioner=sr)
    driver.run(2, out=[log, nk.logging.JsonLog(OUT, save_params_every=1)], obs={"again": ISING})
    keep("vmc", [log.data["Energy"]["Mean"], log.data["again"]["Variance"]])
    for form in ({"use_ntk": False}, {"use_ntk": True}, {"on_the_fly": True}):
        driver = nk.driver.VMC_SR(ISING, sgd, variational_state=vs, diag_shift=0.01, **form)
        driver.run(1, show_progress=False)
    keep("vmc_sr", [driver.energy.mean, vs.parameters])
    driver.run(50, show_progress=False, callback=nk.callbacks.Timeout(1e-9))
    assert driver.step_count == 2


def full_summation():
    hi = nk.hilbert.Fock(2, 3)  # 27 states: no multiple of the number of devices
    ha = nk.operator.BoseHubbard(hi, nk.graph.Chain(3), U=1.0)
    ops = [ha.to_jax(), ha.to_numba()]
    vs = nk.vqs.FullSumState(hi, nk.models.RBM(param_dtype=complex), seed=1)
    keep("full", [vs.to_array(), vs.to_array(normalize=False), vs.probability_distribution()])
    assert split_over_all(vs.to_array(allgather=False)) and split_over_all(vs._states_in_parts)
    keep("full expect", [vs.expect_and_grad(op) for op in ops])
    keep("full derivative", vs.expect_and_grad(ops[0], use_covariance=False))
    qgt = nk.optimizer.qgt.QGTJacobianDense(holomorphic=False)
    keep("full qgt", vs.quantum_geometric_tensor(qgt).to_dense())
    driver = nk.driver.VMC_SR(
        ops[0], nk.optimizer.Sgd(0.05), variational_state=vs, diag_shift=0.01, mode="complex"
    )
    driver.run(2, show_progress=False)
    keep("full vmc_sr", driver.energy)


def samplers():
    exact = state().__class__(
        nk.sampler.ExactSampler(HI), nk.models.RBM(alpha=1), n_samples=64, seed=1
    )
    assert exact.samples.shape == (jax.device_count(), 64 // jax.device_count(), 4)
    assert split_over_all(exact.samples)
    keep("exact", exact.samples.reshape(-1, 4))
    host_rule = nk.sampler.rules.HamiltonianRule(ISING.to_numba(), kernel="numba")
    for name, sampler in {
        "tempering": nk.sampler.ParallelTemperingLocal(HI, n_chains=8, n_replicas=4),
        "moves": nk.sampler.MetropolisHamiltonian(HI, ISING, n_chains=8),
        "moves on the host": nk.sampler.MetropolisSampler(HI, host_rule, n_chains=8),
    }.items():
        vs = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=64, seed=1)
        assert split_over_all(vs.samples)
        keep(name, vs.samples)
    # each process has random numbers of its own
    numpy = nk.sampler.MetropolisLocalNumpy(HI, n_chains=16)
    vs = nk.vqs.MCState(numpy, nk.models.RBM(alpha=1), n_samples=512, seed=1)
    exactly = nk.vqs.FullSumState(HI, nk.models.RBM(alpha=1), variables=vs.variables).expect(ISING)
    stats = vs.expect(ISING)
    assert abs(stats.mean - exactly.mean) < 5 * np.sqrt(exactly.variance / 256)
    assert int(vs.sampler_state.n_steps) == 16 * (512 // 16 + 5) * 4
    assert 0.5 < vs.sampler_state.acceptance < 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        n = nk.sampler.MetropolisLocal(HI, n_chains=15).n_chains
    assert (n == 15) == (not caught) == (jax.device_count() == 1)
    assert n % jax.device_count() == 0
    n = nk.sampler.MetropolisLocal(HI, n_chains_per_rank=3).n_chains
    assert n == 3 * jax.device_count()


def mixed_states():
    hi = nk.hilbert.Spin(0.5, 2)
    jumps = [nk.operator.spin.sigmam(hi, i) for i in range(2)]
    lindblad = nk.operator.LocalLiouvillian(
        nk.operator.Ising(hi, nk.graph.Chain(2, pbc=False), h=1.0), jumps
    )
    sampler = nk.sampler.MetropolisLocal(nk.hilbert.DoubledHilbert(hi), n_chains=16)
    vs = nk.vqs.MCMixedState(sampler, nk.models.RBM(param_dtype=complex), n_samples=64, seed=1)
    keep("mixed", vs.expect_and_grad(nk.operator.Squared(lindblad)))
    keep("mixed diagonal", vs.expect(nk.operator.spin.sigmax(hi, 0)))


def storing():
    vs = state()
    vs.samples  # noqa: B018
    data = flax.serialization.to_bytes(vs)
    restored = flax.serialization.from_bytes(state(seed=2), data)
    unpickled = pickle.loads(pickle.dumps(vs))
    for other in (restored, unpickled):
        other.sample()
        assert split_over_all(other.samples)
    vs.sample()
    keep("stored", [vs.samples, restored.samples, unpickled.samples])
    np.testing.assert_array_equal(found["stored 0"], found["stored 1"])
    np.testing.assert_array_equal(found["stored 0"], found["stored 2"])


def checkpoints():
    """Written here, and by one device, whatever the default backend and number of chains are."""
    hamiltonian = nk.operator.Ising(HI, nk.graph.Chain(4), h=0.8)
    for name, sampler in {
        "moves": nk.sampler.MetropolisHamiltonian(HI, hamiltonian, n_chains=8),
        "exact": nk.sampler.ExactSampler(HI),
    }.items():
        vs = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=64, seed=1)
        path = f"{os.path.dirname(OUT)}/../{name}.nk"
        if not os.path.exists(path):  # the run on one device is the first
            nk.vqs.save_checkpoint(path, vs)
        restored = nk.vqs.load_checkpoint(path, vs)
        keep(f"samples of {name}", restored.sample().reshape(-1, 4))
    # what one process cannot do fails in all of them, and they go on together
    vmc = nk.VMC(ISING, nk.optimizer.Sgd(0.1), variational_state=vs)
    for failing in (
        lambda: nk.vqs.save_checkpoint(os.path.dirname(OUT), vs),
        lambda: vmc.run(1, out="/proc/no/such/folder/run", show_progress=False),
    ):
        try:
            failing()
        except (OSError, RuntimeError) as error:
            own = "must name a file that can be written"
            text = own if jax.process_index() == 0 else "Another process of this run has failed"
            assert text in str(error), error
        else:
            raise AssertionError("an error was expected")
    keep("all go on", vs.expect(ISING).mean)


def how_long_to_sample():
    vs = state()
    acc, _ = vs.thermalise(ISING, verbose=False, min_chain_length=4, max_chain_length=8, rhat_tol=9)
    keep("thermalised", acc.get_stats())
    keep("precise", vs.expect_to_precision(ISING, atol=0.3, verbose=False).get_stats())
    acc, _ = vs.check_mc_convergence(ISING, min_chain_length=8, max_chain_length=8)
    keep("convergence", acc.acf)


class HalfOutside(nk.sampler.rules.FixedRule):
    """A rule that leaves the space for chains of the last device only."""

    def transition(self, sampler, machine, parameters, state, key, σ):
        return σ.at[-1].set(3), None


def errors_of_one_process():
    sampler = nk.sampler.MetropolisSampler(HI, HalfOutside(), n_chains=8)
    vs = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=64, seed=1)
    last = jax.process_index() == jax.process_count() - 1
    try:
        vs.sample()
    except (ValueError, RuntimeError) as error:
        assert ("HalfOutside.transition" if last else "Another process") in str(error), error
    else:
        raise AssertionError("an error was expected")


def seeds():
    vs = state(seed=None)
    # raises an error if they differ between processes
    replicate(jax.tree.map(jnp.asarray, to_host(vs.parameters)))
    own = jnp.full(2, float(jax.process_index()))
    try:
        vs.parameters = jax.tree.map(lambda x: own[:1] + jnp.zeros(x.shape), vs.parameters)
    except ValueError as error:
        assert jax.process_count() > 1 and "same values on all processes" in str(error)
    else:
        assert jax.process_count() == 1


for section in (
    monte_carlo,
    no_samples_are_sent,
    no_jacobian_is_sent,
    chunked,
    drivers,
    full_summation,
    samplers,
    mixed_states,
    storing,
    checkpoints,
    how_long_to_sample,
    errors_of_one_process,
    seeds,
):
    section()
    sys.stdout.write(f"{section.__name__} on {jax.device_count()} devices\n")
    sys.stdout.flush()
if jax.process_index() == 0:
    np.savez(OUT, **found)
