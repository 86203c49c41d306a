# SPDX-License-Identifier: Apache-2.0
"""Random samples of continuous spaces: the functions of `netket.hilbert.random`."""

from netket.hilbert.random import flip_state, random_state

__all__ = ["flip_state", "random_state"]
