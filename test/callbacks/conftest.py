# SPDX-License-Identifier: Apache-2.0
"""Makes the helpers in `fakes.py` a fixture: in this import mode tests cannot import them."""

import importlib.util
import pathlib

import pytest


@pytest.fixture(scope="session")
def fakes():
    path = pathlib.Path(__file__).parents[1] / "driver" / "fakes.py"
    spec = importlib.util.spec_from_file_location("netket_test_driver_fakes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
