# SPDX-License-Identifier: Apache-2.0
"""What a logger does with the files of an earlier one."""

_MODES = {"write": "write", "w": "write", "append": "append", "a": "append", "fail": "fail"}
_MODES["x"] = "fail"


def parse_mode(mode: str) -> str:
    """The full name of a mode.

    Args:
        mode: ``"write"``, ``"append"``, ``"fail"`` or their short forms ``"w"``, ``"a"``, ``"x"``.

    Raises:
        ValueError: it is something else.
    """
    try:
        return _MODES[mode]
    except (KeyError, TypeError):
        raise ValueError(
            "Argument `mode` must be 'write' (or 'w'), 'append' ('a') or 'fail' ('x'), but is "
            f"{mode!r}."
        ) from None
