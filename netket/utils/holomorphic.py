# SPDX-License-Identifier: Apache-2.0
"""`is_probably_holomorphic`: a numerical test of the Cauchy-Riemann equations."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import tree_map

from .types import Array, PyTree


def is_probably_holomorphic(
    apply_fun: Callable[[PyTree, Array], Array],
    parameters: PyTree,
    samples: Array,
    model_state: PyTree | None = None,
) -> bool:
    r"""Whether a log-amplitude is an analytic function of its parameters.

    The derivative D along a random complex direction v is compared: D[i v] = i D[v] holds for
    analytic functions (Cauchy-Riemann) and, at a random point, for no others but by accident.

    Args:
        apply_fun: the log-amplitude ``apply_fun({"params": parameters, **model_state}, σ)``.
        parameters: tree of parameters, at which to test.
        samples: some samples (..., N).
        model_state: the other variables of the model.

    Returns:
        False if any parameter is real.
    """
    leaves, treedef = jax.tree_util.tree_flatten(parameters)
    if not all(jnp.iscomplexobj(x) for x in leaves):
        return False
    rng = np.random.default_rng(0)

    def random(shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    v = treedef.unflatten([jnp.asarray(random(x.shape), dtype=x.dtype) for x in leaves])
    samples = samples.reshape(-1, samples.shape[-1])

    def log_psi(p: PyTree) -> Array:
        return apply_fun({"params": p, **(model_state or {})}, samples)

    out, d_real = jax.jvp(log_psi, (parameters,), (v,))
    if not jnp.iscomplexobj(out):
        return False
    _, d_imag = jax.jvp(log_psi, (parameters,), (tree_map(lambda x: 1j * x, v),))
    scale = float(jnp.max(jnp.abs(d_real), initial=0.0))
    tolerance = 1e3 * float(jnp.finfo(out.dtype).eps)
    return bool(jnp.all(jnp.abs(d_imag - 1j * d_real) <= tolerance * max(scale, 1.0)))
