# SPDX-License-Identifier: Apache-2.0
"""Settings: by environment variables, at run time, with errors that name the way out."""

import os
import subprocess
import sys

import pytest

from netket.config import Config, config


@pytest.fixture
def settings():
    settings = Config()
    settings.define("netket_switch", bool, False, help="", runtime=True)
    settings.define("netket_number", int, 3, help="", runtime=True)
    settings.define("netket_word", str, "a", help="", runtime=True, choices=("a", "b"))
    settings.define("netket_fixed", bool, True, help="")
    return settings


def test_read_and_change(settings):
    settings.number = 5
    settings.netket_switch = "yes"
    settings.update("NETKET_WORD", "a")
    assert settings.netket_word == "a"
    settings.update("netket_word", "b")
    assert dict(settings.FLAGS) == {
        "netket_switch": True,
        "netket_number": 5,
        "netket_word": "b",
        "netket_fixed": True,
    }
    assert (settings.switch, settings.netket_number) == (True, 5)
    assert "netket_word = 'b'" in repr(settings)
    assert "netket_word" in dir(settings)
    with pytest.raises(TypeError):
        settings.FLAGS["netket_number"] = 1


def test_refused(settings):
    with pytest.raises(TypeError, match="`netket_switch` must be True or False"):
        settings.switch = 3
    with pytest.raises(ValueError, match="must be of type int"):
        settings.number = "x"
    with pytest.raises(ValueError, match="must be one of 'a', 'b', but is 'c'"):
        settings.word = "c"
    with pytest.raises(AttributeError, match="NETKET_FIXED before netket is imported"):
        settings.fixed = False
    with pytest.raises(AttributeError, match="there are: netket_fixed, netket_number"):
        settings.nothing = 1
    with pytest.raises(AttributeError, match="no setting `nothing`"):
        _ = settings.nothing
    with pytest.raises(ValueError, match="already defined"):
        settings.define("netket_number", int, 3, help="")


def test_environment(monkeypatch):
    monkeypatch.setenv("NETKET_ON", "1")
    monkeypatch.setenv("NETKET_WRONG", "maybe")
    seen = []
    settings = Config()
    settings.define("netket_on", bool, False, help="", callback=seen.append)
    assert settings.on is True
    assert seen == [True]
    with pytest.raises(ValueError, match="Environment variable NETKET_WRONG must be one of"):
        settings.define("netket_wrong", bool, False, help="")
    settings.define("netket_quiet", bool, True, help="", callback=seen.append, lazy=True)
    assert seen == [True]


def test_old_names(settings, monkeypatch):
    settings.deprecate("netket_old", "netket_number")
    with pytest.warns(DeprecationWarning, match="now called `netket_number`") as record:
        settings.old = 7
    assert record[0].filename == __file__
    with pytest.warns(DeprecationWarning):
        assert settings.netket_old == 7
    monkeypatch.setenv("NETKET_OLDER", "9")
    with pytest.warns(FutureWarning, match="why"):
        settings.deprecate("netket_older", "netket_number", message="why", category=FutureWarning)
    assert settings.number == 9
    with pytest.raises(ValueError, match="`new_name` must be a flag"):
        settings.deprecate("netket_a", "netket_b")


def test_flags_of_the_library():
    assert config.enable_x64
    assert config.netket_operator_backend in ("auto", "numba", "jax")
    with pytest.raises(ValueError, match="numba"):
        config.operator_backend = "cupy"


def test_set_before_import():
    code = "import netket as nk, jax; print(jax.device_count(), jax.numpy.ones(1).dtype)"
    env = os.environ | {"NETKET_EXPERIMENTAL_SHARDING_CPU": "3", "NETKET_ENABLE_X64": "0"}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert out.stdout.split() == ["3", "float32"], out.stderr
