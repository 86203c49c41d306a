# SPDX-License-Identifier: Apache-2.0
"""`Stats`: a Monte Carlo mean with its error, variance and diagnostics, as users read it.

Printed as ``-25.4909 ± 0.0012 [σ²=1.2e-02, R̂=1.001]``: the error has two significant digits and
the mean as many decimals as the error.
"""

import math
from typing import Any

import jax
import numpy as np

from netket.utils import struct
from netket.utils.types import Array

_NAN = float("nan")


@struct.dataclass
class Stats:
    """Mean of a Monte Carlo sample, and how far to trust it.

    Attributes:
        mean: the mean.
        error_of_mean: its standard error.
        variance: variance of a single sample, ``⟨|x - ⟨x⟩|²⟩``.
        tau_corr: autocorrelation time, in steps of the chains.
        R_hat: Gelman-Rubin statistic of the split chains; far from 1 if they have not mixed
            (arXiv:1903.08008).
        tau_corr_max: the largest autocorrelation time of a chain.
    """

    mean: Array = _NAN
    error_of_mean: Array = _NAN
    variance: Array = _NAN
    tau_corr: Array = _NAN
    R_hat: Array = _NAN
    tau_corr_max: Array = _NAN

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the mean, () but for vectorised statistics."""
        return np.shape(self.mean)

    def to_dict(self) -> dict[str, Any]:
        """The values under their traditional names, as python numbers."""
        return {
            "Mean": _as_python(self.mean),
            "Variance": _as_python(self.variance),
            "Sigma": _as_python(self.error_of_mean),
            "R_hat": _as_python(self.R_hat),
            "TauCorr": _as_python(self.tau_corr),
        }

    def to_compound(self) -> tuple[str, dict[str, Any]]:
        """Name of the main value, and all values: what loggers store."""
        return "Mean", self.to_dict()

    def real(self) -> "Stats":
        """The same with the real part of the mean."""
        return self.replace(mean=np.real(self.mean))

    def imag(self) -> "Stats":
        """The same with the imaginary part of the mean."""
        return self.replace(mean=np.imag(self.mean))

    def __repr__(self) -> str:
        values = [getattr(self, name) for name in self._pytree__fields]
        if any(isinstance(v, jax.core.Tracer) or np.shape(v) != () for v in values):
            pairs = zip(self._pytree__fields, values)
            return f"Stats({', '.join(f'{name}={v}' for name, v in pairs)})"
        mean, *sizes = map(_as_python, values)
        # complex, or with a sign, if someone multiplied all numbers by something
        error, variance, tau, r_hat, tau_max = map(abs, sizes)
        notes = [f"σ²={variance:.1e}"]
        if not math.isnan(r_hat):
            notes.append(f"R̂={r_hat:.3f}" if r_hat < 1e5 else f"R̂={r_hat:.1e}")
        if not (math.isnan(tau) or math.isnan(tau_max)):
            digits = ".1f" if tau_max < 1e5 else ".1e"
            notes.append(f"τ={tau:{digits}}<{tau_max:{digits}}")
        return f"{format_with_error(mean, error)} [{', '.join(notes)}]"


def _as_python(x: Any) -> Any:
    """A python number from an array of shape (); other arrays as they are."""
    if isinstance(x, jax.core.Tracer) or np.shape(x) != ():
        return x
    return np.asarray(x).item()


def format_with_error(mean: complex, error: float) -> str:
    """``mean ± error`` with two significant digits of the error.

    Numbers that would need more than seven decimals, or are small or large as a whole, have a
    common exponent: ``1.50 ± 0.12 e-07``.
    """
    size = max(abs(mean.real), abs(mean.imag))
    if not (math.isfinite(size) and math.isfinite(error)):
        return f"{mean:.2e} ± {error:.2e}"
    if error <= 0:
        return f"{mean:.3e}"
    digits = 1 - math.floor(math.log10(error))
    # of the rounded mean, as 9.999 may become 10.00
    exponent = max(math.floor(math.log10(max(round(size, digits), error))), -300)
    decimals = max(digits, 1)
    if decimals <= 7 and -3 < exponent < 9:
        return f"{mean:.{decimals}f} ± {error:.{decimals}f}"
    scale = 10.0**exponent
    decimals = min(max(digits + exponent, 1), 17)
    return f"{mean / scale:.{decimals}f} ± {error / scale:.{decimals}f} e{exponent:+03d}"
