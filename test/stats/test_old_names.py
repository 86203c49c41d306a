# SPDX-License-Identifier: Apache-2.0
"""Reductions that are those of numpy by now."""

import numpy as np
import pytest

import netket as nk


def test_old_reductions():
    x = np.arange(6.0).reshape(2, 3)
    for name, expected in {
        "mean": x.mean(0),
        "sum": x.sum(0),
        "var": x.var(0),
        "subtract_mean": x - x.mean(0),
        "total_size": 2,
    }.items():
        with pytest.warns(DeprecationWarning, match=name):
            old = getattr(nk.stats, name)
        np.testing.assert_allclose(old(x, axis=0), expected)
    with pytest.raises(AttributeError, match="median"):
        _ = nk.stats.median
