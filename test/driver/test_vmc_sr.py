# SPDX-License-Identifier: Apache-2.0
"""`VMC_SR` does the steps of `VMC` with an SR preconditioner, in each of its forms."""

import jax
import numpy as np
import optax
import pytest

import netket as nk

N = 4
HILBERT = nk.hilbert.Spin(0.5, N)
ISING = nk.operator.Ising(HILBERT, nk.graph.Chain(N), h=1.0)
SGD = optax.sgd(0.1)


def make_state(kind, dtype=float):
    model = nk.models.RBM(alpha=1, param_dtype=dtype)
    if kind == "full":
        return nk.vqs.FullSumState(HILBERT, model, seed=1)
    sampler = nk.sampler.ExactSampler(HILBERT)
    return nk.vqs.MCState(sampler, model, n_samples=64, seed=1, sampler_seed=2)


def parameters_after(driver, n=3):
    driver.run(n, show_progress=False)
    return nk.jax.tree_ravel(driver.state.parameters)[0]


def by_preconditioner(kind, dtype, diag_shift=0.05):
    # VMC_SR and SR alike take the real parameters behind complex ones
    sr = nk.optimizer.SR(
        nk.optimizer.qgt.QGTJacobianDense,
        solver=nk.optimizer.solver.cholesky,
        diag_shift=diag_shift,
        **({} if dtype is float else {"mode": "complex"}),
    )
    state = make_state(kind, dtype)
    return parameters_after(nk.VMC(ISING, SGD, variational_state=state, preconditioner=sr))


@pytest.mark.parametrize("kind, dtype", [("full", float), ("samples", complex)])
def test_all_forms_do_the_steps_of_vmc(kind, dtype):
    expected = by_preconditioner(kind, dtype)
    for options in (
        {"use_ntk": False},
        {"use_ntk": True, "on_the_fly": False},
        {"use_ntk": True, "on_the_fly": True, "chunk_size_bwd": 8},
    ):
        state = make_state(kind, dtype)
        driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=0.05, variational_state=state, **options)
        np.testing.assert_allclose(
            parameters_after(driver), expected, atol=1e-9, err_msg=str(options)
        )


def test_schedules():
    def schedule(step):
        return 0.1 / (step + 1)

    state = make_state("full")
    driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=schedule, variational_state=state)
    expected = by_preconditioner("full", float, diag_shift=schedule)
    np.testing.assert_allclose(parameters_after(driver), expected, atol=1e-10)


def test_momentum_is_the_same_in_both_forms_and_helps():
    def run(**options):
        state = make_state("full")
        driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=0.1, variational_state=state, **options)
        driver.run(10, show_progress=False)
        return driver

    without = run()
    kernel, direct = run(momentum=0.8, use_ntk=True), run(momentum=0.8, use_ntk=False)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9),
        kernel.state.parameters,
        direct.state.parameters,
    )
    assert kernel.energy.mean < without.energy.mean


def test_vanishing_amplitudes_are_harmless():
    """A state on half of the configurations has no local energies on the other half."""

    def apply(variables, x):
        up = x[..., 0] > 0
        log_psi = x @ variables["params"]["w"]
        return jax.numpy.where(up, log_psi, -jax.numpy.inf)

    variables = {"params": {"w": 0.1 * np.ones(N)}}
    state = nk.vqs.FullSumState(HILBERT, apply_fun=apply, init_fun=None, variables=variables)
    driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=0.1, variational_state=state, mode="real")
    before = state.expect(ISING).mean
    driver.run(3, show_progress=False)
    assert state.expect(ISING).mean < before


def test_ground_state_with_more_parameters_than_samples():
    exact = np.linalg.eigvalsh(ISING.to_dense())[0]
    model = nk.models.RBM(alpha=8, param_dtype=float)
    sampler = nk.sampler.ExactSampler(HILBERT)
    state = nk.vqs.MCState(sampler, model, n_samples=64, seed=1, sampler_seed=2)
    driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=0.02, variational_state=state)
    assert driver.use_ntk
    assert state.n_parameters > 64
    log = nk.logging.RuntimeLog()
    driver.run(80, out=log, show_progress=False)
    assert abs(driver.energy.mean / exact - 1) < 2e-3
    assert "info" in log.data


def test_proj_reg_keeps_the_step(kind="samples"):
    """The projector acts where neither X nor the energies have a part, up to diag_shift."""
    options = {"diag_shift": 1e-8, "use_ntk": True}
    updates = []
    for proj_reg in (None, 1.0):
        driver = nk.driver.VMC_SR(
            ISING, SGD, variational_state=make_state(kind), proj_reg=proj_reg, **options
        )
        updates.append(parameters_after(driver, 1))
    np.testing.assert_allclose(*updates, atol=1e-5)


def test_choices_and_properties():
    state = make_state("samples")
    driver = nk.driver.VMC_SR(ISING, SGD, diag_shift=0.1, variational_state=state)
    assert (driver.mode, driver.use_ntk, driver.on_the_fly) == ("real", False, False)
    assert driver.energy is None
    driver.chunk_size_bwd = 16
    driver.advance()
    assert driver.energy.mean < 0
    driver.diag_shift = 0.2
    driver.advance()
    assert isinstance(driver.info, dict)


def test_short_chains_are_judged_over_several_steps():
    """A chain of one sample has no R-hat, 40 of them from successive steps have."""
    sampler = nk.sampler.MetropolisLocal(HILBERT, n_chains=16)
    model = nk.models.RBM(alpha=1, param_dtype=float)
    state = nk.vqs.MCState(sampler, model, n_samples=16, seed=1, sampler_seed=2)
    optimizer = optax.sgd(0.0)
    driver = nk.driver.VMC_SR(ISING, optimizer, diag_shift=0.1, variational_state=state)
    log = nk.logging.RuntimeLog()
    driver.run(40, out=log, show_progress=False)
    assert np.isnan(log.data["Energy"]["R_hat"][-1])
    assert abs(log.data["Energy_ema"]["R_hat"][-1] - 1) < 0.2
    steps = log.data["Energy"]["Mean"]
    weights = (1 - 1 / 50) ** np.arange(40)[::-1]
    average = np.average(steps, weights=weights)
    np.testing.assert_allclose(log.data["Energy_ema"]["Mean"][-1], average)


def test_bad_arguments():
    def build(**options):
        options = {"diag_shift": 0.1} | options
        return nk.driver.VMC_SR(ISING, SGD, variational_state=make_state("samples"), **options)

    with pytest.raises(
        ValueError, match="`mode` must be 'real' or 'complex', but is 'holomorphic'"
    ):
        build(mode="holomorphic")
    with pytest.raises(ValueError, match="`on_the_fly` must be None or False"):
        build(use_ntk=False, on_the_fly=True)
    with pytest.raises(ValueError, match="`proj_reg` must be None unless"):
        build(proj_reg=1.0)
    with pytest.raises(ValueError, match="`chunk_size_bwd` must be a positive integer"):
        build(chunk_size_bwd=0)
    with pytest.raises(TypeError, match="`diag_shift` must be a number"):
        build(diag_shift="large")
    with pytest.warns(FutureWarning, match="linear_solver_fn"):
        build(linear_solver_fn=nk.optimizer.solver.cholesky)
