# SPDX-License-Identifier: Apache-2.0
"""`History`: the values of a quantity over the steps of a run, as columns with names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..types import Array, DType

_VALUE = "value"


class History:
    """A table with a row for each iteration: ``history["Mean"]`` is a column, as numpy array.

    Appending costs the same however long the history is. Columns have the dtype that holds all
    their values; what is missing is NaN.

    Args:
        values: a column, or a dictionary of columns; or a single row if it has numbers only.
        iters: the iterations, by default 0, 1, 2, ...; if it is a number, `values` is one row.
        dtype: of the columns.
        iter_dtype: of the iterations.
        main_value_name: name of the column that stands for the whole.

    >>> history = History({"Mean": 1.0, "Sigma": 0.1}, main_value_name="Mean")
    >>> history.append({"Mean": 2.0, "Sigma": 0.2}, it=10)
    >>> history.iters.tolist(), history["Mean"].tolist(), history.Sigma.tolist()
    ([0, 10], [1.0, 2.0], [0.1, 0.2])
    """

    def __init__(
        self,
        values: Any = None,
        iters: Any = None,
        dtype: DType = None,
        iter_dtype: DType = None,
        main_value_name: str | None = None,
    ):
        self._dtype, self._iter_dtype = dtype, iter_dtype
        self._iters: list[Any] = []
        self._columns: dict[str, list[Any]] = {}
        self._arrays: dict[str, np.ndarray] = {}  # columns as arrays, until they grow
        if values is not None:
            values, compound_name = _as_row(values)
            main_value_name = main_value_name or compound_name
            self._fill(values, iters)
        self._main = main_value_name
        if main_value_name is not None and self._columns and main_value_name not in self._columns:
            raise ValueError(
                f"Argument `main_value_name` must be one of {list(self._columns)}, but is "
                f"{main_value_name!r}."
            )

    def _fill(self, values: dict[str, Any], iters: Any) -> None:
        is_row = np.ndim(iters) == 0 and iters is not None
        if iters is None:
            is_row = all(np.ndim(v) == 0 for v in values.values())
            iters = 0 if is_row else range(len(next(iter(values.values()))))
        if is_row:
            self._iters = [_copy(iters)]
            self._columns = {name: [_copy(v)] for name, v in values.items()}
            return
        self._iters = [_copy(i) for i in iters]
        self._columns = {name: [_copy(v) for v in column] for name, column in values.items()}
        for name, column in self._columns.items():
            if len(column) != len(self._iters):
                raise ValueError(
                    f"Argument `values` must have {len(self._iters)} rows, as many as there are "
                    f"iterations, but column {name!r} has {len(column)}."
                )

    # -- growing ------------------------------------------------------------------------------

    def append(self, val: Any, it: Any = None) -> None:
        """Adds a row, or the rows of another history.

        Args:
            val: a dictionary of values, an object with ``to_compound()`` as `Stats`, a number or an
                array (for a history of one column), None (NaN everywhere), or a `History`.
            it: the iteration, by default that after the last one.
        """
        if isinstance(val, History):
            for k, iteration in enumerate(val._iters):
                row = {name: column[k] for name, column in val._columns.items()}
                self.append(row, iteration)
            return
        if it is None:
            it = self._iters[-1] + 1 if self._iters else 0
        row = {} if val is None else _as_row(val)[0]
        if val is not None and not isinstance(val, Mapping) and list(row) == [_VALUE]:
            row = {self._only_column(): row[_VALUE]}
        for name in row:
            if name not in self._columns:  # a column that starts late
                self._columns[name] = [None] * len(self._iters)
        for name, column in self._columns.items():
            column.append(_copy(row.get(name)))
        self._iters.append(_copy(it))
        self._arrays.clear()

    def _only_column(self) -> str:
        if len(self._columns) > 1:
            raise ValueError(
                f"Argument `val` must be a dictionary, since the history has several columns: "
                f"{list(self._columns)}."
            )
        return next(iter(self._columns), _VALUE)

    # -- reading ------------------------------------------------------------------------------

    @property
    def main_value_name(self) -> str | None:
        """Name of the column that stands for the whole: the first one unless given."""
        return self._main or next(iter(self._columns), None)

    @property
    def iters(self) -> np.ndarray:
        """The iterations, in the order in which they were appended."""
        return self._array("", self._iters, self._iter_dtype)

    @property
    def values(self) -> np.ndarray:
        """The main column."""
        name = self.main_value_name
        return np.array([]) if name is None else self[name]

    def keys(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def get(self) -> tuple[np.ndarray, np.ndarray]:
        """The iterations and the main column, for example to plot them."""
        return self.iters, self.values

    def to_dict(self) -> dict[str, np.ndarray]:
        """All columns, and the iterations under the name "iters"."""
        return {"iters": self.iters} | {name: self[name] for name in self._columns}

    def _array(self, name: str, column: list[Any], dtype: DType) -> np.ndarray:
        if name not in self._arrays:
            self._arrays[name] = _to_array(column, dtype)
            self._arrays[name].flags.writeable = False
        return self._arrays[name]

    def __getitem__(self, key: Any) -> Any:
        """A column by its name, a row (a dictionary) by its number, or a slice of rows."""
        if isinstance(key, str):
            if key == "iters":
                return self.iters
            if key not in self._columns:
                raise KeyError(f"{key!r}: the columns are {list(self._columns)}.")
            return self._array(key, self._columns[key], self._dtype)
        if isinstance(key, slice):
            return History(
                {name: column[key] for name, column in self._columns.items()},
                self._iters[key],
                self._dtype,
                self._iter_dtype,
                self._main,
            )
        return {name: column[key] for name, column in self.to_dict().items()}

    def __getattr__(self, name: str) -> Any:
        columns = self.__dict__.get("_columns", {})
        if name not in columns:
            raise AttributeError(f"History has no attribute or column {name!r}.")
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._columns]

    def __contains__(self, key: object) -> bool:
        return key in self._columns

    def __len__(self) -> int:
        return len(self._iters)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Pairs of iteration and main value."""
        return iter(zip(*self.get()))

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        mine, others = self.to_dict(), other.to_dict()
        return mine.keys() == others.keys() and all(_equal(mine[k], others[k]) for k in mine)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"History(keys={self.keys()}, n_iters={len(self)})"

    def plot(
        self,
        *args: Any,
        fig: Any = None,
        show: bool = True,
        all: bool | None = None,
        xscale: str | None = None,
        yscale: str = "auto",
        **kwargs: Any,
    ) -> Any:
        """Plots columns against the iterations; needs matplotlib.

        Args:
            args, kwargs: passed on to `matplotlib.axes.Axes.plot`.
            fig: a figure, by default a new one.
            show: whether to show it.
            all: all columns, each in a panel, instead of the main one.
            xscale: scale of the iterations.
            yscale: scale of the values; "auto" is logarithmic for positive values that span more
                than two orders of magnitude.

        Returns:
            The figure.
        """
        from .plot import plot_history

        return plot_history(self, args, kwargs, fig, show, bool(all), xscale, yscale)


