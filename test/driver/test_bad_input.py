# SPDX-License-Identifier: Apache-2.0
"""What a user can get wrong has an error at the call that caused it, which names the argument."""

import optax
import pytest

import netket as nk

SGD = optax.sgd(0.1)


@pytest.fixture
def state(fakes):
    return fakes.QuadraticState()


@pytest.fixture
def vmc(fakes, state):
    return nk.VMC(fakes.Quadratic(), SGD, variational_state=state)


def test_hamiltonian_that_is_not_hermitian(fakes, state):
    ham = fakes.Quadratic(is_hermitian=False)
    with pytest.raises(ValueError, match=r"`hamiltonian` must be hermitian.*H \+ H.H"):
        nk.VMC(ham, SGD, variational_state=state)
    with pytest.raises(ValueError, match="`hamiltonian` must be hermitian"):
        nk.driver.VMC_SR(ham, SGD, diag_shift=0.1, variational_state=state)


def test_hamiltonian_on_another_space(fakes, state):
    ham = fakes.Quadratic(hilbert=fakes.Space("another space"))
    with pytest.raises(TypeError, match="`hamiltonian` must act on.*a space, but.*another space"):
        nk.VMC(ham, SGD, variational_state=state)


def test_hamiltonian_that_is_no_operator(state):
    with pytest.raises(TypeError, match="`hamiltonian` must be an operator.*'Ising'"):
        nk.VMC("Ising", SGD, variational_state=state)


@pytest.mark.parametrize("bad", [None, 3, object])
def test_no_variational_state(fakes, bad):
    with pytest.raises(TypeError, match="`variational_state` must be a variational state"):
        nk.VMC(fakes.Quadratic(), SGD, variational_state=bad)
    with pytest.raises(TypeError, match="variational_state"):
        nk.VMC(fakes.Quadratic(), SGD)


@pytest.mark.parametrize("bad", [0.1, None, "adam", optax.sgd])
def test_optimizer_that_is_none(fakes, state, vmc, bad):
    with pytest.raises(TypeError, match="`optimizer` must be an optax gradient transformation"):
        nk.VMC(fakes.Quadratic(), bad, variational_state=state)
    with pytest.raises(TypeError, match="`optimizer`"):
        vmc.optimizer = bad


def test_preconditioner_that_is_none(fakes, state, vmc):
    with pytest.raises(TypeError, match=r"`preconditioner` must be a function.*0\.1"):
        nk.VMC(fakes.Quadratic(), SGD, variational_state=state, preconditioner=0.1)
    vmc.preconditioner = None
    vmc.advance()


@pytest.mark.parametrize("bad", [1.5, "10", None])
def test_number_of_steps(vmc, bad):
    with pytest.raises(TypeError, match="`n_iter` must be an integer"):
        vmc.run(bad)


def test_step_size(vmc):
    with pytest.raises(ValueError, match="`step_size` must be at least 1, but is 0"):
        vmc.run(1, step_size=0)


def test_observables(vmc, fakes):
    with pytest.raises(TypeError, match="`obs` must be a dictionary"):
        vmc.run(1, obs=fakes.Quadratic())
    elsewhere = fakes.Quadratic(hilbert=fakes.Space("another space"))
    with pytest.raises(TypeError, match="Observable 'a/b' of argument `obs`.*another space"):
        vmc.run(1, obs={"a": {"b": elsewhere}})
    assert vmc.step_count == 0


def test_callbacks(vmc):
    with pytest.raises(TypeError, match="`callback` must be"):
        vmc.run(1, callback=[3])
    with pytest.raises(TypeError, match=r"write `callback=EarlyStopping\(...\)`"):
        vmc.run(1, callback=nk.callbacks.EarlyStopping)


def test_loggers(vmc):
    with pytest.raises(TypeError, match="`out` must be the prefix"):
        vmc.run(1, out=3)
    with pytest.raises(TypeError, match="`out` must be the prefix"):
        vmc.run(1, out=[nk.logging.RuntimeLog])


def test_unwritable_prefix_before_the_first_step(vmc, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=r"`output_prefix`.*file/run\.log.*Choose another folder"):
        vmc.run(1, out=str(tmp_path / "file" / "run"))
    assert vmc.step_count == 0


def test_driver_without_an_implementation(fakes, state):
    class Half(nk.driver.AbstractDriver):
        def compute_loss_and_update(self):
            return 1.0, None

    with pytest.raises(NotImplementedError, match=r"Half must implement `update_parameters"):
        Half(state).run(1, show_progress=False)
    with pytest.raises(NotImplementedError, match="must implement `compute_loss_and_update"):
        nk.driver.AbstractDriver(state).run(1, show_progress=False)
