# SPDX-License-Identifier: Apache-2.0
"""Autoregressive networks, 1000 samples of two layers of 8 features: see `CASES`.

python benchmarks/autoregressive.py CASE        prints {"first": seconds, "best": seconds}
"""

import argparse
import json

from cases import timed


def network(name: str, n: int, **options):
    """A network for n spins, its variables, and 1000 configurations."""
    import jax

    import netket as nk

    hilbert = nk.hilbert.Spin(0.5, n)
    model = getattr(nk.models, name)(hilbert, layers=2, features=8, **options)
    σ = hilbert.random_state(jax.random.PRNGKey(0), 1000)
    return model, model.init(jax.random.PRNGKey(1), σ[:1]), σ


def sampling(name: str, n: int, **options):
    import netket as nk

    model, variables, _ = network(name, n, **options)
    sampler = nk.sampler.ARDirectSampler(model.hilbert)
    state = sampler.init_state(model, variables, seed=1)
    return timed(lambda: sampler.sample(model, variables, state=state, chain_length=1000)[0])


def values(name: str, n: int, **options):
    import jax

    model, variables, σ = network(name, n, **options)
    apply = jax.jit(model.apply)
    return timed(lambda: apply(variables, σ))


def gradient(name: str, n: int, **options):
    import jax

    model, variables, σ = network(name, n, **options)
    grad = jax.jit(jax.grad(lambda v, σ: (model.apply(v, σ).real ** 2).sum()))
    return timed(lambda: grad(variables, σ))


CONV = {"kernel_size": 5}

CASES = {
    "ar_sampling_dense_20": lambda: sampling("ARNNDense", 20),
    "ar_sampling_dense_100": lambda: sampling("ARNNDense", 100),
    "ar_sampling_conv_100": lambda: sampling("ARNNConv1D", 100, **CONV),
    "ar_sampling_fast_conv_20": lambda: sampling("FastARNNConv1D", 20, **CONV),
    "ar_sampling_fast_conv_100": lambda: sampling("FastARNNConv1D", 100, **CONV),
    "ar_sampling_fast_conv2d_100": lambda: sampling("FastARNNConv2D", 100, kernel_size=(3, 3)),
    "ar_values_dense_100": lambda: values("ARNNDense", 100),
    "ar_values_conv_100": lambda: values("ARNNConv1D", 100, **CONV),
    "ar_values_complex_conv_100": lambda: values("ARNNConv1D", 100, param_dtype=complex, **CONV),
    "ar_values_conv2d_100": lambda: values("ARNNConv2D", 100, kernel_size=(3, 3)),
    "ar_gradient_conv_100": lambda: gradient("ARNNConv1D", 100, **CONV),
    "ar_gradient_conv2d_100": lambda: gradient("ARNNConv2D", 100, kernel_size=(3, 3)),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=sorted(CASES))
    print(json.dumps(CASES[parser.parse_args().case]()))
