# SPDX-License-Identifier: Apache-2.0
"""The variables of a state as bytes, in the msgpack format of flax."""

from typing import Any


def variables_to_bytes(variational_state: Any) -> bytes:
    """Serialises the variables of a state; `flax.serialization.from_bytes` is the inverse."""
    import flax.serialization

    return flax.serialization.to_bytes(variational_state.variables)