def _as_row(values: Any) -> tuple[dict[str, Any], str | None]:
    """A dictionary of values, and the name of the main one, from whatever is logged."""
    if isinstance(values, Mapping):
        return dict(values), None
    to_compound: Callable | None = getattr(values, "to_compound", None)
    if to_compound is not None:
        name, row = to_compound()
        return row, name
    to_dict: Callable | None = getattr(values, "to_dict", None)
    if to_dict is not None:
        return to_dict(), None
    return {_VALUE: values}, None


def _copy(x: Array) -> Any:
    """A value of its own, not on a device and not changed from elsewhere."""
    if x is None or isinstance(x, bool | int | float | complex | str):
        return x
    array = np.array(x)
    return array.item() if array.ndim == 0 and array.dtype != object else array


def _to_array(column: list[Any], dtype: DType) -> np.ndarray:
    if any(x is None for x in column):
        shape = next((np.shape(x) for x in column if x is not None), ())
        column = [np.full(shape, np.nan) if x is None else x for x in column]
    try:
        return np.array(column, dtype=dtype)
    except ValueError:  # rows of different shapes
        array = np.empty(len(column), dtype=object)
        array[:] = column
        return array


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    numeric = a.dtype.kind in "fc" and b.dtype.kind in "fc"
    return np.array_equal(a, b, equal_nan=numeric)
