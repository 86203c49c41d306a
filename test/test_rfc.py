# SPDX-License-Identifier: Apache-2.0
"""The sketches of the founding RFC ("Jax-Operators design") that concern what there is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk


@pytest.fixture(scope="module")
def chain():
    return nk.hilbert.Spin(0.5, 6), nk.graph.Chain(6)


def operators(chain):
    hi, g = chain
    yield nk.operator.Ising(hi, g, h=0.7, J=1.3)
    yield nk.operator.Heisenberg(hi, g)
    yield nk.operator.spin.sigmax(hi, 1) @ nk.operator.spin.sigmay(hi, 4)
    yield nk.operator.Ising(hi, g, h=0.7) + nk.operator.spin.sigmay(hi, 2)


def test_operators_are_arguments_of_jitted_functions(chain):
    x = chain[0].all_states()
    f = jax.jit(lambda op, x: op.get_conn_padded(x))
    for op in operators(chain):
        for flagged in (op.to_numba(), op.to_jax()):
            xp, mels = f(flagged, x)
            dense = np.zeros((64, 64), dtype=op.dtype)
            numbers = chain[0].states_to_numbers(np.asarray(xp))
            np.add.at(dense, (np.arange(64)[:, None], numbers), np.asarray(mels))
            np.testing.assert_allclose(dense, op.to_dense(), atol=1e-12)


def test_unpacking_gives_coefficients_and_static_data(chain):
    """The RFC: (h, J) are dynamic data; Hilbert space and graph are static."""
    ha = nk.operator.Ising(*chain, h=0.7, J=1.3)
    leaves, structure = jax.tree_util.tree_flatten(ha)
    assert sorted(np.ravel(leaves).tolist()) == [0.7, 1.3]
    assert jax.tree_util.tree_unflatten(structure, leaves) == ha
    hash(structure)


def test_gradient_with_respect_to_the_hamiltonian(chain):
    """Better composability with jax.grad: optimal control."""
    hi, g = chain
    vs = nk.vqs.FullSumState(hi, nk.models.RBM(alpha=1, param_dtype=float), seed=0)

    def energy(h):
        return vs.expect(nk.operator.Ising(hi, g, h=h, J=1.0)).mean

    slope = jax.grad(energy)(0.6)
    finite = (energy(0.6 + 1e-5) - energy(0.6 - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, finite, rtol=1e-6)


def test_the_sampler_of_a_hamiltonian_looks_at_the_backend(chain):
    """One name, whatever the implementation of the operator."""
    hi, g = chain
    for backend in ("numba", "jax"):
        ha = nk.operator.Ising(hi, g, h=1.0, backend=backend)
        sampler = nk.sampler.MetropolisHamiltonian(hi, hamiltonian=ha, n_chains=16)
        vs = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=32, seed=0)
        assert vs.samples.shape == (16, 2, 6)


def test_switching_the_implementation(chain):
    ha = nk.operator.Ising(*chain, h=1.0)
    assert ha.to_jax().backend == "jax" and ha.to_numba().backend == "numba"
    assert ha.to_jax().to_numba() == ha.to_numba()


def test_the_current_api_is_not_broken(chain):
    """get_conn_flattened and to_dense of a jax operator work, outside of jit."""
    ha = nk.operator.Ising(*chain, h=1.0).to_jax()
    x = chain[0].all_states()[:5]
    sections = np.empty(5, dtype=np.int32)
    xp, mels = ha.get_conn_flattened(x, sections)
    assert len(xp) == len(mels) == sections[-1]
    np.testing.assert_array_equal(np.diff(sections, prepend=0), ha.n_conn(x))
    assert ha.to_dense().shape == (64, 64)


def test_n_conn_and_get_conn_padded_in_a_jax_context(chain):
    x = jnp.asarray(chain[0].all_states())
    for op in operators(chain):
        n = jax.jit(lambda op, x: op.n_conn(x))(op, x)
        np.testing.assert_array_equal(n, op.n_conn(np.asarray(x)))


def test_sums_of_jax_operators(chain):
    hi, g = chain
    total = nk.operator.SumOperator(
        nk.operator.Ising(hi, g, h=1.0).to_jax(), nk.operator.Heisenberg(hi, g).to_jax()
    )
    assert total.backend == "jax"
    expected = nk.operator.Ising(hi, g, h=1.0).to_dense() + nk.operator.Heisenberg(hi, g).to_dense()
    np.testing.assert_allclose(total.to_dense(), expected, atol=1e-12)
    mels = jax.jit(lambda o, x: o.get_conn_padded(x)[1].sum(-1))(total, hi.all_states())
    np.testing.assert_allclose(mels, expected.sum(axis=1), atol=1e-12)


def test_local_kernel_of_a_third_party_operator(chain):
    """The dispatch sketch: `get_local_kernel_arguments` returns the operator itself."""
    hi, _ = chain

    class Flip(nk.operator.DiscreteJaxOperator):
        """Σ_i c σˣ_i, with a jax kernel only."""

        def __init__(self, hilbert, c):
            super().__init__(hilbert)
            self.c = c

        @property
        def dtype(self):
            return jnp.float64

        @property
        def is_hermitian(self):
            return True

        @property
        def max_conn_size(self):
            return self.hilbert.size

        def tree_flatten(self):
            return (self.c,), {"hilbert": self.hilbert}

        @classmethod
        def tree_unflatten(cls, metadata, data):
            op = object.__new__(cls)
            nk.operator.DiscreteJaxOperator.__init__(op, metadata["hilbert"])
            (op.c,) = data
            return op

        def get_conn_padded(self, x):
            flips = 1 - 2 * jnp.eye(self.hilbert.size, dtype=x.dtype)
            xp = x[..., None, :] * flips
            return xp, jnp.full(xp.shape[:-1], self.c)

    jax.tree_util.register_pytree_node_class(Flip)

    @nk.vqs.get_local_kernel_arguments.dispatch
    def flip_arguments(vstate: nk.vqs.MCState, op: Flip):
        return vstate.samples, op

    @nk.vqs.get_local_kernel.dispatch
    def flip_kernel(vstate: nk.vqs.MCState, op: Flip):
        return flip_local_values

    def flip_local_values(logpsi, pars, σ, op):
        σp, mels = op.get_conn_padded(σ)
        ratios = jnp.exp(logpsi(pars, σp) - logpsi(pars, σ)[..., None])
        return jnp.sum(mels * ratios, axis=-1)

    sampler = nk.sampler.ExactSampler(hi)
    vs = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=256, seed=0)
    flip = Flip(hi, 0.5)
    own = sum(0.5 * nk.operator.spin.sigmax(hi, i) for i in range(6))
    np.testing.assert_allclose(vs.expect(flip).mean, vs.expect(own).mean, rtol=1e-10)
