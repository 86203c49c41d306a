# SPDX-License-Identifier: Apache-2.0
"""Models of all frameworks make the same state."""

from collections.abc import Callable
from typing import NamedTuple

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


def equinox():
    import equinox as eqx

    class Equinox(eqx.Module):
        w: jax.Array

        def __call__(self, x):  # one configuration
            return x @ self.w

    return Equinox(jnp.asarray(W))


class Transformed(NamedTuple):
    """What `haiku.without_apply_rng(haiku.transform(f))` returns looks like this."""

    init: Callable
    apply: Callable


def haiku():
    return Transformed(
        lambda rng, x: {"params": {"w": jnp.asarray(W)}},
        lambda variables, x: x @ variables["params"]["w"],
    )


MODELS = [linen, only_batches, bound, handwritten, pair, nnx, equinox, haiku]


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


# -- model state that changes while gradients are computed ---------------------------------------


class LinenCounter(nn.Module):
    """Counts its evaluations, in training, and remembers the mean of σ."""

    @nn.compact
    def __call__(self, x):
        seen = self.variable("stats", "seen", lambda: jnp.zeros(()))
        if self.is_mutable_collection("stats") and not self.is_initializing():
            seen.value += 1
        return x @ self.param("w", lambda key: jnp.asarray(W))


def nnx_counter():
    from flax import nnx

    class Counter(nnx.Module):
        def __init__(self):
            self.w = nnx.Param(jnp.asarray(W))
            self.seen = nnx.Variable(jnp.zeros(()))

        def __call__(self, x):
            self.seen[...] = self.seen[...] + 1
            return x @ self.w[...]

    return Counter()


class Normalised(nn.Module):
    """With batch normalisation, whose running averages are model state."""

    @nn.compact
    def __call__(self, x):
        use_averages = not self.is_mutable_collection("batch_stats")
        y = nn.Dense(4, param_dtype=float)(x)
        y = nn.BatchNorm(use_running_average=use_averages, param_dtype=float, dtype=float)(y)
        return jnp.sum(jnp.tanh(y), axis=-1)


@pytest.mark.parametrize("kind", ["samples", "full sum"])
@pytest.mark.parametrize(
    "make, collection, leaf",
    [
        (LinenCounter, "stats", lambda state: state["stats"]["seen"]),
        (nnx_counter, "model_state", lambda state: state["model_state"]["seen"]),
        (Normalised, "batch_stats", lambda state: state["batch_stats"]["BatchNorm_0"]["mean"]),
    ],
    ids=["linen", "nnx", "batch norm"],
)
def test_model_state(kind, make, collection, leaf):
    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0)

    def state(**kwargs):
        if kind == "full sum":
            return nk.vqs.FullSumState(HI, make(), seed=1, **kwargs)
        sampler = nk.sampler.MetropolisLocal(HI, n_chains=16)
        return nk.vqs.MCState(sampler, make(), n_samples=64, seed=1, **kwargs)

    vs = state(mutable=[collection])
    before = np.asarray(leaf(vs.model_state))
    vs.expect(op)
    np.testing.assert_array_equal(leaf(vs.model_state), before)
    _, grad = vs.expect_and_grad(op)
    assert np.any(np.asarray(leaf(vs.model_state)) != before)
    assert jax.tree.structure(grad) == jax.tree.structure(vs.parameters)
    still = state()
    still.expect_and_grad(op)
    np.testing.assert_array_equal(leaf(still.model_state), before)
