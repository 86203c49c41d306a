# SPDX-License-Identifier: Apache-2.0
"""Imports from inside of the packages, as scripts for 3.23 have them."""

import importlib

import pytest

import netket as nk
from netket import _inner_paths

IMPORTS = {
    "netket.experimental.geometry.cell": (nk.experimental.geometry, "Cell"),
    "netket.experimental.hilbert.particle": (nk.experimental.hilbert, "Particle"),
    "netket.graph.abstract_graph": (nk.graph, "AbstractGraph"),
    "netket.graph.common_lattices": (nk.graph, "Chain"),
    "netket.hilbert.abstract_hilbert": (nk.hilbert, "AbstractHilbert"),
    "netket.hilbert.discrete_hilbert": (nk.hilbert, "DiscreteHilbert"),
    "netket.nn.blocks.symmetry_sum": (nk.nn.blocks, "SymmExpSum"),
    "netket.nn.utils": (nk.nn, "to_array"),
    "netket.optimizer.solver.solvers": (nk.optimizer.solver, "svd"),
    "netket.sampler.rules.continuous_gaussian": (nk.sampler.rules, "GaussianRule"),
    "netket.sampler.rules.fermion_2nd": (nk.sampler.rules, "FermionHopRule"),
    "netket.stats.mc_stats": (nk.stats, "Stats"),
    "netket.utils.config_flags": (nk.utils, "config"),
    "netket.utils.jax": (nk.utils, "get_afun_if_module"),
    "netket.utils.static_number": (nk.utils.numbers, "is_scalar"),
    "netket.vqs.base": (nk.vqs, "VariationalState"),
    "netket.vqs.full_summ.state": (nk.vqs, "FullSumState"),
    "netket.vqs.mc": (nk.vqs, "get_local_kernel_arguments"),
    "netket.vqs.mc.kernels": (nk.vqs.local_values, "local_value_kernel"),
    "netket.vqs.mc.mc_state.state": (nk.vqs, "MCState"),
}


@pytest.mark.parametrize("path", IMPORTS)
def test_names_of_inner_modules(path):
    package, name = IMPORTS[path]
    namespace: dict = {}
    exec(f"from {path} import {name}", namespace)
    assert namespace[name] is getattr(package, name)


@pytest.mark.parametrize("path", _inner_paths._HOMES)
def test_inner_modules_stand_for_what_exists(path):
    module = importlib.import_module(path)
    assert module.__name__ == path
    for home in _inner_paths._HOMES[path]:
        importlib.import_module(home)
    with pytest.raises(AttributeError, match="stands for"):
        _ = module.what_never_was


def test_unknown_inner_modules_are_not_found():
    with pytest.raises(ImportError):
        importlib.import_module("netket.vqs.what_never_was")
    with pytest.raises(ImportError, match="what_never_was"):
        exec("from netket.vqs.mc import what_never_was", {})


def test_initializers_that_models_of_third_parties_import():
    from netket.nn.masked_linear import default_kernel_init
    from netket.nn.symmetric_linear import default_equivariant_initializer

    assert callable(default_kernel_init) and callable(default_equivariant_initializer)
