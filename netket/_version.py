# SPDX-License-Identifier: Apache-2.0
"""The version of the distribution; `pyproject.toml` has the same one, and a test compares them."""

__version__ = "3.23.0+dual.1"
