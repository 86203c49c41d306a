# SPDX-License-Identifier: Apache-2.0
"""Where everything is in single precision, nothing is computed in double; nor compiled again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.vqs.local_values import local_value_kernel_jax

HI = nk.hilbert.Spin(0.5, 6)
WIDE = (np.dtype(np.float64), np.dtype(np.complex128))


def ising(backend):
    return nk.operator.Ising(
        HI, nk.graph.Chain(6), h=jnp.float32(1.0), J=jnp.float32(1.0), backend=backend
    )


def state(dtype=np.float32, **kwargs):
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=16)
    model = nk.models.RBM(param_dtype=dtype)
    return nk.vqs.MCState(sampler, model, n_samples=64, seed=1, **kwargs)


def wide_numbers(jaxpr):
    """Equations with 64-bit numbers among their results, in all nested functions."""
    found = []
    for equation in jaxpr.eqns:
        found += [str(equation)[:120] for v in equation.outvars if v.aval.dtype in WIDE]
        for value in jax.tree.leaves(
            equation.params, is_leaf=lambda x: hasattr(x, "eqns") or hasattr(x, "jaxpr")
        ):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                found += wide_numbers(inner)
    return found


@pytest.mark.parametrize("chunk_size", [None, 16])
def test_local_estimators_and_their_derivatives(chunk_size):
    vs, op = state(), ising("jax")
    σ = vs.samples.reshape(-1, 6)

    def mean(parameters):
        values = local_value_kernel_jax(
            vs._apply_fun, {"params": parameters}, σ, op, chunk_size=chunk_size
        )
        return jnp.mean(values)

    assert wide_numbers(jax.make_jaxpr(mean)(vs.parameters).jaxpr) == []
    assert wide_numbers(jax.make_jaxpr(jax.grad(mean))(vs.parameters).jaxpr) == []


def test_the_sampler_computes_probabilities_in_single_precision():
    vs = state()
    machine = vs.sampler.log_pdf(vs._apply_fun)
    assert wide_numbers(jax.make_jaxpr(machine)(vs.variables, vs.sampler_state.σ).jaxpr) == []
    assert vs.sampler_state.log_prob.dtype == np.float32


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_results(backend, dtype):
    vs, op = state(dtype), ising(backend)
    stats, grad = vs.expect_and_grad(op)
    results = [stats.mean, stats.error_of_mean, stats.variance, *jax.tree.leaves(grad)]
    results += jax.tree.leaves(vs.expect_and_forces(op)[1]) + [vs.log_value(HI.all_states())]
    assert not [x.dtype for x in results if x.dtype in WIDE]
    assert vs.local_estimators(op).data.dtype in (np.float32, np.complex64)
    full = nk.vqs.FullSumState(HI, nk.models.RBM(param_dtype=dtype), seed=1)
    stats, grad = full.expect_and_grad(op)
    results = [stats.mean, stats.variance, full.to_array(), *jax.tree.leaves(grad)]
    assert not [x.dtype for x in results if x.dtype in WIDE]


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_one_hundred_steps_compile_nothing_new(backend):
    """Nor do they leave anything behind: as many arrays live after them as before."""
    vs, op = state(np.float64, chunk_size=32), ising(backend)
    compiled = []

    def listener(event, *_, **__):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(event)

    def step():
        _, grad = vs.expect_and_grad(op)
        vs.parameters = jax.tree.map(lambda p, g: p - 0.001 * g, vs.parameters, grad)

    for _ in range(3):
        step()
    jax.monitoring.register_event_duration_secs_listener(listener)
    live = len(jax.live_arrays())
    for _ in range(100):
        step()
    assert compiled == []
    assert len(jax.live_arrays()) <= live + 8
    n = {"numba": 3, "jax": 5}[backend]
    vs.log_value(jnp.ones((n, 6)))  # the listener hears of new programs
    assert compiled
