# SPDX-License-Identifier: Apache-2.0
"""Functions of a state that, called without one, return themselves with their options bound."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from netket.utils import HashablePartial


def binds_options(construct: Callable) -> Callable:
    """Decorator of ``construct(vstate, **options)``; the partial is hashable by content.

    Names that `construct` does not declare are refused at once, and not where it is called.
    """
    parameters = list(inspect.signature(construct).parameters.values())
    options = [p.name for p in parameters[1:] if p.kind is not p.VAR_KEYWORD]

    @functools.wraps(construct)
    def constructor(*args: Any, **kwargs: Any) -> Any:
        unknown = sorted(set(kwargs) - {"vstate", *options})
        if unknown:
            raise TypeError(
                f"{construct.__name__} has no argument {', '.join(map(repr, unknown))}: its "
                f"options are {', '.join(options)}."
            )
        if not args and "vstate" not in kwargs:
            return HashablePartial(constructor, **kwargs)
        return construct(*args, **kwargs)

    return constructor
