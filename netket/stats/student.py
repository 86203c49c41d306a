# SPDX-License-Identifier: Apache-2.0
r"""Student's t distribution: what few numbers do not know about their own spread."""

from netket.utils.types import Array

__all__ = ["student_factor", "student_factor_of_means"]


def student_factor(inverse_ν: Array | float) -> Array | float:
    """Half the width of the interval that holds 68.27 % of Student's distribution.

    By the expansion in 1 / ν of the quantiles around those of the normal distribution, at one
    standard deviation (M. Abramowitz and I. Stegun, Handbook of mathematical functions, 26.7.5);
    1.4 % too small for ν = 1, and 0.1 % for ν = 2.

    Args:
        inverse_ν: 1 / degrees of freedom, at most one.
    """
    return 1 + inverse_ν * (1 / 2 + inverse_ν * (1 / 4 + inverse_ν / 16))


def student_factor_of_means(n: int) -> float:
    """The same in units of the standard deviation of n numbers about their mean; NaN for one."""
    return (n / (n - 1)) ** 0.5 * student_factor(1 / (n - 1)) if n > 1 else float("nan")
