# SPDX-License-Identifier: Apache-2.0
"""`Infidelity_SR` learns states that the model can represent."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import spin

HI = nk.hilbert.Spin(0.5, 4)


def full_sum(seed):
    state = nk.vqs.FullSumState(HI, nk.models.RBM(alpha=1, param_dtype=complex), seed=seed)
    state.init_parameters(jax.nn.initializers.normal(0.3), seed=seed)
    return state


def sampled(seed):
    state = full_sum(seed)
    sampler = nk.sampler.ExactSampler(HI)
    return nk.vqs.MCState(sampler, state.model, variables=state.variables, n_samples=512, seed=seed)


@pytest.mark.parametrize("make, goal", [(full_sum, 1e-3), (sampled, 1e-2)])
def test_learns_a_rotated_state(make, goal):
    target, state = make(1), make(2)
    flip = spin.sigmax(HI, 0)
    driver = nk.driver.Infidelity_SR(
        target,
        nk.optimizer.Sgd(0.3),
        operator=flip,
        diag_shift=1e-3,
        variational_state=state,
    )
    log = nk.logging.RuntimeLog()
    driver.run(60, out=log, show_progress=False)
    phi = flip.to_dense() @ np.asarray(target.to_array())
    infidelity = 1 - abs(np.vdot(phi, state.to_array())) ** 2
    assert infidelity < goal < np.real(log.data["Infidelity"]["Mean"][0])


def test_bad_input():
    other = nk.vqs.FullSumState(nk.hilbert.Spin(0.5, 5), nk.models.RBM())
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        nk.driver.Infidelity_SR(
            other, nk.optimizer.Sgd(0.1), diag_shift=0.1, variational_state=full_sum(1)
        )
