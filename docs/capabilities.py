# SPDX-License-Identifier: Apache-2.0
"""The table of what each operator can do, written into `operators.md` from the tests.

A test that is marked ``@pytest.mark.capability("grad")`` vouches for the column "grad", for the
operator of the case that it runs on. This script runs all of them, and writes "yes" where every
one of them passed. With ``--check`` it only collects them, and compares the table with what it
would be if all passed; that they pass is for the suite to say.

    python docs/capabilities.py [--check]
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "operators.md"
TESTS = ("test/operator", "test/vqs")
BEGIN, END = "<!-- capabilities: written by docs/capabilities.py -->", "<!-- end -->"
COLUMNS = ("numba", "jax", "in jit", "grad", "vmap", "sharded", "sparse")


class Vouchers:
    """A pytest plugin that notes which tests vouch for which cells, and how they went."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], set[str]] = defaultdict(set)  # (case, column) -> tests
        self.outcomes: dict[str, set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            for cell in cells_of(item):
                self.cells[cell].add(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.outcomes[report.nodeid].add(report.outcome)


def cells_of(item: Any) -> Iterator[tuple[str, str]]:
    """The cells (case, column) that a test vouches for."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    for mark in item.iter_markers("capability"):
        column = mark.args[0].format(**parameters)
        assert column in COLUMNS, f"{item.nodeid} names an unknown column {column!r}"
        for name in mark.kwargs.get("names", [parameters.get("name")]):
            yield name, column


def table(cells: dict[tuple[str, str], set[str]], passed: Any) -> str:
    """The table as markdown.

    Args:
        cells: (case, column) -> the tests that vouch for it.
        passed: whether a test did.
    """
    import jax
    from operator_kinds import TABLE, built, kind_of

    kinds: dict[str, list[str]] = defaultdict(list)
    for name in TABLE:
        kinds[kind_of(name)].append(name)

    def cell(kind: str, column: str) -> str:
        names = kinds[kind]
        if column in ("grad", "vmap") and not jax.tree_util.tree_leaves(list(map(built, names))):
            return "–"
        tests = [test for name in names for test in cells.get((name, column), ())]
        return "yes" if tests and all(map(passed, tests)) else "no"

    lines = [
        "| operator | " + " | ".join(COLUMNS) + " |",
        "|:---|" + ":---:|" * len(COLUMNS),
    ]
    for kind in sorted(kinds, key=str.lower):
        row = [cell(kind, column) for column in COLUMNS]
        lines.append(f"| `{kind}` | " + " | ".join(row) + " |")
    return "\n".join(lines)


def committed() -> tuple[str, str, str]:
    """The page up to the table, the table, and the page after it."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between.strip(), after


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="collect the tests, run nothing")
    check = parser.parse_args().check
    sys.path.insert(0, str(ROOT / "test" / "_tables"))
    vouchers = Vouchers()
    options = ["--collect-only", "-qq"] if check else ["-q"]
    arguments = ["--rootdir", str(ROOT), "-m", "capability", *options]
    code = pytest.main([*arguments, *(str(ROOT / t) for t in TESTS)], plugins=[vouchers])
    if code not in (0, 1):
        return int(code)
    found = table(vouchers.cells, lambda test: check or vouchers.outcomes[test] <= {"passed"})
    before, between, after = committed()
    if not check:
        PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{after}")
        return int(code)
    if between != found:
        sys.stdout.write(
            f"{PAGE.name} has another table: run python docs/capabilities.py\n{found}\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
