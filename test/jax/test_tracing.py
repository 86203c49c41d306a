# SPDX-License-Identifier: Apache-2.0
"""What is computed while something else is traced."""

import jax
import jax.numpy as jnp
import pytest

import netket as nk
from netket.jax.tracing import computed_now, is_tracing


def test_is_tracing():
    seen = []
    ask = lambda x: (seen.append(is_tracing()), x)[1]  # noqa: E731
    jax.jit(ask)(1.0)
    jax.lax.map(ask, jnp.ones(2))
    assert seen == [True, True]
    jax.grad(ask)(1.0)  # operations on other numbers are computed at once
    assert not is_tracing() and seen[2:] == [False]


@pytest.mark.parametrize("compiled", [True, False])
def test_computed_now(compiled):
    kept = []

    def function(x):
        with computed_now():
            kept.append(jnp.arange(3) + 1)
        return x * kept[-1]

    result = (jax.jit(function) if compiled else function)(2.0)
    assert kept[0].tolist() == [1, 2, 3]  # of numbers, not of tracers
    assert result.tolist() == [2.0, 4.0, 6.0]


def test_first_samples_compile_few_programs():
    """Constants of a compiled function are no programs of their own."""
    programs = []

    def listener(event: str, duration: float, **facts) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            programs.append(facts.get("fun_name"))

    hilbert = nk.hilbert.Spin(0.5, 7)
    vs = nk.vqs.MCState(nk.sampler.MetropolisLocal(hilbert), nk.models.RBM(alpha=1), n_samples=64)
    jax.monitoring.register_event_duration_secs_listener(listener)
    try:
        vs.samples.block_until_ready()
    finally:
        jax.monitoring.clear_event_listeners()
    assert len(programs) <= 4
