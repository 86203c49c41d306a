# SPDX-License-Identifier: Apache-2.0
"""Statistics of chains: error bars cover, autocorrelation times are those of AR(1) chains."""

import re

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.signal import lfilter

import netket as nk
from netket.stats import Stats, statistics


def ar1(rng, n_chains, n, rho, complex_values=False):
    """Stationary chains x_t = rho x_{t-1} + noise, of variance 1 and τ = (1 + rho) / (1 - rho)."""

    def normal(*shape):
        noise = rng.normal(size=shape)
        return (noise + 1j * rng.normal(size=shape)) / np.sqrt(2) if complex_values else noise

    x = np.empty((n_chains, n), dtype=complex if complex_values else float)
    x[:, 0] = normal(n_chains)
    noise = np.sqrt(1 - rho**2) * normal(n_chains, n)
    for t in range(1, n):
        x[:, t] = rho * x[:, t - 1] + noise[:, t]
    return x


@pytest.fixture
def fft():
    nk.config.experimental_fft_autocorrelation = True
    yield
    nk.config.experimental_fft_autocorrelation = False


@pytest.mark.parametrize("complex_values", [False, True])
def test_mean_and_variance(complex_values):
    x = ar1(np.random.default_rng(0), 8, 64, 0.5, complex_values) + 3
    stats = statistics(x)
    np.testing.assert_allclose(stats.mean, x.mean())
    np.testing.assert_allclose(stats.variance, x.var())
    assert not jnp.iscomplexobj(stats.variance)
    assert not jnp.iscomplexobj(stats.error_of_mean)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_error_bars_cover(rho):
    """(mean - 0) / error has variance one, whatever the autocorrelation."""
    rng = np.random.default_rng(1)
    pulls, taus = [], []
    for _ in range(300):
        stats = statistics(ar1(rng, 64, 100, rho))
        pulls.append(float(stats.mean / stats.error_of_mean))
        taus.append(float(stats.tau_corr))
    assert abs(np.std(pulls) - 1) < 0.15
    assert abs(np.mean(pulls)) < 4 / np.sqrt(300)
    # 1 + 2 τ = (1 + rho) / (1 - rho), up to the finite length of the chains
    expected = ((1 + rho) / (1 - rho) - 1) / 2
    assert np.mean(taus) == pytest.approx(expected, rel=0.15, abs=0.15)


COVERED = {  # mode: numbers of chains and samples
    "default": [(64, 16), (31, 100), (16, 63), (16, 256), (8, 64), (8, 512), (4, 128), (2, 200)]
    + [(1, 64), (1, 400)],
    "fft": [(256, 16)],
    "autocorrelation": [(1, 400), (4, 100), (64, 16)],
}
REPETITIONS = 3000


@pytest.mark.parametrize("mode, sizes", [(m, s) for m, sizes in COVERED.items() for s in sizes])
def test_error_bars_cover_the_truth(mode, sizes):
    """In 68 % of the repetitions, wherever there are 20 autocorrelation times, and 5 in a chain."""
    flags = {
        "fft": "experimental_fft_autocorrelation",
        "autocorrelation": "autocorrelation_error_bars",
    }
    n_chains, n = sizes
    error_of = jax.jit(jax.vmap(lambda x: statistics(x).error_of_mean))
    noise = np.random.default_rng(3).normal(size=(REPETITIONS, n_chains, n))
    try:
        if mode in flags:
            setattr(nk.config, flags[mode], True)
        for rho in (0.0, 0.5, 0.9):
            τ = (1 + rho) / (1 - rho)
            if n_chains < 32 and (n_chains * n < 20 * τ or n < 5 * τ):
                continue
            x = noise.copy()
            x[..., 0] /= np.sqrt(1 - rho**2)
            x = lfilter([1.0], [1.0, -rho], x, axis=-1)
            covered = np.mean(np.abs(x.mean(axis=(1, 2))) < error_of(x))
            assert abs(covered - 0.6827) < 0.05, f"{covered} at rho = {rho}"
    finally:
        if mode in flags:
            setattr(nk.config, flags[mode], False)


