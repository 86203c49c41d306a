# SPDX-License-Identifier: Apache-2.0
"""How long to sample: mixing, precision, autocorrelation; frozen parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.errors import SamplingWarning

HILBERT = nk.hilbert.Spin(0.5, 4)
HA = nk.operator.Ising(HILBERT, nk.graph.Chain(4), h=1.0)


def make(n_samples=512, **kwargs):
    sampler = nk.sampler.MetropolisLocal(HILBERT, n_chains=16, **kwargs)
    return nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=n_samples, seed=1)


def exact(state, op=HA):
    psi = np.asarray(state.to_array())
    return (psi.conj() @ (op @ psi)).real


def test_expect_to_precision():
    state = make()
    stats = state.expect_to_precision(HA, atol=0.03, verbose=False)
    assert isinstance(stats, nk.stats.OnlineStats) and stats.error_of_mean <= 0.03
    assert abs(stats.mean - exact(state)) < 0.15
    both = state.expect_to_precision(
        {"a": HA, "b": HA @ HA}, atol={"a": 0.05, "b": None}, rtol={"a": None, "b": 0.1}
    )
    assert both["a"].error_of_mean <= 0.05
    assert both["b"].error_of_mean <= 0.1 * abs(both["b"].mean)
    assert abs(both["b"].mean - exact(state, HA @ HA)) < 5 * both["b"].error_of_mean
    with pytest.warns(SamplingWarning, match="max_iter=2 rounds of 512"):
        state.expect_to_precision(HA, atol=1e-6, max_iter=2, verbose=False)
    with pytest.raises(ValueError, match="`atol` or `rtol`"):
        state.expect_to_precision(HA)
    with pytest.raises(ValueError, match="`atol` must be a number, or a tree like `op` with 2"):
        state.expect_to_precision([HA, HA], atol=[0.1])


def test_thermalise(capsys):
    state = make()
    stats, history = state.thermalise(HA, max_chain_length=200)
    assert stats.R_hat < 1.05 and history["R_hat"].iters[-1] <= 200
    assert abs(stats.mean - exact(state)) < 0.6
    assert "samples per chain" in capsys.readouterr().err
    assert state.samples.shape == (16, 32, 4)
    with pytest.warns(SamplingWarning, match="not mixed after 10 samples"):
        state.thermalise(HA, rhat_tol=0.5, max_chain_length=10, verbose=False)
    with pytest.raises(RuntimeError, match="sweep_size"):
        state.thermalise(HA, rhat_tol=0.5, max_chain_length=10, raise_on_failure=True)
    with pytest.raises(ValueError, match="in order, but are 10 and 5"):
        state.thermalise(HA, max_chain_length=5)


def test_check_mc_convergence(capsys):
    """Uniform amplitudes: a site that is flipped with probability 1/4 in each step is known."""
    state = make(sweep_size=7)
    state.variables = jax.tree.map(jnp.zeros_like, state.variables)
    before = state.sampler_state
    sz = nk.operator.spin.sigmaz(HILBERT, 0)
    stats, history = state.check_mc_convergence(sz, max_chain_length=3000, min_chain_length=2000)
    # every proposal is accepted: the autocorrelation function is (1 - 2/4)^t
    np.testing.assert_allclose(stats.acf[:4], 0.5 ** np.arange(4), atol=0.03)
    assert stats.tau_corr_acf == pytest.approx(3, abs=0.3)  # 1 + 2 (1/2 + 1/4 + ...)
    assert history["sweep_size"].values[-1] == 7 and state.sampler.sweep_size == 7
    assert state.sampler_state is before
    out = capsys.readouterr().out
    assert "sweeps of 7 steps" in out and "nearly independent" in out
    exact_state = nk.vqs.MCState(nk.sampler.ExactSampler(HILBERT), nk.models.RBM(), n_samples=64)
    with pytest.raises(TypeError, match="ExactSampler draws independent samples"):
        exact_state.check_mc_convergence(sz)


def test_convergence_plot():
    import matplotlib.pyplot as plt

    make().check_mc_convergence(HA, plot=True)
    figure = plt.gcf()
    assert [ax.get_ylabel() for ax in figure.axes] == ["mean", "autocorrelation"]
    plt.close(figure)


@pytest.mark.parametrize("kind", ["full", "mc"])
def test_frozen_parameters(kind):
    state = nk.vqs.FullSumState(HILBERT, nk.models.RBM(), seed=1) if kind == "full" else make()
    frozen = nk.vqs.freeze_parameters(state, lambda path, x: "Dense" in path and x.ndim == 2)
    assert set(frozen.parameters) == {"Dense", "visible_bias"}
    assert set(frozen.parameters["Dense"]) == {"bias"}
    assert frozen.model_state["frozen_params"]["Dense"]["kernel"].shape == (4, 4)
    assert set(state.parameters["Dense"]) == {"bias", "kernel"}
    np.testing.assert_allclose(frozen.to_array(), state.to_array())
    expected = state.expect_and_grad(HA)[1]
    gradient = frozen.expect_and_grad(HA)[1]
    assert jax.tree.structure(gradient) == jax.tree.structure(frozen.parameters)
    if kind == "full":
        np.testing.assert_allclose(gradient["Dense"]["bias"], expected["Dense"]["bias"])
        np.testing.assert_allclose(gradient["visible_bias"], expected["visible_bias"])
    free = nk.vqs.unfreeze_parameters(frozen)
    assert jax.tree.structure(free.parameters) == jax.tree.structure(state.parameters)
    np.testing.assert_allclose(free.to_array(), state.to_array())
    again = nk.vqs.freeze_parameters(frozen, lambda path, _: path == ("visible_bias",))
    assert set(again.parameters) == {"Dense"}


def test_optimising_what_is_free():
    state = nk.vqs.FullSumState(HILBERT, nk.models.RBM(), seed=1)
    frozen = nk.vqs.freeze_parameters(state, lambda path, _: path[0] == "visible_bias")
    kept = frozen.model_state["frozen_params"]["visible_bias"]
    driver = nk.VMC(
        HA,
        nk.optimizer.Sgd(0.05),
        variational_state=frozen,
        preconditioner=nk.optimizer.SR(diag_shift=0.01),
    )
    before = frozen.expect(HA).mean
    driver.run(5, show_progress=False)
    assert frozen.expect(HA).mean < before
    np.testing.assert_array_equal(frozen.model_state["frozen_params"]["visible_bias"], kept)
