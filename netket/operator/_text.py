# SPDX-License-Identifier: Apache-2.0
"""Operators from text: ``from_text(hilbert, "J Z0 Z1 - 0.5 (S+0 S-1 + h.c.)", J=1.0)``.

::

    sum     = [+|-] product {(+|-) (product | h.c.)}
    product = factor {[*] factor | / scalar}
    factor  = scalar | symbol site | ( sum )

The parser evaluates as it reads, in one of two algebras: polynomials of Pauli matrices where all
sites have two states, else operators.
"""

import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from netket.hilbert import DiscreteHilbert, Fock, Spin, SpinOrbitalFermions
from netket.utils.types import Scalar

from . import boson, fermion, spin
from ._base import AbstractOperator, Backend, dtype_of, is_traced, use_backend
from ._pauli import PauliStrings

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?j?")
_NAME = re.compile(r"[^\W\d]\w*")
_HERMITIAN = re.compile(r"h\.\s?c\.|H\.\s?c\.")
_LETTERS = ("I", "X", "Z", "Y")


def from_text(
    hilbert: DiscreteHilbert, text: str, *, backend: Backend | None = None, **scalars: Scalar
) -> Any:
    """An operator from an expression such as ``"0.5 S+0 S-1 + h.c. - J Z0 Z1"``.

    Symbols are followed by the number of their site. What stands next to each other is
    multiplied, from the left to the right; ``*``, ``/``, ``+``, ``-`` and parentheses are as
    usual, numbers may be imaginary (``2j``), and ``h.c.`` is the adjoint of the summand before
    it, which may be in parentheses.

    ================================  =================================================
    sites                             symbols
    ================================  =================================================
    two local states                  ``X Y Z I``; ``P0 P1`` (projectors on the first and
                                      the second state); ``S+ S-`` (``S+`` leads to the
                                      first state)
    spins of any size                 ``Sx Sy Sz S+ S- I``
    bosons                            ``b+ b- n I``
    fermions                          ``c+ c- n I``
    ================================  =================================================

    Args:
        hilbert: the space.
        text: the expression.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.
        **scalars: values of the names in the text; they may be traced by jax.

    Returns:
        A `FermionOperator2nd` for `SpinOrbitalFermions`, else `PauliStrings` where all sites
        have two local states, else a `LocalOperator`.

    Raises:
        ValueError: the text cannot be read; the message points to where.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 2)
        >>> op = nk.operator.from_text(hi, "S+0 S-1 + h.c. - h (Z0 + Z1)", h=0.3)
        >>> op.operators.tolist(), op.weights.tolist()
        (['ZI', 'IZ', 'XX', 'YY'], [-0.3, -0.3, 0.5, 0.5])
    """
    two_states = all(d == 2 for d in hilbert.shape)
    polynomials = two_states and not isinstance(hilbert, SpinOrbitalFermions)
    algebra = (_Polynomials if polynomials else _Operators)(hilbert, scalars)
    with use_backend(backend) if backend else nullcontext():
        return _Parser(text, algebra, hilbert, scalars).operator()


# -- the parser -------------------------------------------------------------------------------


