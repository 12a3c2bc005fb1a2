"""The search for secrets finds a planted key in each form, wherever it stands, and nothing else."""

import base64
import json
import random
from pathlib import Path

import pytest
from solders.keypair import Keypair

from kit.secret_forms import Search, forms_of

KEY = bytes(Keypair.from_seed(b"a key that is planted".ljust(32)).secret())
NOISE = random.Random(1).randbytes(5_000)


@pytest.mark.parametrize("form", forms_of(KEY))
def test_a_planted_key_is_found_in_each_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "clean").write_bytes(NOISE)
    (tmp_path / "planted").write_bytes(NOISE + forms_of(KEY)[form] + NOISE)
    search = Search({"key": KEY})

    search.look_below(tmp_path)

    assert {(place, name) for place, name, _ in search.found} == {("planted", "key")}
    assert form in {it for _, _, it in search.found}


@pytest.mark.parametrize("before", range(5))
def test_a_key_within_other_bytes_is_found_in_base64(before: int) -> None:
    search = Search({"key": KEY})
    search.look("blob", base64.b64encode(bytes(before) + KEY + b"more"))
    assert search.secrets_in("blob") == {"key"}


def test_the_key_file_of_a_wallet_and_a_file_name_are_found(tmp_path: Path) -> None:
    wallet = list(bytes(Keypair.from_seed(KEY)))
    (tmp_path / "id.json").write_text(json.dumps(wallet))
    (tmp_path / KEY.hex()).write_bytes(b"")
    search = Search({"key": KEY})

    search.look_below(tmp_path)

    assert {place for place, _, _ in search.found} == {"id.json", f"{KEY.hex()} (name)"}


def test_another_keys_forms_are_not_found() -> None:
    other = bytes(Keypair.from_seed(b"another key".ljust(32)).secret())
    search = Search({"key": KEY})
    for form, written in forms_of(other).items():
        search.look(form, written)
    assert search.found == []
    assert search.places == len(forms_of(other))
