# SPDX-License-Identifier: Apache-2.0
"""Small helpers on concrete arrays: what numba and third-party operators are given, and take."""

from typing import Any

import jax
import numpy as np

from ._grid import Grid

# what numba kernels are compiled for
_NATIVE = frozenset(map(np.dtype, "bhilqBHILQfd"))

# so many bytes are checked faster one after the other than by numpy's operations on arrays
_FEW_BYTES = 512


def is_traced(*arrays: Any) -> bool:
    """Whether any of the arrays is traced by jax."""
    return any(isinstance(a, jax.core.Tracer) for a in arrays)


def host_array(x: Any, dtype: Any = None) -> np.ndarray:
    """`x` as a writable C-contiguous numpy array in memory of our own if it is not one yet.

    Numba compiles another version of a function for read-only arrays, which arrays from jax are.
    """
    x = np.asarray(x, dtype)
    if x.dtype in _NATIVE and x.flags.carray:
        return x
    if x.dtype.kind not in "iuf" or x.dtype == np.float16:
        x = x.astype(np.int8 if x.dtype.kind == "b" else np.float32)
    return np.array(x, dtype=x.dtype.newbyteorder("="), order="C", copy=True)


def as_given(xp: np.ndarray, x: Any) -> np.ndarray:
    """x' in the dtype of the samples, which `host_array` may have changed."""
    dtype = getattr(x, "dtype", xp.dtype)
    return xp if xp.dtype == dtype else xp.astype(dtype)


def coefficient_array(x: Any, dtype: Any = None) -> np.ndarray:
    """A coefficient as a writable contiguous numpy array, for numba."""
    return np.array(x, dtype=dtype, order="C")


def check_size(x: Any, n_sites: int) -> None:
    """Raises a ValueError unless the last axis of the samples has the length N."""
    shape = np.shape(x)
    if not shape or shape[-1] != n_sites:
        raise ValueError(
            f"Argument `x` must have shape (..., {n_sites}), one entry for each site of the "
            f"Hilbert space, but has shape {shape}."
        )


def check_samples(x: Any, grid: Grid) -> None:
    """Raises a ValueError if a sample in a host array (..., N) has a value that is no local state.

    Arrays on accelerators are not fetched to be checked.
    """
    if isinstance(x, jax.Array) and any(d.platform != "cpu" for d in x.devices()):
        return
    check_host_samples(np.asarray(x), grid)


def check_host_samples(x: np.ndarray, grid: Grid) -> None:
    """`check_samples` of a numpy array."""
    if x.size <= _FEW_BYTES and x.itemsize == 1:
        if not x.tobytes().translate(None, grid.level_bytes(x.dtype)):
            return  # nothing is left without the local states
    levels = grid.levels_as(x.dtype)
    if levels is not None:
        good = x == levels[0]
        for level in levels[1:]:
            good |= x == level
    else:
        index = np.rint((x - grid.start) / grid.step)
        good = (index >= 0) & (index < grid.shape) & (grid.start + grid.step * index == x)
    if np.count_nonzero(good) != good.size:  # in less time than `all` for few samples
        bad = np.flatnonzero(~good.reshape(-1, grid.n_sites).all(-1))[0]
        raise outside_error(x.reshape(-1, grid.n_sites)[bad], int(bad), grid)


def outside_error(sample: np.ndarray, number: int, grid: Grid) -> ValueError:
    """The error about a sample with a value that is no local state."""
    index = np.rint((sample - grid.start) / grid.step)
    good = (index >= 0) & (index < grid.shape) & (grid.start + grid.step * index == sample)
    site = int(np.flatnonzero(~good)[0])
    last = grid.start[site] + grid.step[site] * (grid.shape[site] - 1)
    return ValueError(
        f"Sample {number}, {np.asarray(sample).tolist()}, is outside of the Hilbert space: on "
        f"site {site} the local states are {grid.start[site]:g}, "
        f"{grid.start[site] + grid.step[site]:g}, ... {last:g}, but the value is "
        f"{sample[site]:g}."
    )


def flatten_rows(
    x: np.ndarray, xp: np.ndarray, mels: np.ndarray, merge: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct x' with a matrix element that is not zero.

    Args:
        x: samples (B, N).
        xp: connected samples (B, K, N), or padding.
        mels: matrix elements (B, K).
        merge: whether equal x' of one sample may occur, to be summed.

    Returns:
        x' (M, N), matrix elements (M,) and the number of them for each sample, (B,).
    """
    owner = np.repeat(np.arange(len(x)), mels.shape[1])
    return merge_rows(owner, xp.reshape(-1, x.shape[-1]), mels.ravel(), len(x), merge)


def merge_rows(
    owner: np.ndarray, xp: np.ndarray, mels: np.ndarray, n_samples: int, merge: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`flatten_rows` for rows x' (M, N) of the samples owner[m], sorted by owner."""
    keep = mels != 0
    owner, xp, mels = owner[keep], xp[keep], mels[keep]
    if merge and len(mels):
        keys = np.concatenate([owner[:, None], xp], axis=1)
        _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)
        total, moduli = np.zeros(len(first), mels.dtype), np.zeros(len(first))
        np.add.at(total, inverse, mels)
        np.add.at(moduli, inverse, np.abs(mels))
        keep = np.abs(total) > 8 * np.finfo(mels.dtype).eps * moduli
        order = np.argsort(first[keep])
        first = first[keep][order]
        owner, xp, mels = owner[first], xp[first], total[keep][order]
    return xp, mels, np.bincount(owner, minlength=n_samples)


def pad_rows(
    x: np.ndarray, xp: np.ndarray, mels: np.ndarray, counts: np.ndarray, width: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all samples with the same length: x' (B, K, N), elements (B, K).

    Free slots hold the sample and 0. K is the largest count, or `width`.
    """
    width = max(int(counts.max(initial=1)), 1) if width is None else width
    full_xp = np.repeat(x[:, None], width, axis=1)
    full_mels = np.zeros((len(x), width), mels.dtype)
    mask = np.arange(width) < counts[:, None]
    full_xp[mask], full_mels[mask] = xp, mels
    return full_xp, full_mels


def extend_rows(
    x: np.ndarray, xp: np.ndarray, mels: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows x' (..., K, N) and elements (..., K), padded to `width` slots."""
    free = width - mels.shape[-1]
    padding = np.broadcast_to(x[..., None, :], (*x.shape[:-1], free, x.shape[-1]))
    mels = np.pad(mels, [(0, 0)] * (x.ndim - 1) + [(0, free)])
    return np.concatenate([xp, padding], axis=-2), mels
