# SPDX-License-Identifier: Apache-2.0
"""What is timed: small scripts on the public API that run on this package and on the peer.

    python benchmarks/cases.py CASE        prints {"first": seconds, "best": seconds}

`first` is the first call in a fresh process (compilation included), `best` the best of the calls
after it. Cases that are a whole process (`import`, `first_step`) are timed from its start.
"""

import argparse
import json
import time

START = time.perf_counter()


def timed(function, seconds: float = 2.0, least: int = 3) -> dict[str, float]:
    """Time of the first call, and the best of those that fit into `seconds`."""
    import jax

    def once() -> float:
        start = time.perf_counter()
        jax.block_until_ready(function())
        return time.perf_counter() - start

    first = once()
    end = time.perf_counter() + seconds
    times = [once() for _ in range(least)]
    while time.perf_counter() < end:
        times.append(once())
    return {"first": first, "best": min(times)}


def whole_process() -> dict[str, float]:
    """Time since the interpreter started this file."""
    seconds = time.perf_counter() - START
    return {"first": seconds, "best": seconds}


# -- systems -------------------------------------------------------------------------------------


def with_backend(operator, backend: str):
    return operator.to_jax_operator() if backend == "jax" else operator.to_numba_operator()


def ising(n: int, backend: str | None = None):
    import netket as nk

    hilbert = nk.hilbert.Spin(0.5, n)
    operator = nk.operator.Ising(hilbert, nk.graph.Chain(n), h=1.0)
    return operator if backend is None else with_backend(operator, backend)


def heisenberg(graph, backend: str | None = None, total_sz: float | None = 0):
    import netket as nk

    hilbert = nk.hilbert.Spin(0.5, graph.n_nodes, total_sz=total_sz)
    operator = nk.operator.Heisenberg(hilbert, graph)
    return operator if backend is None else with_backend(operator, backend)


def molecule(backend: str | None = None):
    """631 Pauli strings on 12 sites, as many as LiH in a minimal basis has: random, but alike.

    79 are diagonal, and the others flip two or four sites, several of them the same ones.
    """
    import itertools

    import numpy as np

    import netket as nk

    rng, n = np.random.default_rng(0), 12
    diagonal = [()] + [c for k in (1, 2) for c in itertools.combinations(range(n), k)]
    strings = ["".join("Z" if i in sites else "I" for i in range(n)) for sites in diagonal]
    while len(strings) < 631:
        sites = sorted(rng.choice(n, rng.choice([2, 4]), replace=False))
        string = ["I"] * n
        for a, b in zip(sites[::2], sites[1::2]):
            string[a], string[b] = rng.choice(["XX", "YY"])
            string[a + 1 : b] = ["Z"] * (b - a - 1)
        string = "".join(string)
        if string not in strings:
            strings.append(string)
    hilbert = nk.hilbert.Qubit(n)
    operator = nk.operator.PauliStrings(hilbert, strings, rng.normal(size=len(strings)))
    return operator if backend is None else with_backend(operator, backend)


def bose_hubbard(length: int, backend: str | None = None):
    import netket as nk

    graph = nk.graph.Square(length)
    hilbert = nk.hilbert.Fock(3, graph.n_nodes, n_particles=graph.n_nodes)
    operator = nk.operator.BoseHubbard(hilbert, graph, U=4.0)
    return operator if backend is None else with_backend(operator, backend)


