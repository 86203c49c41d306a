# SPDX-License-Identifier: Apache-2.0
"""Local estimators: right, dense, and bounded in memory, on both backends."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.vqs.local_values import choose_blocks, local_value_kernel, local_value_kernel_jax

ROWS: list[int] = []  # batch sizes that Counting has seen at run time


class Counting(nn.Module):
    """A product state that reports every batch it evaluates."""

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(0.1), (x.shape[-1],), float)
        jax.debug.callback(lambda _, n=x.shape[0]: ROWS.append(n), x[0, 0])
        return x @ w


def exact_state(hi, model, n_samples=256, **kwargs):
    return nk.vqs.MCState(nk.sampler.ExactSampler(hi), model, n_samples=n_samples, seed=1, **kwargs)


@pytest.mark.parametrize("chunk_size", [None, 7])
def test_values_are_those_of_dense_algebra(
    hi, backend, ising, lopsided, chunk_size, random_parameters, local_reference
):
    vs = exact_state(hi, nk.models.RBM(alpha=1, param_dtype=complex), chunk_size=chunk_size)
    random_parameters(vs)
    for op in (ising, lopsided.H @ lopsided):
        values = vs.local_estimators(op).data
        assert values.shape == (1, 256)
        np.testing.assert_allclose(values, local_reference(vs, op, vs.samples), atol=1e-10)


def test_real_operators_have_real_values(hi, ising):
    vs = exact_state(hi, nk.models.RBM(alpha=1))
    assert vs.local_estimators(ising).data.dtype == np.float64
    assert vs.expect(ising).mean.dtype == np.float64


def test_diagonal_operators_need_no_network(hi, backend):
    vs = exact_state(hi, nk.models.RBM(alpha=1))
    op = nk.operator.Ising(hi, nk.graph.Chain(4), h=0.0, J=0.6, backend=backend)
    expected = op.to_dense().diagonal()[hi.states_to_numbers(np.asarray(vs.samples))]
    np.testing.assert_allclose(vs.local_estimators(op).data, expected)


@pytest.mark.parametrize("chunk_size", [None, 100, 1000])
def test_only_real_elements_reach_the_network(backend, chunk_size):
    g = nk.graph.Square(4)
    hi = nk.hilbert.Spin(0.5, 16, total_sz=0)
    ha = nk.operator.Heisenberg(hi, g, backend=backend)
    vs = exact_state(hi, Counting(), 512, chunk_size=chunk_size)
    σ = np.asarray(vs.samples).reshape(-1, 16)
    vs.expect(ha)
    ROWS.clear()
    jax.block_until_ready(vs.expect(ha).mean)
    jax.effects_barrier()
    # every sample once, and every σ' but σ itself
    needed = len(σ) + int(np.sum(ha.n_conn(σ) - 1))
    assert needed <= sum(ROWS) <= 1.1 * needed
    if chunk_size is not None:
        assert max(ROWS) <= chunk_size


def test_network_evaluations_of_the_square_lattice(backend):
    """Heisenberg, 10x10: about 101 for each sample, where padded rows have 201."""
    g = nk.graph.Square(10)
    hi = nk.hilbert.Spin(0.5, 100, total_sz=0)
    ha = nk.operator.Heisenberg(hi, g, backend=backend)
    sampler = nk.sampler.MetropolisExchange(hi, graph=g, n_chains=16)
    vs = nk.vqs.MCState(sampler, Counting(), n_samples=256, n_discard_per_chain=0, seed=1)
    σ = np.asarray(vs.samples).reshape(-1, 100)
    connected = int(np.sum(ha.n_conn(σ)))  # σ itself, which has a diagonal element, and σ' != σ
    assert 95 < connected / len(σ) < 110 and ha.max_conn_size == 201
    vs.expect(ha)
    ROWS.clear()
    jax.block_until_ready(vs.expect(ha).mean)
    jax.effects_barrier()
    assert 0.95 * connected <= sum(ROWS) <= 1.1 * connected


def test_blocks_respect_the_chunk_size():
    for n, k in [(1, 1), (1, 500), (1008, 21), (1008, 201), (10**6, 401)]:
        for chunk_size in (None, 1, 10, 4096):
            blocks = choose_blocks(n, k, chunk_size)
            assert blocks.buffer % blocks.dense == 0
            assert 1 <= blocks.samples <= n
            if chunk_size is not None:
                assert blocks.dense <= chunk_size
                assert blocks.buffer <= 4 * chunk_size
                assert blocks.samples * k <= max(4 * chunk_size, k)


def test_vanishing_and_diverging_amplitudes_poison_nothing(hi, backend, ising):
    """States with ψ = 0 are connected to others, but are never sampled."""
    psi = np.random.default_rng(1).normal(size=hi.n_states)
    psi[[0, 5]] = 0
    with np.errstate(divide="ignore"):
        log = np.log(psi.astype(complex))
    vs = exact_state(
        hi, nk.models.LogStateVector(hi), variables={"params": {"logstate": jnp.asarray(log)}}
    )
    values = np.asarray(vs.local_estimators(ising).data)
    numbers = hi.states_to_numbers(np.asarray(vs.samples))
    np.testing.assert_allclose(values, (ising.to_dense() @ psi)[numbers] / psi[numbers])


def test_nothing_is_traced_again_when_numbers_change(hi, backend):
    traces = []

    class Traced(nn.Module):
        @nn.compact
        def __call__(self, x):
            traces.append(x.shape)
            return x @ self.param("w", nn.initializers.normal(0.1), (4,), float)

    vs = exact_state(hi, Traced(), 64)
    for step in range(3):
        op = nk.operator.Ising(hi, nk.graph.Chain(4), h=1.0 + step, backend=backend)
        vs.parameters = jax.tree.map(lambda x: x + 0.1, vs.parameters)
        vs.expect_and_grad(op)
        if step == 0:
            first = len(traces)
    assert len(traces) == first


# -- kernels, as third parties call them ---------------------------------------------------------


def test_kernels_agree(hi, lopsided, random_parameters, local_reference):
    vs = random_parameters(exact_state(hi, nk.models.RBM(alpha=1, param_dtype=complex)))
    σ, args = nk.vqs.get_local_kernel_arguments(vs, lopsided)
    assert args is lopsided
    expected = local_reference(vs, lopsided, σ)
    for chunk_size in (None, 16):
        kernel = nk.vqs.get_local_kernel(vs, lopsided, chunk_size)
        assert kernel is local_value_kernel_jax
        values = kernel(vs._apply_fun, vs.variables, σ, args, chunk_size=chunk_size)
        np.testing.assert_allclose(values, expected)
        padded = lopsided.get_conn_padded(np.asarray(σ))
        values = local_value_kernel(vs._apply_fun, vs.variables, σ, padded, chunk_size=chunk_size)
        np.testing.assert_allclose(values, expected)


@pytest.mark.parametrize("model", ["phase", "mixed"], indirect=True)
def test_kernels_have_the_same_derivatives(hi, model, lopsided, random_parameters):
    vs = random_parameters(exact_state(hi, model, 16))
    σ = vs.samples.reshape(-1, 4)
    weights = jnp.asarray(np.random.default_rng(5).normal(size=16))

    def total(kernel, args, parameters):
        values = kernel(vs._apply_fun, {"params": parameters}, σ, args, chunk_size=24)
        return jnp.sum(weights * values).real

    a = jax.grad(lambda p: total(local_value_kernel_jax, lopsided, p))(vs.parameters)
    padded = lopsided.get_conn_padded(np.asarray(σ))
    b = jax.grad(lambda p: total(local_value_kernel, padded, p))(vs.parameters)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-12), a, b)


@pytest.mark.parametrize("chunk_size", [None, 24])
def test_derivatives_by_coefficients(hi, backend, chunk_size, random_parameters):
    """Also at a coefficient 0, where the elements vanish but their derivatives do not."""
    vs = random_parameters(exact_state(hi, nk.models.RBM(alpha=1), 64, chunk_size=chunk_size))
    g = nk.graph.Chain(4)

    def energy(h):
        return vs.expect(nk.operator.Ising(hi, g, h=h, J=0.7, backend=backend)).mean

    samples = vs.samples
    for h in (0.0, 0.9):
        slope = jax.grad(energy)(h)
        np.testing.assert_allclose(slope, (energy(h + 1) - energy(h)), rtol=1e-8)
    op = nk.operator.Ising(hi, g, h=0.9, J=0.7, backend=backend)
    by_op = jax.grad(lambda op: vs.expect(op).mean)(op)
    np.testing.assert_allclose(by_op.h, slope, rtol=1e-8)
    np.testing.assert_allclose(jax.jit(lambda op: vs.expect(op).mean)(op), energy(0.9))
    assert vs.samples is samples


def test_samples_drawn_inside_a_transformation_are_kept(hi, ising):
    vs = exact_state(hi, nk.models.RBM(alpha=1), 64)
    mean = jax.jit(lambda op: vs.expect(op).mean)(ising)
    assert isinstance(vs.samples, jax.Array) and not isinstance(vs.samples, jax.core.Tracer)
    np.testing.assert_allclose(vs.expect(ising).mean, mean)