def block_error(x):
    """What NetKet 3.23 quotes for fewer than 32 chains."""
    length = max(1, x.shape[1] // 32)
    blocks = x[:, : x.shape[1] // length * length].reshape(-1, length).mean(axis=1)
    return blocks.std() / np.sqrt(len(blocks))


@pytest.mark.parametrize("complex_values", [False, True])
def test_independent_samples_have_the_error_of_blocks(complex_values):
    """To all digits, in most of the repetitions, and on average within 3 % of the right one."""
    rng = np.random.default_rng(6)
    for n_chains, n in [(16, 64), (8, 320), (1, 128)]:
        x = ar1(rng, 200 * n_chains, n, 0.0, complex_values).reshape(200, n_chains, n)
        errors = jax.jit(jax.vmap(lambda x: statistics(x).error_of_mean))(x)
        ratios = errors / np.array([block_error(y) for y in x])
        assert np.mean(np.abs(ratios - 1) < 1e-10) > (0.95 if n_chains > 1 else 0.85)
        assert 0.99 < ratios.min() and ratios.max() < (1.5 if n_chains > 1 else 2.6)
        assert abs(np.mean(errors) * np.sqrt(n_chains * n) - 1) < 0.03 + 0.01 * (n_chains == 1)


@pytest.mark.parametrize("n_chains, n", [(16, 63), (16, 256), (4, 512), (1, 1024), (31, 8)])
def test_correlated_blocks_give_the_error_of_the_autocorrelation(n_chains, n):
    """The usual 16 chains of 63 samples: what 3.23 quotes is too small by far."""
    x = ar1(np.random.default_rng(4), n_chains, n, 0.9)
    stats = statistics(x)
    nk.config.autocorrelation_error_bars = True
    try:
        same = statistics(x)
    finally:
        nk.config.autocorrelation_error_bars = False
    np.testing.assert_allclose(stats.error_of_mean, same.error_of_mean)
    np.testing.assert_allclose(stats.tau_corr, same.tau_corr)
    assert stats.error_of_mean > 1.2 * block_error(x)
    # error² = variance (1 + 2 τ) / samples, times the square of Student's factor
    error = np.sqrt(stats.variance * (1 + 2 * stats.tau_corr) / x.size)
    assert 1 <= stats.error_of_mean / error < (1.1 if n_chains > 1 else 1.2)


def test_statistics_have_derivatives():
    """Of the mean 1 / n, and of the error: it is linear in the data."""
    x = ar1(np.random.default_rng(8), 4, 64, 0.9)
    gradient = jax.grad(lambda x: statistics(x).mean)(x)
    np.testing.assert_allclose(gradient, np.full_like(x, 1 / x.size))
    error, gradient = jax.value_and_grad(lambda x: statistics(x).error_of_mean)(x)
    assert error > 1.5 * block_error(x)
    np.testing.assert_allclose(np.sum(gradient * x), error)


def test_a_complex_or_constant_chain_has_an_error_from_its_autocorrelation():
    x = ar1(np.random.default_rng(5), 4, 500, 0.5, complex_values=True)
    nk.config.autocorrelation_error_bars = True
    try:
        assert statistics(x).error_of_mean == pytest.approx(np.sqrt(3 / 2000), rel=0.15)
        assert np.isnan(statistics(np.ones((4, 10))).error_of_mean)
        assert np.isnan(statistics(np.ones(1)).error_of_mean)
    finally:
        nk.config.autocorrelation_error_bars = False


@pytest.mark.parametrize("complex_values", [False, True])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_integrated_autocorrelation_time(fft, rho, complex_values):
    x = ar1(np.random.default_rng(2), 16, 4000, rho, complex_values)
    stats = statistics(x)
    assert stats.tau_corr == pytest.approx((1 + rho) / (1 - rho), rel=0.1)
    assert stats.tau_corr <= stats.tau_corr_max < 2 * stats.tau_corr
    error = np.sqrt(np.var(x.mean(axis=1)) / 16)
    np.testing.assert_allclose(stats.error_of_mean, error)
    assert "τ=" in str(stats)


def test_autocorrelation_time_equals_the_direct_sum(fft):
    x = ar1(np.random.default_rng(3), 1, 50, 0.6)[0]
    y = x - x.mean()
    rho = np.array([y[: 50 - t] @ y[t:] for t in range(50)]) / (y @ y)
    tau = 2 * np.cumsum(rho) - 1
    window = np.flatnonzero(np.arange(50) >= 5 * tau)[0]
    np.testing.assert_allclose(statistics(x).tau_corr, tau[window])


def test_few_chains_are_cut_into_blocks():
    x = np.random.default_rng(4).normal(size=(4, 100))
    blocks = x[:, :99].reshape(-1, 3).mean(axis=1)
    stats = statistics(x)
    np.testing.assert_allclose(stats.error_of_mean, blocks.std() / np.sqrt(len(blocks)))


def test_unmixed_chains():
    rng = np.random.default_rng(5)
    assert statistics(rng.normal(size=(16, 256))).R_hat == pytest.approx(1, abs=0.02)
    apart = rng.normal(size=(16, 256)) + np.arange(16)[:, None]
    drift = rng.normal(size=(16, 256)) + np.linspace(0, 5, 256)
    assert statistics(apart).R_hat > 1.2
    assert statistics(drift).R_hat > 1.2  # seen since chains are split


@pytest.mark.parametrize("complex_values", [False, True])
def test_textbook_values_of_long_chains(complex_values):
    """Of AR(1) chains: τ; R-hat from the variance σ² τ / (n / 2) of the mean of half a chain."""
    for n_chains in (16, 64):
        x = ar1(np.random.default_rng(9), n_chains, 4096, 0.8, complex_values)
        stats = statistics(x)
        τ = 9.0
        spread = 5 / np.sqrt(2 * n_chains)  # of a variance of so many numbers
        assert stats.R_hat**2 - 1 == pytest.approx(τ / 2048 - 1 / 4096, rel=spread)
        assert 1 + 2 * stats.tau_corr == pytest.approx(τ, rel=0.35)
        assert stats.error_of_mean == pytest.approx(np.sqrt(τ / x.size), rel=0.25)


def test_plain_r_hat():
    x = np.random.default_rng(5).normal(size=(16, 256)) + np.linspace(0, 5, 256)
    nk.config.use_plain_rhat = True
    try:
        assert statistics(x).R_hat < 1.01
    finally:
        nk.config.use_plain_rhat = False


@pytest.mark.parametrize("shape", [(1,), (1, 1), (5, 1), (3, 2), (40, 1), (40,), (2, 40)])
def test_short_data(shape):
    stats = statistics(np.random.default_rng(6).normal(size=shape))
    assert np.isfinite(stats.mean)
    assert np.isnan(stats.error_of_mean) == (np.prod(shape) < 32)
    assert np.isnan(stats.R_hat) == (len(shape) == 1 or 1 in shape)


def test_kinds_of_input():
    x = np.arange(64).reshape(2, 32)
    assert statistics(x).mean == statistics(x.tolist()).mean == 31.5
    assert statistics(x.astype(np.float32)).variance.dtype == np.float32
    assert statistics(x.astype(np.complex64)).mean.dtype == np.complex64
    assert jax.jit(lambda x: statistics(x).mean)(x) == 31.5
    with pytest.raises(TypeError, match="`data` must hold numbers"):
        statistics([["a"]])
    with pytest.raises(ValueError, match=r"\(n_chains, n\)"):
        statistics(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="not be empty"):
        statistics(np.ones((0, 4)))


# -- what users read ---------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")

PRINTED = [
    ((-25.4909, 0.0012, 0.0123, 1.2, 1.001), "-25.4909 ± 0.0012 [σ²=1.2e-02, R̂=1.001]"),
    ((-0.0244, 0.0447, 1.0, 0.1, 1.007), "-0.024 ± 0.045 [σ²=1.0e+00, R̂=1.007]"),
    ((-25.4909, 12.3, 0.5), "-25.5 ± 12.3 [σ²=5.0e-01]"),
    ((-25.49, 0.0995, 0.5), "-25.490 ± 0.100 [σ²=5.0e-01]"),
    ((1 + 2j, 0.0012, 0.5), "1.0000+2.0000j ± 0.0012 [σ²=5.0e-01]"),
    ((-25.4909 - 1e-6j, 0.0012, 0.5), "-25.4909-0.0000j ± 0.0012 [σ²=5.0e-01]"),
    ((-25.4909, NAN, 0.5), "-2.55e+01 ± nan [σ²=5.0e-01]"),
    ((NAN, 0.0012, NAN), "nan ± 1.20e-03 [σ²=nan]"),
    ((complex(NAN, 1), 0.0012, 1.0), "nan+1.00e+00j ± 1.20e-03 [σ²=1.0e+00]"),
    ((INF, INF, INF), "inf ± inf [σ²=inf]"),
    ((-25.4909, 0.0, 0.0), "-2.549e+01 [σ²=0.0e+00]"),
    ((0.0, 0.0012, 0.5), "0.0 ± 1.2 e-03 [σ²=5.0e-01]"),
    ((0j, 0.12, 0.5), "0.00+0.00j ± 0.12 [σ²=5.0e-01]"),
    ((1e-3, 9e-4, 0.5), "1.00 ± 0.90 e-03 [σ²=5.0e-01]"),
    ((-0.00099999, 1e-5, 0.5), "-1.000 ± 0.010 e-03 [σ²=5.0e-01]"),  # not -10.00 e-04
    ((-25.4909, 1e-7, 0.5), "-2.549090000 ± 0.000000010 e+01 [σ²=5.0e-01]"),
    ((123456.789, 0.0012, 0.5), "123456.7890 ± 0.0012 [σ²=5.0e-01]"),
    ((1.234e20, 3.4e17, 0.5), "1.2340 ± 0.0034 e+20 [σ²=5.0e-01]"),
    ((1 + 1j, 1e-8, 1.0), "1.000000000+1.000000000j ± 0.000000010 e+00 [σ²=1.0e+00]"),
    ((1.0, 0.1, 1.0, 1.25, 1.01, 3.0), "1.00 ± 0.10 [σ²=1.0e+00, R̂=1.010, τ=1.2<3.0]"),
    ((1.0, 0.1, 1.0, 1.0, 1e20, 1e20), "1.00 ± 0.10 [σ²=1.0e+00, R̂=1.0e+20, τ=1.0e+00<1.0e+20]"),
    ((-0.0, 0.1, 1.0), "-0.00 ± 0.10 [σ²=1.0e+00]"),
    ((1 + 1j, 0.1j, 0.5j), "1.00+1.00j ± 0.10 [σ²=5.0e-01]"),
    ((-1.0, -0.1, -0.5), "-1.00 ± 0.10 [σ²=5.0e-01]"),
    ((1e12 + 1e12j, 1e3, 1e6), "1.0000000000+1.0000000000j ± 0.0000000010 e+12 [σ²=1.0e+06]"),
    ((), "nan ± nan [σ²=nan]"),
]


@pytest.mark.parametrize("values, text", PRINTED)
def test_printed_form(values, text):
    assert str(Stats(*values)) == text
    assert repr(Stats(*(jnp.asarray(v) for v in values))) == text


def test_printing_never_fails():
    rng = np.random.default_rng(7)
    for _ in range(300):
        mean, error, variance = rng.normal(size=3) * 10.0 ** rng.integers(-300, 300, size=3)
        assert "±" in str(Stats(mean, abs(error), variance))
    assert "±" in str(Stats(0.0, 5e-324, 0.0))
    assert str(Stats(jnp.ones(2), jnp.ones(2))).startswith("Stats(mean=[1. 1.]")
    jax.jit(lambda x: (str(Stats(x)), x)[1])(1.0)


def read(text):
    """Mean, error, and distance of neighbouring numbers, of what is printed."""
    number = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?)"
    pattern = rf"({number})({number}j)? ± ({number})(?: e([-+]\d+))? \["
    real, imaginary, error, exponent = re.match(pattern, text).groups()
    scale = 10.0 ** int(exponent or 0)
    mean = complex(float(real), complex(imaginary).imag if imaginary else 0.0)
    decimals = len(error.partition(".")[2])
    return mean * scale, float(error) * scale, 10.0**-decimals * scale


@pytest.mark.parametrize("is_complex", [False, True])
@given(
    st.floats(-12, 12),
    st.floats(-12, 12),
    st.floats(-6, 6).filter(bool),
    st.floats(-6, 6).filter(bool),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_printed_numbers_can_be_read_back(is_complex, size, error_size, a, b):
    """From 1e-12 to 1e12: mean and error to the last digit, the error to two digits."""
    mean = 10.0**size * (complex(a, b) if is_complex else a)
    error = 10.0**error_size
    text = str(Stats(mean, error, error**2))
    got_mean, got_error, digit = read(text)
    assert abs(got_error - error) <= 0.51 * digit
    assert abs(got_mean.real - mean.real) <= 0.51 * digit + 1e-15 * abs(mean)
    assert abs(got_mean.imag - mean.imag) <= 0.51 * digit + 1e-15 * abs(mean)
    if error > 1e-14 * abs(mean):
        assert digit <= 0.1 * error * 1.01
    assert len(text.partition(" [")[0]) <= (70 if is_complex else 48)


def test_dictionaries_and_parts():
    stats = Stats(jnp.asarray(1 + 2j), 0.1, 0.2, 0.3, 1.01)
    expected = {"Mean": 1 + 2j, "Variance": 0.2, "Sigma": 0.1, "R_hat": 1.01, "TauCorr": 0.3}
    assert stats.to_dict() == expected
    assert stats.to_compound() == ("Mean", expected)
    assert type(stats.to_dict()["Mean"]) is complex
    assert (stats.real().mean, stats.imag().mean) == (1.0, 2.0)
    assert (stats.real().error_of_mean, stats.shape) == (0.1, ())
    assert stats.replace(mean=3.0).mean == 3.0
    assert len(jax.tree_util.tree_leaves(stats)) == 6
    assert jax.jit(lambda s: s)(stats).mean == 1 + 2j


def test_serialisation():
    from flax import serialization

    stats = Stats(1.0, 0.1, 0.2)
    assert serialization.from_state_dict(Stats(), serialization.to_state_dict(stats)).mean == 1.0
