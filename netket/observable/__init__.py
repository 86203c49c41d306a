# SPDX-License-Identifier: Apache-2.0
"""Observables: whatever has an expectation value; operators are some of them."""

from netket.operator._base import AbstractObservable

__all__ = ["AbstractObservable"]
