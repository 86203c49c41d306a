# SPDX-License-Identifier: Apache-2.0
"""Building blocks of networks."""

from .mlp import MLP

__all__ = ["MLP"]
