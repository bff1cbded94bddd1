"""The secret key: on the disk for its owner alone, never overwritten, never shown."""

from __future__ import annotations

import base64
import os
import stat
import traceback
from pathlib import Path

import pytest

from hansa.adapters.keys import FileKeys, MemoryKeys, read_root_key, write_root_key
from hansa.identity.keys import PublicKey, SigningKey
from hansa.kernel.errors import UsageError

SEED = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.key"


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def line(seed: bytes) -> bytes:
    return b"hansa-key-v1 " + base64.b64encode(seed) + b"\n"


def test_created_key_is_loaded_again(path: Path) -> None:
    made = FileKeys.create(path)
    read = FileKeys.load(path)
    assert read.node_id == made.node_id
    assert PublicKey.from_did(made.node_id).fits(read.key.sign(b"message"), b"message")


def test_two_created_keys_differ(tmp_path: Path) -> None:
    assert FileKeys.create(tmp_path / "a").node_id != FileKeys.create(tmp_path / "b").node_id


def test_file_holds_one_line_in_the_named_format(path: Path) -> None:
    made = FileKeys.create(path)
    name, text = path.read_text().split(" ")
    assert name == "hansa-key-v1" and text.endswith("\n")
    assert SigningKey(base64.b64decode(text)).public.did == made.node_id


def test_memory_keys_are_those_of_the_seed() -> None:
    assert MemoryKeys(SEED).node_id == SigningKey(SEED).public.did
    assert MemoryKeys(SEED).key.sign(b"m") == SigningKey(SEED).sign(b"m")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_new_file_is_for_its_owner_alone_whatever_the_umask(path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        FileKeys.create(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [lambda p: p.write_text(""), lambda p: p.mkdir(), lambda p: p.symlink_to("elsewhere")])
def test_nothing_is_overwritten(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]
    with pytest.raises(UsageError, match="never overwritten"):
        FileKeys.create(path)
    assert not (path.parent / "elsewhere").exists()


def test_existing_key_survives_a_second_creation(path: Path) -> None:
    made = FileKeys.create(path)
    with pytest.raises(UsageError):
        FileKeys.create(path)
    assert FileKeys.load(path).node_id == made.node_id


def test_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make the folder"):
        FileKeys.create(tmp_path / "nowhere" / "node.key")


def test_missing_key_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(UsageError, match="run hansa init"):
        FileKeys.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])
