# SPDX-License-Identifier: Apache-2.0
"""Connected elements of every kind of operator, against the better of the peer's two backends.

    python benchmarks/connected.py --peer ../peer/bin/python [--only fermions] [--repeat 3]
    python benchmarks/connected.py --kind ising        prints {"numba 1024": seconds, ...}

One process times one kind, on both backends and for both batch sizes; processes of the one and of
the other alternate, and the smallest time of each counts.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import cases

BATCHES = (16, 1024)
BACKENDS = ("numba", "jax")


# -- kinds -----------------------------------------------------------------------------------------


def library():
    import netket.experimental
    import netket.graph
    import netket.hilbert
    import netket.operator

    return netket


def local_spins(n: int = 20):
    """Ising with a field along x and z, as local terms."""
    nk = library()
    hilbert = nk.hilbert.Spin(0.5, n)
    spin = nk.operator.spin
    operator = nk.operator.LocalOperator(hilbert, dtype=float)
    for i in range(n):
        zz = spin.sigmaz(hilbert, i) @ spin.sigmaz(hilbert, (i + 1) % n)
        operator = operator + zz - spin.sigmax(hilbert, i) + 0.5 * spin.sigmaz(hilbert, i)
    return operator


def local_spin_one(n: int = 12):
    """A spin-1 chain of bond matrices."""
    import numpy as np

    nk = library()
    hilbert = nk.hilbert.Spin(1, n)
    z = np.diag([1.0, 0.0, -1.0])
    up = np.diag([1.0, 1.0], 1) * np.sqrt(2)
    bond = np.kron(z, z) + 0.5 * (np.kron(up, up.T) + np.kron(up.T, up))
    return nk.operator.LocalOperator(
        hilbert, [bond] * n, [[i, (i + 1) % n] for i in range(n)], dtype=float
    )


def graph_operator(length: int = 6):
    import numpy as np

    nk = library()
    graph = nk.graph.Square(length)
    x, z = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1])
    return nk.operator.GraphOperator(
        nk.hilbert.Spin(0.5, graph.n_nodes), graph=graph, site_ops=[x], bond_ops=[np.kron(z, z)]
    )


def random_strings(n: int = 12, n_strings: int = 631):
    import numpy as np

    nk = library()
    rng = np.random.default_rng(1)
    strings = ["".join(rng.choice(list("IXYZ"), n)) for _ in range(n_strings)]
    return nk.operator.PauliStrings(nk.hilbert.Qubit(n), strings, rng.normal(size=n_strings))


def quartic_fermions(n: int = 12):
    """Hopping and pair hopping of 6 fermions in 12 orbitals."""
    import numpy as np

    nk = library()
    rng = np.random.default_rng(2)
    hilbert = nk.hilbert.SpinOrbitalFermions(n, n_fermions=n // 2)
    terms = [((i, 1), (j, 0)) for i in range(n) for j in range(n)]
    while len(terms) < 600:
        a, b, c, d = (int(k) for k in rng.integers(n, size=4))
        if a != b and c != d:
            terms.append(((a, 1), (b, 1), (c, 0), (d, 0)))
    return nk.operator.FermionOperator2nd(hilbert, terms, rng.normal(size=len(terms)))


def fermi_hubbard(length: int = 4):
    nk = library()
    graph = nk.graph.Square(length)
    n = graph.n_nodes
    hilbert = nk.hilbert.SpinOrbitalFermions(n, s=0.5, n_fermions_per_spin=(n // 2, n // 2))
    return nk.operator.FermiHubbardJax(hilbert, t=1.0, U=4.0, graph=graph)


def fermi_hubbard_strings(length: int = 4):
    """The same as a sum of products of fermionic operators."""
    nk = library()
    graph = nk.graph.Square(length)
    n = graph.n_nodes
    hilbert = nk.hilbert.SpinOrbitalFermions(n, s=0.5, n_fermions_per_spin=(n // 2, n // 2))
    terms, weights = [], []
    for spin in (0, n):
        for i, j in graph.edges():
            terms += [((i + spin, 1), (j + spin, 0)), ((j + spin, 1), (i + spin, 0))]
            weights += [-1.0, -1.0]
    for i in range(n):
        terms.append(((i, 1), (i, 0), (i + n, 1), (i + n, 0)))
        weights.append(4.0)
    return nk.operator.FermionOperator2nd(hilbert, terms, weights)


def conserving(n: int = 12):
    nk = library()
    operator = quartic_fermions(n)
    kind = nk.experimental.operator.ParticleNumberConservingFermioperator2nd
    return kind.from_fermionoperator2nd(operator)


def spin_conserving(length: int = 4):
    nk = library()
    kind = nk.experimental.operator.ParticleNumberAndSpinConservingFermioperator2nd
    return kind.from_fermionoperator2nd(fermi_hubbard_strings(length))


def translation(n: int = 20):
    import numpy as np

    nk = library()
    hilbert = nk.hilbert.Spin(0.5, n)
    permutation = nk.utils.group.Permutation(permutation_array=np.roll(np.arange(n), 1))
    return nk.operator.permutation.PermutationOperator(hilbert, permutation)


def liouvillian(n: int = 6):
    nk = library()
    hilbert = nk.hilbert.Spin(0.5, n)
    ising = nk.operator.Ising(hilbert, nk.graph.Chain(n), h=1.0)
    minus = [nk.operator.spin.sigmam(hilbert, i) for i in range(n)]
    return nk.operator.LocalLiouvillian(ising.to_local_operator(), minus)


def sum_of_two(n: int = 20):
    nk = library()
    return nk.operator.SumOperator(cases.ising(n), translation(n), coefficients=[1.0, 0.5])


def product_of_two(n: int = 12):
    nk = library()
    return nk.operator.ProductOperator(cases.ising(n), translation(n))


KINDS = {
    "ising": lambda: cases.ising(20),
    "ising_100": lambda: cases.ising(100),
    "local": local_spins,
    "local_spin_1": local_spin_one,
    "graph": graph_operator,
    "heisenberg": lambda: cases.heisenberg(cases.chain(20)),
    "heisenberg_10x10": lambda: cases.heisenberg(cases.square(10)),
    "strings_molecule": cases.molecule,
    "strings_random": random_strings,
    "bose_hubbard": lambda: cases.bose_hubbard(6),
    "fermions_hopping": lambda: cases.hopping(6),
    "fermions_quartic": quartic_fermions,
    "fermi_hubbard": fermi_hubbard,
    "fermi_hubbard_strings": fermi_hubbard_strings,
    "conserving": conserving,
    "spin_conserving": spin_conserving,
    "permutation": translation,
    "liouvillian": liouvillian,
    "sum": sum_of_two,
    "product": product_of_two,
}


# -- times -----------------------------------------------------------------------------------------


def on_backend(make, backend: str):
    """The operator with a backend, or None if the peer has none."""
    operator = make()
    try:
        if backend == "jax":
            return operator.to_jax_operator()
        return operator.to_numba_operator()
    except AttributeError:
        import netket as nk

        is_jax = isinstance(operator, nk.operator.DiscreteJaxOperator)
        return operator if is_jax == (backend == "jax") else None


def times(kind: str, seconds: float = 0.4) -> dict[str, float]:
    """Smallest times of one call, by backend and batch size."""
    import jax
    import numpy as np

    result = {}
    for backend in BACKENDS:
        try:
            operator = on_backend(KINDS[kind], backend)
        except Exception as error:
            print(f"{kind} {backend}: {error!r}", file=sys.stderr)
            continue
        if operator is None:
            continue
        for batch in BATCHES:
            x = operator.hilbert.random_state(jax.random.key(0), batch)
            x = np.asarray(x) if backend == "numba" else jax.numpy.asarray(x)
            try:
                result[f"{backend} {batch}"] = smallest(operator.get_conn_padded, x, seconds)
            except Exception as error:
                print(f"{kind} {backend}: {error!r}", file=sys.stderr)
    return result


def smallest(function, x, seconds: float) -> float:
    import jax

    jax.block_until_ready(function(x))
    best, end = math.inf, time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        jax.block_until_ready(function(x))
        best = min(best, time.perf_counter() - start)
    return best


def run(python: str, kind: str) -> dict[str, float]:
    command = [python, "-W", "ignore", __file__, "--kind", kind]
    result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    if result.stderr.strip():
        print(f"{python}: {result.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return json.loads(result.stdout.strip().splitlines()[-1]) if result.returncode == 0 else {}


def compare(kind: str, ours: str, peer: str, repeat: int) -> tuple[dict, dict]:
    """Smallest times of ours and of the peer, over alternating processes."""
    best: dict[str, dict[str, float]] = {ours: {}, peer: {}}
    for _ in range(repeat):
        for python in (ours, peer):
            for key, value in run(python, kind).items():
                best[python][key] = min(value, best[python].get(key, math.inf))
    return best[ours], best[peer]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--peer", help="interpreter in which the peer is installed")
    parser.add_argument("--ours", default=sys.executable)
    parser.add_argument("--only", default="", help="kinds with this in their name")
    parser.add_argument("--repeat", type=int, default=2)
    args = parser.parse_args()
    if args.kind:
        print(json.dumps(times(args.kind)))
        return
    print("| kind | samples | ours: numba | jax | peer: numba | jax | ratio numba | ratio jax |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind in KINDS:
        if not any(part in kind for part in args.only.split(",")):
            continue
        ours, peer = compare(kind, args.ours, args.peer, args.repeat)
        for batch in BATCHES:
            keys = [f"{backend} {batch}" for backend in BACKENDS]
            o, p = ([t.get(key, math.nan) for key in keys] for t in (ours, peer))
            best = min((t for t in p if not math.isnan(t)), default=math.nan)
            cells = [f"{1e6 * t:.0f} us" for t in (*o, *p)]
            print(f"| {kind} | {batch} | {' | '.join(cells)} | ", end="")
            print(" | ".join(f"**{best / t:.1f}**" for t in o), "|", flush=True)


if __name__ == "__main__":
    main()
