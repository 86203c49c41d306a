# SPDX-License-Identifier: Apache-2.0
"""The kinds of operators in the table, with one case to represent each.

What is dear to compile is tested once a kind, with the smallest case; a new kind is found by its
class, a new case of a known kind changes nothing here.
"""

from functools import cache
from typing import Any

import numpy as np
from operator_pairs import EXTRA, diagonal
from operator_table import Case, load_table

TABLE: dict[str, Case] = load_table()

# Functions that build an operator of another class, by the first word of the name of their cases.
FUNCTIONS = {
    "heisenberg": "Heisenberg",
    "graph": "GraphOperator",
    "spin": "spin.*",
    "boson": "boson.*",
    "hopping": "boson.*",
}


@cache
def built(name: str) -> Any:
    """The operator of a case, with the numba flag."""
    return (TABLE | EXTRA)[name].build("numba")


def class_of(name: str) -> str:
    """The class of a case."""
    return type(built(name)).__name__


@cache
def kind_of(name: str) -> str:
    """The class of a case, or the function that builds it if that is better known."""
    cls = class_of(name)
    word = name.partition("_")[0]
    return FUNCTIONS.get(word, cls) if cls == "LocalOperator" else cls


def is_trivial(name: str) -> bool:
    """Whether a case has one element in a row though others of its class have more."""
    same = (other for other in TABLE if class_of(other) == class_of(name))
    return built(name).max_conn_size < 2 and any(built(other).max_conn_size > 1 for other in same)


def cost(name: str) -> tuple[bool, int]:
    """What decides how long a case takes: its size, and that of its rows."""
    op = built(name)
    return is_trivial(name), op.max_conn_size * (op.hilbert.n_states + 10 * op.hilbert.size)


@cache
def representatives(differentiable: bool = False) -> dict[str, str]:
    """kind -> the name of its cheapest case, in double precision.

    Args:
        differentiable: only cases whose coefficients may all be moved.
    """
    chosen: dict[str, str] = {}
    for name, case in TABLE.items():
        op = built(name)
        if np.finfo(op.dtype).eps > 1e-10 or (differentiable and not case.differentiable):
            continue
        best = chosen.get(kind_of(name))
        if best is None or cost(name) < cost(best):
            chosen[kind_of(name)] = name
    return dict(sorted(chosen.items()))


@cache
def pairs() -> dict[tuple[str, str], tuple[str, str]]:
    """(class, class) -> the cheapest two cases of them on the same space, unordered."""
    cases = [name for name in TABLE | EXTRA if np.finfo(built(name).dtype).eps < 1e-10]
    # classes that are alone on their space meet a local operator
    spaces: dict[Any, set[str]] = {}
    for name in cases:
        spaces.setdefault(built(name).hilbert, set()).add(class_of(name))
    met = {x for classes in spaces.values() if len(classes) > 1 for x in classes}
    for name in [name for name in cases if class_of(name) not in met]:
        companion = f"diagonal {class_of(name)}"
        if companion not in EXTRA:
            EXTRA[companion] = diagonal(built(name).hilbert)
            cases.append(companion)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for i, a in enumerate(cases):
        for b in cases[i:]:
            if built(a).hilbert != built(b).hilbert:
                continue
            names = (a, b) if class_of(a) <= class_of(b) else (b, a)
            key = (class_of(names[0]), class_of(names[1]))
            if key not in found or _pair_cost(*names) < _pair_cost(*found[key]):
                found[key] = names
    return dict(sorted(found.items()))


def _pair_cost(a: str, b: str) -> tuple[bool, int]:
    # rows of the product; two different cases of one kind say more than one case twice
    size = built(a).max_conn_size * built(b).max_conn_size * built(a).hilbert.n_states
    return is_trivial(a) or is_trivial(b), 2 * size if a == b else size
