# SPDX-License-Identifier: Apache-2.0
"""From Pauli strings to `LocalOperator` and back, by Walsh-Hadamard transforms.

On k sites, with r, c the bits of row and column::

    |r><c| = 2^-k sum_z (-1)^|r & z| Z^z X^(r xor c)
    [x & care = want] = 2^-|care| sum_(z in care) (-1)^|want & z| Z^z
"""

from functools import reduce
from operator import matmul
from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.utils.types import DType

from .._base import Backend, KernelOperator, is_traced, lazy_form, promoted
from .._composite import ProductOperator, SumOperator
from .._local import LocalOperator, Pattern, Terms, make_pattern
from .._strings import StringOperator, StringTerms, count_bits, unpack_bits
from ._algebra import merged, segment_sums
from ._symbols import n_y, powers_of_i

# What is written as local terms on its own in sums and products with other kinds of operators.
_MAX_SITES, _MAX_STRINGS = 6, 2000
# Conversions would make more elements, or strings, out of one term.
_MAX_CONVERTED = 20
_WORD = 64


# -- Pauli strings as local terms -------------------------------------------------------------


def as_local(operator: Any) -> LocalOperator | None:
    """Few Pauli strings on few sites as local terms; None if it would be costly."""
    strings = operator._strings
    if len(strings) > _MAX_STRINGS:
        return None
    if count_bits(strings.flip | strings.sign).max(initial=0) > _MAX_SITES:
        return None
    return local_form(operator)


def local_form(operator: Any) -> LocalOperator:
    """Pauli strings as local terms.

    Raises:
        ValueError: a string acts on too many sites.
    """
    strings, dtype = operator._strings, operator.dtype
    sizes = count_bits(strings.flip | strings.sign)
    if sizes.max(initial=0) > _MAX_CONVERTED:
        raise ValueError(
            f"Only strings on up to {_MAX_CONVERTED} sites can be local terms, but one acts on "
            f"{sizes.max()}: a matrix on so many sites is too large."
        )
    weights = operator._kernel_weights(operator._value("_weights"))
    by_support: dict[tuple[int, ...], list[int]] = {}
    for t, support in enumerate(_supports(strings)):
        by_support.setdefault(support, []).append(t)
    constant = sum(weights[t] for t in by_support.pop((), []))
    supports = sorted(by_support)
    patterns, sources, targets, signs, end = [], [], [], [], 0
    for support in supports:
        members = np.array(by_support[support])
        pattern, source, target, sign = _term(strings, members, support)
        patterns.append(pattern)
        sources.append(members[source])
        targets.append(target + end)
        signs.append(sign)
        end += len(pattern)
    mels: Any = np.zeros(end, dtype)
    if supports:
        values = weights[np.concatenate(sources)] * np.concatenate(signs).astype(dtype)
        mels = segment_sums(values, np.concatenate(targets), end)
    return LocalOperator._build(
        operator.hilbert,
        operator.backend,
        Terms(supports, patterns),
        mels,
        jnp.asarray(constant) if is_traced(constant) else np.asarray(constant),
        dtype,
    )


def _supports(strings: StringTerms) -> list[tuple[int, ...]]:
    """The sites that each string acts on."""
    bits = unpack_bits(strings.flip | strings.sign, strings.n_sites)
    rows, sites = np.nonzero(bits)
    ends = np.cumsum(np.bincount(rows, minlength=len(bits)))
    flat, begins = sites.tolist(), np.concatenate([[0], ends]).tolist()
    return [tuple(flat[a:b]) for a, b in zip(begins[:-1], begins[1:])]


def _term(
    strings: StringTerms, members: np.ndarray, support: tuple[int, ...]
) -> tuple[Pattern, np.ndarray, np.ndarray, np.ndarray]:
    """Strings on the same sites as one matrix.

    Returns:
        Its pattern; and for every element of every string which of `members` it is from, which
        element of the pattern it is added to, and its sign.
    """
    some = strings[members]
    places = 2 ** np.arange(len(support))[::-1]
    flips, masks = (some.bits(name)[:, support] @ places for name in ("flip", "sign"))
    size = 2 ** len(support)
    rows = np.arange(size)
    codes = rows * size + (rows ^ flips[:, None])  # (T, R)
    distinct, target = np.unique(codes, return_inverse=True)
    pattern = make_pattern((2,) * len(support), *np.divmod(distinct, size))
    odd = count_bits((rows & masks[:, None])[..., None].astype(np.uint64)) % 2
    source = np.repeat(np.arange(len(members)), size)
    return pattern, source, target.ravel(), np.where(odd.ravel(), -1, 1)


# -- and back ---------------------------------------------------------------------------------


@lazy_form("pauli_strings")
def to_pauli_strings(
    operator: KernelOperator,
    *,
    cutoff: float = 1.0e-10,
    dtype: DType | None = None,
    backend: Backend | None = None,
) -> Any:
    """An operator on sites with two states as `PauliStrings`.

    Local terms are transformed matrix by matrix, fermions by the Jordan-Wigner transformation
    of their orbitals in order.

    Args:
        operator: a sum of local terms, or of strings; or sums and products of such operators.
        cutoff: strings whose weight has a modulus up to this are left out.
        dtype: dtype of the matrix elements, by default real if they are known to be.
        backend: backend of the result, by default that of the operator.

    Returns:
        The `PauliStrings` on the same space.

    Raises:
        ValueError: a site does not have two local states, or a term acts on too many sites.
        TypeError: the operator is not a sum of local terms or of strings.
    """
    from ._operator import PauliStrings, check_space  # it needs `local_form`

    check_space(operator.hilbert)
    options = {"cutoff": cutoff, "dtype": dtype, "backend": backend or operator.backend}
    if isinstance(operator, SumOperator | ProductOperator):
        return _from_composite(operator).to_pauli_strings(**options)
    if isinstance(operator, PauliStrings):
        return operator.to_pauli_strings(**options)
    if isinstance(operator, StringOperator):
        x, z, weights = _from_conditions(operator)
    else:
        local = operator._as_local()
        if local is None:
            raise TypeError(
                f"{type(operator).__name__} cannot be written as `PauliStrings`, because it is "
                "not known as a sum of terms on few sites."
            )
        x, z, weights = _from_local(local)
    powers = n_y(x, z)  # Z^z X^x = i^n P
    own = promoted(weights.dtype, 1j) if (powers % 2).any() else promoted(weights.dtype)
    weights = weights.astype(own) * powers_of_i(powers, own)
    terms, weights = merged(operator.hilbert.size, x, z, weights)
    if not is_traced(weights) and operator.is_hermitian:
        weights = weights.real
    result = PauliStrings._build(operator.hilbert, options["backend"], terms, weights, cutoff)
    return result if dtype is None else result.copy(dtype=dtype)


