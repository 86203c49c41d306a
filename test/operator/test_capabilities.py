# SPDX-License-Identifier: Apache-2.0
"""The table of `docs/operators.md` is what the tests say."""

import os
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).parent.parent.parent / "docs" / "capabilities.py"


def test_the_committed_table_is_that_of_the_tests():
    """Each "yes" has tests that are collected; that they pass is for themselves to say."""
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"],
        capture_output=True,
        text=True,
        env={**os.environ},
        cwd=SCRIPT.parent.parent,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr
