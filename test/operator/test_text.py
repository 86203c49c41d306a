# SPDX-License-Identifier: Apache-2.0
"""Operators from text, against the same operators from their constructors."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import FermionOperator2nd, LocalOperator, PauliStrings, boson, from_text, spin

SPINS, QUBITS = nk.hilbert.Spin(0.5, 3), nk.hilbert.Qubit(3)
ONE, BOSONS = nk.hilbert.Spin(1, 2), nk.hilbert.Fock(2, 3)
FERMIONS = nk.hilbert.SpinOrbitalFermions(3)


def same(op, expected):
    np.testing.assert_allclose(op.to_dense(), expected.to_dense(), atol=1e-14)


@pytest.mark.parametrize("hilbert", [SPINS, QUBITS])
@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("X1", [[0, 1], [1, 0]]),
        ("Y1", [[0, -1j], [1j, 0]]),
        ("Z_1", [[1, 0], [0, -1]]),
        ("I1", [[1, 0], [0, 1]]),
        ("P01", [[1, 0], [0, 0]]),
        ("P1_1", [[0, 0], [0, 1]]),
        ("S+1", [[0, 1], [0, 0]]),
        ("S-1", [[0, 0], [1, 0]]),
        ("S+1 S-1", [[1, 0], [0, 0]]),
        ("X1Y1", [[1j, 0], [0, -1j]]),
        ("2.5", [[2.5, 0], [0, 2.5]]),
    ],
)
def test_matrices(hilbert, text, matrix):
    op = from_text(hilbert, text)
    assert type(op) is PauliStrings
    same(op, LocalOperator(hilbert, np.array(matrix), [1]))


@pytest.mark.parametrize(
    ("text", "strings"),
    [
        ("0.5 S+0 S-1 + h.c. - 1.2 Z0 Z1", {"XXI": 0.25, "YYI": 0.25, "ZZI": -1.2}),
        ("-X0", {"XII": -1}),
        ("+X0 - Y1*Y2", {"XII": 1, "IYY": -1}),
        ("1e-1 X0 * 2 / 4", {"XII": 0.05}),
        ("2 (X0 + Z1) (X0 - Z1)", {"III": 0.0}),
        ("(1 + 2j) X0 - h.c.", {"XII": 4j}),
        ("Z2 (X0 + X1 / 2) + Z2", {"XIZ": 1, "IXZ": 0.5, "IIZ": 1}),
        ("S+0 + Z1 + h.c.", {"IZI": 2, "XII": 0.5, "YII": 0.5j}),
        ("(S+0 + Z1) + h.c.", {"IZI": 2, "XII": 1}),
        ("-(X0 - (Y0 - Z0))", {"XII": -1, "YII": 1, "ZII": -1}),
        ("Sx0 Sz1", {"XZI": 0.25}),
        ("\n  X0\n+ Y1 ", {"XII": 1, "IYI": 1}),
    ],
)
def test_grammar(text, strings):
    op = from_text(SPINS, text)
    assert dict(zip(op.operators, op.weights)) == pytest.approx(strings)


def test_scalars_with_names():
    text = "J/2 (S+0 S-1 + h.c.) + J_z Z0 Z1 / 4 - h (Z0 + Z1) / g"
    op = from_text(SPINS, text, J=2.0, J_z=0.5, h=3, g=2)
    strings = {"XXI": 0.5, "YYI": 0.5, "ZZI": 0.125, "ZII": -1.5, "IZI": -1.5}
    assert dict(zip(op.operators, op.weights)) == pytest.approx(strings)
    assert op.dtype == np.float64 and op.is_hermitian
    hopping = from_text(QUBITS, "t S+0 S-1 + h.c.", t=1 + 0.5j)
    assert hopping.is_hermitian
    same(hopping, from_text(QUBITS, "(1 + 0.5j) S+0 S-1 + (1 - 0.5j) S-0 S+1"))


def test_traced_scalars():
    """The structure does not depend on the scalars, and derivatives pass through them."""
    text = "J (S+0 S-1 + h.c.) - h Z0 / J"
    x = SPINS.all_states()

    def total(op):
        return (op.get_conn_padded(x)[1] ** 2).sum().real

    def f(J, h):
        op = from_text(SPINS, text, J=J, h=h)
        assert op.is_hermitian and len(op.operators) == 3
        return total(op)

    value, slopes = jax.value_and_grad(f, (0, 1))(1.5, 0.7)
    assert value == pytest.approx(float(total(from_text(SPINS, text, J=1.5, h=0.7))))
    # rows with a flip: J^2 each, for the four states with x0 != x1; (h / J)^2 on the diagonal
    assert value == pytest.approx(4 * 1.5**2 + 8 * (0.7 / 1.5) ** 2)
    assert slopes[0] == pytest.approx(8 * 1.5 - 16 * 0.7**2 / 1.5**3)
    assert slopes[1] == pytest.approx(16 * 0.7 / 1.5**2)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_backends(backend):
    for hilbert, text in ((SPINS, "X0"), (ONE, "Sx0"), (BOSONS, "n0"), (FERMIONS, "n0")):
        assert from_text(hilbert, text, backend=backend).backend == backend
        with nk.operator.use_backend(backend):
            assert from_text(hilbert, text).backend == backend


def test_larger_spins():
    op = from_text(ONE, "Sz0 Sz1 + 0.5 (S+0 S-1 + h.c.) + D Sx0 Sx0", D=0.3)
    z, p, m = ([f(ONE, i) for i in (0, 1)] for f in (spin.sigmaz, spin.sigmap, spin.sigmam))
    x = 0.5 * spin.sigmax(ONE, 0)
    assert isinstance(op, LocalOperator)
    expected = 0.25 * z[0] @ z[1] + 0.5 * (p[0] @ m[1] + m[0] @ p[1]) + 0.3 * x @ x
    same(op, expected)
    s = np.diag(np.sqrt([2.0, 2.0]), 1)
    np.testing.assert_allclose(from_text(ONE, "S+1").to_dense(), np.kron(np.eye(3), s), atol=1e-14)
    same(from_text(ONE, "2"), 2 * spin.identity(ONE))


def test_bosons():
    op = from_text(BOSONS, "-t (b+0 b-1 + h.c.) + U/2 n0 (n0 - 1)", t=0.7, U=1.5)
    a, c = boson.destroy, boson.create
    hop = c(BOSONS, 0) @ a(BOSONS, 1)
    n = boson.number(BOSONS, 0)
    same(op, -0.7 * (hop + hop.H) + 0.75 * n @ (n - 1))
    hard = nk.hilbert.Fock(1, 2)
    assert type(from_text(hard, "b+0 b-1")) is PauliStrings
    same(from_text(hard, "b+0 b-1 + n1"), c(hard, 0) @ a(hard, 1) + boson.number(hard, 1))


def test_fermions():
    op = from_text(FERMIONS, "-t (c+0 c-2 + h.c.) + U n0 n1", t=0.7, U=1.5)
    assert isinstance(op, FermionOperator2nd)
    same(op, FermionOperator2nd(FERMIONS, ["0^ 2", "2^ 0", "0^ 0 1^ 1"], [-0.7, -0.7, 1.5]))


def test_many_terms():
    hilbert = nk.hilbert.Qubit(100)
    text = " + ".join(f"{i + 1} X{i} Z{(i + 1) % 100} X{(i + 7) % 100}" for i in range(100))
    op = from_text(hilbert, text)
    assert sorted(op.weights.tolist()) == list(range(1, 101))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("Z5", 0, "no site 5, but sites 0 to 2"),
        ("Z0 +", 4, "found 'the end'"),
        ("2 (Z0", 2, "the parenthesis is not closed"),
        ("Z0)", 2, "the parenthesis has not been opened"),
        ("Z Z1", 1, "`Z` must be followed by the number of its site"),
        ("Z0 S+ 1", 5, r"`S\+` must be followed by the number of its site"),
        ("h.c.", 0, "`h.c.` must follow"),
        ("X0 Q0 Z1", 3, "one of the symbols X, Y, Z.*one of the names K.* but found `Q0`"),
        ("Z0 / 0", 5, "a division by zero"),
        ("Z0 / Z1", 5, "expected a number"),
        ("2 Z0 & X1", 5, "found '&'"),
        ("", 0, "found 'the end'"),
    ],
)
def test_errors_point_to_the_position(text, position, message):
    with pytest.raises(ValueError, match=message) as error:
        from_text(SPINS, text, K=1.0)
    assert f"at position {position}:" in str(error.value)
    line, arrow = str(error.value).split("\n")[-2:]
    assert arrow.index("^") == 4 + position and line[4:] == text


def test_bad_arguments():
    with pytest.raises(TypeError, match="must be a str"):
        from_text(SPINS, 3)
    with pytest.raises(ValueError, match="'X1' cannot be the name of a scalar"):
        from_text(SPINS, "X1", X1=2.0)
