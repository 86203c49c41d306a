# SPDX-License-Identifier: Apache-2.0
"""Arguments of models with several layers."""

from collections.abc import Sequence

__all__ = ["features_of_layers"]


def features_of_layers(
    features: int | Sequence[int], layers: int, argument: str = "features"
) -> tuple[int, ...]:
    """The number of features of every layer, of which one number is that of all layers.

    Args:
        features: one number, or one for each layer.
        layers: number of layers.
        argument: the name of `features` for the user.

    Raises:
        ValueError: there are not as many numbers as layers.
    """
    every = tuple(features) if isinstance(features, Sequence) else (features,) * layers
    if len(every) != layers:
        raise ValueError(
            f"Argument `{argument}` must have {layers} entries, as `"
            f"{argument.replace('features', 'layers')}` = {layers}, or be one number for all "
            f"layers, but is {features}."
        )
    return every