def test_key_that_others_may_touch_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    write(path, line(SEED), mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        FileKeys.load(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_key_that_only_its_owner_may_touch_is_read(path: Path, mode: int) -> None:
    write(path, line(SEED), mode)
    assert FileKeys.load(path).node_id == MemoryKeys(SEED).node_id


def test_link_to_a_key_is_refused(tmp_path: Path) -> None:
    FileKeys.create(tmp_path / "real.key")
    (tmp_path / "node.key").symlink_to(tmp_path / "real.key")
    with pytest.raises(UsageError, match="symbolic link"):
        FileKeys.load(tmp_path / "node.key")


def test_folder_and_pipe_are_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(UsageError, match="no plain file"):
            FileKeys.load(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"hansa-key-v1",
        b"hansa-key-v1 \n",
        line(SEED[:31]),
        line(SEED + b"x"),
        line(SEED).replace(b"v1", b"v2"),
        line(SEED).replace(b" ", b"  "),
        line(SEED) + line(SEED),
        b"x" + line(SEED),
        base64.b64encode(SEED),
        b"hansa-key-v1 " + b"*" * 44,
        line(SEED).rstrip(b"\n") + b"\r\n",
        b"\xff" * 80,
    ],
)
def test_other_content_is_no_key(path: Path, content: bytes) -> None:
    write(path, content)
    with pytest.raises(UsageError, match="holds no key in the form hansa-key-v1"):
        FileKeys.load(path)


def test_secret_is_never_shown(path: Path) -> None:
    secret = base64.b64encode(SEED).decode()
    write(path, line(SEED))
    keys = FileKeys.load(path)
    assert repr(keys) == str(keys) == f"FileKeys({keys.node_id})"
    assert secret not in repr(keys.key) and SEED.hex() not in repr(keys.key)
    assert secret not in repr(vars(keys)) and SEED.hex() not in repr(vars(keys)) and repr(SEED) not in repr(vars(keys))
    write(path, line(SEED) + b"x")
    try:
        FileKeys.load(path)
    except UsageError as error:
        assert secret not in "".join(traceback.format_exception(error))


# ---- a signing key apart from the root key


OWNER = MemoryKeys(bytes(32)).node_id


def both(tmp_path: Path) -> list[MemoryKeys]:
    return [MemoryKeys(SEED, OWNER), FileKeys.create(tmp_path / "node.key", OWNER)]


def test_a_prepared_key_signs_nothing_until_it_is_adopted(tmp_path: Path) -> None:
    for keys in both(tmp_path):
        before = keys.key.public
        prepared = keys.prepare()
        assert (keys.key.public, keys.prepared, keys.node_id) == (before, prepared, OWNER)
        keys.adopt()
        assert (keys.key.public, keys.prepared, keys.node_id) == (prepared.public, None, OWNER)
        with pytest.raises(UsageError, match="no signing key was prepared"):
            keys.adopt()


def test_a_discarded_key_is_gone(tmp_path: Path) -> None:
    for keys in both(tmp_path):
        before = keys.key.public
        keys.prepare()
        keys.discard()
        keys.discard()
        assert (keys.key.public, keys.prepared) == (before, None)
    assert [one.name for one in tmp_path.iterdir()] == ["node.key"]


def test_preparing_again_makes_another_key(tmp_path: Path) -> None:
    for keys in both(tmp_path):
        assert keys.prepare().public != keys.prepare().public


def test_a_node_whose_key_was_lost_keeps_its_id_and_signs_nothing(tmp_path: Path) -> None:
    for keys in (MemoryKeys(None, OWNER), FileKeys.load(tmp_path / "node.key", OWNER)):
        assert (keys.node_id, keys.present) == (OWNER, False)
        with pytest.raises(UsageError, match="hansa key recover"):
            assert keys.key
        keys.prepare()
        keys.adopt()
        assert keys.present


def test_keys_without_a_seed_belong_to_somebody() -> None:
    with pytest.raises(UsageError, match="hansa init"):
        MemoryKeys(None)


def test_the_file_is_whole_after_each_step(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    keys = FileKeys.create(path, OWNER)
    old = path.read_bytes()
    prepared = keys.prepare()
    assert path.read_bytes() == old
    again = FileKeys.load(path)  # as after a crash here
    assert (again.key.public, again.prepared.public, again.node_id) == (keys.key.public, prepared.public, OWNER)
    again.adopt()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert FileKeys.load(path).key.public == prepared.public
    assert FileKeys.load(path).prepared is None


@pytest.mark.parametrize("content", [b"", b"hansa-key-v2 ", b"hansa-key-v2 did:key:zOther " + base64.b64encode(SEED)])
def test_what_a_crash_left_half_written_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node.key"
    keys = FileKeys.create(path, OWNER)
    write(tmp_path / "node.key.next", content)
    again = FileKeys.load(path)
    assert (again.key.public, again.prepared) == (keys.key.public, None)
    again.prepare()
    again.adopt()


def test_a_root_key_is_written_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    write_root_key(path, OWNER, SEED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_root_key(path) == (OWNER, SEED)
    with pytest.raises(UsageError, match="never overwritten"):
        write_root_key(path, OWNER, SEED)


def test_a_nodes_only_key_is_its_root_key(path: Path) -> None:
    made = FileKeys.create(path)
    owner, seed = read_root_key(path)
    assert (owner, SigningKey(seed).public.did) == (made.node_id, made.node_id)


def test_what_is_no_root_key_is_refused_for_what_it_is(tmp_path: Path) -> None:
    FileKeys.create(tmp_path / "signing", OWNER)
    write(tmp_path / "nonsense", b"hello\n")
    write(tmp_path / "open", b"", 0o644)
    for name, what in (
        ("signing", "a signing key"), ("nonsense", "no root key"), ("absent", "--root-key"), ("open", "chmod 600"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=what):
            read_root_key(tmp_path / name)


def test_a_root_key_does_not_sign_day_to_day(tmp_path: Path) -> None:
    write_root_key(tmp_path / "key", OWNER, SEED)
    with pytest.raises(UsageError, match="holds no key"):
        FileKeys.load(tmp_path / "key")
