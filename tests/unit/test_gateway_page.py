"""The page's files: read once, squeezed once, named by their digest."""

import gzip
from pathlib import Path

from gateway.page_files import read_page_files


def test_a_built_page_is_read_with_its_types_and_squeezed(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "assets" / "main-1.js").write_text("1;" * 500)
    (tmp_path / "assets" / "inter.woff2").write_bytes(b"font")
    (tmp_path / "assets" / "notes.txt").write_text("not served")
    files = read_page_files(tmp_path)
    assert set(files) == {"index.html", "main-1.js", "inter.woff2"}
    script = files["main-1.js"]
    assert script.media_type == "text/javascript"
    assert script.squeezed is not None
    assert gzip.decompress(script.squeezed) == script.body
    assert files["inter.woff2"].squeezed is None


def test_where_no_page_was_built_there_are_no_files(tmp_path: Path) -> None:
    assert read_page_files(tmp_path) == {}
