# SPDX-License-Identifier: Apache-2.0
"""Programs for the command line: ``python -m netket.tools.info``, ``djaxrun``."""

__all__: list[str] = []
