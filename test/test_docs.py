# SPDX-License-Identifier: Apache-2.0
"""The code on the pages of the documentation runs."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = ["docs/operators.md", "docs/observables.md", "docs/extending.md", "docs/symmetry.md"]
SLOW_PAGES = ["README.md", "docs/tutorial.md", "docs/devices.md"]


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "page", [*PAGES, *(pytest.param(page, marks=pytest.mark.slow) for page in SLOW_PAGES)]
)
def test_code_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(page)
    assert found
    namespace: dict = {"__name__": "page"}
    for code in found:
        exec(compile(code, page, "exec"), namespace)
