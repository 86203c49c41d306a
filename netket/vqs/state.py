# SPDX-License-Identifier: Apache-2.0
r"""`VariationalState`: a model, its variables, and what can be asked of ψ = exp(model)."""

import abc
import copy
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netket.errors import ParameterMismatchError
from netket.hilbert import AbstractHilbert
from netket.jax import HashablePartial, PRNGKey, tree_size
from netket.jax.sharding import replicate
from netket.stats import Stats
from netket.utils.model_frameworks import identify_framework, maybe_wrap_module
from netket.utils.types import Array, DType, ModelStateT, NNInitFunc, PyTree, SeedT

from .dispatch import applied, expect, expect_and_forces, expect_and_grad
from .model import FunctionModel, check_model, check_module, init_variables, log_amplitude
from .pickling import reduce


class VariationalState(abc.ABC):
    """Base of all states: variables of a model, and what follows from them.

    Args:
        hilbert: the Hilbert space.
    """

    mutable: Any
    """Collections of the model state that change while gradients are computed; as in flax."""
    training_kwargs: dict[str, Any]
    """Further arguments of the model while gradients are computed."""

    def __init__(self, hilbert: AbstractHilbert):
        self._hilbert = hilbert
        self._parameters: PyTree = {}
        self._parameters_structure: Any = None
        self._model_state: ModelStateT = {}

    @property
    def hilbert(self) -> AbstractHilbert:
        """The Hilbert space."""
        return self._hilbert

    # -- the model ----------------------------------------------------------------------------

    def _set_model(
        self,
        model: Any,
        init_fun: Callable | None,
        apply_fun: Callable | None,
        mutable: Any,
        training_kwargs: dict[str, Any],
    ) -> None:
        """Stores the model, however it was given."""
        if model is not None and apply_fun is not None:
            raise ValueError("Give either `model` or `apply_fun`, not both.")
        if model is None and apply_fun is None:
            raise ValueError("Argument `model`, or else `apply_fun`, must be given.")
        if model is None:
            model = FunctionModel(init_fun, apply_fun)
        self._held_variables, self._model = maybe_wrap_module(model)
        check_module(self._model)
        self._apply_fun = HashablePartial(log_amplitude, self._model)
        self._init_override = init_fun if apply_fun is None else None
        self.mutable = tuple(mutable) if isinstance(mutable, list) else mutable
        self.training_kwargs = dict(training_kwargs)

    def _set_variables(self, variables: PyTree | None, seed: Any, dtype: DType) -> None:
        """Stores the variables that were given, or draws some; then traces the model once."""
        if variables is None:
            variables, self._held_variables = self._held_variables, None
        if variables is None:
            self.init(seed, dtype=dtype)
        else:
            self.variables = variables
        check_model(self._apply_fun, self.variables, self.hilbert, dtype)

    @property
    def model(self) -> Any:
        """The model as it was given, with the current variables if it holds any."""
        if isinstance(self._model, FunctionModel):
            return self._model
        return identify_framework(self._model).unwrap(self._model, self.variables)

    @property
    def _training_fun(self) -> Callable:
        """The log-amplitude with the arguments for training."""
        if not self.training_kwargs:
            return self._apply_fun
        return HashablePartial(self._apply_fun, **self.training_kwargs)

    def init(self, seed: SeedT | None = None, dtype: DType | None = None) -> None:
        """Draws new variables as the model prescribes.

        Args:
            seed: an integer or a random key.
            dtype: of the configurations that the model sees; by default that of the samples.

        Raises:
            ValueError: the state was made from functions, without one for the variables.
        """
        dtype = np.int8 if dtype is None else dtype
        model = self._model
        if self._init_override is not None:
            model = FunctionModel(self._init_override, model.apply)
        self._parameters_structure = None
        self.variables = init_variables(model, self.hilbert, PRNGKey(seed), dtype)

    # -- variables ----------------------------------------------------------------------------

    @property
    def parameters(self) -> PyTree:
        """The parameters: the variables that are optimised."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: PyTree) -> None:
        parameters = replicate(_plain(parameters))
        structure = jax.tree.structure(parameters)
        if self._parameters_structure is None:
            self._parameters_structure = structure
        elif structure != self._parameters_structure:
            raise ParameterMismatchError(self._parameters_structure, structure)
        self._parameters = parameters
        self.reset()

    @property
    def model_state(self) -> ModelStateT:
        """The variables that are not parameters, by collection."""
        return self._model_state

    @model_state.setter
    def model_state(self, model_state: ModelStateT) -> None:
        self._model_state = dict(replicate(_plain(model_state)))
        self.reset()

    @property
    def variables(self) -> dict[str, PyTree]:
        """All variables of the model: ``{"params": parameters, **model_state}``."""
        return {"params": self._parameters, **self._model_state}

    @variables.setter
    def variables(self, variables: PyTree) -> None:
        variables = dict(_plain(variables))
        parameters = variables.pop("params", {})
        self.parameters = parameters
        self.model_state = variables

    @property
    def n_parameters(self) -> int:
        """Number of parameters, complex ones counted once."""
        return tree_size(self.parameters)

    def init_parameters(
        self, init_fun: NNInitFunc | None = None, *, seed: SeedT | None = None
    ) -> None:
        """Replaces all parameters by random numbers.

        Args:
            init_fun: function (key, shape, dtype), by default a normal distribution of standard
                deviation 0.01.
            seed: an integer or a random key.
        """
        if init_fun is None:
            init_fun = jax.nn.initializers.normal(stddev=0.01)
        leaves, treedef = jax.tree.flatten(self.parameters)
        keys = jax.random.split(PRNGKey(seed), max(1, len(leaves)))
        self.parameters = treedef.unflatten(
            [init_fun(key, np.shape(x), x.dtype) for key, x in zip(keys, leaves)]
        )

    # -- copies -------------------------------------------------------------------------------

    def __copy__(self) -> "VariationalState":
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __deepcopy__(self, memo: dict) -> "VariationalState":
        new = memo[id(self)] = object.__new__(type(self))
        new.__dict__.update((k, copy.deepcopy(v, memo)) for k, v in self.__dict__.items())
        return new

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return reduce(self, protocol)

    def reset(self) -> None:  # noqa: B027 (there may be nothing to forget)
        """Forgets what was computed for the old variables."""

    # -- expectation values -------------------------------------------------------------------

    def expect(self, O: Any) -> Stats:
        r"""Expectation value ⟨O⟩ = ⟨ψ|O|ψ⟩/⟨ψ|ψ⟩.

        Args:
            O: an operator, or another observable that has a rule for this kind of state.

        Returns:
            The mean with its error, variance and diagnostics.
        """
        return expect(self, O)

    def expect_and_grad(self, O: Any, *, mutable: Any = None, **kwargs: Any) -> tuple:
        r"""Expectation value and its gradient by the parameters.

        Args:
            O: an observable.
            mutable: collections of the model state to update, by default `self.mutable`.
            kwargs: passed on to the rule. Operators take `use_covariance`: True for the formula
                2 Re⟨∂log ψ^* (O_loc - ⟨O⟩)⟩ for hermitian operators, False for the one for any
                operator; None asks the operator.

        Returns:
            The statistics, and a tree like the parameters: the conjugate of ∂⟨O⟩/∂p, so that
            ``p - η grad`` lowers ⟨O⟩. It is complex for real parameters, too, if O is not hermitian
            and no parameter is complex; next to complex ones it is the derivative of Re⟨O⟩.
        """
        mutable = self.mutable if mutable is None else mutable
        return expect_and_grad(self, O, mutable=mutable, **kwargs)

    def expect_and_forces(self, O: Any, *, mutable: Any = None) -> tuple:
        r"""Expectation value and forces F_k = ⟨∂_k log ψ^* (O_loc - ⟨O⟩)⟩.

        Args:
            O: an observable.
            mutable: collections of the model state to update, by default `self.mutable`.

        Returns:
            The statistics, and a tree like the parameters, complex if the amplitudes are; next to
            complex parameters, real parts for real ones.
        """
        mutable = self.mutable if mutable is None else mutable
        return expect_and_forces(self, O, mutable=mutable)

    def grad(self, Ô: Any, *, use_covariance: bool | None = None, mutable: Any = None) -> PyTree:
        """The gradient that `expect_and_grad` returns."""
        kwargs = {} if use_covariance is None else {"use_covariance": use_covariance}
        return self.expect_and_grad(Ô, mutable=mutable, **kwargs)[1]

    @abc.abstractmethod
    def log_value(self, σ: Array) -> jax.Array:
        """log ψ(σ) of configurations (..., N)."""

    def to_array(self, normalize: bool = True) -> np.ndarray:
        """The amplitudes of all configurations, in the order of `hilbert.all_states()`.

        Args:
            normalize: to Σ|ψ|² = 1.
        """
        raise TypeError(f"{type(self).__name__} must define `to_array`.")

    def to_qobj(self) -> Any:
        """The normalised state as a ket of qutip.

        Raises:
            MissingDependencyError: qutip is not installed.
        """
        from netket.utils.optional import require

        qutip = require("qutip", "to convert states to qutip", extra="extra")
        shape = list(self.hilbert.shape)
        # constrained spaces are no products of the local ones
        dims = None if self.hilbert.constraint is not None else [shape, [1] * len(shape)]
        return qutip.Qobj(self.to_array().reshape(-1, 1), dims=dims)

    def applied(self, operator: Any) -> "VariationalState":
        """The state O|ψ⟩, of the same kind, with the same parameters.

        Args:
            operator: a discrete operator; see `netket.vqs.apply_operator`.
        """
        return applied(self, operator)

    def quantum_geometric_tensor(self, qgt_T: Any) -> Any:
        r"""The quantum geometric tensor S_kl = ⟨O_k^* O_l⟩ - ⟨O_k^*⟩⟨O_l⟩.

        Args:
            qgt_T: one of the types in `netket.optimizer.qgt`; the states of this package choose
                the best for the model if it is left out.
        """
        if not callable(qgt_T):
            raise TypeError(
                "Argument `qgt_T` must be a type of netket.optimizer.qgt, or one with options, "
                f"such as QGTJacobianDense(holomorphic=True), but is {qgt_T!r}."
            )
        return qgt_T(self)


def _plain(tree: PyTree) -> PyTree:
    """Frozen dictionaries of flax as plain ones."""
    if type(tree).__name__ == "FrozenDict":
        return tree.unfreeze()
    return tree
