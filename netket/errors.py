# SPDX-License-Identifier: Apache-2.0
"""Errors and warnings of the library: each message says what is wrong and names the way out.

All errors derive from `NetketError`, all warnings from `NetketWarning`. Where python has a class
for the case (``ValueError``, ``TypeError``, ...) the error derives from that, too, so that
``except ValueError`` keeps working.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

__all__ = [
    "CallbackLegacyHookError",
    "DriverResetDeprecationWarning",
    "ForwardAndBackwardDeprecationWarning",
    "HilbertIndexingDuringTracingError",
    "HolomorphicUndeclaredWarning",
    "IllegalHolomorphicDeclarationForRealParametersError",
    "InitializePeriodicLatticeOnSmallLatticeWarning",
    "InsufficientSamplesForSRWarning",
    "InvalidConstraintInterface",
    "JaxOperatorGetConnInJitError",
    "JaxOperatorNotConvertibleToNumba",
    "JaxOperatorSetupDuringTracingError",
    "LogAdditionalDataSignatureDeprecationWarning",
    "MCMixedStateExpectAndGradOnPhysicalOperatorError",
    "MissingDependencyError",
    "NNXModuleToSamplerInput",
    "NetKetPyTreeUndeclaredAttributeAssignmentError",
    "NetketError",
    "NetketWarning",
    "NonHolomorphicQGTOnTheFlyDenseRepresentationError",
    "NumbaOperatorGetConnDuringTracingError",
    "OperatorMultiplicationDeprecationWarning",
    "ParameterMismatchError",
    "RealQGTComplexDomainError",
    "SamplingWarning",
    "SymmModuleInvalidInputShape",
    "UnhashableConstraintError",
    "UnoptimalSRtWarning",
    "UnoptimisedCustomConstraintRandomStateMethodWarning",
    "concrete_or_error",
]


class NetketError(Exception):
    """Base of all errors of the library."""

    def __init__(self, message: str):
        super().__init__(message)


class NetketWarning(Warning):
    """Base of all warnings of the library."""

    def __init__(self, message: str):
        super().__init__(message)


def concrete_or_error(
    force: Callable[[Any], T], value: Any, error_class: type[NetketError], *args: Any, **kwargs: Any
) -> T:
    """`force(value)`, or `error_class(*args, **kwargs)` if the value is only known under jit.

    Args:
        force: turns the value into a concrete one, for example ``np.asarray`` or ``int``.
        value: an array, a number or a tracer.
        error_class: class of the error to raise when `value` is a tracer.
        args, kwargs: passed on to `error_class`.
    """
    import jax

    if isinstance(value, jax.core.Tracer):
        raise error_class(*args, **kwargs)
    try:
        return force(value)
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        raise error_class(*args, **kwargs) from error


# -- optional packages -------------------------------------------------------------------------


class MissingDependencyError(NetketError, ImportError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, purpose: str, install: str):
        super().__init__(
            f"Package `{package}` is needed {purpose}, but is not installed: `{install}`."
        )
        self.name = package


# -- pytrees -----------------------------------------------------------------------------------


class NetKetPyTreeUndeclaredAttributeAssignmentError(AttributeError, NetketError):
    """An attribute that is not a field was assigned to a `struct.Pytree`."""

    def __init__(self, pytree: Any, attribute: str, valid_attributes: Iterable[str]):
        cls = type(pytree).__name__
        names = ", ".join(sorted(valid_attributes)) or "none"
        AttributeError.__init__(
            self,
            f"Attribute `{attribute}` is not a field of {cls} (its fields: {names}). Declare it in "
            f"the body of the class, as `{attribute}: type`, or as `{attribute}: type = "
            "struct.field(pytree_node=False)` if it is static, or create the class with "
            "`dynamic_nodes=True`.",
        )


# -- Hilbert spaces and their constraints --------------------------------------------------------


class HilbertIndexingDuringTracingError(NetketError):
    """The states of a space that is too large, or not finite, were numbered under jit."""

    def __init__(self) -> None:
        super().__init__(
            "This Hilbert space cannot be indexed inside a function transformed by jax. Compute "
            "the index outside of it, or check `hilbert.is_indexable` first."
        )


class InvalidConstraintInterface(NetketError):
    """A constraint of a Hilbert space is not a `DiscreteHilbertConstraint`."""

    def __init__(self) -> None:
        super().__init__(
            "Argument `constraint` must be a subclass of "
            "netket.hilbert.constraint.DiscreteHilbertConstraint, whose `__call__(x)` takes "
            "configurations of shape (..., N) and returns booleans of shape (...)."
        )


class UnhashableConstraintError(NetketError):
    """A constraint of a Hilbert space has no hash."""

    def __init__(self, constraint: Any):
        super().__init__(
            f"Argument `constraint` must be hashable, but {constraint!r} is not: implement "
            "`__hash__` and `__eq__`, and keep arrays in netket.utils.HashableArray."
        )


class UnoptimisedCustomConstraintRandomStateMethodWarning(NetketWarning):
    """Random states of a constrained space are drawn by rejection."""

    def __init__(self, hilbert_space: Any, constraint: Any):
        super().__init__(
            f"Random states of {hilbert_space} with constraint {constraint} are drawn by "
            "rejection, which is slow if few states satisfy the constraint. Implement "
            "netket.hilbert.random.random_state for this pair of types, or silence the warning "
            "by netket.config.random_state_fallback_warning = False."
        )


# -- graphs ------------------------------------------------------------------------------------


class InitializePeriodicLatticeOnSmallLatticeWarning(NetketWarning):
    """A lattice direction is too short to be periodic."""

    def __init__(self, extent: int, dimension: int):
        super().__init__(
            f"Direction {dimension} of the lattice has extent {extent}, too short for periodic "
            "boundary conditions (a bond would be counted twice): it is left open. Set `pbc` to "
            "False for this direction to silence the warning."
        )


# -- operators ---------------------------------------------------------------------------------


class JaxOperatorGetConnInJitError(NetketError):
    """Connected elements were asked for, under jit, in a form of data-dependent shape."""

    def __init__(self, operator: Any):
        super().__init__(
            f"Methods `get_conn` and `get_conn_flattened` of {type(operator).__name__} return "
            "arrays whose shapes depend on the samples, so jax cannot trace them. Use "
            "`get_conn_padded`."
        )


class JaxOperatorNotConvertibleToNumba(NetketError):
    """An operator has no numba implementation."""

    def __init__(self, operator: Any):
        super().__init__(
            f"Operator {type(operator).__name__} has no numba implementation. Use its jax one, or "
            "implement `get_conn_flattened` in its class."
        )


class JaxOperatorSetupDuringTracingError(NetketError):
    """An operator cannot be prepared inside a function transformed by jax."""

    def __init__(self, operator: Any):
        super().__init__(
            f"Operator {type(operator).__name__} must be built outside of functions transformed "
            "by jax, since its structure depends on values that are not known there. Pass the "
            "operator in as an argument."
        )


class NumbaOperatorGetConnDuringTracingError(NetketError):
    """An operator that has only a numba implementation was used under jit."""

    def __init__(self, operator: Any):
        super().__init__(
            f"Operator {type(operator).__name__} has only a numba implementation, which functions "
            "transformed by jax cannot call. Convert it by `.to_jax()` or implement "
            "`get_conn_padded` for jax arrays."
        )


class OperatorMultiplicationDeprecationWarning(NetketWarning):
    """Operators were multiplied by ``*``."""

    def __init__(self) -> None:
        super().__init__("Multiply operators by `@`; `*` is for scalars.")


# -- models and parameters ---------------------------------------------------------------------


class ParameterMismatchError(NetketError):
    """Parameters were replaced by a tree of another structure."""

    def __init__(self, expected_structure: Any, structure: Any):
        super().__init__(
            "The new parameters must have the structure of the old ones.\n"
            f"  expected: {expected_structure}\n  given:    {structure}"
        )


class SymmModuleInvalidInputShape(NetketError):
    """The input of a symmetric layer has not the dimensions (batch, features, sites)."""

    def __init__(self, name: str, x: Any):
        super().__init__(
            f"The input of {name} must have 3 dimensions (batch, features, sites), but has shape "
            f"{tuple(x.shape)}. For a batch of single-feature inputs pass x[:, None, :]."
        )


class NNXModuleToSamplerInput(NetketError):
    """A flax.nnx module was given to a sampler, which needs a function."""

    def __init__(self) -> None:
        super().__init__(
            "Samplers take functions `f(variables, σ)` or flax.linen modules, but a flax.nnx "
            "module was given. Use `vstate.sampler`/`vstate.sample()`, or split the module by "
            "`netket.utils.maybe_wrap_module(module)` first."
        )


# -- derivatives and the geometric tensor ------------------------------------------------------


class HolomorphicUndeclaredWarning(NetketWarning):
    """Parameters are complex, and whether the model is holomorphic was not said."""

    def __init__(self) -> None:
        super().__init__(
            "The parameters are complex and the keyword `holomorphic` was not given; the model is "
            "taken as not holomorphic, which is always right but costs twice as much. Pass "
            "`holomorphic=True` if the log-amplitude is an analytic function of the parameters "
            "(netket.utils.is_probably_holomorphic checks), else `holomorphic=False`."
        )


class IllegalHolomorphicDeclarationForRealParametersError(NetketError):
    """``holomorphic=True`` was given for a model with real parameters."""

    def __init__(self) -> None:
        super().__init__(
            "Argument `holomorphic` must be None or False for a model with real parameters, but is "
            "True: only functions of complex parameters are holomorphic."
        )


class NonHolomorphicQGTOnTheFlyDenseRepresentationError(NetketError):
    """A QGTOnTheFly of non-holomorphic complex parameters has no complex matrix."""

    def __init__(self) -> None:
        super().__init__(
            "QGTOnTheFly has no dense matrix when some parameters are complex and the model is not "
            "holomorphic. Use QGTJacobianDense or QGTJacobianPyTree, or pass `holomorphic=True` "
            "if it is."
        )


class RealQGTComplexDomainError(NetketError):
    """The geometric tensor of real parameters was applied to a complex vector."""

    def __init__(self) -> None:
        super().__init__(
            "The geometric tensor of real parameters acts on real vectors, but was given a complex "
            "one. Take its real part first, for example by netket.jax.tree_cast(v, parameters)."
        )


class SamplingWarning(NetketWarning):
    """Monte Carlo sampling ended before it reached what was asked for."""


class InsufficientSamplesForSRWarning(NetketWarning):
    """The geometric tensor of few samples has a large null space."""

    def __init__(self, n_samples: int, n_parameters: int):
        super().__init__(
            f"{n_samples} samples cannot determine the geometric tensor of {n_parameters} "
            "parameters: its rank is at most the number of samples. Take more samples, or use "
            "VMC_SR in kernel form (`use_ntk=True`), which solves in the space of samples."
        )


class UnoptimalSRtWarning(NetketWarning):
    """The kernel form of SR was chosen although there are fewer parameters than samples."""

    def __init__(self, n_parameters: int, n_samples: int):
        super().__init__(
            f"With {n_parameters} parameters and {n_samples} samples the kernel form solves the "
            "larger system; the standard form of SR (`use_ntk=False`) is cheaper."
        )


class MCMixedStateExpectAndGradOnPhysicalOperatorError(NetketError):
    """The gradient of a physical observable in a mixed state was asked for."""

    def __init__(self, vstate: Any, operator: Any):
        super().__init__(
            f"The gradient of {type(operator).__name__} in a {type(vstate).__name__} is not "
            "defined: states of density matrices minimise super-operators. Use `expect`, or the "
            "gradient of a Lindbladian."
        )


# -- drivers and callbacks ---------------------------------------------------------------------


class CallbackLegacyHookError(NetketError):
    """A callback implements hooks whose names are no longer called."""

    def __init__(self, cls_name: str, old_methods: Iterable[str]):
        super().__init__(
            f"Callback {cls_name} implements {', '.join(old_methods)}, which drivers do not call: "
            "rename the hooks to those of netket.callbacks.AbstractCallback."
        )


class DriverResetDeprecationWarning(NetketWarning):
    """`driver.reset` was called."""

    def __init__(self) -> None:
        super().__init__("Create a new driver instead of calling `reset`.")


class ForwardAndBackwardDeprecationWarning(NetketWarning):
    """A driver implements ``_forward_and_backward``."""

    def __init__(self, cls_name: str):
        super().__init__(
            f"Driver {cls_name} implements `_forward_and_backward`; implement "
            "`compute_loss_and_update` instead."
        )


class LogAdditionalDataSignatureDeprecationWarning(NetketWarning):
    """A driver implements an old signature of ``_log_additional_data``."""

    def __init__(self, cls_name: str):
        super().__init__(
            f"Method `_log_additional_data` of {cls_name} must take one argument, the dictionary "
            "of what is logged."
        )
