# SPDX-License-Identifier: Apache-2.0
"""Hilbert spaces and graphs: construction, indexing, random states; see `cases`.

    python benchmarks/spaces.py CASE        prints {"first": seconds, "best": seconds}

Everything is made afresh in every call, as results are kept. `first` begins after the import of
netket, but in `process_*`, which are timed from the start of the interpreter.
"""

import argparse
import functools
import json
import random
import time

from cases import timed, whole_process


def library():
    """netket, with all that `import netket` may have left for later."""
    import netket.graph
    import netket.hilbert

    return netket


# -- spaces ----------------------------------------------------------------------------------------


def at_most(n: int):
    """A constraint by the user: at most `n` entries are positive."""
    base = library().hilbert.constraint.DiscreteHilbertConstraint

    class AtMost(base):
        def __call__(self, x):
            return (x > 0).sum(axis=-1) <= n

        def __hash__(self):
            return hash(("AtMost", n))

        def __eq__(self, other):
            return type(other).__name__ == "AtMost"

    return AtMost()


def spins(n: int = 16, **kwargs):
    return library().hilbert.Spin(0.5, n, **kwargs)


def bosons():
    return library().hilbert.Fock(3, 8, n_particles=8)


def fermions():
    return library().hilbert.SpinOrbitalFermions(6, s=0.5, n_fermions_per_spin=(3, 3))


def partition():
    hilbert = library().hilbert
    constraint = hilbert.constraint.SumOnPartitionConstraint((0, 0), (8, 8))
    return hilbert.Spin(0.5, 16, constraint=constraint)


def product():
    return spins(8, total_sz=0) * library().hilbert.Fock(3, 3)


def user():
    return spins(12, constraint=at_most(3))


def doubled():
    return library().hilbert.DoubledHilbert(spins(5))


SPACES = {
    "spins": spins,
    "spins_sz": lambda: spins(total_sz=0),
    "bosons": bosons,
    "fermions": fermions,
    "partition": partition,
    "product": product,
    "user": user,
    "doubled": doubled,
}

# of which a whole first use is timed
WHOLE = ("spins_sz", "fermions", "bosons")

# numbers of few and of many samples
SIZED = {"spins8": lambda: spins(8), "bosons": bosons}


def construct(space):
    """First one, then many of them, as one takes microseconds."""
    library()
    start = time.perf_counter()
    hash(space())
    first = time.perf_counter() - start
    many = timed(lambda: [hash(space()) for _ in range(100)] and None)
    return {"first": first, "best": many["best"]}


def all_states(space):
    library()
    return timed(lambda: space().all_states())


def numbers(space, as_jax: bool):
    """Numbers of 1000 states, given in numpy or in jax."""
    import jax.numpy as jnp
    import numpy as np

    states = np.resize(np.asarray(space().all_states()), (1000, space().size))
    states = jnp.asarray(states) if as_jax else states
    hilbert = space()
    return timed(lambda: hilbert.states_to_numbers(states))


def first_numbers(space):
    """Numbers of one random state, in a process that has not listed the states."""
    import numpy as np

    hilbert = space()
    state = np.asarray(hilbert.random_state(key(), 1))
    return timed(lambda: space().states_to_numbers(state))


def key():
    import jax

    return jax.random.PRNGKey(0)


def random_states(space, n: int = 1024):
    hilbert, seed = space(), key()
    return timed(lambda: hilbert.random_state(seed, n))


def first_use(space):
    """What a user waits for, from the start of the interpreter: a space, its states, numbers of
    numpy and of jax samples, random states."""
    import jax.numpy as jnp
    import numpy as np

    library()
    hilbert = space()
    states = np.asarray(hilbert.all_states())
    hilbert.states_to_numbers(states[:16])
    np.asarray(hilbert.states_to_numbers(jnp.asarray(states[:16])))
    np.asarray(hilbert.random_state(key(), 16))
    return whole_process()


def sized_numbers(space, n: int, as_jax: bool):
    """Numbers of `n` random states."""
    import jax.numpy as jnp
    import numpy as np

    hilbert = space()
    states = np.asarray(hilbert.random_state(key(), n))
    states = jnp.asarray(states) if as_jax else states
    return timed(lambda: hilbert.states_to_numbers(states))


def process(space):
    """From the start of the interpreter to all states."""
    import netket as nk

    assert nk.hilbert is not None
    space().all_states()
    return whole_process()


# -- graphs ----------------------------------------------------------------------------------------