def hopping(length: int, backend: str | None = None):
    """Spinless fermions at half filling, with hopping and repulsion of neighbours."""
    import netket as nk
    from netket.operator import fermion

    graph = nk.graph.Square(length)
    n = graph.n_nodes
    hilbert = nk.hilbert.SpinOrbitalFermions(n, n_fermions=n // 2)
    c, cdag, number = (
        [f(hilbert, i) for i in range(n)] for f in (fermion.destroy, fermion.create, fermion.number)
    )
    operator = 0
    for i, j in graph.edges():
        operator = operator - cdag[i] @ c[j] - cdag[j] @ c[i] + number[i] @ number[j]
    return operator if backend is None else with_backend(operator, backend)


def square(length: int):
    import netket as nk

    return nk.graph.Square(length)


def state(operator, graph=None, n_samples: int = 1008, n_chains: int = 16, **kwargs):
    import netket as nk

    if graph is None:
        sampler = nk.sampler.MetropolisLocal(operator.hilbert, n_chains=n_chains)
    else:
        sampler = nk.sampler.MetropolisExchange(operator.hilbert, graph=graph, n_chains=n_chains)
    model = nk.models.RBM(alpha=1, param_dtype=float)
    return nk.vqs.MCState(
        sampler, model, n_samples=n_samples, n_discard_per_chain=5, seed=0, **kwargs
    )


# -- cases ---------------------------------------------------------------------------------------


def import_netket():
    """`import netket`, and one attribute of it."""
    import netket  # noqa: F401

    return whole_process()


def import_dependencies():
    """jax, flax, optax and numba, for comparison."""
    import flax  # noqa: F401
    import jax  # noqa: F401
    import numba  # noqa: F401
    import optax  # noqa: F401

    return whole_process()


def first_step(backend: str | None = None):
    """A fresh process up to the end of the first VMC step: Ising N = 20, RBM, SR."""
    import netket as nk

    operator = ising(20, backend)
    driver = nk.VMC(
        operator,
        nk.optimizer.Sgd(0.1),
        variational_state=state(operator),
        preconditioner=nk.optimizer.SR(diag_shift=0.1),
    )
    driver.run(1, show_progress=False)
    return whole_process()


def ten_steps(backend: str | None = None):
    """Ten VMC steps: Ising N = 20, RBM, default SR."""
    import netket as nk

    operator = ising(20, backend)
    driver = nk.VMC(
        operator,
        nk.optimizer.Sgd(0.1),
        variational_state=state(operator),
        preconditioner=nk.optimizer.SR(diag_shift=0.1),
    )
    return timed(lambda: driver.run(10, show_progress=False), 4.0)


def connected(operator):
    """Connected elements of 1024 random samples."""
    import jax
    import numpy as np

    x = operator.hilbert.random_state(jax.random.key(0), 1024)
    if "Numba" in type(operator).__name__ or getattr(operator, "backend", "") == "numba":
        x = np.asarray(x)
    return timed(lambda: operator.get_conn_padded(x))


def to_sparse(operator):
    return timed(operator.to_sparse, 2.0)


def expect(operator, graph=None, **kwargs):
    vs = state(operator, graph, **kwargs)
    vs.sample()
    return timed(lambda: vs.expect(operator).mean)


def expect_and_grad(operator, graph=None, **kwargs):
    vs = state(operator, graph, **kwargs)
    vs.sample()
    return timed(lambda: vs.expect_and_grad(operator)[1])


def sampling(operator, graph=None, **kwargs):
    vs = state(operator, graph, **kwargs)

    def sample():
        vs.reset()
        return vs.samples

    return timed(sample, 3.0)


def sr_step(solver: str | None = None):
    """The natural gradient of one step: Ising N = 20, RBM with 440 parameters, 1008 samples."""
    import netket as nk

    operator = ising(20)
    vs = state(operator)
    _, grad = vs.expect_and_grad(operator)
    solvers = {} if solver is None else {"solver": getattr(nk.optimizer.solver, solver)}
    sr = nk.optimizer.SR(diag_shift=0.1, **solvers)
    return timed(lambda: sr(vs, grad))


CASES = {
    "import": import_netket,
    "import_dependencies": import_dependencies,
    "first_step": first_step,
    "first_step_numba": lambda: first_step("numba"),
    "first_step_jax": lambda: first_step("jax"),
    "ten_steps": ten_steps,
    "ten_steps_numba": lambda: ten_steps("numba"),
    "ten_steps_jax": lambda: ten_steps("jax"),
    "conn_ising20_numba": lambda: connected(ising(20, "numba")),
    "conn_ising20_jax": lambda: connected(ising(20, "jax")),
    "conn_heisenberg10x10_numba": lambda: connected(heisenberg(square(10), "numba")),
    "conn_heisenberg10x10_jax": lambda: connected(heisenberg(square(10), "jax")),
    "conn_molecule_numba": lambda: connected(molecule("numba")),
    "conn_molecule_jax": lambda: connected(molecule("jax")),
    "conn_bose_hubbard6x6_numba": lambda: connected(bose_hubbard(6, "numba")),
    "conn_bose_hubbard6x6_jax": lambda: connected(bose_hubbard(6, "jax")),
    "conn_fermions6x6_numba": lambda: connected(hopping(6, "numba")),
    "conn_fermions6x6_jax": lambda: connected(hopping(6, "jax")),
    "to_sparse_molecule": lambda: to_sparse(molecule()),
    "expect_molecule_numba": lambda: expect(molecule("numba")),
    "expect_molecule_jax": lambda: expect(molecule("jax")),
    "to_sparse_ising16": lambda: to_sparse(ising(16)),
    "to_sparse_heisenberg18": lambda: to_sparse(heisenberg(chain(18))),
    "expect_ising20_numba": lambda: expect(ising(20, "numba")),
    "expect_ising20_jax": lambda: expect(ising(20, "jax")),
    "expect_heisenberg6x6_numba": lambda: expect(heisenberg(square(6), "numba"), square(6)),
    "expect_heisenberg6x6_jax": lambda: expect(heisenberg(square(6), "jax"), square(6)),
    "expect_heisenberg10x10_numba": lambda: expect(heisenberg(square(10), "numba"), square(10)),
    "expect_heisenberg10x10_jax": lambda: expect(heisenberg(square(10), "jax"), square(10)),
    "expect_and_grad_ising20_numba": lambda: expect_and_grad(ising(20, "numba")),
    "expect_and_grad_ising20_jax": lambda: expect_and_grad(ising(20, "jax")),
    "expect_and_grad_heisenberg6x6_numba": lambda: expect_and_grad(
        heisenberg(square(6), "numba"), square(6)
    ),
    "expect_and_grad_heisenberg6x6_jax": lambda: expect_and_grad(
        heisenberg(square(6), "jax"), square(6)
    ),
    "expect_and_grad_heisenberg10x10_numba": lambda: expect_and_grad(
        heisenberg(square(10), "numba"), square(10)
    ),
    "expect_and_grad_heisenberg10x10_jax": lambda: expect_and_grad(
        heisenberg(square(10), "jax"), square(10)
    ),
    "sampling_local_20": lambda: sampling(ising(20)),
    "sampling_local_100": lambda: sampling(ising(100)),
    "sampling_local_400": lambda: sampling(ising(400), n_samples=64),
    "sampling_local_100_1024_chains": lambda: sampling(ising(100), n_samples=1024, n_chains=1024),
    "sampling_local_400_1024_chains": lambda: sampling(ising(400), n_samples=1024, n_chains=1024),
    "sampling_local_36": lambda: sampling(ising(36)),
    "sampling_local_36_1024_chains": lambda: sampling(ising(36), n_samples=1024, n_chains=1024),
    "sampling_exchange_36": lambda: sampling(heisenberg(square(6)), square(6)),
    "sampling_exchange_100": lambda: sampling(heisenberg(square(10)), square(10)),
    "sr_step": sr_step,
    "sr_step_cholesky": lambda: sr_step("cholesky"),
}


def chain(n: int):
    import netket as nk

    return nk.graph.Chain(n)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(CASES))
    print(json.dumps(CASES[parser.parse_args().case]()))
