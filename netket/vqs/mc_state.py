# SPDX-License-Identifier: Apache-2.0
r"""`MCState`: expectation values are averages over samples of |ψ|² drawn by a sampler."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netket.jax import PRNGKey
from netket.jax.chunking import check_chunk_size
from netket.jax.sharding import n_ranks
from netket.jax.tracing import computed_now
from netket.sampler import Sampler, SamplerState
from netket.stats import OnlineStats, Stats
from netket.utils.history import HistoryDict
from netket.utils.types import Array, DType, PyTree, SeedT

from .amplitudes import all_amplitudes, log_values
from .checks import check_hilbert
from .dispatch import expect, expect_and_forces, expect_and_grad, local_estimators
from .precision import check_mc_convergence, expect_to_precision, thermalise
from .sizes import chain_length, check_count
from .state import VariationalState

_DEFAULT_SAMPLES = 1000
_DEFAULT_DISCARD = 5


class MCState(VariationalState):
    """A state whose expectation values are estimated with Monte Carlo samples.

    Samples are drawn when they are first needed, and kept until the variables change or `reset` is
    called.

    Args:
        sampler: draws samples of ``|ψ|²``; it knows the Hilbert space.
        model: module with ``init(rng, x)`` and ``apply(variables, x)`` for x of shape (B, N), which
            returns (B,) log-amplitudes; or a pair of such functions.
        n_samples: number of samples over all chains and devices, rounded up to a multiple of the
            chains; 1000 by default.
        n_samples_per_rank: alternatively, the number for each device.
        n_discard_per_chain: samples of each chain that are discarded first; 5 by default, 0 for
            exact samplers.
        chunk_size: the most configurations that the model gets at once; None lets netket choose.
        variables: of the model; by default the model draws them.
        init_fun: function (rngs, x) for the variables, if not that of the model.
        apply_fun: alternatively to `model`, function (variables, x).
        seed: of the variables and the sampler: an integer, a random key, or None for a random one.
        sampler_seed: of the sampler, if it is to be another.
        mutable: collections of the model state that gradients update, as in flax.
        training_kwargs: further arguments of the model while gradients are computed.

    Raises:
        ValueError: fewer samples than chains, or a model that returns the wrong shape.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 4)
        >>> sa = nk.sampler.MetropolisLocal(hi, n_chains=16)
        >>> vs = nk.vqs.MCState(sa, nk.models.RBM(), n_samples=64)
        >>> vs.samples.shape
        (16, 4, 4)
    """

    sampler_state: SamplerState
    """The state of the sampler after the last samples."""

    def __init__(
        self,
        sampler: Sampler,
        model: Any = None,
        *,
        n_samples: int | None = None,
        n_samples_per_rank: int | None = None,
        n_discard_per_chain: int | None = None,
        chunk_size: int | None = None,
        variables: PyTree | None = None,
        init_fun: Callable | None = None,
        apply_fun: Callable | None = None,
        seed: SeedT | None = None,
        sampler_seed: SeedT | None = None,
        mutable: Any = False,
        training_kwargs: dict[str, Any] = {},  # noqa: B006 (never changed)
    ):
        if not isinstance(sampler, Sampler):
            raise TypeError(
                f"Argument `sampler` must be a sampler, but is {type(sampler).__name__}."
            )
        super().__init__(sampler.hilbert)
        self._samples: jax.Array | None = None
        self._sampler_variables: PyTree = None
        self._chunk_size = check_chunk_size(chunk_size)
        self._sampler = sampler
        self._set_lengths(n_samples, n_samples_per_rank, n_discard_per_chain)
        self._set_model(model, init_fun, apply_fun, mutable, training_kwargs)
        key, sampler_key = jax.random.split(PRNGKey(seed))
        self._set_variables(variables, key, sampler.dtype)
        self._sampler_seed = sampler_key if sampler_seed is None else PRNGKey(sampler_seed)
        self._init_sampler_state()

    def _set_lengths(
        self, n_samples: int | None, n_samples_per_rank: int | None, n_discard: int | None
    ) -> None:
        if n_samples is not None and n_samples_per_rank is not None:
            raise ValueError("Give either `n_samples` or `n_samples_per_rank`, not both.")
        if n_samples is not None:
            self._chain_length = chain_length(n_samples, self.sampler.n_chains)
        elif n_samples_per_rank is not None:
            self._chain_length = self._length_per_rank(n_samples_per_rank)
        else:
            default = max(_DEFAULT_SAMPLES, self.sampler.n_chains)
            self._chain_length = chain_length(default, self.sampler.n_chains, warn=False)
        self.n_discard_per_chain = n_discard

    def _init_sampler_state(self) -> None:
        self.sampler_state = self._sampler.init_state(
            self._model, self.variables, seed=self._sampler_seed
        )
        # what a failing step may fall back to
        self._sampler_state_previous = self.sampler_state

    def init(self, seed: SeedT | None = None, dtype: DType | None = None) -> None:
        super().init(seed, self.sampler.dtype if dtype is None else dtype)

    # -- sizes --------------------------------------------------------------------------------

    @property
    def sampler(self) -> Sampler:
        """The sampler. Another one can be set if it samples the same Hilbert space."""
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, Sampler):
            raise TypeError(
                f"Attribute `sampler` must be a sampler, but is {type(sampler).__name__}."
            )
        check_hilbert(self.hilbert, sampler, "sampler")
        length = chain_length(self.n_samples, sampler.n_chains)
        self._sampler, self._chain_length = sampler, length
        self._init_sampler_state()
        self.reset()

    @property
    def n_samples(self) -> int:
        """Number of samples over all chains and devices."""
        return self.chain_length * self.sampler.n_chains

    @n_samples.setter
    def n_samples(self, n_samples: int) -> None:
        self.chain_length = chain_length(n_samples, self.sampler.n_chains)

    @property
    def n_samples_per_rank(self) -> int:
        """Number of samples of each device."""
        return self.n_samples // n_ranks()

    @n_samples_per_rank.setter
    def n_samples_per_rank(self, n_samples: int) -> None:
        self.chain_length = self._length_per_rank(n_samples)

    def _length_per_rank(self, n_samples: int) -> int:
        ranks = n_ranks()
        n_samples = check_count("n_samples_per_rank", n_samples)
        return chain_length(n_samples * ranks, self.sampler.n_chains)

    @property
    def chain_length(self) -> int:
        """Number of samples of each chain."""
        return self._chain_length

    @chain_length.setter
    def chain_length(self, length: int) -> None:
        length = check_count("chain_length", length)
        if length == 0:
            raise ValueError("Attribute `chain_length` must be at least 1, but is 0.")
        self._chain_length = length
        self.reset()

    @property
    def n_discard_per_chain(self) -> int:
        """Samples of each chain that are discarded before the ones that are kept."""
        # exact samplers draw independent samples
        return 0 if self.sampler.is_exact else self._n_discard_per_chain

    @n_discard_per_chain.setter
    def n_discard_per_chain(self, n: int | None) -> None:
        if n is None:
            n = _DEFAULT_DISCARD
        self._n_discard_per_chain = check_count("n_discard_per_chain", n)

    @property
    def chunk_size(self) -> int | None:
        """The most configurations that the model gets at once; None lets netket choose."""
        return self._chunk_size

    @chunk_size.setter
    def chunk_size(self, chunk_size: int | None) -> None:
        self._chunk_size = check_chunk_size(chunk_size)

    # -- samples ------------------------------------------------------------------------------

    def reset(self) -> None:
        self._samples = None

    def sample(
        self,
        *,
        chain_length: int | None = None,
        n_samples: int | None = None,
        n_discard_per_chain: int | None = None,
    ) -> jax.Array:
        """Draws new samples and keeps them.

        Args:
            chain_length: samples of each chain, by default those of the state.
            n_samples: alternatively, samples over all chains.
            n_discard_per_chain: samples of each chain to discard first, by default as the state.

        Returns:
            Samples (n_chains, chain_length, N).
        """
        length = self._requested_length(chain_length, n_samples)
        discard = self.n_discard_per_chain
        if n_discard_per_chain is not None:
            discard = check_count("n_discard_per_chain", n_discard_per_chain)
        # inside a transformation samples are still computed now, as they are kept
        with computed_now():
            self._samples = self._draw(length, discard)
        return self._samples

    def _requested_length(self, length: int | None, n_samples: int | None) -> int:
        if length is not None and n_samples is not None:
            raise ValueError("Give either `chain_length` or `n_samples`, not both.")
        if n_samples is not None:
            return chain_length(n_samples, self.sampler.n_chains)
        return self.chain_length if length is None else check_count("chain_length", length)

    def _draw(self, length: int, discard: int) -> jax.Array:
        model, variables = self._model, self.variables
        self._sampler_state_previous = self.sampler_state
        state = self.sampler.reset(model, variables, state=self.sampler_state)
        samples, self.sampler_state = self.sampler.sample(
            model, variables, state=state, chain_length=discard + length
        )
        return samples[:, discard:] if discard else samples

    @property
    def samples(self) -> jax.Array:
        """Samples (n_chains, chain_length, N), drawn if there are none."""
        if self._samples is None:
            self.sample()
        return self._samples

    # -- what can be asked --------------------------------------------------------------------

    def log_value(self, σ: Array) -> jax.Array:
        return log_values(self._apply_fun, self.variables, σ, self.chunk_size)

    def local_estimators(self, op: Any, *, chunk_size: int | None = None) -> Any:
        """The values whose mean over the samples is ⟨op⟩.

        Args:
            op: an operator.
            chunk_size: the most configurations that the model gets at once, by default as the
                state.

        Returns:
            `netket.stats.LocalEstimators`, with attribute `data` of shape
            (n_chains, chain_length).
        """
        chunk_size = self.chunk_size if chunk_size is None else check_chunk_size(chunk_size)
        return local_estimators(self, op, chunk_size)

    def expect(self, O: Any) -> Stats:
        return expect(self, O, self.chunk_size)

    def expect_and_grad(self, O: Any, *, mutable: Any = None, **kwargs: Any) -> tuple:
        mutable = self.mutable if mutable is None else mutable
        return expect_and_grad(self, O, self.chunk_size, mutable=mutable, **kwargs)

    def expect_and_forces(self, O: Any, *, mutable: Any = None) -> tuple:
        mutable = self.mutable if mutable is None else mutable
        return expect_and_forces(self, O, self.chunk_size, mutable=mutable)

    def to_array(self, normalize: bool = True) -> np.ndarray:
        return all_amplitudes(
            self.hilbert, self._apply_fun, self.variables, normalize, self.chunk_size
        )

    def quantum_geometric_tensor(self, qgt_T: Any = None) -> Any:
        from netket.optimizer.qgt import QGTAuto

        return super().quantum_geometric_tensor(QGTAuto() if qgt_T is None else qgt_T)

    # -- how long to sample -------------------------------------------------------------------

    def thermalise(
        self,
        op: Any,
        *,
        min_chain_length: int = 10,
        max_chain_length: int = 100,
        rhat_tol: float = 1.05,
        decay: float = 0.9,
        patience: int = 1,
        verbose: bool = True,
        raise_on_failure: bool = False,
    ) -> tuple[OnlineStats, HistoryDict]:
        """Runs the chains until they have mixed, judged by the local estimators of an operator.

        Args:
            op: the operator.
            min_chain_length: fewest samples of each chain.
            max_chain_length: most samples of each chain.
            rhat_tol: R-hat below which chains count as mixed.
            decay: factor by which earlier samples lose weight.
            patience: how many times in a row R-hat must be that low.
            verbose: whether to report the result.
            raise_on_failure: whether it is an error, and no warning, if chains do not mix.

        Returns:
            Statistics of the operator, and their history by the number of samples of each chain.

        Raises:
            RuntimeError: with `raise_on_failure`, the chains have not mixed.
        """
        return thermalise(
            self,
            op,
            min_chain_length=min_chain_length,
            max_chain_length=max_chain_length,
            rhat_tol=rhat_tol,
            decay=decay,
            patience=patience,
            verbose=verbose,
            raise_on_failure=raise_on_failure,
        )

    def expect_to_precision(
        self,
        op: PyTree,
        *,
        atol: PyTree = None,
        rtol: PyTree = None,
        max_iter: int = 10000,
        max_lag: int = 64,
        verbose: bool = True,
    ) -> PyTree:
        """Expectation values from as many rounds of samples as their precision needs.

        An error is small enough below `atol`, or below `rtol` times the modulus of the mean.

        Args:
            op: an operator, or a tree of them.
            atol: absolute precision, one number or one for each operator.
            rtol: relative precision, one number or one for each operator.
            max_iter: most rounds of `n_samples` samples.
            max_lag: see `netket.stats.OnlineStats`.
            verbose: whether to report the result.

        Returns:
            `netket.stats.OnlineStats`, or a tree of them.

        Raises:
            ValueError: an operator has neither of the tolerances.
        """
        return expect_to_precision(
            self,
            op,
            atol=atol,
            rtol=rtol,
            max_iter=max_iter,
            max_lag=max_lag,
            verbose=verbose,
        )

    def check_mc_convergence(
        self,
        op: Any,
        *,
        min_chain_length: int = 50,
        max_chain_length: int = 500,
        plot: bool = False,
    ) -> tuple[OnlineStats, HistoryDict]:
        """Measures after how many steps samples are independent, and prints what to choose.

        Every step of the chains is looked at, beginning at their current configurations; the state
        of the sampler is left as it was.

        Args:
            op: an operator, whose local estimators are looked at.
            min_chain_length: fewest steps.
            max_chain_length: most steps; otherwise 50 autocorrelation times are enough.
            plot: whether to show mean and autocorrelation function.

        Returns:
            Statistics of the steps, and their history by the number of steps.

        Raises:
            TypeError: the sampler is not a Metropolis sampler.
        """
        return check_mc_convergence(
            self,
            op,
            min_chain_length=min_chain_length,
            max_chain_length=max_chain_length,
            plot=plot,
        )

    def __repr__(self) -> str:
        return (
            f"MCState(\n  hilbert = {self.hilbert},\n  sampler = {self.sampler},\n"
            f"  n_samples = {self.n_samples},\n"
            f"  n_discard_per_chain = {self.n_discard_per_chain},\n"
            f"  sampler_state = {self.sampler_state},\n  n_parameters = {self.n_parameters})"
        )

    def __str__(self) -> str:
        return (
            f"MCState(hilbert = {self.hilbert}, sampler = {self.sampler}, "
            f"n_samples = {self.n_samples})"
        )
