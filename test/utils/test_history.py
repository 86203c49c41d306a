# SPDX-License-Identifier: Apache-2.0
"""Histories of values, trees of them, and the files of loggers."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.stats import Stats
from netket.utils import History, accum_histories_in_tree, accum_in_tree
from netket.utils.history import HistoryDict, accum_histories


def test_rows_and_columns():
    history = History({"x": 1.0, "y": 2.0}, main_value_name="x")
    for i in range(1, 4):
        history.append({"x": i**2, "y": -i}, it=2 * i)
    np.testing.assert_array_equal(history["x"], [1, 1, 4, 9])
    np.testing.assert_array_equal(history.y, [2, -1, -2, -3])
    np.testing.assert_array_equal(history.iters, [0, 2, 4, 6])
    np.testing.assert_array_equal(history.values, history["x"])
    np.testing.assert_array_equal(np.asarray(history), history["x"])
    assert (len(history), history.keys(), history.main_value_name) == (4, ["x", "y"], "x")
    assert list(history)[2] == (4, 4.0)
    assert history[2] == {"iters": 4, "x": 4.0, "y": -2.0}
    assert list(history[1:3].iters) == [2, 4]
    assert "x" in history
    assert "z" not in history
    assert repr(history) == "History(keys=['x', 'y'], n_iters=4)"
    assert "x" in dir(history)
    with pytest.raises(KeyError, match="the columns are"):
        history["z"]
    with pytest.raises(AttributeError):
        _ = history.z


def test_ways_to_begin():
    assert History([1, 2, 3]).iters.tolist() == [0, 1, 2]
    assert History([1, 2], [5, 7]).to_dict()["iters"].tolist() == [5, 7]
    assert History(np.ones(2), 3)["value"].shape == (1, 2)
    assert History(Stats(1.0, 0.1), 0).main_value_name == "Mean"
    assert len(History()) == 0
    assert History().values.size == 0
    late = History()
    late.append(2.0)
    late.append(3.0)
    assert (late.values.tolist(), late.iters.tolist()) == ([2.0, 3.0], [0, 1])
    with pytest.raises(ValueError, match="must have 1 rows"):
        History([1, 2], [0])
    with pytest.raises(ValueError, match="`main_value_name`"):
        History({"a": 1}, main_value_name="b")


def test_columns_hold_all_values():
    history = History([1], [0])
    history.append(2.5)
    assert history.values.tolist() == [1.0, 2.5]
    history.append(1j)
    assert history.values.tolist() == [1, 2.5, 1j]
    history.append(None)
    assert np.isnan(history.values[-1])
    history.append(jnp.asarray(3.0))
    assert history.values[-1] == 3.0
    text = History("a", 0)
    text.append("bcd")
    assert text.values.tolist() == ["a", "bcd"]


def test_columns_that_come_and_go():
    history = History({"a": 1.0}, 0)
    history.append({"b": 2.0})
    np.testing.assert_array_equal(history["a"], [1, np.nan])
    np.testing.assert_array_equal(history["b"], [np.nan, 2])
    with pytest.raises(ValueError, match="must be a dictionary"):
        history.append(1.0)


def test_append_history():
    history = History([1.0, 2.0], [0, 5])
    history.append(History([3.0], [9]))
    assert (history.values.tolist(), history.iters.tolist()) == ([1, 2, 3], [0, 5, 9])
    assert history == History([1.0, 2.0, 3.0], [0, 5, 9])
    assert history != History([1.0, 2.0, 4.0], [0, 5, 9])


def test_values_are_copied():
    x = np.zeros(2)
    history = History(x, 0)
    x[0] = 1
    history.append(x)
    x[1] = 1
    np.testing.assert_array_equal(history.values, [[0, 0], [1, 0]])
    with pytest.raises(ValueError, match="read-only"):
        history.values[0] = 3


def test_appending_does_not_slow_down():
    """Arrays are built when they are asked for, not at each step."""
    history = History(0.0, 0)
    arrays = set()
    for i in range(1, 1000):
        history.append(float(i))
        arrays.add(len(history._arrays))
    assert arrays == {0}
    assert history.values is history.values


def test_tree():
    tree = None
    for i in range(3):
        data = {"E": Stats(1.0 * i, 0.1), "p": {"a": np.array([i, 2 * i]), "no": None}, "t": (i, 2)}
        tree = accum_histories_in_tree(tree, data, step=10 * i)
    assert tree["E"].Mean.tolist() == tree["E"].values.tolist() == [0, 1, 2]
    assert tree["E"].iters.tolist() == [0, 10, 20]
    assert tree["p"]["a"].values.tolist() == [[0, 0], [1, 2], [2, 4]]
    assert tree["t"][0].values.tolist() == [0, 1, 2]
    assert "no" not in tree["p"]
    tree = accum_histories_in_tree(tree, {"E": Stats(5.0)}, step=30)
    assert len(tree["E"]) == 4
    assert len(tree["p"]["a"]) == 3
    assert accum_histories_in_tree(tree, None) is tree
    assert accum_histories(None, 1.0, step=4).iters.tolist() == [4]


def test_accum_in_tree():
    def add(old, new, *, weight):
        return (old or 0) + weight * new

    assert accum_in_tree(add, {"a": 1, "x": 5}, {"a": 2, "b": {"c": 3}}, weight=10) == {
        "a": 21,
        "x": 5,
        "b": {"c": 30},
    }


def test_history_dict():
    data = HistoryDict()
    data.push({"E": Stats(1.0, 0.1)}, step=0)
    data.push({"E": Stats(2.0, 0.1), "x": {"y": 2.0}}, step=1)
    assert list(data.keys()) == list(data) == ["E", "x"]
    assert data["E"]["Mean"].tolist() == [1.0, 2.0]
    assert data["x/y"] == data["x"]["y"]
    assert isinstance(data["x"], HistoryDict)
    assert data.get("z", 3) == 3
    assert "x/y" in data
    assert len(data) == 2
    assert repr(data) == (
        "HistoryDict with 2 elements:"
        "\n\t'E' -> History(keys=['Mean', 'Variance', 'Sigma', 'R_hat', 'TauCorr'], n_iters=2)"
        "\n\t'x/y' -> History(keys=['value'], n_iters=1)"
    )
    more = accum_histories_in_tree(data, {"x": {"y": 3.0}}, step=2)
    assert isinstance(more, HistoryDict)
    assert more["x/y"].values.tolist() == [2.0, 3.0]
    with pytest.raises(KeyError, match="the names are"):
        data["z"]
    data["z"] = History([1])
    del data["E"]
    assert sorted(data) == ["x", "z"]


def test_files(tmp_path):
    stored = {
        "E": {
            "iters": [0, 2],
            "Mean": {"real": [1.0, 2.0], "imag": [0.0, None]},
            "Sigma": [0.1, None],
        },
        "x": {"y": {"iters": [0], "value": [[1, 2]]}},
    }
    (tmp_path / "test.log").write_text(json.dumps(stored))
    for name in ("test.log", "test"):
        data = HistoryDict.from_file(tmp_path / name)
        assert data["E"].iters.tolist() == [0, 2]
        np.testing.assert_array_equal(data["E"]["Mean"].imag, [0, np.nan])
        np.testing.assert_array_equal(data["E"]["Sigma"], [0.1, np.nan])
        assert data["E"].main_value_name == "Mean"
        assert data["x/y"].values.tolist() == [[1, 2]]
    with pytest.raises(FileNotFoundError, match="nothing"):
        HistoryDict.from_file(tmp_path / "nothing")


def test_plot():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    history = nk.utils.History({"Mean": [1.0, 1e-3, 1e-5], "Sigma": [1j, 2.0, 3.0]}, [0, 1, 2])
    fig = history.plot(show=False)
    (ax,) = fig.axes
    assert (ax.get_yscale(), ax.get_ylabel(), ax.get_xlabel()) == ("log", "Mean", "Iteration")
    fig_all = history.plot(show=False, all=True, yscale="linear")
    assert [len(ax.lines) for ax in fig_all.axes] == [1, 2]
    plt.close("all")
