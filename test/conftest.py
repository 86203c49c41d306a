# SPDX-License-Identifier: Apache-2.0
"""Configuration of the suite: CPU only, and a compilation cache that the workers share."""

import os
import pathlib
import signal

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(pathlib.Path(__file__).parent.parent / ".jax_cache")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

import hypothesis

hypothesis.settings.register_profile(
    "netket", deadline=None, max_examples=20, derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("netket")


def pytest_configure(config):
    """With the oldest jax that is supported, jax itself warns where real meets complex."""
    import jax

    if jax.__version_info__ < (0, 9):
        warning = "ignore:Casting complex values to real:numpy.exceptions.ComplexWarning"
        config.addinivalue_line("filterwarnings", warning)


_TESTS_BETWEEN_CLEARING = 200
_n_tests = 0


def pytest_runtest_teardown(item, nextitem):
    """Forget compiled programs now and then.

    Each holds a few memory maps, of which a process may have 65530; jax crashes beyond.
    """
    global _n_tests
    _n_tests += 1
    if _n_tests % _TESTS_BETWEEN_CLEARING == 0:
        import gc

        import jax

        jax.clear_caches()
        gc.collect()


@pytest.fixture
def as_in_a_terminal():
    """Shells let programs in the background ignore Ctrl-C, and their tests inherit that."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)
