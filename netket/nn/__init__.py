# SPDX-License-Identifier: Apache-2.0
"""Layers, activations and helpers for neural quantum states."""

from . import activation, blocks

__all__ = ["activation", "blocks"]
