# SPDX-License-Identifier: Apache-2.0
r"""`FullSumState`: expectation values are exact sums over all configurations of a small space."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.chunking import check_chunk_size
from netket.jax.sharding import (
    array_of_rows,
    gather,
    n_ranks,
    pad_axis_for_sharding,
    shard_along_axis,
)
from netket.jax.tracing import computed_now
from netket.utils.types import Array, DType, PyTree, SeedT

from .amplitudes import check_indexable, log_values
from .state import VariationalState


class FullSumState(VariationalState):
    """A state all of whose amplitudes are computed, without sampling.

    Args:
        hilbert: a space small enough to be listed.
        model: module with ``init(rng, x)`` and ``apply(variables, x)`` for x of shape (B, N), which
            returns (B,) log-amplitudes; or a pair of such functions.
        chunk_size: the most configurations that the model gets at once; None for all.
        variables: of the model; by default the model draws them.
        init_fun: function (rngs, x) for the variables, if not that of the model.
        apply_fun: alternatively to `model`, function (variables, x).
        seed: of the variables: an integer, a random key, or None for a random one.
        mutable: collections of the model state that gradients update, as in flax.
        training_kwargs: further arguments of the model while gradients are computed.
        dtype: of the configurations that the model is initialised with.

    Raises:
        ValueError: the model returns the wrong shape.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 4)
        >>> vs = nk.vqs.FullSumState(hi, nk.models.RBM(), seed=1)
        >>> vs.to_array().shape
        (16,)
    """

    def __init__(
        self,
        hilbert: AbstractHilbert,
        model: Any = None,
        *,
        chunk_size: int | None = None,
        variables: PyTree | None = None,
        init_fun: Callable | None = None,
        apply_fun: Callable | None = None,
        seed: SeedT | None = None,
        mutable: Any = False,
        training_kwargs: dict[str, Any] = {},  # noqa: B006 (never changed)
        dtype: DType = float,
    ):
        if not isinstance(hilbert, AbstractHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a Hilbert space, but is {type(hilbert).__name__}."
            )
        super().__init__(hilbert)
        self._states: jax.Array | None = None
        self._split_states: jax.Array | None = None
        self._array: jax.Array | None = None
        self._is_new = True
        self._pdf: jax.Array | None = None
        self._chunk_size = check_chunk_size(chunk_size)
        self._set_model(model, init_fun, apply_fun, mutable, training_kwargs)
        self._set_variables(variables, seed, dtype)

    @property
    def chunk_size(self) -> int | None:
        """The most configurations that the model gets at once; None for all."""
        return self._chunk_size

    @chunk_size.setter
    def chunk_size(self, chunk_size: int | None) -> None:
        self._chunk_size = check_chunk_size(chunk_size)

    def reset(self) -> None:
        self._array = None
        self._pdf = None

    @property
    def _all_states(self) -> jax.Array:
        """All configurations (n_states, N)."""
        if self._states is None:
            check_indexable(self.hilbert)
            with computed_now():
                self._states = jnp.asarray(self.hilbert.all_states())
        return self._states

    @property
    def _states_in_parts(self) -> jax.Array:
        """All configurations (M, N), split over devices; copies of the last one fill them up."""
        if n_ranks() == 1:
            return self._all_states
        if self._split_states is None:
            check_indexable(self.hilbert)
            with computed_now():
                self._split_states = _split_states(self.hilbert)
        return self._split_states

    def _in_parts(self, vector: Array) -> Array:
        """A vector (n_states,) as (M,), split like the configurations; zeros fill it up."""
        return vector if n_ranks() == 1 else _split(vector)

    def log_value(self, σ: Array) -> jax.Array:
        return log_values(self._apply_fun, self.variables, σ, self.chunk_size)

    def to_array(self, normalize: bool = True, allgather: bool = True) -> jax.Array:
        """The amplitudes (n_states,), in the order of `hilbert.all_states()`.

        Args:
            normalize: to Σ|ψ|² = 1.
            allgather: with several devices, whether all have all amplitudes, or each a part; parts
                have the same length, which zeros at the end fill up.
        """
        if not normalize:
            # inside a transformation, parameters may be traced
            psi = _whole(jnp.exp(self.log_value(self._states_in_parts)), self.hilbert.n_states)
            return psi if allgather else self._in_parts(psi)
        if self._array is None:
            x = self._states_in_parts
            # inside a transformation amplitudes are still computed now, as they are kept
            with computed_now():
                self._array = _normalized(self.log_value(x), self.hilbert.n_states)
            if self._is_new:  # later it is up to the driver what to do about NaN
                _check_finite(self._array)
                self._is_new = False
        return self._array if allgather else self._in_parts(self._array)

    def probability_distribution(self) -> jax.Array:
        """The distribution ``|ψ|²``, normalised, shape (n_states,)."""
        if self._pdf is None:
            psi = self.to_array()
            with computed_now():
                self._pdf = jnp.abs(psi) ** 2
        return self._pdf

    def _weighted_states(self) -> tuple[jax.Array, jax.Array]:
        """All configurations and their probabilities, (M, N) and (M,), split over devices."""
        return self._states_in_parts, self._in_parts(self.probability_distribution())

    def quantum_geometric_tensor(self, qgt_T: Any = None) -> Any:
        from netket.optimizer.qgt import QGTAuto

        return super().quantum_geometric_tensor(QGTAuto() if qgt_T is None else qgt_T)

    def __repr__(self) -> str:
        return f"FullSumState(\n  hilbert = {self.hilbert},\n  n_parameters = {self.n_parameters})"

    def __str__(self) -> str:
        return f"FullSumState(hilbert = {self.hilbert})"


def _split_states(hilbert: AbstractHilbert) -> jax.Array:
    n, parts = hilbert.n_states, n_ranks()

    def rows(first: int, stop: int) -> np.ndarray:
        return hilbert.numbers_to_states(np.minimum(np.arange(first, stop), n - 1))

    return array_of_rows(parts * -(-n // parts), rows)


@jax.jit
def _split(vector: Array) -> jax.Array:
    return shard_along_axis(pad_axis_for_sharding(vector), 0)


@partial(jax.jit, static_argnums=1)
def _whole(x: jax.Array, n: int) -> jax.Array:
    """The first n entries, on all devices."""
    return gather(x[:n])


@partial(jax.jit, static_argnums=1)
def _normalized(log: jax.Array, n: int) -> jax.Array:
    """The amplitudes (n,) of logarithms (M,), on all devices."""
    log = gather(log[:n])
    # the largest amplitude is 1 before it is normalised: nothing overflows
    psi = jnp.exp(log - log.real.max())
    return psi / jnp.linalg.norm(psi)


def _check_finite(psi: jax.Array) -> None:
    """Raises a ValueError if normalised amplitudes are NaN, before any parameter has changed."""
    if isinstance(psi, jax.core.Tracer) or not np.isnan(np.asarray(psi)[0]):
        return
    raise ValueError(
        "Argument `model` must have finite amplitudes that are not all zero, but some of its "
        "log-amplitudes are NaN, or all of them are -inf. Look for logarithms of negative numbers, "
        "overflow, or parameters that are NaN."
    )
