# SPDX-License-Identifier: Apache-2.0
"""Groups, their characters and irreps, and representations: see `cases`.

    python benchmarks/groups.py CASE        prints {"first": seconds, "best": seconds}

Everything is made afresh in every call, as results are kept.
"""

import argparse
import json

from cases import timed, whole_process


def point_group(name: str):
    from netket.utils import group

    family, order = name.split(".")
    make = getattr(getattr(group, family), order.rstrip("0123456789"))
    n = order.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZhdv")
    return make(int(n)) if n else make()


def lattice(kind: str, *extent: int):
    import netket as nk

    if kind in ("Square", "Cube", "Chain"):
        return getattr(nk.graph, kind)(extent[0])
    return getattr(nk.graph, kind)(list(extent))


def space_group(kind: str, *extent: int):
    return lattice(kind, *extent).space_group()


def tables(make):
    """Table of products, classes and characters of a group."""
    return timed(lambda: make().character_table())


def irreps(make):
    return timed(lambda: make().irrep_matrices())


def space_group_irreps(kind: str, k, *extent: int):
    return timed(lambda: space_group(kind, *extent).space_group_irreps(*k))


def representation(length: int):
    """Projectors on all momenta of a chain of spins, and their ranks."""
    import netket as nk

    hilbert = nk.hilbert.Spin(0.5, length)
    _ = nk.symmetry  # imported on first use

    def make():
        group = nk.graph.Chain(length).translation_group()
        rep = nk.symmetry.canonical_representation(hilbert, group)
        return rep.irrep_subspace_dims(), [rep.projector(i) for i in range(length)]

    return timed(make)


def lanczos_4x4():
    """4x4 Heisenberg at zero momentum, even under the spin flip; the peer has no sectors, and
    diagonalises the whole space."""
    import netket as nk

    hilbert = nk.hilbert.Spin(0.5, 16, total_sz=0)
    operator = nk.operator.Heisenberg(hilbert, nk.graph.Square(4))

    def energy():
        if "sector" not in nk.exact.lanczos_ed.__kwdefaults__:
            return nk.exact.lanczos_ed(operator)
        translations = nk.graph.Square(4).translation_group()
        momentum = nk.symmetry.canonical_representation(hilbert, translations).sector(k=(0, 0))
        flip = nk.symmetry.spin_flip_representation(hilbert).sector(label="+1")
        return nk.exact.lanczos_ed(operator, sector=[momentum, flip])

    return timed(energy)


def process_group():
    """From the start of the interpreter: a space group, its characters, irreps and a projector."""
    import netket as nk

    square = nk.graph.Square(4)
    group = square.space_group()
    group.character_table()
    group.space_group_irreps(pi(), 0)
    hilbert = nk.hilbert.Spin(0.5, 16)
    nk.symmetry.canonical_representation(hilbert, square.translation_group()).projector(0)
    return whole_process()


def pi():
    import math

    return math.pi


CASES = {
    "characters_planar_D6": lambda: tables(lambda: point_group("planar.D6")),
    "characters_Oh": lambda: tables(lambda: point_group("cubic.Oh")),
    "characters_Ih": lambda: tables(lambda: point_group("icosa.Ih")),
    "irreps_Oh": lambda: irreps(lambda: point_group("cubic.Oh")),
    "irreps_Ih": lambda: irreps(lambda: point_group("icosa.Ih")),
    "translations_10x10": lambda: timed(
        lambda: lattice("Square", 10).translation_group().product_table
    ),
    "momenta_10x10": lambda: tables(lambda: lattice("Square", 10).translation_group()),
    "space_group_4x4": lambda: tables(lambda: space_group("Square", 4)),
    "space_group_6x6": lambda: tables(lambda: space_group("Square", 6)),
    "space_group_10x10": lambda: timed(lambda: space_group("Square", 10).product_table),
    "space_group_triangular_6x6": lambda: tables(lambda: space_group("Triangular", 6, 6)),
    "space_group_cube_3": lambda: tables(lambda: space_group("Cube", 3)),
    "space_group_irreps_6x6": lambda: space_group_irreps("Square", (pi(), 0), 6),
    "irreps_space_group_4x4": lambda: irreps(lambda: space_group("Square", 4)),
    "irreps_space_group_6x6": lambda: irreps(lambda: space_group("Square", 6)),
    "projectors_chain_20": lambda: representation(20),
    "lanczos_sector_4x4": lanczos_4x4,
    "process_group": process_group,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(CASES))
    print(json.dumps(CASES[parser.parse_args().case]()))
