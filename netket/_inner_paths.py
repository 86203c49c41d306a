# SPDX-License-Identifier: Apache-2.0
"""Paths of modules inside of the packages of 3.23, which scripts import public names from.

``from netket.vqs.mc import MCState`` means what ``from netket.vqs import MCState`` does: a name of
an inner module that is not here is looked up in the packages around it. What was not public under
any of these is not found.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# modules of 3.23 that do not exist here, by package
_INNER = {
    "netket.experimental.geometry": "cell",
    "netket.experimental.hilbert": "continuous_hilbert particle",
    "netket.graph": "abstract_graph common_lattices",
    "netket.hilbert": "abstract_hilbert discrete_hilbert doubled_hilbert spin_orbital_fermions "
    "tensor_hilbert tensor_hilbert_discrete",
    "netket.nn": "utils",
    "netket.nn.blocks": "symmetry_sum",
    "netket.optimizer.qgt": "common qgt_jacobian qgt_jacobian_common qgt_onthefly_logic",
    "netket.optimizer.solver": "solvers",
    "netket.sampler.rules": "continuous_gaussian custom_numpy fermion_2nd global_flip_rule "
    "hamiltonian_numpy local_numpy",
    "netket.stats": "mc_stats mpi_stats",
    "netket.utils": "array config_flags jax moduletools seed static_number summation tree_walk "
    "version_check",
    "netket.vqs": "base full_summ full_summ.expect full_summ.state mc mc.common mc.kernels "
    "mc.mc_mixed_state mc.mc_mixed_state.expect mc.mc_mixed_state.state mc.mc_state "
    "mc.mc_state.expect mc.mc_state.expect_forces mc.mc_state.expect_grad mc.mc_state.state",
}

# where else their names are, besides the package
_ELSEWHERE = {
    "netket.utils.static_number": ("netket.utils.numbers",),
    "netket.vqs.mc": ("netket.vqs.checks",),
    "netket.vqs.mc.common": ("netket.vqs.checks",),
    "netket.vqs.mc.kernels": ("netket.vqs.local_values",),
}

_HOMES = {
    f"{package}.{name}": (package, *_ELSEWHERE.get(f"{package}.{name}", ()))
    for package, names in _INNER.items()
    for name in names.split()
}


class _InnerModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes the modules of the table, when they are imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _HOMES:
            return None
        # each of them may have modules in turn
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        homes = _HOMES[module.__name__]

        def look_up(name: str) -> Any:
            if not name.startswith("_"):
                for home in map(importlib.import_module, homes):
                    if hasattr(home, name):
                        return getattr(home, name)
            raise AttributeError(
                f"module {module.__name__!r} has no attribute {name!r}: it stands for "
                f"{' and '.join(homes)}, which have none either."
            )

        module.__doc__ = f"Stands for {homes[0]}."
        module.__getattr__ = look_up  # type: ignore[method-assign]


def install() -> None:
    """Makes the inner modules importable; called once, by ``import netket``."""
    sys.meta_path.append(_InnerModules())
