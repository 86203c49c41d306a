# SPDX-License-Identifier: Apache-2.0
"""Plots of histories, by matplotlib."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..optional import require

if TYPE_CHECKING:
    from .history import History


def plot_history(
    history: "History",
    args: tuple,
    kwargs: dict[str, Any],
    fig: Any,
    show: bool,
    all_columns: bool,
    xscale: str | None,
    yscale: str,
) -> Any:
    """See `History.plot`."""
    plt = require("matplotlib.pyplot", "to plot histories", extra="extra")
    names = history.keys() if all_columns else [history.main_value_name]
    if fig is None:
        fig, _ = plt.subplots(len(names), 1, sharex=True, squeeze=False, layout="constrained")
    axes = fig.axes or [fig.add_subplot(len(names), 1, k + 1) for k in range(len(names))]
    for ax, name in zip(axes, names):
        values = history[name]
        parts = [("", values)]
        if np.iscomplexobj(values):
            parts = [("Re ", values.real), ("Im ", values.imag)]
        for prefix, part in parts:
            label = f"{prefix}{name}"
            ax.plot(history.iters, part, *args, **({"label": label} | kwargs))
        ax.set_ylabel(name)
        ax.set_yscale(_scale(values) if yscale == "auto" else yscale)
        if xscale is not None:
            ax.set_xscale(xscale)
        if len(parts) > 1:
            ax.legend()
    axes[-1].set_xlabel("Iteration")
    if show:
        plt.show()
    return fig


def _scale(values: np.ndarray) -> str:
    if values.dtype.kind not in "fiu" or values.size == 0:
        return "linear"
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0 and finite.max() > 100 * finite.min():
        return "log"
    return "linear"
