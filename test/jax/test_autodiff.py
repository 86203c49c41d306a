# SPDX-License-Identifier: Apache-2.0
"""Pullbacks, gradients and Jacobians, against finite differences and jax.jacrev."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.errors import (
    HolomorphicUndeclaredWarning,
    IllegalHolomorphicDeclarationForRealParametersError,
)

X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]])
P = np.array([0.3, -0.7])
W = np.array([1.0 + 0.3j, -2j, 0.5])

FUNCTIONS = {
    "real": lambda p: jnp.tanh(X @ p),
    "complex": lambda p: jnp.exp(1j * (X @ p)) + jnp.sum(p),
}


def finite_differences(f, p, direction, eps=1e-6):
    return (np.asarray(f(p + eps * direction)) - np.asarray(f(p - eps * direction))) / (2 * eps)


def numeric_jacobian(f, p, direction=1.0):
    """∂f_i/∂p_k, shape (i, k)."""
    units = np.eye(len(p)) * direction
    return np.stack([finite_differences(f, p, unit) for unit in units], axis=-1)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("w", [W.real, W])
@pytest.mark.parametrize("conjugate", [False, True])
def test_vjp_of_real_parameters(name, w, conjugate):
    f = FUNCTIONS[name]
    y, pull = nk.jax.vjp(f, P, conjugate=conjugate)
    np.testing.assert_allclose(y, f(P))
    expected = w @ numeric_jacobian(f, P)
    (result,) = pull(w)
    assert jnp.iscomplexobj(result) == (name == "complex" or np.iscomplexobj(w))
    np.testing.assert_allclose(result, expected.conj() if conjugate else expected, rtol=1e-7)


def test_vjp_of_holomorphic_functions():
    def f(z):
        return jnp.sin(X @ z)

    z = P + 0.2j
    _, pull = nk.jax.vjp(f, z)
    np.testing.assert_allclose(pull(W)[0], W @ numeric_jacobian(f, z), rtol=1e-7)


def test_vjp_of_real_functions_of_complex_parameters():
    """The convention of jax: ∂f/∂x - i ∂f/∂y."""

    def f(z):
        return jnp.abs(X @ z) ** 2

    z = P + np.array([0.2j, -0.1j])
    _, pull = nk.jax.vjp(f, z)
    jacobian = numeric_jacobian(f, z) - 1j * numeric_jacobian(f, z, 1j)
    np.testing.assert_allclose(pull(W.real)[0], W.real @ jacobian, rtol=1e-7)


def test_vjp_of_mixed_trees():
    p = {"a": jnp.asarray(P), "b": P + 0.5j}

    def f(p):
        return (X @ p["a"]) * jnp.sin(X @ p["b"])

    ours, theirs = nk.jax.vjp(f, p)[1](W), jax.vjp(f, p)[1](W)
    jax.tree_util.tree_map(np.testing.assert_allclose, ours, theirs)


def test_vjp_passes_through_jit_and_has_aux():
    @jax.jit
    def both(p):
        return nk.jax.vjp(lambda p: (FUNCTIONS["complex"](p), {"sum": jnp.sum(p)}), p, has_aux=True)

    y, pull, aux = both(P)
    np.testing.assert_allclose(pull(W)[0], nk.jax.vjp(FUNCTIONS["complex"], P)[1](W)[0])
    np.testing.assert_allclose(aux["sum"], P.sum())
    np.testing.assert_allclose(y, FUNCTIONS["complex"](P))


def test_vjp_of_several_arguments_and_outputs():
    def f(a, b):
        return {"x": a * b, "y": a}

    _, pull = nk.jax.vjp(f, 2.0, 3.0)
    assert [float(x) for x in pull({"x": 1.0, "y": 10.0})] == [13.0, 2.0]


def test_vjp_of_integers():
    _, pull = nk.jax.vjp(lambda p, n: jnp.exp(1j * p) * n, 0.3, 2)
    d, d_int = pull(1.0)
    np.testing.assert_allclose(d, 2j * np.exp(0.3j))
    assert d_int.dtype == jax.dtypes.float0


def test_vjp_single_precision():
    p = P.astype(np.float32)
    _, pull = nk.jax.vjp(lambda p: jnp.exp(1j * (X.astype(np.float32) @ p)), p)
    assert pull(np.ones(3))[0].dtype == np.complex64


def test_grad():
    np.testing.assert_allclose(nk.jax.grad(lambda p: jnp.sum(p**3))(P), 3 * P**2)
    np.testing.assert_allclose(nk.jax.grad(lambda p: jnp.exp(1j * p))(0.3), 1j * np.exp(0.3j))
    np.testing.assert_allclose(nk.jax.grad(lambda z: z**2)(1.0 + 1j), 2 + 2j)
    a, b = nk.jax.grad(lambda a, b: a * b, argnums=(0, 1))(2.0, 3.0)
    assert (a, b) == (3.0, 2.0)
    (value, aux), g = nk.jax.value_and_grad(lambda a: (a**2, "x"), has_aux=True)(2.0)
    assert (value, aux, g) == (4.0, "x", 4.0)


def test_grad_refuses_what_has_none():
    with pytest.raises(RuntimeError, match="not holomorphic"):
        nk.jax.grad(lambda z: jnp.abs(z) ** 2)(1.0 + 1j)
    with pytest.raises(TypeError, match=r"shape \(\)"):
        nk.jax.grad(lambda p: p)(P)
    with pytest.raises(TypeError, match="allow_int"):
        nk.jax.grad(lambda n: n * 1.0)(3)


# -- Jacobians ---------------------------------------------------------------------------------


def log_psi(variables, σ):
    p = variables["params"]
    out = jnp.sum(jnp.log(jnp.cosh(σ @ p["w"] + p["b"])), axis=-1)
    return out * variables.get("scale", 1.0)


def inputs(dtype, n=5):
    rng = np.random.default_rng(1)
    pars = {
        "w": rng.normal(size=(3, 2)).astype(dtype) * 0.3,
        "b": rng.normal(size=2).astype(dtype) * 0.2,
    }
    if np.issubdtype(dtype, complex):
        pars = jax.tree_util.tree_map(lambda x: x + 0.3j * rng.normal(size=x.shape), pars)
    return jax.tree_util.tree_map(jnp.asarray, pars), rng.choice([-1.0, 1.0], size=(n, 3))


def flat(tree):
    """Leaves (B, ...) as one matrix."""
    leaves = jax.tree_util.tree_leaves(tree)
    return np.concatenate([np.reshape(x, (x.shape[0], -1)) for x in leaves], axis=1)


def test_jacobian_real():
    pars, σ = inputs(float)
    expected = jax.jacrev(lambda p: log_psi({"params": p}, σ))(pars)
    rows = nk.jax.jacobian(log_psi, pars, σ, mode="real")
    jax.tree_util.tree_map(
        functools.partial(np.testing.assert_allclose, rtol=1e-12), rows, expected
    )
    dense = nk.jax.jacobian(log_psi, pars, σ, mode="real", dense=True)
    np.testing.assert_allclose(dense, flat(expected))
    state = nk.jax.jacobian(log_psi, pars, σ, {"scale": 2.0}, mode="real", dense=True)
    np.testing.assert_allclose(state, 2 * dense)


def test_jacobian_holomorphic():
    pars, σ = inputs(complex)
    expected = jax.jacrev(lambda p: log_psi({"params": p}, σ), holomorphic=True)(pars)
    dense = nk.jax.jacobian(log_psi, pars, σ, mode="holomorphic", dense=True)
    np.testing.assert_allclose(dense, flat(expected))


def test_jacobian_complex():
    """Rows of Re and Im log ψ; columns of real, then of imaginary parts."""
    pars, σ = inputs(complex)
    parts, restore = nk.jax.tree_to_real(pars)

    def part(which):
        return flat(jax.jacrev(lambda p: which(log_psi({"params": restore(p)}, σ)))(parts))

    dense = nk.jax.jacobian(log_psi, pars, σ, mode="complex", dense=True)
    assert dense.shape == (5, 2, 16)
    np.testing.assert_allclose(dense[:, 0], part(jnp.real))
    np.testing.assert_allclose(dense[:, 1], part(jnp.imag))
    tree = nk.jax.jacobian(log_psi, pars, σ, mode="complex")
    assert tree.real["w"].shape == tree.imag["w"].shape == (5, 2, 3, 2)
    np.testing.assert_allclose(
        nk.jax.jacobian(log_psi, pars, σ, mode="real", dense=True), dense[:, 0]
    )
    # the holomorphic one is contained in it
    holomorphic = nk.jax.jacobian(log_psi, pars, σ, mode="holomorphic", dense=True)
    np.testing.assert_allclose(dense[:, 0, :8] + 1j * dense[:, 1, :8], holomorphic)


def test_jacobian_complex_of_real_function():
    pars, σ = inputs(float)
    dense = nk.jax.jacobian(log_psi, pars, σ, mode="complex", dense=True)
    np.testing.assert_array_equal(dense[:, 1], 0)


@pytest.mark.parametrize(
    "mode, dtype", [("real", float), ("complex", complex), ("holomorphic", complex)]
)
def test_jacobian_options(mode, dtype):
    pars, σ = inputs(dtype, n=7)
    jacobian = functools.partial(nk.jax.jacobian, log_psi, pars, mode=mode, dense=True)
    rows = jacobian(σ)
    for chunk_size in (1, 3, 7, 100):
        np.testing.assert_allclose(jacobian(σ, chunk_size=chunk_size), rows, rtol=1e-12)
    np.testing.assert_allclose(jacobian(σ.reshape(7, 1, 3)), rows)
    np.testing.assert_allclose(jacobian(σ, center=True), rows - rows.mean(axis=0))
    pdf = np.linspace(0, 1, 7) / 3.5
    np.testing.assert_allclose(
        jacobian(σ, center=True, pdf=pdf), rows - np.tensordot(pdf, rows, axes=1), atol=1e-14
    )


def test_jacobian_refuses():
    pars, σ = inputs(complex)
    with pytest.raises(ValueError, match="'real', 'complex', 'holomorphic', but is 'imag'"):
        nk.jax.jacobian(log_psi, pars, σ, mode="imag")
    with pytest.raises(TypeError, match="Use mode 'real'"):
        nk.jax.jacobian(lambda v, s: log_psi(v, s).real, pars, σ, mode="holomorphic")


def test_jacobian_default_mode(recwarn):
    real, σ = inputs(float)
    z, _ = inputs(complex)
    mixed = {"w": real["w"], "b": z["b"]}

    def real_psi(v, σ):
        return log_psi(v, σ).real

    def complex_psi(v, σ):
        return log_psi(v, σ) * 1j

    expected = {
        (False, "real"): "real",
        (False, "complex"): "complex",
        (True, "real"): "real",
        (True, "complex"): "complex",
    }
    functions = {"real": real_psi, "complex": complex_psi}
    for (is_complex, kind), holomorphic in itertools.product(expected, (None, False)):
        pars = z if is_complex else real
        mode = nk.jax.jacobian_default_mode(
            functions[kind], pars, {}, σ, holomorphic=holomorphic, warn=False
        )
        assert mode == expected[is_complex, kind]
    mode = functools.partial(nk.jax.jacobian_default_mode, complex_psi)
    assert mode(z, None, σ, holomorphic=True) == "holomorphic"
    assert mode(mixed, None, σ) == "complex"
    for pars in (real, mixed):
        with pytest.raises(IllegalHolomorphicDeclarationForRealParametersError):
            mode(pars, None, σ, holomorphic=True)
    assert not recwarn
    with pytest.warns(HolomorphicUndeclaredWarning):
        assert mode(z, None, σ) == "complex"


def test_is_probably_holomorphic():
    z, σ = inputs(complex)
    real, _ = inputs(float)
    check = nk.utils.is_probably_holomorphic
    assert check(log_psi, z, σ)
    assert check(log_psi, z, σ.reshape(5, 1, 3), {"scale": 1j})
    assert not check(lambda v, σ: log_psi(v, σ) + jnp.abs(v["params"]["b"][0]), z, σ)
    assert not check(lambda v, σ: log_psi(v, σ).real, z, σ)
    assert not check(log_psi, real, σ)
    single = jax.tree_util.tree_map(lambda x: x.astype(np.complex64), z)
    assert check(log_psi, single, σ.astype(np.float32))
