# SPDX-License-Identifier: Apache-2.0
"""The settings of the library: `netket.config`, set by environment variables or at run time.

Every flag is read once from the environment variable of its name in capitals when netket is
imported. Flags that can change at run time are attributes::

    netket.config.operator_backend = "jax"      # same as .update("netket_operator_backend", "jax")

This module imports only jax, and starts no jax backend.
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jax

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off", "")
_PREFIX = "netket_"


@dataclass(frozen=True)
class Flag:
    """What is known of one setting."""

    name: str
    type: type
    default: Any
    help: str
    runtime: bool
    choices: tuple[Any, ...] | None
    callback: Callable[[Any], None] | None

    @property
    def env(self) -> str:
        """Name of the environment variable that sets the flag."""
        return self.name.upper()

    def check(self, value: Any, source: str) -> Any:
        """`value` as the type of the flag; `source` names it in errors."""
        if self.type is bool and isinstance(value, str):
            text = value.strip().lower()
            if text not in _TRUE + _FALSE:
                raise ValueError(
                    f"{source} must be one of {_TRUE[:4] + _FALSE[:4]}, but is {value!r}."
                )
            value = text in _TRUE
        elif self.type is bool and not isinstance(value, bool):
            raise TypeError(f"{source} must be True or False, but is {value!r}.")
        elif not isinstance(value, self.type):
            try:
                value = self.type(value)
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"{source} must be of type {self.type.__name__}, but is {value!r}."
                ) from None
        if self.choices is not None and value not in self.choices:
            choices = ", ".join(map(repr, self.choices))
            raise ValueError(f"{source} must be one of {choices}, but is {value!r}.")
        return value


class Config:
    """The settings. `FLAGS` shows them all; attributes read and write single ones."""

    def __init__(self) -> None:
        object.__setattr__(self, "_flags", {})
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_renamed", {})

    @property
    def FLAGS(self) -> MappingProxyType[str, Any]:
        """Read-only view of the values of all flags, by name."""
        return MappingProxyType(self._values)

    def define(
        self,
        name: str,
        type: type,
        default: Any,
        *,
        help: str,
        runtime: bool = False,
        callback: Callable[[Any], None] | None = None,
        lazy: bool = False,
        choices: tuple[Any, ...] | None = None,
    ) -> None:
        """Add a flag.

        Args:
            name: its name, which begins with ``netket_``.
            type: bool, int, float or str.
            default: its value unless the environment variable ``name.upper()`` is set.
            help: what it does.
            runtime: whether it can be changed after the import.
            callback: called with the value when it is set.
            lazy: do not call `callback` at the definition, only on later changes.
            choices: if given, the values allowed.

        Raises:
            ValueError: the environment variable has no valid value, or `name` is taken.
        """
        if name in self._flags:
            raise ValueError(f"Flag `{name}` is already defined.")
        flag = Flag(name, type, default, help, runtime, choices, callback)
        value = os.environ.get(flag.env)
        if value is None:
            value = default
        else:
            value = flag.check(value, f"Environment variable {flag.env}")
        self._flags[name] = flag
        self._values[name] = value
        if callback is not None and not lazy:
            callback(value)

    def deprecate(
        self,
        old_name: str,
        new_name: str,
        *,
        message: str | None = None,
        category: type[Warning] = DeprecationWarning,
    ) -> None:
        """Keep the old name of a flag, with a warning when it is used.

        Args:
            old_name: the old name; its environment variable still sets the flag.
            new_name: a flag that is defined.
            message: text of the warning.
            category: class of the warning.

        Raises:
            ValueError: `new_name` is no flag, or `old_name` is one.
        """
        if new_name not in self._flags or old_name in self._flags:
            raise ValueError(
                f"Argument `new_name` must be a flag and `old_name` must not, but they are "
                f"{new_name!r} and {old_name!r}."
            )
        if message is None:
            message = f"Setting `{old_name}` is now called `{new_name}`."
        self._renamed[old_name] = (new_name, message, category)
        flag = self._flags[new_name]
        value = os.environ.get(old_name.upper())
        if value is not None and flag.env not in os.environ:
            warnings.warn(message, category, stacklevel=2)
            self._set(flag, flag.check(value, f"Environment variable {old_name.upper()}"))

    def update(self, name: str, value: Any) -> None:
        """Change a flag at run time; its name may be that of the environment variable.

        Raises:
            AttributeError: there is no such flag, or it is read only once at import.
            TypeError, ValueError: `value` is not a value of the flag.
        """
        flag = self._flags.get(self._current(name.lower()))
        if flag is None:
            known = ", ".join(sorted(self._flags))
            raise AttributeError(f"There is no setting `{name}`; there are: {known}.")
        if not flag.runtime:
            raise AttributeError(
                f"Setting `{flag.name}` is read once at import: set the environment variable "
                f"{flag.env} before netket is imported."
            )
        self._set(flag, flag.check(value, f"Setting `{flag.name}`"))

    def _set(self, flag: Flag, value: Any) -> None:
        self._values[flag.name] = value
        if flag.callback is not None:
            flag.callback(value)

    def _current(self, name: str) -> str:
        """Full name of a flag; warns at an old one."""
        name = name if name.startswith(_PREFIX) else _PREFIX + name
        if name in self._renamed:
            name, message, category = self._renamed[name]
            warnings.warn(message, category, stacklevel=4)
        return name

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[self._current(name)]
        except KeyError:
            raise AttributeError(f"There is no setting `{name}`.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.update(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._flags})

    def __repr__(self) -> str:
        rows = "\n".join(f"  {name} = {value!r}" for name, value in self._values.items())
        return f"netket.config:\n{rows}"


config = Config()

config.define(
    "netket_enable_x64",
    bool,
    True,
    help="Use 64-bit numbers in jax (sets jax_enable_x64).",
    runtime=True,
    callback=lambda value: jax.config.update("jax_enable_x64", value),
)
config.define(
    "netket_operator_backend",
    str,
    "auto",
    help="Backend of operators that are not told one: numba, jax or auto (numba on one CPU).",
    runtime=True,
    choices=("auto", "numba", "jax"),
)
config.define("netket_debug", bool, False, help="Print internal details.", runtime=True)
config.define(
    "netket_experimental", bool, False, help="Enable experimental features.", runtime=True
)
config.define("netket_no_tips", bool, False, help="Print no tips.", runtime=True)
config.define(
    "netket_sharding", bool, True, help="Shard samples over all jax devices.", runtime=True
)
config.define(
    "netket_random_state_fallback_warning",
    bool,
    True,
    help="Warn when random states of a constrained space are drawn by rejection.",
    runtime=True,
)
config.define(
    "netket_use_plain_rhat", bool, False, help="R-hat without splitting the chains.", runtime=True
)
config.define(
    "netket_experimental_fft_autocorrelation",
    bool,
    False,
    help="Estimate autocorrelation times by FFT for error bars.",
    runtime=True,
)
config.define(
    "netket_autocorrelation_error_bars",
    bool,
    False,
    help="Error bars from the autocorrelation function, also where blocks show no correlation.",
    runtime=True,
)
config.define(
    "netket_experimental_packed_kernel",
    bool,
    True,
    help="Kept for older scripts, without effect: no padding ever reaches the network.",
    runtime=True,
)
config.define(
    "netket_experimental_sharding_cpu",
    int,
    0,
    help="Number of devices that jax makes of the CPU, to try out sharding; 0 leaves it alone.",
    callback=lambda n: jax.config.update("jax_num_cpu_devices", n) if n > 0 else None,
)
config.deprecate("netket_experimental_sharding", "netket_sharding")
