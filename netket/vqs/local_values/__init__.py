# SPDX-License-Identifier: Apache-2.0
r"""Local estimators O_loc(σ) = Σ_σ' <σ|O|σ'> ψ(σ') / ψ(σ), by evaluating dense blocks.

Of the connected elements σ' only those that are real reach the network: those with a matrix
element that is not zero and σ' ≠ σ, whose ratio is 1. What is left of all samples is merged densely
and evaluated in blocks of one shape (`blocks`): on the host for operators with the numba backend
(`host`), inside one compiled function for all others (`traced`). Where few states occur again and
again, each is evaluated once (`small_space`).
"""

from .blocks import Blocks, choose_blocks
from .host import local_values_host
from .kernels import local_value_kernel, local_value_kernel_jax
from .small_space import is_small_space, local_values_small_space
from .traced import local_values

__all__ = [
    "Blocks",
    "choose_blocks",
    "is_small_space",
    "local_value_kernel",
    "local_value_kernel_jax",
    "local_values",
    "local_values_host",
    "local_values_small_space",
]
