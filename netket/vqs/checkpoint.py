# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a state with its samplers and random keys in a file, and back.

A file is a line that names the format, a header (version of the format, length and checksum of the
rest), and in msgpack what the state is and the state dictionary of `flax.serialization`.
"""

import dataclasses
import os
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, TypeVar

import jax
import numpy as np
from flax import serialization

from netket.jax.sharding import failing_together
from netket.sampler import Sampler
from netket.utils import HashableArray
from netket.utils.files import is_writer, require_writable, write_atomically

from .mc_state import MCState
from .mixed_state import MCMixedState
from .state import VariationalState

_MAGIC = b"netket checkpoint\n"
_HEADER = struct.Struct("<IQI")  # version, length, checksum
_VERSION = 1
_ABSENT = "none"

State = TypeVar("State", bound=VariationalState)
Facts = dict[str, dict[str, str]]


def save_checkpoint(path: str | os.PathLike, vstate: VariationalState) -> None:
    """Saves a state such that `load_checkpoint` continues exactly where it was.

    The file is written aside and renamed when it is complete: an error leaves an older checkpoint
    as it is. With several processes, all of them call this and the first one writes.

    Args:
        path: the file, which is replaced if it exists; its folder is made if it does not.
        vstate: an `MCState`, `MCMixedState` or `FullSumState`, or another state that
            `flax.serialization` knows.

    Raises:
        OSError: the file cannot be written; in other processes a RuntimeError that says so.
        TypeError: `vstate` is no variational state.

    Example:
        >>> import netket as nk, os, tempfile
        >>> state = nk.vqs.FullSumState(nk.hilbert.Spin(0.5, 3), nk.models.RBM())
        >>> path = os.path.join(tempfile.mkdtemp(), "state.nk")
        >>> nk.vqs.save_checkpoint(path, state)
        >>> restored = nk.vqs.load_checkpoint(path, state)
    """
    with failing_together():
        if is_writer():
            require_writable(path, "path")
    content = {"facts": _facts(vstate), "state": serialization.to_state_dict(vstate)}
    data = serialization.to_bytes(content)
    header = _HEADER.pack(_VERSION, len(data), zlib.crc32(data))
    with failing_together():
        if is_writer():
            write_atomically(path, [_MAGIC, header, data], durable=True)


def load_checkpoint(path: str | os.PathLike, vstate: State) -> State:
    """The state that was saved in a file: with the same next samples, and the same results.

    Args:
        path: the file.
        vstate: a state made in the same way as the one that was saved; it stays as it is.

    Returns:
        A copy of `vstate` with variables, states of the samplers, random keys and sizes as saved.

    Raises:
        ValueError: the file is no checkpoint, is damaged, or belongs to another model, sampler or
            Hilbert space; the message names the first difference.
        OSError: the file cannot be read.
    """
    facts = _facts(vstate)
    with open(path, "rb") as file:
        data = _checked(file.read(), str(path))
    content = serialization.msgpack_restore(data)
    difference = next(_differences(content["facts"], facts), None)
    if difference is not None:
        what, saved, given = difference
        raise ValueError(
            f"Argument `vstate` must be made like the state saved in {str(path)!r}, but differs in "
            f"{what}: it has {given}, the checkpoint has {saved}. Build the state as in the script "
            "that saved it."
        )
    return serialization.from_state_dict(vstate, content["state"])


def _checked(data: bytes, path: str) -> bytes:
    """The content of a checkpoint, if it is one and complete."""
    if not data.startswith(_MAGIC):
        if data and _MAGIC.startswith(data):
            raise _damaged(path, f"it ends after {len(data)} bytes")
        raise ValueError(
            f"Argument `path` must name a checkpoint of netket.vqs.save_checkpoint, but {path!r} "
            "is none. Files of flax are read by flax.serialization.from_bytes."
        )
    start = len(_MAGIC) + _HEADER.size
    if len(data) < start:
        raise _damaged(path, f"it ends after {len(data)} bytes")
    version, length, checksum = _HEADER.unpack_from(data, len(_MAGIC))
    if version != _VERSION:
        raise ValueError(
            f"Argument `path` must name a checkpoint of version {_VERSION}, but {path!r} has "
            f"version {version}. Load it with the version of netket that has written it."
        )
    content = data[start:]
    if len(content) != length:
        raise _damaged(path, f"it has {len(content)} bytes of {length}")
    if zlib.crc32(content) != checksum:
        raise _damaged(path, "its checksum is wrong")
    return content


def _damaged(path: str, reason: str) -> ValueError:
    return ValueError(
        f"Argument `path`: the checkpoint {path!r} is damaged, {reason}. Use an earlier one."
    )


# -- what a state is -----------------------------------------------------------------------------


def _facts(vstate: VariationalState) -> Facts:
    """What must be equal for a checkpoint to fit, as text by group and name."""
    if not isinstance(vstate, VariationalState):
        raise TypeError(
            f"Argument `vstate` must be a variational state, but is a {type(vstate).__name__}. "
            "Other objects are saved with flax.serialization.to_bytes."
        )
    facts = {
        "the Hilbert space": {"": _text(vstate.hilbert)},
        "the kind of the state": {"": type(vstate).__name__},
        "the model": _fields(vstate._model),
        "the shapes of the variables": {
            "`" + "/".join(str(getattr(k, "key", k)) for k in keys) + "`": (
                f"{np.asarray(x).dtype}{list(np.shape(x))}"
            )
            for keys, x in jax.tree_util.tree_flatten_with_path(vstate.variables)[0]
        },
    }
    if isinstance(vstate, MCState):
        facts["the sampler"] = _sampler(vstate.sampler)
    if isinstance(vstate, MCMixedState):
        facts["the sampler of the diagonal"] = _sampler(vstate.diagonal.sampler)
    return facts


def _fields(model: Any) -> dict[str, str]:
    """Class of a model, and the values of its fields."""
    facts = {"class": getattr(model, "wrapped_class", type(model)).__qualname__}
    if dataclasses.is_dataclass(model):
        names = [f.name for f in dataclasses.fields(model) if f.name not in ("parent", "name")]
        facts |= {f"field `{name}`": _text(getattr(model, name)) for name in names}
    return facts


def _sampler(sampler: Sampler) -> dict[str, str]:
    names = "n_chains sweep_size machine_pow dtype reset_chains rule n_replicas sorted_betas"
    values = {n: _text(getattr(sampler, n)) for n in names.split() if hasattr(sampler, n)}
    if sampler.is_exact:
        del values["n_chains"]  # as many as there are devices
    values |= {f"rule.{n}": _text(x) for n, x in _arrays(getattr(sampler, "rule", None)).items()}
    return {"class": type(sampler).__qualname__} | {f"`{n}`": v for n, v in values.items()}


def _arrays(rule: Any) -> dict[str, np.ndarray]:
    """What a rule holds besides what it prints, such as pairs of sites."""
    fields = getattr(rule, "__dict__", {})
    return {n: x.wrapped for n, x in fields.items() if isinstance(x, HashableArray)}


def _text(value: Any) -> str:
    """A representation without addresses, which change from process to process."""
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    if isinstance(value, np.ndarray) and value.size > 100:
        return f"array {value.shape} of checksum {zlib.crc32(value.tobytes()):08x}"
    return re.sub(r" at 0x[0-9a-f]+", "", re.sub(r"\s+", " ", repr(value)))


def _differences(saved: Facts, given: Facts) -> Iterator[tuple[str, str, str]]:
    """What differs, and how: (what, as saved, as given)."""
    for group in saved | given:
        a, b = saved.get(group, {}), given.get(group, {})
        optional = group in ("the model", "the sampler", "the sampler of the diagonal")
        for name in a | b:
            if optional and a and b and (name not in a or name not in b):
                continue  # another version may have more fields
            if _essence(a.get(name)) != _essence(b.get(name)):
                what = f"{group}, {name}" if name else group
                yield what, a.get(name, _ABSENT), b.get(name, _ABSENT)


def _essence(text: str | None) -> str | None:
    """A text without the backends of operators, which by default change with the devices."""
    return text and re.sub(r",? ?\bbackend='\w+'", "", text)
