# SPDX-License-Identifier: Apache-2.0
"""Optional packages: imported where they are needed, with an error that says how to get them."""

import importlib
from types import ModuleType

from netket.errors import MissingDependencyError


def require(package: str, purpose: str, *, extra: str | None = None) -> ModuleType:
    """Imports an optional package.

    Args:
        package: name of the module, for example ``"igraph"``.
        purpose: end of the sentence "Package `igraph` is needed ...", for example
            ``"to find automorphisms of graphs"``.
        extra: name of the extra of netket that installs it; without, the package itself is named.

    Returns:
        The module.

    Raises:
        MissingDependencyError: it is not installed; the message has the command that does it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        # an error inside the package is another problem, and must be seen
        if error.name is None or error.name.split(".")[0] != package.split(".")[0]:
            raise
        root = package.split(".")[0]
        target = f'"netket[{extra}]"' if extra else root
        raise MissingDependencyError(package, purpose, f"pip install {target}") from error
