# SPDX-License-Identifier: Apache-2.0
"""All pairs of kinds of operators, and of backends, against dense algebra.

The kinds are those of the table: a new kind is paired with all others that share a space with it.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from operator_kinds import TABLE, built, class_of, pairs, representatives
from operator_pairs import EXTRA, SPINS

import netket as nk
from netket.operator import DiscreteOperator
from netket.operator._composite._base import CompositeOperator

PAIRS = pairs()
CASES = TABLE | EXTRA
MIXES = list(itertools.product(("numba", "jax"), repeat=2))

every_pair = pytest.mark.parametrize("kinds", PAIRS, ids=" ".join)


def dense(name):
    return np.asarray(built(name).to_dense())


def close(op, expected, matrix=None):
    found = np.asarray(op.to_dense() if matrix is None else matrix)
    np.testing.assert_allclose(found, expected, atol=1e-10 * max(1, np.abs(expected).max()))


def is_composite(name):
    """Whether numba compiles a kernel for this operator and what it is made of."""
    return isinstance(built(name), CompositeOperator)


def test_classes_meet():
    """No class is tested alone; those that share a space meet each other."""
    classes = set(map(class_of, CASES))
    met = {x: {y for pair in PAIRS if x in pair for y in pair if y != x} for x in classes}
    assert not [x for x in classes if not met[x]]
    spins = {"Ising", "LocalOperator", "PauliStrings", "SumOperator", "ProductOperator"} & classes
    assert all(pair in PAIRS for pair in itertools.combinations_with_replacement(sorted(spins), 2))


@every_pair
def test_numba(kinds):
    a, b = PAIRS[kinds]
    op, A, B = built(a), dense(a), dense(b)
    other = CASES[b].build("numba")
    difference, product = op - 2j * other, op @ other
    assert difference.backend == product.backend == "numba"
    assert difference.dtype == np.complex128 and product.dtype == (A @ B).dtype
    # what is nested compiles slowly: one of the two in turn, and none where all is composite,
    # which `test_composites` does
    composite = is_composite(a) + is_composite(b)
    turn = list(PAIRS).index(kinds) % 2
    if composite == 0 or (composite == 1 and turn == 0):
        close(difference, A - 2j * B)
    if composite == 0 or (composite == 1 and turn == 1):
        close(product, A @ B)


@every_pair
def test_in_jit(kinds):
    """The jax kernels, with coefficients that are traced, whatever the flag."""
    a, b = PAIRS[kinds]
    A, B = dense(a), dense(b)

    @jax.jit
    def matrix(op, other, c):
        result = c * other @ op + op / 2 - other
        assert isinstance(result, DiscreteOperator) and result.backend == "numba"
        return result.to_dense()

    close(None, 1.5 * B @ A + A / 2 - B, matrix(built(a), built(b), 1.5))


@every_pair
def test_mixed_backends(kinds, from_rows):
    """One jax operator makes the result jax. One mix of every other pair is evaluated, in turn."""
    a, b = PAIRS[kinds]
    combine = {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "@": lambda x, y: x @ y,
        "sum": lambda x, y: sum([x, y, x]),
    }
    for (first, second), f in itertools.product(MIXES, combine.values()):
        results = [
            f(CASES[x].build(one), CASES[y].build(two))
            for x, one, y, two in ((a, first, b, second), (b, second, a, first))
        ]
        for op in results:
            assert isinstance(op, DiscreteOperator)
            assert op.backend == ("jax" if "jax" in (first, second) else "numba")
            assert op.hilbert == built(a).hilbert
    turn, other_turns = divmod(list(PAIRS).index(kinds), 2)
    if other_turns:
        return
    first, second = MIXES[1 + turn % 3]  # not numba and numba
    f = combine["+-@"[turn // 3 % 3]]
    op = f(CASES[b].build(second), CASES[a].build(first))
    close(None, f(dense(b), dense(a)), from_rows(op))


@pytest.mark.parametrize("name", representatives().values())
def test_numbers_and_powers(name):
    """sum(), 0 + A, -A, A**n and numbers of all sorts."""
    op, A = built(name), dense(name)
    one = np.eye(len(A))
    assert 0 + op is op and op + 0 is op and sum([op]) is op and +op is op
    close(-op, -A)
    close(op**0, one)
    assert op**1 is op
    for c in (2, np.float32(0.5), np.array(1.5), jnp.asarray(0.5), 1j, True):
        scaled = c * op
        assert scaled.backend == "numba" and scaled.dtype == np.result_type(np.asarray(c), op.dtype)
        assert type(scaled) is type(op * c) is type(op / 2)
    close(op / 4 - 1.5, A / 4 - 1.5 * one)
    close(1 - op, one - A)
    for power in (-1, 0.5, "2"):
        with pytest.raises(TypeError, match="unsupported operand"):
            op**power
    for other in ("x", None, [op]):
        for combine in (lambda x, y: x + y, lambda x, y: y @ x, lambda x, y: x * y):
            with pytest.raises(TypeError, match=f"unsupported operand.*{type(op).__name__}|can't"):
                combine(op, other)


@pytest.mark.parametrize("name", representatives().values())
def test_spaces_that_differ(name):
    """One named error, which states both kinds and both spaces."""
    op = built(name)
    other = nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 7), 0)
    for a, b in ((op, other), (other, op)):
        for symbol, f in (("+", lambda x, y: x + y), ("@", lambda x, y: x @ y)):
            with pytest.raises(TypeError, match="same Hilbert space") as error:
                f(a, b)
            first, second = (f"{type(x).__name__} acts on {x.hilbert}" for x in (a, b))
            assert f"{first} and {second.replace(' acts', '', 1)}." in str(error.value)
            assert f"by {symbol} " in str(error.value)


@pytest.mark.filterwarnings("ignore:.*has no jax code")
@pytest.mark.parametrize("name", [name for name in EXTRA if EXTRA[name].hilbert == SPINS])
def test_third_parties_meet_every_class(name, third_parties):
    """Operators with one kernel combine with all others, and in jit."""
    op, A = built(name), dense(name)
    for cls in third_parties:
        other = cls(SPINS, 0.5).to_numba()
        B = np.asarray(other.to_dense())
        assert (op - other).backend == (other @ op).backend == "numba"
        close(op - 2 * other, A - 2 * B)
        close(other @ op, B @ A)
        assert (op + other.to_jax()).backend == (other.to_jax() @ op).backend == "jax"
    foreign = third_parties[0](SPINS, 0.5)
    B = np.asarray(foreign.to_dense())
    found = jax.jit(lambda o, f, c: (o @ f - c * f).to_dense())(op, foreign, 1.5)
    close(None, A @ B - 1.5 * B, found)
