# SPDX-License-Identifier: Apache-2.0
"""Models of all frameworks become objects with `init` and `apply`, and come back."""

import subprocess
import sys
import textwrap

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netket as nk
from netket.utils.model_frameworks import identify_framework, maybe_wrap_module

X = np.random.default_rng(0).choice([-1.0, 1.0], size=(4, 3))


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jnp.sum(nn.Dense(2, param_dtype=complex)(x), axis=-1)


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.layers = nnx.List([nnx.Linear(3, 4, rngs=rngs, param_dtype=complex)])
        self.norm = nnx.BatchNorm(4, rngs=rngs, dtype=np.float32)

    def __call__(self, x):
        return jnp.sum(self.norm(jnp.real(self.layers[0](x)).astype(np.float32)), axis=-1)


def test_linen():
    model = Linen()
    assert maybe_wrap_module(model) == (None, model)
    framework = identify_framework(model)
    assert framework.name == "Flax"
    assert framework.unwrap(model, {}) is model
    assert framework.wrapped_model_class(model) is Linen


def test_bound_linen():
    variables = Linen().init(jax.random.key(0), X)
    held, model = maybe_wrap_module(Linen().bind(variables))
    assert model == Linen()
    np.testing.assert_array_equal(model.apply(held, X), Linen().apply(variables, X))


def test_nnx():
    module = Nnx(nnx.Rngs(0))
    variables, model = maybe_wrap_module(module)
    assert sorted(variables) == ["model_state", "params"]
    assert variables["params"]["layers"][0]["kernel"].shape == (3, 4)
    np.testing.assert_allclose(
        model.apply(variables, X), maybe_wrap_module(module)[1].module(variables)(X)
    )
    framework = identify_framework(model)
    assert framework is identify_framework(module)
    assert framework.model_contains_parameters
    assert framework.wrapped_model_class(model) is Nnx
    # with other parameters
    zero = jax.tree_util.tree_map(jnp.zeros_like, variables["params"])
    changed = {"params": zero, "model_state": variables["model_state"]}
    np.testing.assert_allclose(model.apply(changed, X), 0.0)
    np.testing.assert_allclose(framework.unwrap(model, changed)(X), 0.0)
    with pytest.raises(RuntimeError, match="holds its variables"):
        model.init(jax.random.key(0), X)


def test_nnx_model_state_and_jit():
    variables, model = maybe_wrap_module(Nnx(nnx.Rngs(0)))
    out, new = model.apply(variables, X, mutable=["model_state"])
    assert sorted(new) == ["model_state"]
    norm = variables["model_state"]["norm"]
    assert not np.allclose(new["model_state"]["norm"]["var"], norm["var"])

    @jax.jit
    def f(variables, x):
        return model.apply(variables, x)

    np.testing.assert_allclose(f(variables, X), out, atol=1e-6)


def test_nnx_models_of_the_same_structure_are_equal():
    first, second = (maybe_wrap_module(Nnx(nnx.Rngs(k)))[1] for k in (0, 1))
    assert first == second
    assert hash(first) == hash(second)
    other = maybe_wrap_module(nnx.Linear(3, 4, rngs=nnx.Rngs(0)))[1]
    assert first != other


def test_pairs_of_functions():
    pair = (lambda rng, x: {"params": jnp.ones(x.shape[-1])}, lambda v, x: x @ v["params"])
    variables, model = maybe_wrap_module(pair)
    assert variables is None
    variables = model.init(jax.random.key(0), X)
    np.testing.assert_allclose(model.apply(variables, X), X.sum(axis=1))
    assert hash(model) == hash(maybe_wrap_module(pair)[1])
    assert identify_framework(model).unwrap(model, variables) == pair


def test_unknown_objects_are_left_alone():
    def f(variables, x):
        return x

    assert maybe_wrap_module(f) == (None, f)
    assert nk.utils.get_afun_if_module(f) is f
    assert nk.utils.wrap_afun(f).apply is f
    assert nk.utils.wrap_afun(f) == nk.utils.wrap_afun(f)
    assert nk.utils.wrap_afun(Linen()) == Linen()
    model = Linen()
    assert nk.utils.get_afun_if_module(model) == model.apply


def test_get_afun_of_nnx():
    module = Nnx(nnx.Rngs(0))
    variables, model = maybe_wrap_module(module)
    afun = nk.utils.get_afun_if_module(module)
    np.testing.assert_allclose(afun(variables, X), model.apply(variables, X))


def test_equinox():
    import equinox as eqx

    module = eqx.nn.MLP(3, "scalar", 4, 1, key=jax.random.key(0))
    variables, model = maybe_wrap_module(module)
    np.testing.assert_allclose(model.apply(variables, X), jax.vmap(module)(X), rtol=1e-5)
    restored = identify_framework(model).unwrap(model, variables)
    np.testing.assert_allclose(jax.vmap(restored)(X), jax.vmap(module)(X))
    other = maybe_wrap_module(eqx.nn.MLP(3, "scalar", 4, 1, key=jax.random.key(1)))[1]
    assert model == other
    assert hash(model) == hash(other)


def test_no_framework_is_imported():
    script = """
        import sys
        from netket.utils import maybe_wrap_module

        maybe_wrap_module((len, len))
        maybe_wrap_module(3)
        assert not {"flax", "equinox", "haiku"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
