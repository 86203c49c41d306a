# SPDX-License-Identifier: Apache-2.0
"""One operator of every kind, as a function of its coefficients, on spaces that kinds share.

Pairs of kinds are taken from here and from the table, and derivatives through constructors from
here: `build(backend, *coefficients)` takes numbers or what jax traces.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from operator_table import Case

import netket as nk
from netket import operator as nko

X, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])


class Model(NamedTuple):
    """An operator as a function of its coefficients, and values of them."""

    hilbert: Any
    build: Callable[..., Any]  # (backend, *coefficients) -> operator
    coefficients: tuple[float, ...]


SPINS = nk.hilbert.Spin(0.5, 3)
BOSONS = nk.hilbert.Fock(2, 2)
FERMIONS = nk.hilbert.SpinOrbitalFermions(3)
ELECTRONS = nk.hilbert.SpinOrbitalFermions(2, s=1 / 2, n_fermions_per_spin=(1, 1))
FACTORS = nk.hilbert.Spin(0.5, 2), nk.hilbert.Fock(2, 1)
TENSOR = nk.hilbert.TensorHilbert(*FACTORS)
LINE, PAIR = nk.graph.Chain(3, pbc=False), nk.graph.Chain(2, pbc=False)


def ising(backend, h, J):
    return nko.Ising(SPINS, LINE, h=h, J=J, backend=backend)


def local(hilbert):
    """Matrices whose elements are coefficients, on two sites that are no neighbours."""
    d = hilbert.shape[-1] * hilbert.shape[0]
    pattern = np.random.default_rng(d).normal(size=(2, d, d))

    def build(backend, a, b, c):
        matrix = a * pattern[0] + b * pattern[1]
        return nko.LocalOperator(hilbert, matrix, [hilbert.size - 1, 0], c, backend=backend)

    return Model(hilbert, build, (0.3, -0.5, 0.7))


def heisenberg(backend, J):
    return nko.Heisenberg(SPINS, LINE, J=J, backend=backend)


def graph_operator(backend, h, J):
    return nko.GraphOperator(SPINS, LINE, [h * X], [J * np.kron(Z, Z)], backend=backend)


def pauli_strings(backend, a, b, c):
    strings = ["XIY", "ZZI", "IYY"]
    return nko.PauliStrings(SPINS, strings, jnp_stack(a, b, c), backend=backend)


def jnp_stack(*numbers):
    """An array of numbers, of numpy unless jax traces one."""
    return (np if all(isinstance(x, float) for x in numbers) else jnp).stack(numbers)


def total(hilbert):
    """Ising or local terms and others, which merge."""

    def build(backend, a, b):
        parts = ising(backend, 0.4, -1.1), local(SPINS).build(backend, 0.3, 0.2, 0.1)
        return nko.SumOperator(*parts, coefficients=[a, b])

    return Model(hilbert, build, (0.8, -0.6))


def product(backend, a):
    parts = local(SPINS).build(backend, 0.3, 0.2, 0.1), ising(backend, 0.4, -1.1)
    return nko.ProductOperator(*parts, coefficient=a)


def bose_hubbard(backend, U, V, J, mu):
    return nko.BoseHubbard(BOSONS, PAIR, U=U, V=V, J=J, mu=mu, backend=backend)


def fermions(hilbert, cls):
    """Hopping and interaction, both hermitian and conserving numbers of each spin."""

    def build(backend, t, u):
        terms = ["0^ 1", "1^ 0", "0^ 0 1^ 1" if hilbert is FERMIONS else "0^ 0 2^ 2"]
        plain = nko.FermionOperator2nd(hilbert, terms, jnp_stack(t, t, u), backend=backend)
        if cls is None:
            return plain
        return cls.from_fermionoperator2nd(plain)

    return Model(hilbert, build, (-0.7, 1.2))


def fermi_hubbard(backend, t, U):
    return nko.FermiHubbard(ELECTRONS, PAIR, t=t, U=U, backend=backend)


def embedded(backend, h, J):
    inner = nko.Ising(FACTORS[0], PAIR, h=h, J=J, backend=backend)
    return nko.EmbedOperator(TENSOR, inner, 0)


def tensor(backend, h, n):
    spins = nko.Ising(FACTORS[0], PAIR, h=h, J=0.5, backend=backend)
    number = nko.LocalOperator(FACTORS[1], n * np.diag([0.0, 1.0, 2.0]), [0], backend=backend)
    return nko.TensorOperator(spins, number)


def permutation(hilbert, name):
    def build(backend):
        cls = getattr(nk.operator.permutation, name)
        images = np.roll(np.arange(hilbert.size), 1)
        permutation = nk.utils.group.Permutation(permutation_array=images)
        return cls(hilbert, permutation, backend=backend)

    return Model(hilbert, build, ())


def lazy(name):
    """Adjoint and its like, of an operator that is not hermitian."""

    def build(backend, a, b):
        return getattr(nko, name)(local(SPINS).build(backend, a, b, 0.1))

    return Model(SPINS, build, (0.3, -0.5))


def liouvillian(backend, h, gamma):
    hilbert = nk.hilbert.Spin(0.5, 1)
    field = nko.LocalOperator(hilbert, h * X, [0], backend=backend)
    jump = nko.LocalOperator(hilbert, gamma * np.array([[0, 1.0], [0, 0]]), [0], backend=backend)
    return nko.LocalLiouvillian(field, [jump], backend=backend)


def _models() -> dict[str, Model]:
    experimental = nk.experimental.operator if hasattr(nk.experimental, "operator") else None
    models = {
        "Ising": Model(SPINS, ising, (0.7, -0.3)),
        "LocalOperator spins": local(SPINS),
        "LocalOperator bosons": local(BOSONS),
        "LocalOperator tensor": local(TENSOR),
        "Heisenberg": Model(SPINS, heisenberg, (0.9,)),
        "GraphOperator": Model(SPINS, graph_operator, (0.7, 1.1)),
        "SumOperator": total(SPINS),
        "ProductOperator": Model(SPINS, product, (0.8,)),
    }
    if hasattr(nko, "PauliStrings"):
        models["PauliStrings"] = Model(SPINS, pauli_strings, (0.7, -0.2, 0.4))
    if hasattr(nko, "BoseHubbard"):
        models["BoseHubbard"] = Model(BOSONS, bose_hubbard, (1.0, 0.5, 0.8, 0.3))
    if hasattr(nko, "FermionOperator2nd"):
        models["FermionOperator2nd"] = fermions(FERMIONS, None)
        models["FermionOperator2nd electrons"] = fermions(ELECTRONS, None)
    if hasattr(nko, "FermiHubbard"):
        models["FermiHubbard"] = Model(ELECTRONS, fermi_hubbard, (0.7, 1.5))
    for name in (
        "ParticleNumberConservingFermioperator2nd",
        "ParticleNumberAndSpinConservingFermioperator2nd",
    ):
        if hasattr(experimental, name):
            models[name] = fermions(ELECTRONS, getattr(experimental, name))
    if hasattr(nko, "EmbedOperator"):
        models["EmbedOperator"] = Model(TENSOR, embedded, (0.7, 0.4))
    if hasattr(nko, "TensorOperator"):
        models["TensorOperator"] = Model(TENSOR, tensor, (0.7, 0.4))
    for name, hilbert in (
        ("PermutationOperator", SPINS),
        ("PermutationOperatorFermion", FERMIONS),
    ):
        if hasattr(nko, "permutation") and hasattr(nko.permutation, name):
            models[name] = permutation(hilbert, name)
    for name in ("Adjoint", "Transpose", "Squared"):
        if hasattr(nko, name):
            models[name] = lazy(name)
    if hasattr(nko, "LocalLiouvillian"):
        hilbert = nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 1))
        models["LocalLiouvillian"] = Model(hilbert, liouvillian, (0.7, 0.6))
    return models


MODELS = _models()


def _case(model: Model) -> Case:
    return Case(model.hilbert, lambda backend: model.build(backend, *model.coefficients), None)


def diagonal(hilbert: Any) -> Case:
    """A local operator on any space."""
    levels = np.diag(np.arange(1.0, hilbert.shape[0] + 1))

    def build(backend: str) -> Any:
        return nko.LocalOperator(hilbert, levels, [0], 0.5, backend=backend)

    return Case(hilbert, build, None)


EXTRA: dict[str, Case] = {name: _case(model) for name, model in MODELS.items()}
