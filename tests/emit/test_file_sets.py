import errno
import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.emit import files
from openflow_render.emit.files import Difference, OutputError, Written
from openflow_render.emit.tree import By, Pieces, Tree, piece, plain


def manifest(kind: str, name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


def layout(bundles: Sequence[Bundle], by: By) -> dict[str, str]:
    pieces = ([made for each in bundle.written if (made := piece(each))] for bundle in bundles)
    jobs = (Pieces(bundle.job, bundle.namespace, found) for bundle, found in zip(bundles, pieces, strict=True))
    return dict(plain(jobs, by).files)


def write(folder: Path, texts: Mapping[str, str]) -> Written:
    return files.write(folder, Tree(texts, {}))


def compare(folder: Path, texts: Mapping[str, str]) -> list[Difference]:
    return files.compare(folder, Tree(texts, {}))


def a_bundle(*resources: Resource, job: str = "etl", namespace: str = "data") -> Bundle:
    return Bundle(job, namespace, list(resources))


def tree(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != files.INDEX)
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(found)}


# --- names ---


def test_a_file_an_object_leaves_the_identity_of_the_run_out():
    pod = Resource(manifest("Pod", "etl-0123456789-driver"))
    account = Resource(manifest("ServiceAccount", "etl-0123456789"), run_scoped=False)

    assert list(layout([a_bundle(pod, account)], "object")) == [
        "data/etl/pod-etl-driver.yaml",
        "data/etl/serviceaccount-etl-0123456789.yaml",
    ]


def test_a_file_a_job_holds_its_objects_in_order():
    bundle = a_bundle(Resource(manifest("Pod", "b")), Resource(manifest("Pod", "a")))

    assert layout([bundle], "job") == {
        "data/etl.yaml": (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
        )
    }


def test_literal_secret_data_gets_no_file():
    secret = Resource(manifest("Secret", "s"), literal=True)

    assert layout([a_bundle(secret)], "object") == layout([a_bundle(secret)], "job") == {}


def test_names_stay_apart_when_case_is_ignored():
    resources = [Resource(manifest("Role", name), run_scoped=False) for name in ("A:b", "a:B", "a-b")]

    names = list(layout([a_bundle(*resources)], "object"))

    assert names == ["data/etl/role-a-b.yaml", "data/etl/role-a-b-2.yaml", "data/etl/role-a-b-3.yaml"]


def test_names_lead_nowhere_else():
    resource = Resource(manifest("Role", "../../etc/passwd"), run_scoped=False)

    names = list(layout([a_bundle(resource, job="../x", namespace="..")], "object"))

    assert names == ["-/-x/role-..-..-etc-passwd.yaml"]


def test_a_long_name_is_cut_and_stays_its_own():
    resources = [Resource(manifest("Pod", "a" * 250 + end)) for end in ("b", "c")]

    names = list(layout([a_bundle(*resources)], "object"))

    assert len(set(names)) == 2
    assert all(len(Path(name).name) < 220 for name in names)


# --- writing ---


def test_a_folder_comes_to_hold_the_files(tmp_path: Path):
    out = tmp_path / "deep" / "out"

    assert write(out, {"b/x.yaml": "1\n", "a.yaml": "2\n"}) == Written(("a.yaml", "b/x.yaml"), (), ())
    assert tree(out) == {"a.yaml": "2\n", "b/x.yaml": "1\n"}
    assert sorted(json.loads((out / files.INDEX).read_text())["files"]) == ["a.yaml", "b/x.yaml"]


def test_equal_files_are_not_touched(tmp_path: Path):
    write(tmp_path, {"a.yaml": "1\n", "b.yaml": "1\n"})
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    assert write(tmp_path, {"a.yaml": "1\n", "b.yaml": "1\n"}) == Written((), ("a.yaml", "b.yaml"), ())
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_files_of_an_earlier_run_go_and_others_stay(tmp_path: Path):
    write(tmp_path, {"old/x/a.yaml": "1\n", "b.yaml": "1\n"})
    (tmp_path / "mine.yaml").write_text("mine")

    assert write(tmp_path, {"b.yaml": "2\n"}) == Written(("b.yaml",), (), ("old/x/a.yaml",))
    assert tree(tmp_path) == {"b.yaml": "2\n", "mine.yaml": "mine"}
    assert not (tmp_path / "old").exists()


def test_a_folder_that_holds_other_files_stays(tmp_path: Path):
    write(tmp_path, {"old/a.yaml": "1\n"})
    (tmp_path / "old" / "mine.yaml").write_text("mine")

    write(tmp_path, {})

    assert tree(tmp_path) == {"old/mine.yaml": "mine"}


