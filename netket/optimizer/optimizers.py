# SPDX-License-Identifier: Apache-2.0
"""First-order optimisers: the names and defaults of NetKet over gradient transformations of optax.

Drivers accept any transformation of optax as it is; these functions are for convenience.
"""

from typing import Any

from netket.utils.types import Optimizer, ScalarOrSchedule

# optax is imported in the functions: it takes a third of a second, and users of other parts of
# the library do not need it


def Sgd(learning_rate: ScalarOrSchedule) -> Optimizer:
    r"""Stochastic gradient descent, :math:`\theta \leftarrow \theta - \eta g`.

    Args:
        learning_rate: the step length :math:`\eta`, or a function from the step to it.

    Returns:
        A gradient transformation of optax.

    Raises:
        TypeError: the learning rate is neither a number nor a function.
    """
    import optax

    return optax.sgd(_checked_rate(learning_rate))


def Momentum(
    learning_rate: ScalarOrSchedule, beta: float = 0.9, nesterov: bool = False
) -> Optimizer:
    r"""Gradient descent along an accumulated gradient, :math:`m \leftarrow \beta m + g`.

    Args:
        learning_rate: the step length, or a function from the step to it.
        beta: decay :math:`\beta` of the accumulated gradient.
        nesterov: whether to look one step ahead, as in Nesterov's method.

    Returns:
        A gradient transformation of optax.

    Raises:
        TypeError: the learning rate is neither a number nor a function.
    """
    import optax

    return optax.sgd(_checked_rate(learning_rate), momentum=beta, nesterov=nesterov)


def Adam(
    learning_rate: ScalarOrSchedule = 0.001, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> Optimizer:
    r"""Adam: steps :math:`\eta\,\hat m/(\sqrt{\hat v} + \epsilon)` from moments of the gradient.

    Args:
        learning_rate: the step length :math:`\eta`, or a function from the step to it.
        b1: decay of the first moment m.
        b2: decay of the second moment v.
        eps: avoids division by zero.

    Returns:
        A gradient transformation of optax.

    Raises:
        TypeError: the learning rate is neither a number nor a function.

    Source: arXiv:1412.6980.
    """
    import optax

    return optax.adam(_checked_rate(learning_rate), b1=b1, b2=b2, eps=eps)


def AdaGrad(
    learning_rate: ScalarOrSchedule = 0.001,
    epscut: float = 1e-7,
    initial_accumulator_value: float = 0.1,
) -> Optimizer:
    r"""AdaGrad: steps :math:`\eta\, g/\sqrt{\sum_t g_t^2 + \epsilon}`.

    Args:
        learning_rate: the step length :math:`\eta`, or a function from the step to it.
        epscut: avoids division by zero.
        initial_accumulator_value: value of the sum before the first step.

    Returns:
        A gradient transformation of optax.

    Raises:
        TypeError: the learning rate is neither a number nor a function.

    Source: J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2121 (2011).
    """
    import optax

    return optax.adagrad(
        _checked_rate(learning_rate),
        initial_accumulator_value=initial_accumulator_value,
        eps=epscut,
    )


def RmsProp(
    learning_rate: ScalarOrSchedule = 0.001,
    beta: float = 0.9,
    epscut: float = 1e-7,
    centered: bool = False,
) -> Optimizer:
    r"""RMSProp: steps :math:`\eta\, g/\sqrt{v + \epsilon}` with v a decaying mean of g squared.

    Args:
        learning_rate: the step length :math:`\eta`, or a function from the step to it.
        beta: decay of the mean v.
        epscut: avoids division by zero.
        centered: divide by the standard deviation of the gradient instead.

    Returns:
        A gradient transformation of optax.

    Raises:
        TypeError: the learning rate is neither a number nor a function.
    """
    import optax

    return optax.rmsprop(_checked_rate(learning_rate), decay=beta, eps=epscut, centered=centered)


def _checked_rate(learning_rate: Any) -> ScalarOrSchedule:
    """The learning rate, if it is a number (or scalar array) or a schedule."""
    if callable(learning_rate):
        return learning_rate
    if isinstance(learning_rate, str) or getattr(learning_rate, "ndim", 0) != 0:
        raise TypeError(
            "Argument `learning_rate` must be a number, or a function from the step to a number "
            f"(such as optax.linear_schedule), but is {learning_rate!r}."
        )
    return learning_rate
