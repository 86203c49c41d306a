# SPDX-License-Identifier: Apache-2.0
"""Small states without sampler or module, and their log-derivatives by the definition."""

import dataclasses
import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

N = 4
STATES = np.array(list(itertools.product([-1.0, 1.0], repeat=N)))


@dataclasses.dataclass
class SampledState:
    """What a tensor needs of `netket.vqs.MCState`."""

    _apply_fun: Callable
    parameters: Any
    samples: Any
    chunk_size: int | None = None
    model_state: Any = dataclasses.field(default_factory=dict)

    def flat_samples(self):
        return self.samples.reshape(-1, N)

    def weights(self):
        n = self.flat_samples().shape[0]
        return np.full(n, 1 / n)


@dataclasses.dataclass
class SummedState:
    """What a tensor needs of `netket.vqs.FullSumState`."""

    _apply_fun: Callable
    parameters: Any
    chunk_size: int | None = None
    model_state: Any = dataclasses.field(default_factory=dict)
    _all_states: Any = dataclasses.field(default_factory=lambda: jnp.asarray(STATES))

    def flat_samples(self):
        return self._all_states

    def probability_distribution(self):
        log_psi = self._apply_fun({"params": self.parameters}, self._all_states)
        return jax.nn.softmax(2 * log_psi.real)

    def weights(self):
        return np.asarray(self.probability_distribution())


def log_real(variables, σ):
    """Real parameters, real amplitudes."""
    p = variables["params"]
    return jnp.sum(jnp.tanh(σ @ p["w"] + p["b"]), axis=-1)


def log_phase(variables, σ):
    """Real parameters, complex amplitudes."""
    p = variables["params"]
    return log_real(variables, σ) + 1j * jnp.sin(σ @ p["b"] + jnp.sum(p["w"] ** 2))


def log_holomorphic(variables, σ):
    """An analytic function of complex parameters."""
    p = variables["params"]
    return jnp.sum(jnp.cos(σ @ p["w"] + p["b"]), axis=-1)


def log_not_holomorphic(variables, σ):
    """Complex parameters, complex amplitudes."""
    p = variables["params"]
    return jnp.sum(jnp.tanh(σ @ p["w"]) * p["b"].conj(), axis=-1) + jnp.abs(jnp.sum(σ @ p["w"], -1))


def log_modulus(variables, σ):
    """Complex parameters, real amplitudes."""
    p = variables["params"]
    return jnp.abs(jnp.sum(jnp.tanh(σ @ p["w"]) * p["b"], axis=-1) + 0.3)


# kind: function, whether each of "b" and "w" is complex
KINDS = {
    "real": (log_real, False, False),
    "phase": (log_phase, False, False),
    "holomorphic": (log_holomorphic, True, True),
    "not holomorphic": (log_not_holomorphic, True, True),
    "modulus": (log_modulus, True, True),
    "mixed": (log_not_holomorphic, True, False),
}


def random_array(seed, shape, is_complex):
    rng = np.random.default_rng(seed)
    x = 0.4 * rng.normal(size=shape)
    if is_complex:
        x = x + 0.4j * rng.normal(size=shape)
    return jnp.asarray(x)


def parameters_of(kind, seed=0):
    _, b, w = KINDS[kind]
    return {"b": random_array(seed, (N,), b), "w": random_array(seed + 1, (N, N), w)}


def log_derivatives(state, kind):
    """Rows ∂ log ψ / ∂ (real and imaginary parts of parameters), or holomorphic ones, centred.

    Forward derivatives of a real function of a real vector, unlike the code under test.
    """
    leaves, treedef = jax.tree.flatten(state.parameters)
    shapes = tuple((x.shape, np.iscomplexobj(x)) for x in leaves)
    vector = vector_of(state.parameters, holomorphic=False)
    σ = state.flat_samples()
    re, im = np.asarray(forward_derivatives(state._apply_fun, treedef, shapes, vector, σ))
    rows = re + 1j * im
    if kind == "holomorphic":
        rows = rows[:, : rows.shape[1] // 2]
    return rows - state.weights() @ rows


@partial(jax.jit, static_argnums=(0, 1, 2))
def forward_derivatives(apply_fun, treedef, shapes, vector, σ):
    """Derivatives of the real and the imaginary part of log ψ, by a vector like `vector_of`."""

    def log_psi(x):
        n, leaves = 0, []
        for part in (False, True):
            for i, (shape, is_complex) in enumerate(shapes):
                if part and not is_complex:
                    continue
                size = math.prod(shape)
                piece, n = x[n : n + size].reshape(shape), n + size
                if part:
                    leaves[i] = leaves[i] + 1j * piece
                else:
                    leaves.append(piece)
        y = apply_fun({"params": treedef.unflatten(leaves)}, σ)
        return jnp.stack([y.real, y.imag])

    return jax.jacfwd(log_psi)(vector)


def exact_tensor(state, kind):
    """The covariance of the log-derivatives."""
    rows = log_derivatives(state, kind)
    S = rows.conj().T @ (state.weights()[:, None] * rows)
    return S if kind == "holomorphic" else S.real


def vector_of(tree, holomorphic):
    """All real parts, then all imaginary parts of complex leaves; or the raveled tree."""
    leaves = [np.ravel(x) for x in jax.tree.leaves(tree)]
    if holomorphic:
        return np.concatenate(leaves)
    imag = [x.imag for x in leaves if np.iscomplexobj(x)]
    return np.concatenate([x.real for x in leaves] + imag)


class Kit:
    """The functions above, as a fixture."""

    kinds = tuple(KINDS)
    n_sites = N
    states = STATES
    exact_tensor = staticmethod(exact_tensor)
    log_derivatives = staticmethod(log_derivatives)
    vector_of = staticmethod(vector_of)
    parameters_of = staticmethod(parameters_of)
    random_array = staticmethod(random_array)

    @staticmethod
    def sampled(kind, n_samples=30, **kwargs):
        rng = np.random.default_rng(7)
        σ = jnp.asarray(rng.choice([-1.0, 1.0], size=(2, n_samples // 2, N)))
        return SampledState(KINDS[kind][0], parameters_of(kind), σ, **kwargs)

    @staticmethod
    def summed(kind, **kwargs):
        return SummedState(KINDS[kind][0], parameters_of(kind), **kwargs)

    @staticmethod
    def custom(apply_fun, parameters, samples=None, **kwargs):
        if samples is None:
            return SummedState(apply_fun, parameters, **kwargs)
        return SampledState(apply_fun, parameters, samples, **kwargs)


@pytest.fixture(scope="session")
def kit():
    return Kit