def test_a_stale_file_that_is_gone_already_is_no_trouble(tmp_path: Path):
    write(tmp_path, {"a.yaml": "1\n"})
    (tmp_path / "a.yaml").unlink()

    assert write(tmp_path, {}) == Written((), (), ())


@pytest.mark.parametrize("name", ["../x.yaml", "/etc/x.yaml", "a/../../x.yaml", "", "a\\..\\x"])
def test_names_outside_the_folder_are_refused(tmp_path: Path, name: str):
    out = tmp_path / "out"

    with pytest.raises(OutputError, match="is not a file below it"):
        write(out, {name: "x"})

    assert list(tmp_path.iterdir()) == [out]
    assert list(out.iterdir()) == []


def test_a_record_that_names_files_outside_removes_nothing(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("x")
    out = tmp_path / "out"
    out.mkdir()
    (out / files.INDEX).write_text('{"files": {"../victim": ""}}')

    with pytest.raises(OutputError, match="is not a file below it"):
        write(out, {})

    assert victim.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 1}', "\x00"])
def test_a_damaged_record_is_told(tmp_path: Path, text: str):
    (tmp_path / files.INDEX).write_text(text)

    with pytest.raises(OutputError, match="is damaged"):
        write(tmp_path, {})


@pytest.mark.parametrize("link", ["a.yaml", "sub", files.INDEX])
def test_nothing_is_written_through_a_link(tmp_path: Path, link: str):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    out = tmp_path / "out"
    out.mkdir()
    (out / link).symlink_to(outside if link == "sub" else outside / "file")

    with pytest.raises(OutputError, match="symbolic link"):
        write(out, {"a.yaml": "1\n", "sub/file": "2\n"})

    assert tree(outside) == {"file": "x"}


def test_the_folder_itself_may_be_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")

    write(tmp_path / "out", {"a.yaml": "1\n"})

    assert tree(tmp_path / "real") == {"a.yaml": "1\n"}


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path):
    (tmp_path / "a.yaml").mkdir()

    with pytest.raises(OutputError, match="is a folder, where a file should be"):
        write(tmp_path, {"a.yaml": "1\n"})


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path):
    (tmp_path / "out").write_text("x")

    with pytest.raises(OutputError, match=r"out: File exists"):
        write(tmp_path / "out", {"a.yaml": "1\n"})


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path):
    (tmp_path / "a").write_text("x")

    with pytest.raises(OutputError, match=r"a/b.yaml: Not a directory"):
        write(tmp_path, {"a/b.yaml": "1\n"})


@pytest.mark.parametrize("name", ["data/a.yaml", "data/etl/a.yaml"])
def test_a_link_that_comes_after_the_look_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    (elsewhere / "etl").mkdir(parents=True)
    complete = files._temporary

    def and_meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not (out / "data").exists():
            (out / "data").symlink_to(elsewhere)
        return complete(*args, **kwargs)

    monkeypatch.setattr(files, "_temporary", and_meanwhile)

    with pytest.raises(OutputError, match=f"{(out / name).parent}: "):
        write(out, {name: "1\n"})
    assert tree(elsewhere) == {}


def test_a_link_that_comes_after_the_look_has_nothing_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write(out, {"data/a.yaml": "1\n"})
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text("precious\n")
    remove = files._remove

    def swapped(*args: Any) -> None:
        (out / "data").rename(tmp_path / "away")
        (out / "data").symlink_to(elsewhere)
        remove(*args)

    monkeypatch.setattr(files, "_remove", swapped)

    with pytest.raises(OutputError, match="out/data: "):
        write(out, {})
    assert tree(elsewhere) == {"a.yaml": "precious\n"}


