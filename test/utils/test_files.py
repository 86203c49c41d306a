# SPDX-License-Identifier: Apache-2.0
"""Files are replaced completely or not at all."""

import os

import pytest

from netket.utils.files import require_writable, write_atomically


def test_new_contents_replace_old(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    write_atomically(path, [b"ne", bytearray(b"w")])
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


def test_an_error_leaves_the_old_contents(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def chunks():
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, chunks())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_links_stay_links(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, [b"new"])
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_folders_are_created(tmp_path):
    require_writable(tmp_path / "a" / "b" / "file", "out")
    assert os.listdir(tmp_path / "a" / "b") == []


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"`out` must name a file.*file/x.*Choose another folder"):
        require_writable(tmp_path / "file" / "x", "out")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        require_writable(tmp_path, "out")


def test_read_only_files(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("precious")
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(PermissionError, match="read-only"):
        require_writable(path, "out")
    assert path.read_text() == "precious"
