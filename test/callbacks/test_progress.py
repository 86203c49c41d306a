# SPDX-License-Identifier: Apache-2.0
"""The progress bar in a terminal, a file and a notebook."""

import io

import optax
import pytest

from netket.callbacks.progress import ProgressBar, render


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(fakes, stream, n=50):
    driver = fakes.Preset([-1.5] * n, optax.sgd(0.0))
    driver.run(n, callback=ProgressBar(n, stream), show_progress=False)
    return stream.getvalue()


def test_terminal_overwrites_one_line(fakes):
    text = run(fakes, Terminal())
    assert text.count("\n") == 1
    frames = text.strip("\n").split("\r")[1:]
    assert frames[0].startswith("  0%|")
    assert frames[-1].startswith("100%|")
    assert "50/50" in frames[-1]
    assert "Loss=-1.50" in frames[-1]
    # formatting the loss takes longer than a step here, so most steps are not shown
    assert len(frames) < 20


def test_a_file_gets_few_whole_lines(fakes):
    text = run(fakes, io.StringIO())
    assert "\r" not in text
    assert len(text.splitlines()) == 1
    assert text.startswith("100%|")


def test_a_notebook_is_live(fakes):
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    assert run(fakes, stream).count("\r") >= 2


def test_a_stream_without_unicode(fakes):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    driver = fakes.Preset([-1.5], optax.sgd(0.0))
    driver.run(1, callback=ProgressBar(1, stream), show_progress=False)
    stream.flush()
    assert b"1/1" in stream.buffer.getvalue()


def test_it_is_closed_when_the_run_fails(fakes):
    def fail(step, log_data, driver):
        raise RuntimeError("boo")

    stream = Terminal()
    driver = fakes.Preset([-1.5], optax.sgd(0.0))
    with pytest.raises(RuntimeError, match="boo"):
        driver.run(1, callback=[fail, ProgressBar(1, stream)], show_progress=False)
    assert stream.getvalue().endswith("\n")


def test_run_shows_it_on_the_error_stream(fakes, capsys):
    driver = fakes.Preset([{"a": 1.0}], optax.sgd(0.0))
    driver.run(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "1/1" in err
    assert "Loss=a: 1.0" in err


@pytest.mark.parametrize("width", [10, 20, 40, 60, 80, 200])
@pytest.mark.parametrize("done", [0, 1, 37, 100])
def test_lines_fit(width, done):
    line = render(done, 100, 12.3, 3.0, "Energy=-25.31 ± 0.04 [σ²=1.2e-01]", width)
    assert len(line) <= width


def test_what_a_line_says():
    line = render(25, 100, 50.0, 0.5, "E=1", 100)
    assert line.startswith(" 25%|███████▌ ")
    assert line.endswith("| 25/100 [00:50<02:30, 2.00 s/it, E=1]")
    assert "00:00<?" in render(0, 10, 0.0, 0.0, "", 80)
    assert "1:02:03<00:00" in render(10, 10, 3723.0, 1.0, "", 80)
    assert render(0, 0, 0.0, 0.0, "", 80).startswith("100%")
    assert render(999, 1000, 1.0, 1.0, "", 80).startswith(" 99%")