class Fault:
    """Fails at the n-th call of one of the steps that change a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        for owner, name in ((os, "fsync"), (os, "open"), (os, "replace"), (os, "unlink")):
            monkeypatch.setattr(owner, name, self.faulty(getattr(owner, name)))

    def faulty(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")
            return real(*args, **kwargs)

        return call


@pytest.mark.parametrize("at", range(1, 22))  # a run with these files takes 21 such steps
def test_whichever_step_fails_files_are_whole_and_the_next_run_mends_it(tmp_path: Path, at: int):
    old, new = {"a.yaml": "old\n", "gone.yaml": "old\n"}, {"a.yaml": "new\n", "sub/b.yaml": "new\n"}
    write(tmp_path, old)

    with pytest.MonkeyPatch.context() as monkeypatch:
        Fault(monkeypatch, at)
        with pytest.raises(OutputError, match="No space left on device"):
            write(tmp_path, new)

    after = tree(tmp_path)
    assert {item for item in after.items() if not item[0].endswith(".tmp")} <= {*old.items(), *new.items()}
    write(tmp_path, new)
    assert tree(tmp_path) == new


def test_what_a_killed_run_left_behind_is_cleared(tmp_path: Path):
    (tmp_path / ".openflow-1-0.tmp").write_text("half")

    write(tmp_path, {"a.yaml": "1\n"})

    assert tree(tmp_path) == {"a.yaml": "1\n"}


def test_a_second_run_waits_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.1)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    with pytest.raises(OutputError, match="another openflow is writing there"):
        write(tmp_path, {"a.yaml": "1\n"})
    os.close(handle)

    assert write(tmp_path, {"a.yaml": "1\n"}).written == ("a.yaml",)


@pytest.mark.parametrize("at", range(1, 17))
def test_what_a_run_left_halfway_is_ours_even_if_the_next_run_wants_something_else(tmp_path: Path, at: int):
    write(tmp_path, {"a.yaml": "1\n"})

    with pytest.MonkeyPatch.context() as monkeypatch:
        Fault(monkeypatch, at)
        with pytest.raises(OutputError, match="No space left on device"):
            write(tmp_path, {"a.yaml": "2\n", "b.yaml": "2\n", "sub/c.yaml": "2\n"})

    write(tmp_path, {"b.yaml": "3\n", "sub/c.yaml": "3\n"})
    assert tree(tmp_path) == {"b.yaml": "3\n", "sub/c.yaml": "3\n"}


def test_a_file_that_no_run_wrote_is_not_overwritten(tmp_path: Path):
    write(tmp_path, {"a.yaml": "1\n"})
    (tmp_path / "mine.yaml").write_text("mine")

    with pytest.raises(OutputError, match=r"mine.yaml: is not openflow's and would be overwritten; move it away"):
        write(tmp_path, {"a.yaml": "2\n", "mine.yaml": "2\n"})

    assert tree(tmp_path) == {"a.yaml": "1\n", "mine.yaml": "mine"}


def test_a_file_that_is_right_already_becomes_ours(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("1\n")

    assert write(tmp_path, {"a.yaml": "1\n"}) == Written((), ("a.yaml",), ())
    assert write(tmp_path, {"a.yaml": "2\n"}) == Written(("a.yaml",), (), ())


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def flock(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)

    assert write(tmp_path, {"a.yaml": "1\n"}).written == ("a.yaml",)


# --- comparing ---


def test_comparing_names_what_is_missing_stale_or_different(tmp_path: Path):
    write(tmp_path, {"same.yaml": "1\n", "old.yaml": "1\n", "changed.yaml": "1\n"})
    (tmp_path / "mine.yaml").write_text("mine")

    found = compare(tmp_path, {"same.yaml": "1\n", "changed.yaml": "2\n", "new.yaml": "1\n"})

    assert found == [
        Difference(files.INDEX, "different"),
        Difference("changed.yaml", "different"),
        Difference("new.yaml", "missing"),
        Difference("old.yaml", "stale"),
    ]


def test_comparing_after_writing_finds_nothing(tmp_path: Path):
    wanted = {"a/b.yaml": "é\n", "c.yaml": ""}
    write(tmp_path, wanted)

    assert compare(tmp_path, wanted) == []


def test_manifests_of_others_in_the_folder_of_a_job_are_found_and_other_files_are_not(tmp_path: Path):
    tree = Tree({"data/etl/pod.yaml": "1\n", "kustomization.yaml": "1\n"}, {"data/etl/pod.yaml": "data/etl"})
    files.write(tmp_path, tree)
    for name in ("data/etl/more.yaml", "data/etl/more.json", "data/etl/README.md", "data/mine.yaml", "mine.yaml"):
        (tmp_path / name).write_text("mine")

    found = files.compare(tmp_path, tree)

    assert found == [Difference("data/etl/more.json", "foreign"), Difference("data/etl/more.yaml", "foreign")]


def test_comparing_makes_no_folder(tmp_path: Path):
    missing = [Difference(files.INDEX, "missing"), Difference("a.yaml", "missing")]
    assert compare(tmp_path / "none", {"a.yaml": "1\n"}) == missing
    assert list(tmp_path.iterdir()) == []
