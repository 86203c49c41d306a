# SPDX-License-Identifier: Apache-2.0
"""Neural density matrices are density matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SPACE = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 3))


def moderate(model, scale=400.0):
    """Variables large enough for all terms to matter."""
    variables = jax.jit(model.init)(jax.random.PRNGKey(3), SPACE.all_states())
    return jax.tree.map(lambda p: scale * p, variables)


@pytest.mark.parametrize("options", [{}, {"alpha": 2, "beta": 3, "use_hidden_bias": False}])
def test_hermitian_and_positive(options):
    model = nk.models.NDM(**options)
    rho = np.exp(model.apply(moderate(model), SPACE.all_states())).reshape(8, 8)
    assert np.abs(rho.imag).max() > 0.01
    np.testing.assert_allclose(rho, rho.conj().T, atol=1e-12 * np.abs(rho).max())
    levels = np.linalg.eigvalsh(rho)
    assert levels[0] > -1e-12 * levels[-1] and levels[-2] > 1e-3 * levels[-1]


def test_no_ancillae_is_a_pure_state():
    model = nk.models.NDM(beta=0)
    rho = np.exp(model.apply(moderate(model), SPACE.all_states())).reshape(8, 8)
    assert np.linalg.matrix_rank(rho, tol=1e-10 * np.abs(rho).max()) == 1


def test_numbers_of_netket():
    """Values of NetKet 3.23 for the same key."""
    x = np.array([[1, -1, 1, -1, 1, 1], [-1, -1, 1, -1, 1, -1]], np.int8)
    for model, first in (
        (nk.models.NDM(), -0.00141844 + 0.00175918j),
        (nk.models.NDM(alpha=2, beta=3), -0.00141309 + 0.0017535j),
        (nk.models.NDM(param_dtype=complex), 0.00299655 - 0.00033858j),
    ):
        variables = model.init(jax.random.PRNGKey(3), x)
        np.testing.assert_allclose(model.apply(variables, x)[0], first, atol=1e-8)


def test_single_precision_and_batches():
    model = nk.models.NDM(param_dtype=np.float32)
    x = SPACE.all_states()[:6].astype(np.int8)
    variables = moderate(model)
    value = model.apply(variables, x)
    assert value.dtype == np.complex64
    np.testing.assert_allclose(
        model.apply(variables, x.reshape(2, 3, 6)), value.reshape(2, 3), rtol=1e-5
    )
    with pytest.raises(ValueError, match="as many row as column sites"):
        model.init(jax.random.key(0), jnp.ones((1, 5)))
