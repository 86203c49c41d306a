# SPDX-License-Identifier: Apache-2.0
"""Models of all frameworks make the same state."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

HI = nk.hilbert.Spin(0.5, 4)
W = np.linspace(-0.2, 0.3, 4)


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x @ self.param("w", lambda key: jnp.asarray(W))


class OnlyBatches(Linen):
    @nn.compact
    def __call__(self, x):
        assert x.ndim == 2
        return x @ self.param("w", lambda key: jnp.asarray(W))


class Handwritten:
    def init(self, rng, x):
        assert x.shape == (1, 4)
        return {"params": {"w": jnp.asarray(W)}}

    def apply(self, variables, x):
        return x @ variables["params"]["w"]


def linen():
    return Linen()


def only_batches():
    return OnlyBatches()


def bound():
    return Linen().bind({"params": {"w": jnp.asarray(W)}})


def handwritten():
    return Handwritten()


def pair():
    model = Handwritten()
    return model.init, model.apply


def nnx():
    from flax import nnx

    class Nnx(nnx.Module):
        def __init__(self, rngs):
            self.w = nnx.Param(jnp.asarray(W))

        def __call__(self, x):
            return x @ self.w[...]

    return Nnx(rngs=nnx.Rngs(0))


MODELS = [linen, only_batches, bound, handwritten, pair, nnx]


def check(vs, op, x):
    np.testing.assert_allclose(vs.parameters["w"], W)
    np.testing.assert_allclose(vs.log_value(x), x @ W)
    stats, grad = vs.expect_and_grad(op)
    assert np.isfinite(stats.mean) and grad["w"].shape == (4,)
    vs.parameters = jax.tree.map(lambda p, g: p - 0.1 * g, vs.parameters, grad)
    assert vs.expect(op).mean < stats.mean
    return vs


@pytest.mark.parametrize("make", MODELS)
def test_frameworks(make):
    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0)
    x = np.asarray(HI.all_states())
    check(nk.vqs.FullSumState(HI, make(), seed=1), op, x)
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=16)
    vs = check(nk.vqs.MCState(sampler, make(), n_samples=2048, seed=1), op, x)
    if make is nnx:
        np.testing.assert_allclose(vs.model(x), vs.log_value(x))
        assert type(vs.model).__name__ == "Nnx"
    if make in (linen, only_batches, handwritten):
        assert type(vs.model) is type(make())


def test_functions_and_variables():
    model = Handwritten()
    vs = nk.vqs.FullSumState(HI, apply_fun=model.apply, variables={"params": {"w": jnp.zeros(4)}})
    np.testing.assert_allclose(vs.to_array(), 0.25)
    with pytest.raises(ValueError, match="pass `init_fun`, or `variables`"):
        vs.init()
    vs = nk.vqs.FullSumState(HI, init_fun=model.init, apply_fun=model.apply)
    np.testing.assert_allclose(vs.parameters["w"], W)
    with pytest.raises(ValueError, match="pass `init_fun`, or `variables`"):
        nk.vqs.FullSumState(HI, apply_fun=model.apply)


def test_given_variables_are_used():
    vs = nk.vqs.FullSumState(HI, Linen(), variables={"params": {"w": jnp.zeros(4)}})
    np.testing.assert_allclose(vs.to_array(), 0.25)


def test_states_of_equal_models_share_compiled_code():
    traces = []

    class Traced(nn.Module):
        factor: float = 1.0

        @nn.compact
        def __call__(self, x):
            traces.append(x.shape)
            return self.factor * x @ self.param("w", nn.initializers.ones, (4,), float)

    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0)
    x = np.asarray(HI.all_states())
    counts = []
    for _ in range(2):
        vs = nk.vqs.FullSumState(HI, Traced(2.0), seed=1)
        start = len(traces)
        vs.expect_and_grad(op)
        vs.log_value(x)
        counts.append(len(traces) - start)
    assert counts[0] > 0 and counts[1] == 0


def test_nnx_is_not_imported_for_other_models():
    import subprocess
    import sys

    code = (
        "import sys, netket as nk; hi = nk.hilbert.Spin(0.5, 2);"
        "nk.vqs.FullSumState(hi, nk.models.RBM()); nk.vqs.MCState;"
        "print('flax.nnx' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
