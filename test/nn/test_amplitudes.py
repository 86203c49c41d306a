# SPDX-License-Identifier: Apache-2.0
"""All amplitudes as arrays, and modules of operators times states."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.nn import apply_operator, to_array, to_matrix

SPACE = nk.hilbert.Spin(0.5, 3)
MODEL = nk.models.RBM(param_dtype=complex)


def variables():
    return MODEL.init(jax.random.key(0), SPACE.all_states())


def test_amplitudes():
    v = variables()
    expected = np.exp(MODEL.apply(v, SPACE.all_states()))
    np.testing.assert_allclose(to_array(SPACE, MODEL, v, normalize=False), expected)
    psi = to_array(SPACE, MODEL.apply, v, chunk_size=3)
    np.testing.assert_allclose(psi, expected / np.linalg.norm(expected))
    with pytest.raises(ValueError, match="few enough states"):
        to_array(nk.hilbert.Spin(0.5, 100), MODEL, v)


def test_density_matrix():
    model, doubled = nk.models.NDM(), nk.hilbert.DoubledHilbert(SPACE)
    v = model.init(jax.random.key(0), doubled.all_states())
    rho = to_matrix(doubled, model, v)
    np.testing.assert_allclose(np.trace(rho), 1)
    expected = np.exp(model.apply(v, doubled.all_states())).reshape(8, 8)
    np.testing.assert_allclose(to_matrix(doubled, model, v, normalize=False), expected)


def test_operators_times_states():
    v, x = variables(), SPACE.all_states()
    ising = nk.operator.Ising(SPACE, nk.graph.Chain(3), h=0.5, backend="jax")
    expected = ising.to_dense() @ np.exp(MODEL.apply(v, x))
    new = apply_operator.ApplyOperatorModuleLinen.from_module_and_variables(MODEL, ising, v)
    np.testing.assert_allclose(np.exp(new[0].apply(new[1], x)), expected)
    function, new_variables = apply_operator.make_logpsi_op_afun(MODEL.apply, ising, v)
    np.testing.assert_allclose(np.exp(function(new_variables, x)), expected)


def test_operators_times_states_of_nnx():
    nnx = pytest.importorskip("flax.nnx")

    class Field(nnx.Module):
        def __init__(self):
            self.a = nnx.Param(jax.numpy.arange(3.0))

        def __call__(self, σ):
            return σ @ self.a[...]

    x = SPACE.all_states()
    ising = nk.operator.Ising(SPACE, nk.graph.Chain(3), h=0.5, backend="jax")
    model = apply_operator.ApplyOperatorModuleNNX(Field(), ising)
    np.testing.assert_allclose(np.exp(model(x)), ising.to_dense() @ np.exp(x @ np.arange(3.0)))
