# SPDX-License-Identifier: Apache-2.0
"""Two ground states, each with the numba and with the JAX backend of its Hamiltonian.

    H = -h Σ_i σˣ_i + J Σ_<ij> σᶻ_i σᶻ_j        transverse-field Ising chain, N = 20, h = 1
    H =  J Σ_<ij> σ_i · σ_j                       Heisenberg antiferromagnet, 4x4 sites

An RBM is trained by Metropolis sampling and stochastic reconfiguration. At the end there is a
table on the screen and a picture of the energy against the iteration in `ground_state.png`.

    python examples/ground_state.py [--iterations 300] [--output ground_state.png]
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import netket as nk


@dataclass
class Problem:
    """A Hamiltonian, how to sample it, and the energy that is known."""

    name: str
    exact: float  # exact ground-state energy, in units of J
    hamiltonian: nk.operator.DiscreteOperator
    sampler: nk.sampler.Sampler
    model: nk.models.RBM
    n_samples: int
    learning_rate: float
    diag_shift: float


def ising() -> Problem:
    """Critical Ising chain; the energy is that of free fermions."""
    graph = nk.graph.Chain(20, pbc=True)
    hilbert = nk.hilbert.Spin(s=1 / 2, N=graph.n_nodes)
    return Problem(
        name="Ising chain, N = 20, h = 1",
        exact=-25.490989686365,
        hamiltonian=nk.operator.Ising(hilbert, graph, h=1.0),
        sampler=nk.sampler.MetropolisLocal(hilbert, n_chains=16),
        model=nk.models.RBM(alpha=1, param_dtype=float),
        n_samples=1008,
        learning_rate=0.1,
        diag_shift=0.05,
    )


def heisenberg() -> Problem:
    """Square lattice at zero magnetisation; the energy is from exact diagonalisation."""
    graph = nk.graph.Square(4, pbc=True)
    hilbert = nk.hilbert.Spin(s=1 / 2, N=graph.n_nodes, total_sz=0)
    return Problem(
        name="Heisenberg, 4x4",
        exact=-44.9139328337,
        hamiltonian=nk.operator.Heisenberg(hilbert, graph, sign_rule=True),
        sampler=nk.sampler.MetropolisExchange(hilbert, graph=graph, n_chains=16),
        model=nk.models.RBM(alpha=6, param_dtype=float, use_visible_bias=False),
        n_samples=2016,
        learning_rate=0.015,
        diag_shift=0.003,
    )


@dataclass
class Result:
    """What one optimisation gave: `estimate` is from fresh samples at the last parameters."""

    problem: Problem
    backend: str
    iterations: np.ndarray  # (T,)
    energies: np.ndarray  # (T,)
    estimate: nk.stats.Stats
    seconds: float

    @property
    def relative_error(self) -> float:
        """|E - E_exact| / |E_exact|"""
        return abs(self.energy - self.problem.exact) / abs(self.problem.exact)

    @property
    def energy(self) -> float:
        return float(np.real(self.estimate.mean))

    @property
    def v_score(self) -> float:
        """N Var(E) / E^2, both Hamiltonians being traceless (Science 386, 296)."""
        n_sites = self.problem.hamiltonian.hilbert.size
        return n_sites * float(self.estimate.variance) / self.energy**2


def optimise(problem: Problem, backend: str, n_iter: int) -> Result:
    """Train an RBM on the problem with the operator on the given backend."""
    start = time.perf_counter()
    hamiltonian = problem.hamiltonian.to_backend(backend)
    state = nk.vqs.MCState(
        problem.sampler,
        problem.model,
        n_samples=problem.n_samples,
        n_discard_per_chain=5,
        seed=1,
    )
    driver = nk.VMC(
        hamiltonian,
        nk.optimizer.Sgd(problem.learning_rate),
        variational_state=state,
        preconditioner=nk.optimizer.SR(diag_shift=problem.diag_shift),
    )
    log = nk.logging.RuntimeLog()
    driver.run(n_iter, out=log)
    state.n_samples = 16 * 1008
    estimate = state.expect(hamiltonian)
    history = log.data["Energy"]
    return Result(
        problem,
        backend,
        np.asarray(history.iters),
        np.real(np.asarray(history["Mean"])),
        estimate,
        time.perf_counter() - start,
    )


def table(results: list[Result]) -> str:
    """The results as text, a line for each."""
    header = (
        f"{'model':<28}{'backend':<9}{'energy':>12}{'error':>9}{'variance':>10}"
        f"{'R-hat':>8}{'V-score':>10}{'rel. error':>12}{'seconds':>9}"
    )
    lines = [header, "-" * len(header)]
    for r in results:
        s = r.estimate
        lines.append(
            f"{r.problem.name:<28}{r.backend:<9}{r.energy:>12.5f}{s.error_of_mean:>9.5f}"
            f"{s.variance:>10.5f}{s.R_hat:>8.4f}{r.v_score:>10.2e}{r.relative_error:>12.2e}"
            f"{r.seconds:>9.1f}"
        )
    exact = {r.problem.name: r.problem.exact for r in results}
    lines += [f"exact: {name}: {energy:.6f}" for name, energy in exact.items()]
    return "\n".join(lines)


def plot(results: list[Result], output: Path) -> None:
    """Energy (left axis) and relative error against the iteration, a column for each problem."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(r.problem.name for r in results))
    # the curves may coincide: a wide pale line below a thin dark one
    styles = {"numba": {"color": "#edae49", "lw": 3.5}, "jax": {"color": "#00798c", "lw": 1.1}}
    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(
        2, len(names), figsize=(5.2 * len(names), 5.6), sharex="col", height_ratios=(3, 2)
    )
    axes = np.reshape(axes, (2, len(names)))
    for column, name in enumerate(names):
        top, bottom = axes[:, column]
        for r in (r for r in results if r.problem.name == name):
            n = r.problem.hamiltonian.hilbert.size
            label, style = f"{r.backend} backend", styles[r.backend]
            top.plot(r.iterations, r.energies / n, label=label, **style)
            window = min(10, len(r.energies))
            mean = np.convolve(r.energies, np.ones(window) / window, mode="valid")
            error = np.abs(mean - r.problem.exact) / abs(r.problem.exact)
            bottom.semilogy(r.iterations[window - 1 :], error, **style)
        exact = r.problem.exact / n
        spread = max(r.energies[0] / n - exact for r in results if r.problem.name == name)
        top.axhline(exact, color="0.25", lw=1, ls="--", label="exact")
        top.set_ylim(exact - 0.04 * spread, exact + 0.6 * spread)
        top.set_title(name.replace("4x4", r"$4 \times 4$"))
        top.legend(frameon=False)
        bottom.axhline(1e-3, color="0.6", lw=0.8, ls=":")
        bottom.set_ylim(1e-5, 1)
        bottom.set_xlabel("iteration")
    axes[0, 0].set_ylabel(r"energy per site $E/NJ$")
    axes[1, 0].set_ylabel("relative error\n(running mean of 10)")
    figure.align_ylabels()
    figure.tight_layout()
    figure.savefig(output, dpi=180)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--output", type=Path, default=Path("ground_state.png"))
    args = parser.parse_args()
    results = []
    for problem in (ising(), heisenberg()):
        for backend in ("numba", "jax"):
            print(f"\n{problem.name}, {backend} backend")
            results.append(optimise(problem, backend, args.iterations))
    print("\n" + table(results))
    plot(results, args.output)
    print(f"\nenergy curves: {args.output.resolve()}")


if __name__ == "__main__":
    main()
