# SPDX-License-Identifier: Apache-2.0
r"""Neural density matrix, :math:`\log\rho = \Gamma(\sigma, \eta) + \Pi(\sigma, \eta)`."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from netket.jax import dtype_real
from netket.nn._dense import Dense
from netket.nn.activation import log_cosh
from netket.utils.types import Array, DType, NNInitFunc

from .rbm import RBM, _sum_of_activations

__all__ = ["NDM"]

_normal = nn.initializers.normal(stddev=0.001)


class NDM(nn.Module):
    r"""Neural density matrix: positive semi-definite and Hermitian for any real parameters.

    .. math::

        \log\rho(\sigma, \eta) &= \tfrac12 \big[ f_S(\sigma) + f_S(\eta) \big]
            + \tfrac i2 \big[ f_A(\sigma) - f_A(\eta) \big] + \Pi(\sigma, \eta) \\
        \Pi(\sigma, \eta) &= \sum_k \log\cosh\Big[ \tfrac12 (\sigma + \eta) U_S
            + \tfrac i2 (\sigma - \eta) U_A + d \Big]_k

    The restricted Boltzmann machines f of :class:`RBM` are the parameters `PureSymm` and
    `PureASymm`. The ancillae k, which mix, have `Mixed/Symm/kernel` (U_S), `Mixed/ASymm/kernel`
    (U_A) and `Mixed/bias` (d).

    Source: G. Torlai and R. G. Melko, Phys. Rev. Lett. 120, 240503 (2018).

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(1 / 2, 3))
    >>> variables = nk.models.NDM(beta=2).init(jax.random.key(0), hi.all_states())
    >>> variables["params"]["Mixed"]["Symm"]["kernel"].shape
    (3, 6)
    """

    param_dtype: DType = np.float64
    """Data type of the parameters; only real ones make a density matrix."""
    activation: Callable[[Array], Array] = log_cosh
    """Function of the hidden units and ancillae."""
    alpha: float | int = 1
    """Hidden units per site of each of the two machines f."""
    beta: float | int = 1
    """Ancillae per site; more of them, higher rank."""
    use_hidden_bias: bool = True
    """Whether the hidden units have a bias."""
    use_ancilla_bias: bool = True
    """Whether the ancillae have a bias d."""
    use_visible_bias: bool = True
    """Whether the sites have a bias."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = _normal
    """Initialiser of the biases of hidden units and ancillae."""
    visible_bias_init: NNInitFunc = _normal
    """Initialiser of the biases of the sites."""

    @nn.compact
    def __call__(self, σ: Array) -> Array:
        """Logarithms of matrix elements.

        Args:
            σ: Row and column configurations one after the other, of shape (..., 2 N).

        Returns:
            Complex values of shape (...).

        Raises:
            ValueError: The number of sites is odd.
        """
        rows, columns = _halves(σ)
        both = jnp.stack([rows, columns])
        symmetric = self._pure("PureSymm")(both)
        antisymmetric = self._pure("PureASymm")(both)
        mixed = _Mixed(
            alpha=self.beta,
            use_bias=self.use_ancilla_bias,
            activation=self.activation,
            param_dtype=self.param_dtype,
            precision=self.precision,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="Mixed",
        )(rows, columns)
        pure = symmetric[0] + symmetric[1] + 1j * (antisymmetric[0] - antisymmetric[1])
        return 0.5 * pure + mixed

    def _pure(self, name: str) -> RBM:
        return RBM(
            param_dtype=self.param_dtype,
            activation=self.activation,
            alpha=self.alpha,
            use_hidden_bias=self.use_hidden_bias,
            use_visible_bias=self.use_visible_bias,
            precision=self.precision,
            kernel_init=self.kernel_init,
            hidden_bias_init=self.bias_init,
            visible_bias_init=self.visible_bias_init,
            name=name,
        )


class _Mixed(nn.Module):
    r"""The ancillae: a positive semi-definite matrix :math:`\exp\Pi(\sigma, \eta)`."""

    alpha: float | int
    use_bias: bool
    activation: Callable[[Array], Array]
    param_dtype: DType
    precision: Any
    kernel_init: NNInitFunc
    bias_init: NNInitFunc

    @nn.compact
    def __call__(self, rows: Array, columns: Array) -> Array:
        n_ancillae = int(self.alpha * rows.shape[-1])
        even = self._dense("Symm", n_ancillae)(rows + columns)
        odd = self._dense("ASymm", n_ancillae)(rows - columns)
        θ = 0.5 * even + 0.5j * odd
        if self.use_bias:
            θ = θ + self.param("bias", self.bias_init, (n_ancillae,), dtype_real(self.param_dtype))
        return _sum_of_activations(self.activation, θ)

    def _dense(self, name: str, features: int) -> Dense:
        return Dense(
            features=features,
            use_bias=False,
            param_dtype=self.param_dtype,
            precision=self.precision,
            kernel_init=self.kernel_init,
            name=name,
        )


def _halves(σ: Array) -> tuple[Array, Array]:
    """Row and column configurations."""
    if σ.shape[-1] % 2:
        raise ValueError(
            "Argument `σ` must have as many row as column sites in its last axis, but has "
            f"{σ.shape[-1]} in total."
        )
    σ = jnp.asarray(σ)
    if jnp.issubdtype(σ.dtype, jnp.integer):
        # sums of two of them must not overflow; all dtypes of samples fit into these
        σ = σ.astype(jnp.promote_types(σ.dtype, jnp.int16))
    return σ[..., : σ.shape[-1] // 2], σ[..., σ.shape[-1] // 2 :]