class _Parser:
    """Recursive descent through the grammar of the module."""

    def __init__(self, text: str, algebra: Any, hilbert: Any, scalars: dict[str, Any]):
        if not isinstance(text, str):
            raise TypeError(f"Argument `text` must be a str, but is {type(text).__name__}.")
        self.text, self.at, self.algebra = text, 0, algebra
        self.size, self.scalars = hilbert.size, scalars
        symbols = "|".join(re.escape(s) for s in sorted(algebra.symbols, key=len, reverse=True))
        self.symbol, self.bare = re.compile(rf"({symbols})_?(\d+)"), re.compile(symbols)
        for name in scalars:
            if self.symbol.fullmatch(name) or not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a scalar: it is a symbol.")

    def operator(self) -> Any:
        total = self.sum()
        if self.at < len(self.text):
            raise self.error("the parenthesis has not been opened")
        return self.algebra.operator(total)

    def sum(self) -> Any:
        sign = self.take("+-")
        last = self.product()
        last = self.algebra.scaled(last, -1) if sign == "-" else last
        parts = [last]
        while sign := self.take("+-"):
            last = self.algebra.adjoint(last) if self.match(_HERMITIAN) else self.product()
            last = self.algebra.scaled(last, -1) if sign == "-" else last
            parts.append(last)
        return self.algebra.total(parts)

    def product(self) -> Any:
        result = self.factor()
        while self.peek() and self.peek() not in "+-)":
            if self.take("/"):
                result = self.algebra.times(result, self.scalar(inverse=True))
            else:
                self.take("*")
                result = self.algebra.times(result, self.factor())
        return result

    def factor(self) -> Any:
        if self.take("("):
            opened = self.at - 1
            inner = self.sum()
            if not self.take(")"):
                raise self.error("the parenthesis is not closed", opened)
            return inner
        self.peek()
        start = self.at
        if found := self.match(self.symbol):
            site = int(found[2])
            if site >= self.size:
                raise self.error(f"there is no site {site}, but sites 0 to {self.size - 1}", start)
            return self.algebra.symbol(found[1], site)
        return self.scalar()

    def scalar(self, inverse: bool = False) -> Any:
        self.peek()
        start = self.at
        if found := self.match(_NUMBER):
            value = complex(found[0])
            if inverse and value == 0:
                raise self.error("this is a division by zero", start)
            return self.algebra.number(1 / value if inverse else value)
        if self.match(_HERMITIAN):
            raise self.error("`h.c.` must follow `+` or `-` after a summand", start)
        found = self.match(_NAME)
        if found and found[0] in self.scalars:
            return self.algebra.parameter(found[0], inverse)
        bare = self.bare.match(self.text, start)
        if bare and bare.end() >= (found.end() if found else 0):
            raise self.error(f"`{bare[0]}` must be followed by the number of its site", bare.end())
        expected = f"a number, one of the symbols {', '.join(self.algebra.symbols)}"
        if self.scalars:
            expected += f", one of the names {', '.join(self.scalars)}"
        what = f"`{found[0]}`" if found else repr(self.text[start : start + 1] or "the end")
        raise self.error(f"expected {expected}, or a parenthesis, but found {what}", start)

    # -- reading ------------------------------------------------------------------------------

    def peek(self) -> str:
        """The next character that is not a space, or ""."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, characters: str) -> str:
        """The next character, if it is one of these."""
        found = self.peek()
        if not found or found not in characters:
            return ""
        self.at += 1
        return found

    def match(self, pattern: re.Pattern[str]) -> Any:
        self.peek()
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def error(self, what: str, at: int | None = None) -> ValueError:
        at = self.at if at is None else at
        line = " ".join(self.text.split("\n"))
        begin, end = max(at - 40, 0), at + 40
        return ValueError(
            f"Argument `text` cannot be read at position {at}: {what}.\n"
            f"    {line[begin:end]}\n    {' ' * (at - begin)}^"
        )


# -- sites with two states --------------------------------------------------------------------


class _Key(NamedTuple):
    """Z^z X^x with the bits of all sites, times scalars given by name."""

    x: int
    z: int
    names: tuple[str, ...]


_Polynomial = dict[_Key, complex]


class _Polynomials:
    """Sums of numbers times Z^z X^x times products of scalars, which keep their names."""

    def __init__(self, hilbert: DiscreteHilbert, scalars: dict[str, Any]):
        self.hilbert, self.scalars = hilbert, scalars
        # numbers times Z^z X^x for (x, z); the first local state is 0
        self.symbols: dict[str, dict[tuple[int, int], complex]] = {
            "X": {(1, 0): 1},
            "Y": {(1, 1): -1j},
            "Z": {(0, 1): 1},
            "I": {(0, 0): 1},
            "P0": {(0, 0): 0.5, (0, 1): 0.5},
            "P1": {(0, 0): 0.5, (0, 1): -0.5},
            "S+": {(1, 0): 0.5, (1, 1): 0.5},
            "S-": {(1, 0): 0.5, (1, 1): -0.5},
        }
        if isinstance(hilbert, Spin):
            halves = {f"S{s.lower()}": self.symbols[s] for s in "XYZ"}
            self.symbols |= {s: {k: c / 2 for k, c in p.items()} for s, p in halves.items()}
        if isinstance(hilbert, Fock):
            self.symbols |= {"b-": self.symbols["S+"], "b+": self.symbols["S-"]}
            self.symbols["n"] = self.symbols["P1"]

    def symbol(self, name: str, site: int) -> _Polynomial:
        return {_Key(x << site, z << site, ()): c for (x, z), c in self.symbols[name].items()}

    def number(self, value: complex) -> _Polynomial:
        return {_Key(0, 0, ()): value}

    def parameter(self, name: str, inverse: bool) -> _Polynomial:
        return {_Key(0, 0, (f"/{name}" if inverse else name,)): 1}

    def scaled(self, a: _Polynomial, c: complex) -> _Polynomial:
        return {key: c * value for key, value in a.items()}

    def total(self, parts: list[_Polynomial]) -> _Polynomial:
        total: _Polynomial = {}
        for part in parts:
            for key, value in part.items():
                total[key] = total.get(key, 0) + value
        return total

    def times(self, a: _Polynomial, b: _Polynomial) -> _Polynomial:
        total: _Polynomial = {}
        for (xa, za, names_a), value_a in a.items():
            for (xb, zb, names_b), value_b in b.items():
                key = _Key(xa ^ xb, za ^ zb, tuple(sorted(names_a + names_b)))
                sign = -1 if (xa & zb).bit_count() % 2 else 1
                total[key] = total.get(key, 0) + sign * value_a * value_b
        return total

    def adjoint(self, a: _Polynomial) -> _Polynomial:
        total = {}
        for (x, z, names), value in a.items():
            sign = -1 if (x & z).bit_count() % 2 else 1
            names = tuple(sorted(self._conjugated(name) for name in names))
            total[_Key(x, z, names)] = sign * complex(value).conjugate()
        return total

    def operator(self, a: _Polynomial) -> PauliStrings:
        n, largest = self.hilbert.size, max(map(abs, a.values()), default=0)
        strings, weights = ["I" * n], [0.0]
        for (x, z, names), value in a.items():
            if abs(value) <= 1e-14 * largest:  # cancelled, whatever the scalars are
                continue
            weight: Any = value * 1j ** ((x & z).bit_count() % 4)
            weight = weight.real if isinstance(weight, complex) and weight.imag == 0 else weight
            for name in names:
                weight = weight * self._value(name)
            codes = ((x >> i & 1) + 2 * (z >> i & 1) for i in range(n))
            strings.append("".join(_LETTERS[code] for code in codes))
            weights.append(weight)
        if len(strings) > 1:
            strings, weights = strings[1:], weights[1:]
        return PauliStrings(self.hilbert, strings, _stacked(weights))

    def _value(self, name: str) -> Any:
        if name.startswith("/"):
            return 1 / self._value(name[1:])
        if name.endswith("*"):
            return np.conj(self.scalars[name[:-1]])
        return self.scalars[name]

    def _conjugated(self, name: str) -> str:
        if name.endswith("*"):
            return name[:-1]
        return name + "*" if dtype_of(self.scalars[name.strip("/")]).kind == "c" else name


def _stacked(weights: list[Any]) -> Any:
    return weights if is_traced(*weights) else np.array(weights)


# -- other sites ------------------------------------------------------------------------------


class _Operators:
    """The algebra of operators themselves."""

    def __init__(self, hilbert: DiscreteHilbert, scalars: dict[str, Any]):
        self.hilbert, self.scalars = hilbert, scalars
        identity = fermion.identity if isinstance(hilbert, SpinOrbitalFermions) else spin.identity
        self.symbols: dict[str, Callable[[int], AbstractOperator]] = {
            "I": lambda i: identity(hilbert)
        }
        if isinstance(hilbert, Spin):
            self.symbols |= {
                "Sx": lambda i: 0.5 * spin.sigmax(hilbert, i),
                "Sy": lambda i: 0.5 * spin.sigmay(hilbert, i),
                "Sz": lambda i: 0.5 * spin.sigmaz(hilbert, i),
                "S+": lambda i: spin.sigmap(hilbert, i),
                "S-": lambda i: spin.sigmam(hilbert, i),
            }
        else:
            kind, letter = (boson, "b") if identity is spin.identity else (fermion, "c")
            self.symbols |= {
                f"{letter}+": lambda i: kind.create(hilbert, i),
                f"{letter}-": lambda i: kind.destroy(hilbert, i),
                "n": lambda i: kind.number(hilbert, i),
            }

    def symbol(self, name: str, site: int) -> Any:
        return self.symbols[name](site)

    def number(self, value: complex) -> Any:
        return value.real if value.imag == 0 else value

    def parameter(self, name: str, inverse: bool) -> Any:
        return 1 / self.scalars[name] if inverse else self.scalars[name]

    def scaled(self, a: Any, c: complex) -> Any:
        return c * a

    def total(self, parts: list[Any]) -> Any:
        return sum(parts)

    def times(self, a: Any, b: Any) -> Any:
        both = isinstance(a, AbstractOperator) and isinstance(b, AbstractOperator)
        return a @ b if both else a * b

    def adjoint(self, a: Any) -> Any:
        return a.H if isinstance(a, AbstractOperator) else np.conj(a)

    def operator(self, a: Any) -> Any:
        return a if isinstance(a, AbstractOperator) else a * self.symbols["I"](0)
