# SPDX-License-Identifier: Apache-2.0
"""Prints versions and devices, for reports of problems: ``python -m netket.tools.info``."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator

PACKAGES = (
    "netket",
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "numba",
    "plum-dispatch",
    "numpy",
    "scipy",
    "equinox",
    "qutip",
    "openfermion",
    "pyscf",
)

__all__: list[str] = []


def report() -> Iterator[str]:
    """The lines of the report. Starts the jax backend."""
    import jax

    import netket

    yield f"netket {netket.__version__}"
    implementation = platform.python_implementation()
    yield f"python {platform.python_version()} ({implementation}), {sys.executable}"
    yield f"system {platform.platform()}, {platform.machine()}, {os.cpu_count()} cores"
    yield "packages"
    for name in PACKAGES:
        try:
            yield f"  {name:15} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"  {name:15} not installed"
    yield "jax"
    yield f"  {'backend':15} {jax.default_backend()}"
    yield f"  {'devices':15} {', '.join(map(str, jax.devices()))}"
    yield f"  {'processes':15} {jax.process_count()}"
    yield "flags"
    for name, value in netket.config.FLAGS.items():
        yield f"  {name} = {value}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(report()) + "\n")