def _from_composite(operator: SumOperator | ProductOperator) -> Any:
    """Sums and products, term by term and factor by factor."""
    parts = [part.to_pauli_strings() for part in operator.operators]
    if isinstance(operator, SumOperator):
        return sum(c * part for c, part in zip(operator.coefficients, parts))
    return operator.coefficient * reduce(matmul, parts)


def _from_local(local: LocalOperator) -> tuple[np.ndarray, np.ndarray, Any]:
    """Words of x and z, and weights, of sum_t w_t Z^z X^x: a constant, and all terms."""
    terms, mels = local._terms, local._value("_mels")
    n_words = StringTerms.empty(local.hilbert.size).flip.shape[1]
    x, z = [np.zeros((1, n_words), np.uint64)], [np.zeros((1, n_words), np.uint64)]
    weights = [local._value("_constant").reshape(1)]
    members: dict[Pattern, list[int]] = {}
    for t, pattern in enumerate(terms.patterns):
        members.setdefault(pattern, []).append(t)
    for pattern, which in members.items():
        flips, masks, transform = _walsh(pattern)
        sites = np.array([terms.supports[t] for t in which])  # (T, k)
        values = mels[terms.offsets[which][:, None] + np.arange(len(pattern))]  # (T, E)
        weights.append((values @ transform.T.astype(values.dtype)).ravel())
        x.append(_spread(flips, sites, n_words))
        z.append(_spread(masks, sites, n_words))
    xp = jnp if is_traced(*weights) else np
    return np.concatenate(x), np.concatenate(z), xp.concatenate(weights)


def _walsh(pattern: Pattern) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strings of a matrix: flips and signs as k-bit numbers (S,); weights from values (S, E)."""
    size, k = pattern.n_rows, len(pattern.dims)
    if len(pattern) * size > 2**24:
        raise ValueError(
            f"A term on {k} sites is too large to be written as Pauli strings: it may need "
            f"{size} strings for each of its elements."
        )
    flip_of = pattern.rows ^ pattern.cols
    flips = np.unique(flip_of)
    masks = np.arange(size)
    odd = count_bits((masks[:, None] & pattern.rows)[..., None].astype(np.uint64)) % 2  # (z, E)
    signs = np.where(odd, -1.0, 1.0) / size
    transform = (flips[:, None] == flip_of)[:, None] * signs  # (F, z, E)
    return (
        np.repeat(flips, size),
        np.tile(masks, len(flips)),
        transform.reshape(-1, len(pattern)),
    )


def _spread(numbers: np.ndarray, sites: np.ndarray, n_words: int) -> np.ndarray:
    """k-bit numbers (S,), first site first, as words with these bits at sites (T, k): (T S, W)."""
    k = sites.shape[1]
    words = np.zeros((len(sites), len(numbers), n_words), np.uint64)
    rows = np.arange(len(sites))
    for j in range(k):
        bits = ((numbers >> (k - 1 - j)) & 1).astype(np.uint64)  # (S,)
        shifted = bits << (sites[:, j, None] % _WORD).astype(np.uint64)  # (T, S)
        words[rows, :, sites[:, j] // _WORD] |= shifted
    return words.reshape(-1, n_words)


def _from_conditions(operator: StringOperator) -> tuple[np.ndarray, np.ndarray, Any]:
    """`_from_local` for strings with conditions: each becomes 2^|care| strings."""
    strings = operator._strings
    weights = operator._kernel_weights(operator._value("_weights"))
    sizes = count_bits(strings.care)
    if sizes.max(initial=0) > _MAX_CONVERTED:
        raise ValueError(
            f"Only terms with conditions on up to {_MAX_CONVERTED} sites can be written as Pauli "
            f"strings, but one has {sizes.max()}: it would be 2^{sizes.max()} strings."
        )
    xs, zs, values = [], [], []
    for size in np.unique(sizes):
        some = np.flatnonzero(sizes == size)
        sites = np.nonzero(strings[some].bits("care"))[1].reshape(len(some), size)
        masks = _spread(np.arange(2**size), sites, strings.flip.shape[1])
        masks = masks.reshape(len(some), 2**size, -1)
        odd = count_bits(masks & strings.want[some][:, None]) % 2
        signs = np.where(odd, -1.0, 1.0) / 2**size
        values.append((weights[some][:, None] * signs.astype(weights.dtype)).ravel())
        zs.append((masks ^ strings.sign[some][:, None]).reshape(-1, masks.shape[-1]))
        xs.append(np.repeat(strings.flip[some], 2**size, axis=0))
    if not values:
        return strings.flip, strings.sign, weights
    xp = jnp if is_traced(*values) else np
    return np.concatenate(xs), np.concatenate(zs), xp.concatenate(values)
