# SPDX-License-Identifier: Apache-2.0
"""Modules of flax.linen, which are what the library uses itself; bound ones are unbound."""

from typing import Any

from ..types import PyTree
from .base import ModuleFramework, framework, has_base, is_imported


@framework
class FlaxFramework(ModuleFramework):
    """flax.linen."""

    name = "Flax"

    @staticmethod
    def is_loaded() -> bool:
        return is_imported("flax.linen")

    @staticmethod
    def is_my_module(module: Any) -> bool:
        return has_base(module, "flax.linen", "Module")

    @staticmethod
    def wrap(module: Any) -> tuple[PyTree | None, Any]:
        if module.scope is None:
            return None, module
        module, variables = module.unbind()
        return variables, module
