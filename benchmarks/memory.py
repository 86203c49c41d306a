# SPDX-License-Identifier: Apache-2.0
"""Memory of an expectation value and its gradient, above that of the process before.

    python benchmarks/memory.py CASE       prints {"first": MiB, "best": MiB}

`first` is the peak of the first evaluation above that of the same calls on 16 sites, which pay for
imports, threads and compilers; `best` is by how much 100 more evaluations raise the peak.
The Heisenberg model on the 10x10 lattice, 4096 samples, an RBM with 1e5 parameters.
"""

import argparse
import json
import resource


def peak() -> float:
    """Largest resident memory of this process until now, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def evaluate(length: int, alpha: int, n_samples: int, backend: str, chunk_size: int | None):
    """A function that draws samples and evaluates energy and gradient."""
    import jax

    import netket as nk

    graph = nk.graph.Square(length)
    hilbert = nk.hilbert.Spin(0.5, graph.n_nodes, total_sz=0)
    operator = nk.operator.Heisenberg(hilbert, graph)
    operator = operator.to_jax_operator() if backend == "jax" else operator.to_numba_operator()
    sampler = nk.sampler.MetropolisExchange(hilbert, graph=graph, n_chains=256, sweep_size=10)
    vs = nk.vqs.MCState(
        sampler,
        nk.models.RBM(alpha=alpha, param_dtype=float),
        n_samples=n_samples,
        n_discard_per_chain=0,
        chunk_size=chunk_size,
        seed=0,
    )

    def once() -> None:
        _, gradient = vs.expect_and_grad(operator)
        vs.parameters = jax.tree.map(lambda p, g: p - 1e-3 * g.real, vs.parameters, gradient)
        jax.block_until_ready(vs.parameters)

    return once


def measure(backend: str, chunk_size: int | None = 256, n_more: int = 100) -> dict[str, float]:
    small = evaluate(4, 1, 512, backend, chunk_size)
    for _ in range(3):
        small()
    before = peak()
    large = evaluate(10, 10, 4096, backend, chunk_size)
    large()
    first = peak()
    for _ in range(3):  # what is kept from one evaluation to the next
        large()
    settled = peak()
    for _ in range(n_more):
        large()
    return {"first": first - before, "best": peak() - settled}


CASES = {
    "memory_expect_and_grad_numba": lambda: measure("numba"),
    "memory_expect_and_grad_jax": lambda: measure("jax"),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(CASES))
    print(json.dumps(CASES[parser.parse_args().case]()))
