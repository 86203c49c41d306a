# SPDX-License-Identifier: Apache-2.0
"""Results that are needed now, also while jax traces something else."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np

_NUMBER = np.int8(0)


def is_tracing() -> bool:
    """Whether operations on concrete arrays would be recorded instead of computed.

    So it is inside of `jax.jit` and of the loops of `jax.lax`.
    """
    return isinstance(jax.device_put(_NUMBER), jax.core.Tracer)


@contextmanager
def computed_now() -> Iterator[None]:
    """Context in which operations on concrete arrays are computed at once.

    Nothing changes where nothing is traced: `jax.ensure_compile_time_eval` alone would also run,
    and compile, every operation on constants of a function that is compiled inside of it.
    """
    if not is_tracing():
        yield
        return
    with jax.ensure_compile_time_eval():
        yield
