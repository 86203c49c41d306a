# SPDX-License-Identifier: Apache-2.0
"""What `TensorBoardLog` writes, to a stand-in for the optional package."""

import sys
import types

import optax
import pytest

import netket as nk


class Writer:
    """Notes what is written."""

    def __init__(self, folder):
        self.folder, self.scalars, self.texts, self.n_flushes = folder, {}, {}, 0

    def add_scalar(self, name, value, step):
        self.scalars[name, step] = value

    def add_text(self, name, text):
        self.texts[name] = text

    def flush(self):
        self.n_flushes += 1


@pytest.fixture
def tensorboard(monkeypatch):
    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "tensorboardX", module)


def test_scalars_of_a_run(tensorboard, fakes):
    log = nk.logging.TensorBoardLog("folder", metadata={"h": 1.0})
    driver = fakes.Preset([-1.0, -2.0], optax.sgd(0.1))

    def more(step, log_data, driver):
        log_data["deep"] = {"z": 1 + 2j, "pair": [3, 4], "name": "no number"}
        return True

    driver.run(2, out=log, callback=more, show_progress=False)
    scalars = log._writer.scalars
    assert scalars["Loss/Mean", 1] == -2.0
    assert (scalars["deep/z/re", 0], scalars["deep/z/im", 0]) == (1, 2)
    assert (scalars["deep/pair/0", 0], scalars["deep/pair/1", 0]) == (3, 4)
    assert not any("no number" in name for name, _ in scalars)
    assert log._writer.n_flushes == 1
    assert log._writer.texts == {"metadata": "- h: 1.0"}


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(nk.errors.MissingDependencyError, match=r"tensorboardX.*pip install"):
        nk.logging.TensorBoardLog("folder")
