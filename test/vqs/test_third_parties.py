# SPDX-License-Identifier: Apache-2.0
"""Operators, observables and rules of third parties, written as for NetKet 3.23."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

HI = nk.hilbert.Spin(0.5, 4)


@pytest.fixture
def vs():
    model = nk.models.RBM(alpha=1, param_dtype=complex)
    return nk.vqs.MCState(nk.sampler.ExactSampler(HI), model, n_samples=32, seed=1)


def reference(vs):
    """Local estimators of Σ σx with all tools of netket."""
    return vs.local_estimators(sum_of_flips()).data


def sum_of_flips():
    return sum(nk.operator.spin.sigmax(HI, i) for i in range(4))


# -- operators -----------------------------------------------------------------------------------


class FlipsNumpy(nk.operator.DiscreteOperator):
    """Σ σx, by numpy code only."""

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
        n = x.shape[1]
        sections[:] = n * np.arange(1, len(x) + 1)
        xp = np.repeat(x, n, axis=0)
        xp[np.arange(len(xp)), np.tile(np.arange(n), len(x))] *= -1
        return xp, np.ones(len(xp))


@jax.tree_util.register_pytree_node_class
class FlipsJax(nk.operator.DiscreteJaxOperator):
    """c Σ σx, by jax code only."""

    def __init__(self, hilbert, c=1.0):
        super().__init__(hilbert)
        self.c = jnp.asarray(c)

    @property
    def dtype(self):
        return self.c.dtype

    @property
    def is_hermitian(self):
        return True

    @property
    def max_conn_size(self):
        return 4

    def tree_flatten(self):
        return (self.c,), {"hilbert": self.hilbert}

    @classmethod
    def tree_unflatten(cls, metadata, data):
        new = object.__new__(cls)
        new._hilbert, (new.c,) = metadata["hilbert"], data
        return new

    def get_conn_padded(self, x):
        flips = 1 - 2 * jnp.eye(x.shape[-1], dtype=x.dtype)
        xp = x[..., None, :] * flips
        return xp, jnp.broadcast_to(self.c, xp.shape[:-1])


@pytest.mark.parametrize("kind", [FlipsNumpy, FlipsJax])
@pytest.mark.parametrize("chunk_size", [None, 8])
def test_operators(vs, kind, chunk_size):
    vs.chunk_size = chunk_size
    op = kind(HI)
    np.testing.assert_allclose(vs.local_estimators(op).data, reference(vs))
    _, expected = vs.expect_and_grad(sum_of_flips())
    for use_covariance in (True, False):
        stats, grad = vs.expect_and_grad(op, use_covariance=use_covariance)
        np.testing.assert_allclose(stats.mean, reference(vs).mean())
        if use_covariance:
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), grad, expected)


def test_coefficients_of_jax_operators_can_be_differentiated(vs):
    slope = jax.grad(lambda op: vs.expect(op).mean.real)(FlipsJax(HI, 2.0)).c
    np.testing.assert_allclose(slope, reference(vs).mean().real)


def test_full_sum_state():
    vs = nk.vqs.FullSumState(HI, nk.models.RBM(alpha=1), seed=1)
    expected = vs.expect(sum_of_flips())
    for kind in (FlipsNumpy, FlipsJax):
        np.testing.assert_allclose(vs.expect(kind(HI)).mean, expected.mean)


# -- kernels -------------------------------------------------------------------------------------


class ByKernel(nk.operator.AbstractOperator):
    """Σ σx, known only by a kernel."""

    dtype = float
    is_hermitian = True


def flips_kernel(logpsi, variables, σ, c, *, chunk_size=None):
    assert σ.ndim == 2
    xp = σ[:, None, :] * (1 - 2 * jnp.eye(4, dtype=σ.dtype))
    ratios = jnp.exp(
        logpsi(variables, xp.reshape(-1, 4)).reshape(-1, 4) - logpsi(variables, σ)[:, None]
    )
    return c * ratios.sum(axis=-1)


@nk.vqs.get_local_kernel_arguments.dispatch
def by_kernel_arguments(vstate: nk.vqs.MCState, op: ByKernel):
    return vstate.samples, jnp.asarray(1.0)


@nk.vqs.get_local_kernel.dispatch
def by_kernel(vstate: nk.vqs.MCState, op: ByKernel):
    return flips_kernel


def check_kernel(vs, op):
    np.testing.assert_allclose(vs.local_estimators(op).data, reference(vs))
    np.testing.assert_allclose(vs.expect(op).mean, reference(vs).mean())
    for a, b in (
        (vs.grad(op), vs.grad(sum_of_flips())),
        (vs.expect_and_forces(op)[1], vs.expect_and_forces(sum_of_flips())[1]),
        (vs.grad(op, use_covariance=False), vs.grad(sum_of_flips(), use_covariance=False)),
    ):
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-12), a, b)


def test_kernel(vs):
    check_kernel(vs, ByKernel(HI))
    vs.chunk_size = 8
    with pytest.warns(UserWarning, match="chunk_size=8 is ignored"):
        vs.expect(ByKernel(HI))


class ByChunkedKernel(ByKernel):
    pass


@nk.vqs.get_local_kernel.dispatch
def by_chunked_kernel(vstate: nk.vqs.MCState, op: ByChunkedKernel, chunk_size: int):
    return flips_kernel


def test_kernel_with_chunks(vs):
    vs.chunk_size = 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_kernel(vs, ByChunkedKernel(HI))


@jax.tree_util.register_pytree_node_class
class Rfc(FlipsJax):
    """An operator with the rules that the RFC of the jax operators sketches."""


@nk.vqs.get_local_kernel_arguments.dispatch
def rfc_arguments(vstate: nk.vqs.MCState, op: Rfc):
    return vstate.samples, op  # this is jax-aware now


@nk.vqs.get_local_kernel.dispatch
def rfc_kernel(vstate: nk.vqs.MCState, op: Rfc, chunk_size: None):
    def _impl(logpsi, pars, samples, operator):
        sigmap, mels = operator.get_conn_padded(samples)
        logs = logpsi(pars, sigmap) - logpsi(pars, samples)[..., None]
        return 10 * jnp.sum(mels * jnp.exp(logs), axis=-1)

    return _impl


def test_rules_of_the_rfc(vs):
    np.testing.assert_allclose(vs.expect(Rfc(HI)).mean, 10 * reference(vs).mean())
    # a new function each time, but the same code: nothing is compiled anew
    from netket.vqs.mc_local import _kernel_values

    size = _kernel_values._cache_size()
    vs.expect(Rfc(HI, 3.0))
    assert _kernel_values._cache_size() == size


class Doubled(FlipsNumpy):
    """Only its arguments are replaced."""


@nk.vqs.get_local_kernel_arguments.dispatch
def doubled_arguments(vstate: nk.vqs.MCState, op: Doubled):
    xp, mels = op.get_conn_padded(np.asarray(vstate.samples))
    return vstate.samples, (xp, 2 * mels)


def test_replaced_arguments_are_used(vs):
    np.testing.assert_allclose(vs.expect(Doubled(HI)).mean, 2 * reference(vs).mean())


# -- rules for expectation values ------------------------------------------------------------------


class Constant(nk.observable.AbstractObservable):
    """Has the same value in all states."""


@nk.vqs.expect.dispatch
def constant_expect(vstate: nk.vqs.MCState, op: Constant, chunk_size: None):
    return nk.stats.Stats(mean=4.0)


@nk.vqs.expect_and_grad.dispatch
def constant_grad(vstate: nk.vqs.MCState, op: Constant, chunk_size: None, *, mutable: Any):
    return nk.stats.Stats(mean=4.0), jax.tree.map(jnp.zeros_like, vstate.parameters)


@nk.vqs.expect.dispatch
def constant_full_sum(vstate: nk.vqs.FullSumState, op: Constant):
    return nk.stats.Stats(mean=5.0)


def test_rules_for_observables(vs):
    op = Constant(HI)
    assert vs.expect(op).mean == nk.vqs.expect(vs, op).mean == 4.0
    assert vs.expect_and_grad(op)[0].mean == 4.0
    assert np.all(np.asarray(vs.grad(op)["visible_bias"]) == 0)
    assert nk.vqs.FullSumState(HI, nk.models.RBM()).expect(op).mean == 5.0
    vs.chunk_size = 16
    with pytest.warns(UserWarning, match="chunk_size=16 is ignored.*Constant"):
        assert vs.expect(op).mean == 4.0
    with pytest.warns(UserWarning, match="chunk_size=16 is ignored"):
        vs.expect_and_grad(op)


class OwnExpect(FlipsNumpy):
    pass


@nk.vqs.expect.dispatch
def own_expect(vstate: nk.vqs.MCState, op: OwnExpect, chunk_size: int | None):
    return nk.stats.Stats(mean=chunk_size or 0)


def test_rules_for_operators(vs):
    assert vs.expect(OwnExpect(HI)).mean == 0
    vs.chunk_size = 8
    assert vs.expect(OwnExpect(HI)).mean == 8
    # everything else keeps its rule
    vs.expect_and_grad(OwnExpect(HI))


class OwnState(nk.vqs.MCState):
    pass


@nk.vqs.expect.dispatch
def own_state_expect(vstate: OwnState, op: nk.operator.AbstractOperator, chunk_size: Any):
    return "mine"


def test_rules_for_states():
    vs = OwnState(nk.sampler.ExactSampler(HI), nk.models.RBM(), n_samples=16)
    assert vs.expect(sum_of_flips()) == "mine"


def test_missing_rules_say_what_to_write(vs):
    class Unknown(nk.observable.AbstractObservable):
        pass

    full = nk.vqs.FullSumState(HI, nk.models.RBM())
    for state, extra in ((vs, ", chunk_size: None"), (full, "")):
        for name in ("expect", "expect_and_grad", "expect_and_forces"):
            match = rf"netket.vqs.{name}.dispatch` for .*Unknown{extra}\)"
            with pytest.raises(TypeError, match=match):
                getattr(state, name)(Unknown(HI))
        with pytest.raises(TypeError, match="AbstractObservable"):
            state.expect("energy")
    with pytest.raises(TypeError, match="netket.vqs.local_estimators"):
        vs.local_estimators(Unknown(HI))
