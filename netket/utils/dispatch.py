# SPDX-License-Identifier: Apache-2.0
"""Multiple dispatch, by plum: the functions that third parties extend are made with it."""

from plum import convert, dispatch, parametric

__all__ = ["convert", "dispatch", "parametric"]
