# SPDX-License-Identifier: Apache-2.0
"""What was measured during a run: histories of values, and nested dictionaries of them."""

from .accum import accum_histories, accum_histories_in_tree, accum_in_tree
from .history import History
from .history_dict import HistoryDict

__all__ = [
    "History",
    "HistoryDict",
    "accum_histories",
    "accum_histories_in_tree",
    "accum_in_tree",
]