@functools.cache
def random_edges(n: int, n_edges: int) -> list[tuple[int, int]]:
    rng, edges = random.Random(0), set()
    while len(edges) < n_edges:
        edges.add(tuple(sorted(rng.sample(range(n), 2))))
    return sorted(edges)


GRAPHS = {
    "chain20": lambda graph: graph.Chain(20),
    "square4": lambda graph: graph.Square(4),
    "open_square4": lambda graph: graph.Square(4, pbc=False),
    "open_square8": lambda graph: graph.Square(8, pbc=False),
    "square10": lambda graph: graph.Square(10),
    "grid100x100": lambda graph: graph.Grid((100, 100)),
    "honeycomb3x3": lambda graph: graph.Honeycomb((3, 3)),
    "honeycomb10x10": lambda graph: graph.Honeycomb((10, 10)),
    "kagome10x10": lambda graph: graph.Kagome((10, 10)),
    "pyrochlore4": lambda graph: graph.Pyrochlore((4, 4, 4)),
    "random30": lambda graph: graph.Graph(random_edges(30, 60), 30),
    "random10000": lambda graph: graph.Graph(random_edges(10_000, 20_000), 10_000),
}


def graph(name: str):
    return GRAPHS[name](library().graph)


def construct_graph(name: str):
    library(), random_edges(30, 60), random_edges(10_000, 20_000)
    return timed(lambda: graph(name).n_edges)


def of_graph(name: str, method: str):
    """A method of a new graph; without the construction, which is timed elsewhere."""
    import time

    def once() -> float:
        fresh = graph(name)
        start = time.perf_counter()
        getattr(fresh, method)()  # lists, or numpy
        return time.perf_counter() - start

    return {"first": once(), "best": min(once() for _ in range(20))}


def graph_and(name: str, method: str):
    """A method of a new graph, with its construction."""
    library(), random_edges(30, 60), random_edges(10_000, 20_000)
    return timed(lambda: getattr(graph(name), method)() and None)


def process_graphs():
    """From the start of the interpreter: lattices, and what scripts ask of them."""
    import netket as nk

    large = nk.graph.Square(100)
    assert large.is_bipartite() and len(large.edges()) == 20_000
    nk.graph.Square(10).distances()
    assert len(nk.graph.Square(4, pbc=False).automorphisms()) == 8
    return whole_process()


METHODS = {
    "distances": ["square10", "open_square4", "honeycomb3x3", "random30"],
    "distances_euclidean": ["kagome10x10"],
    "adjacency_list": ["grid100x100", "square4", "random30"],
    "edges": ["grid100x100", "square10", "random10000"],
    "is_bipartite": ["grid100x100", "square4", "honeycomb10x10"],
    "is_connected": ["grid100x100", "square4", "honeycomb10x10"],
    "automorphisms": [
        *("chain20", "square4", "open_square4", "open_square8", "square10"),
        *("honeycomb3x3", "honeycomb10x10", "random30"),
    ],
}

CASES = {
    **{f"construct_{n}": lambda s=s: construct(s) for n, s in SPACES.items()},
    **{f"states_{n}": lambda s=s: all_states(s) for n, s in SPACES.items()},
    **{f"first_numbers_{n}": lambda s=s: first_numbers(s) for n, s in SPACES.items()},
    **{f"numbers_numpy_{n}": lambda s=s: numbers(s, False) for n, s in SPACES.items()},
    **{f"numbers_jax_{n}": lambda s=s: numbers(s, True) for n, s in SPACES.items()},
    **{f"random_{n}": lambda s=s: random_states(s) for n, s in SPACES.items()},
    **{f"process_{n}": lambda s=s: process(s) for n, s in SPACES.items()},
    **{f"first_use_{n}": lambda n=n: first_use(SPACES[n]) for n in WHOLE},
    **{
        f"numbers_{kind}_{name}_{n}": lambda s=s, n=n, kind=kind: sized_numbers(s, n, kind == "jax")
        for name, s in SIZED.items()
        for n in (1, 16, 100000)
        for kind in ("numpy", "jax")
    },
    **{f"graph_{n}": lambda n=n: construct_graph(n) for n in GRAPHS},
    **{
        f"graph_{m}_{n}": lambda m=m, n=n: of_graph(n, m)
        for m, names in METHODS.items()
        for n in names
    },
    **{
        f"graph_{n}_and_{m}": lambda m=m, n=n: graph_and(n, m)
        for n in ("random30", "random10000")
        for m in ("is_bipartite", "is_connected")
    },
    "process_graphs": process_graphs,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(CASES))
    print(json.dumps(CASES[parser.parse_args().case]()))
