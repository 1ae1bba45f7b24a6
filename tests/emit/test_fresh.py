"""A call that was made before does nothing while nothing has changed, and whatever has changed is noticed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import JOB, Project, Result

import openflow_render
from openflow_render.cli import jobs
from openflow_render.cli.exits import Exit
from openflow_render.core.assets import asset
from openflow_render.emit import files
from openflow_render.source import disk


def job(name: str, up: str = "", more: str = "") -> str:
    """A job that names files, in the folder ``up`` from its own."""
    named = f"spec:\n  confFiles: [{up}log4j2.properties]\n  vars: {{size: 1g}}\n"
    text = JOB.replace("name: etl", f"name: {name}").replace("spec:\n", named, 1)
    return text.replace("memory: 1g", f'memory: "{{{{ vars.size }}}}"\n    template: {up}pod.yaml') + more


UNKNOWN = "  conf: {spark.kubernetes.unknown: x}\n"
POD = "apiVersion: v1\nkind: Pod\nspec:\n  terminationGracePeriodSeconds: 7\n"
OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {{name: x}}
spec:
  extends: [{extends}]
  job: {{metadata: {{labels: {{{label}: x}}}}}}
"""
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: data}\n"
PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: shop}
spec:
  targets:
    prod: {jobs: [jobs], overlays: [config/prod.yaml], manifests: [extra], out: out, provenance: true}
"""
FILES = {
    "openflow.yaml": PROJECT,
    "config/prod.yaml": OVERLAY.format(extends="base", label="p"),
    "overlays/base.yaml": OVERLAY.format(extends="", label="b"),
    "jobs/a.yaml": job("a"),
    "jobs/log4j2.properties": "rootLogger.level = info\n",
    "jobs/pod.yaml": POD,
    "jobs/sub/b.yaml": job("b", up="../"),
    "jobs/sub/other.yaml": "a: b\n",
    "extra/more.yaml": MANIFEST,
}
RENDER = ("render", "--target", "prod")
TICK = 0.06
"""Seconds after which a file's times tell whether it has changed."""


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, which is empty."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def shop(project: Project, cache: Path) -> Project:
    """A project whose target has been rendered, twice since its files were written."""
    project.write(FILES)
    time.sleep(TICK)
    render_to_keep(project, cache)
    return project


def render_to_keep(project: Project, cache: Path) -> None:
    """Render in such a way that every file is known by its times."""
    assert project.openflow(*RENDER).exit_code == Exit.DONE
    time.sleep(TICK)
    shutil.rmtree(cache / "openflow")
    assert project.openflow(*RENDER).stderr == "out: 15 unchanged\n"


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "openflow" / "renders").iterdir())


# --- that nothing is done ---


def imported(project: Project, *arguments: str) -> tuple[Result, bool]:
    """What comes of a call in a process of its own, and whether the compiler was imported for it."""
    words = [sys.executable, "-X", "importtime", "-m", "openflow_render", *arguments]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=project.folder, check=False)
    lines = ended.stderr.splitlines(keepends=True)
    talk = "".join(line for line in lines if not line.startswith("import time:"))
    is_compiling = any(line.rstrip().endswith(" openflow_render.compile") for line in lines)
    return Result(ended.returncode, ended.stdout, talk), is_compiling


def test_a_second_run_compiles_nothing_and_says_that_nothing_has_changed(project: Project, cache: Path):
    project.write(FILES)

    first, second, third = (imported(project, *RENDER) for _ in range(3))

    assert first == (Result(0, "", "out: 15 written\n"), True)
    assert second == third == (Result(0, "", "out: 15 unchanged\n"), False)


@pytest.mark.parametrize("report", ["text", "json", "sarif", "junit", "github"])
def test_a_second_check_compiles_nothing_and_says_the_same(shop: Project, report: str):
    shop.write({"jobs/a.yaml": job("a", more=UNKNOWN)})
    shop.openflow(*RENDER)

    first, second = (imported(shop, *RENDER, "--check", "--report", report) for _ in range(2))

    assert "OF3" in first[0].stdout + first[0].stderr
    assert first == (second[0], True)
    assert second[1] is False


def test_a_second_run_warns_again(shop: Project):
    shop.write({"jobs/a.yaml": job("a", more=UNKNOWN)})

    first, (second, is_compiling) = shop.openflow(*RENDER), imported(shop, *RENDER)

    assert "warning OF" in first.stderr
    assert second.stderr == first.stderr.replace("7 written, 8 unchanged", "15 unchanged")
    assert not is_compiling


def test_a_quiet_run_stays_quiet(shop: Project):
    shop.openflow(*RENDER, "-q")

    assert imported(shop, *RENDER, "-q") == (Result(0, "", ""), False)


def test_a_second_run_writes_nothing(shop: Project, cache: Path):
    def states() -> dict[str, tuple[int, int]]:
        found = [path for folder in (shop.folder, cache) for path in (folder, *folder.rglob("*"))]
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in found}

    before = states()

    assert shop.openflow(*RENDER).stderr == "out: 15 unchanged\n"
    assert states() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "jobs", "-o", "base"),
        ("render", "jobs", "-o", "base", "--out", "-"),
        ("render", "-", "--out", "elsewhere"),
        (*RENDER, "--commit-message"),
        (*RENDER, "--set", "spec.driver.memory=x"),
        ("render", "no.yaml", "--out", "elsewhere"),
        (*RENDER, "--var", "size=2g", "--check"),
        ("validate", "jobs"),
    ],
)
def test_what_goes_to_stdout_comes_from_stdin_fails_or_differs_is_not_kept(
    shop: Project, cache: Path, arguments: Sequence[str]
):
    before = kept(cache)
    shop.write({"jobs/a.yaml": job("a", more=UNKNOWN)})
    shop.openflow(*RENDER)

    shop.openflow(*arguments, stdin=JOB)

    assert kept(cache) == before


def test_each_call_is_kept_for_itself_and_the_oldest_are_forgotten(shop: Project, cache: Path):
    [first] = kept(cache)
    for number in range(70):
        os.utime(first.with_name(f"{number}.json") if number else first, (number, number)) if not number else None
        first.with_name(f"{number}.json").write_text("")

    shop.openflow(*RENDER, "--check")

    assert len(kept(cache)) == 64
    assert first not in kept(cache)


def test_nothing_is_kept_in_the_project_when_the_user_has_no_home(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(FILES)
    env = {"XDG_CACHE_HOME": "relative", "HOME": "relative"}

    said = [project.process(*RENDER, env=env).stderr for _ in range(2)]

    assert said == ["out: 15 written\n", "out: 15 unchanged\n"]
    assert {path.name for path in project.folder.iterdir()} == {*(name.split("/")[0] for name in FILES), "out"}


# --- that every change is noticed ---


def swap_for_a_link(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.old"))
    path.symlink_to(f"{path.name}.old")


def keeping_times(change: Callable[[Path], None]) -> Callable[[Path], None]:
    """``change`` as one does it who wants nobody to notice."""

    def changed(path: Path) -> None:
        state = path.stat()
        change(path)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    return changed


def of_equal_size(path: Path) -> None:
    """Another text, that often means something else."""
    text = path.read_text()
    others = (("size: 1g", "size: 2g"), ("info", "warn"), ("Seconds: 7", "Seconds: 8"), (": x}", ": y}"))
    old, new = next((each for each in others if each[0] in text), (text, text.swapcase()))
    path.write_text(text.replace(old, new))


def longer(path: Path) -> None:
    path.write_text(path.read_text() + "# more\n")


def restored(path: Path) -> None:
    """The same text in another file of the same name."""
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)


def gone(path: Path) -> None:
    path.unlink()


def private(path: Path) -> None:
    path.chmod(0o600)


def empty_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


EACH = {
    "longer": longer,
    "of equal size": of_equal_size,
    "of equal size, with its times": keeping_times(of_equal_size),
    "touched": lambda path: path.touch(),
    "restored": restored,
    "gone": gone,
    "private": private,
    "a link": swap_for_a_link,
    "a folder": empty_folder,
}
PLACES = [
    *("config/prod.yaml", "overlays/base.yaml", "jobs/a.yaml", "jobs/log4j2.properties", "jobs/pod.yaml"),
    *("extra/more.yaml", "out/data/a/pod-a-driver.yaml", f"out/{files.INDEX}"),
]


class Edit(NamedTuple):
    """One thing that somebody does to a project."""

    name: str
    do: Callable[[Path], None]

    def __repr__(self) -> str:
        return self.name


def add(name: str, text: str) -> Edit:
    def do(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return Edit(f"{name} is new", do)


def own_template(folder: Path) -> None:
    text = asset("templates", "spark", "driver-pod.yaml").read_text().replace("kind: Pod\n", "kind: Pod\n# mine\n", 1)
    place = folder / "templates" / "spark" / "driver-pod.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(text.replace("spec:\n", "spec:\n  hostname: mine\n", 1))


def renamed(name: str, new: str) -> Edit:
    return Edit(f"{name} is called {new}", lambda folder: (folder / name).rename(folder / new))


EDITS = [
    *(
        Edit(f"{place}: {how}", lambda folder, place=place, change=change: change(folder / place))  # type: ignore[misc]
        for place in PLACES
        for how, change in EACH.items()
    ),
    renamed("jobs/sub", "jobs/below"),
    renamed("jobs/sub/b.yaml", "jobs/sub/c.yml"),
    renamed("extra/more.yaml", "extra/more.json"),
    renamed("out/data/a", "out/data/z"),
    add("jobs/c.yaml", job("c")),
    add("jobs/new/deep/c.yaml", JOB),
    add("jobs/.hidden.yaml", JOB.replace("etl", "hidden")),
    add("jobs/c.txt", "text"),
    add("config/base.yaml", OVERLAY.format(extends="", label="earlier")),
    add("overlays/prod.yaml", OVERLAY.format(extends="", label="of-no-use")),
    add("extra/deep/new.yaml", MANIFEST.replace("more", "new")),
    add("templates/spark/unknown.yaml", "a: b\n"),
    add("jobs/openflow.yaml", ""),
    add("jobs/sub/.git", ""),
    add("jobs/sub/overlays/base.yaml", OVERLAY.format(extends="", label="elsewhere")),
    add("openflow.yaml", PROJECT.replace("provenance: true", "provenance: false")),
    add("openflow.yaml", PROJECT.replace("out: out", "out: out, namespace: shop")),
    add("openflow.yaml", PROJECT.replace("out: out", "out: out, by: job")),
    add("openflow.yaml", PROJECT.replace("prod:", "test:")),
    add("out/data/a/foreign.yaml", MANIFEST),
    add("out/foreign.yaml", MANIFEST),
    add("out/.openflow-1-1.tmp", "half"),
    Edit("a template of the project's own", own_template),
    Edit("no project", lambda folder: (folder / "openflow.yaml").unlink()),
    Edit("no output", lambda folder: shutil.rmtree(folder / "out")),
    Edit("no job", lambda folder: shutil.rmtree(folder / "jobs")),
    Edit("no manifest", lambda folder: shutil.rmtree(folder / "extra")),
    Edit("jobs behind a link", lambda folder: swap_for_a_link(folder / "jobs")),
    Edit("output behind a link", lambda folder: swap_for_a_link(folder / "out")),
    Edit("output of a job behind a link", lambda folder: swap_for_a_link(folder / "out/data/a")),
]
"""Edits that change what is rendered, edits that do not, and edits that are refused."""


class Outcome(NamedTuple):
    """Everything that can be seen of a run."""

    result: Result
    files: dict[str, str]


def outcome(project: Project, folder: Path, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What comes of a call in ``folder``."""
    monkeypatch.chdir(folder)
    result = project.openflow(*arguments)
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    said = result._replace(stderr=result.stderr.replace(str(folder), "FOLDER"))
    return Outcome(said, {str(path.relative_to(folder)): path.read_text() for path in found})


def after(edits: Sequence[Edit], project: Project, tmp: Path, arguments: Sequence[str]) -> tuple[Outcome, Outcome]:
    """What comes of a call after ``edits``, and what comes of it where nothing was ever kept."""
    for edit in edits:
        try:
            edit.do(project.folder)
        except OSError:  # an edit before has taken away what this one would change
            continue
    copy = tmp / "copy" / project.folder.name
    shutil.copytree(project.folder, copy, symlinks=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        mine = outcome(project, project.folder, arguments, monkeypatch)
        monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
        return mine, outcome(project, copy, arguments, monkeypatch)


@pytest.mark.parametrize("edit", EDITS, ids=repr)
def test_a_run_after_an_edit_is_as_if_nothing_was_kept(shop: Project, tmp_path_factory: pytest.TempPathFactory, edit):
    mine, plain = after([edit], shop, tmp_path_factory.mktemp("room"), RENDER)

    assert mine == plain


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    first=st.lists(st.sampled_from(EDITS), max_size=3),
    then=st.lists(st.sampled_from(EDITS), max_size=3),
    waits=st.booleans(),
    check=st.booleans(),
)
def test_runs_after_any_edits_are_as_if_nothing_was_kept(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, first, then, waits, check
):
    room = tmp_path_factory.mktemp("room")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(room)
        shop = Project(room / "shop", monkeypatch)
        shop.write(FILES)
        arguments = (*RENDER, "--check") if check else RENDER
        for number, edits in enumerate(([], first, then, [])):
            time.sleep(TICK if waits else 0)

            mine, plain = after(edits, shop, room / str(number), arguments if number else RENDER)

            assert mine == plain


SECOND, MILLISECOND = 1_000_000_000, 1_000_000


@pytest.mark.parametrize(
    ("changed", "is_settled"),
    [
        (7 * SECOND + 30 * MILLISECOND, False),
        (7 * SECOND - 30 * MILLISECOND, False),
        (7 * SECOND - 60 * MILLISECOND, True),
        (8 * SECOND, False),
        (6 * SECOND, False),
        (5 * SECOND, False),
        (4 * SECOND, True),
    ],
)
def test_times_of_a_file_are_believed_once_the_clock_has_ticked(tmp_path: Path, changed: int, is_settled: bool):
    """The clock of a file that changed at a whole second may know no other times."""
    (tmp_path / "file").write_text("")
    old = os.stat_result([*(tmp_path / "file").stat()][:10], {"st_mtime_ns": SECOND, "st_ctime_ns": changed})

    answer = disk._answer(old, 7 * SECOND, b"")

    assert (answer == disk.stamp(old)) is is_settled
    assert (answer == disk.digest(b"")) is not is_settled


@pytest.mark.parametrize("ask", [disk.content, disk.own])
def test_an_edit_within_a_tick_of_the_clock_is_noticed(tmp_path: Path, ask: Callable[..., object]):
    """A file that was written just now can be written again, and keep its size and its times."""
    for number in range(300):
        path = tmp_path / str(number)
        path.write_text("old")
        with disk.recording() as asked:
            found = ask(str(path), *([100] if ask is disk.content else []))
            if isinstance(found, disk.Own):
                disk.record("own", str(path), found.answer)
        assert disk.unchanged(asked)

        path.write_text("new")

        assert not disk.unchanged(asked)


def test_an_edit_within_a_tick_of_the_writing_is_noticed(tmp_path: Path):
    for number in range(300):
        path, unfinished = tmp_path / str(number), tmp_path / "unfinished"
        unfinished.write_text("old")
        complete = unfinished.stat()
        unfinished.rename(path)
        path.write_text("new")
        time.sleep(TICK if number < 3 else 0)

        answer = disk.written(str(path), complete, b"old")

        assert not disk.unchanged({"own": {str(path): answer}})


def test_what_other_processes_read_counts_too(project: Project, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "MANY", 2)
    project.write(FILES)
    project.openflow(*RENDER)

    is_compiling = imported(project, *RENDER)[1]
    project.write({"jobs/log4j2.properties": "rootLogger.level = warn\n"})

    assert not is_compiling
    assert project.openflow(*RENDER).stderr == "out: 14 written, 1 unchanged\n"


def test_another_folder_another_option_and_another_stream_are_other_calls(shop: Project):
    assert shop.openflow(*RENDER, "--set", "spec.driver.memory=2g").stderr == "out: 14 written, 1 unchanged\n"
    assert shop.openflow(*RENDER).stderr == "out: 14 written, 1 unchanged\n"
    shop.write({"copy/openflow.yaml": PROJECT, "copy/jobs/c.yaml": JOB})
    assert shop.process("render", "--target", "prod", shell='; cd copy && "$@"').exit_code == Exit.REFUSED


def test_another_program_believes_nothing_that_this_one_kept(shop: Project):
    package = Path(openflow_render.__file__).parent
    room = shop.folder.parent / f"{shop.folder.name}-program"
    shutil.copytree(package, room / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("schemas", "templates", "overlays"):
        shutil.copytree(str(asset(name)), room / name)
    env = {"PYTHONPATH": str(room)}
    first = shop.process(*RENDER, env=env)
    template = room / "templates" / "spark" / "driver-pod.yaml"
    template.write_text(template.read_text().replace("spec:\n", "spec:\n  hostname: other\n", 1))

    second = shop.process(*RENDER, env=env)

    assert (first.stderr, second.stderr) == ("out: 15 unchanged\n", "out: 8 written, 7 unchanged\n")


# --- that what is kept is not needed ---


def occupied(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.write_text("a file")


def unreadable(cache: Path) -> None:
    for place in kept(cache):
        empty_folder(place)


def looped(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.symlink_to(cache)


@pytest.mark.parametrize("spoil", [occupied, unreadable, looped])
def test_a_cache_that_cannot_be_used_is_no_loss(shop: Project, cache: Path, spoil: Callable[[Path], None]):
    spoil(cache)

    assert shop.openflow(*RENDER) == Result(0, "", "out: 15 unchanged\n")
    shop.write({"jobs/a.yaml": job("a").replace("1g", "2g")})
    assert shop.openflow(*RENDER) == Result(0, "", "out: 7 written, 8 unchanged\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_damaged_is_not_believed(shop: Project, cache: Path, data: st.DataObject):
    shop.openflow(*RENDER)
    [place] = kept(cache)
    whole = place.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    garbage = data.draw(st.binary(min_size=1, max_size=20) | st.just(b"[" * 100_000))
    end = data.draw(st.sampled_from([whole[at + len(garbage) :], whole[at:], b""]))
    place.write_bytes(whole[:at] + garbage + end)

    assert shop.openflow(*RENDER) == Result(0, "", "out: 15 unchanged\n")


# --- that nothing is overlooked ---

ASKING = {
    *("exists", "glob", "is_dir", "is_file", "is_symlink", "isdir", "isfile", "islink", "iterdir", "lexists"),
    *("listdir", "lstat", "open", "read_bytes", "read_text", "readlink", "realpath", "resolve", "rglob", "scandir"),
    *("stat", "walk"),
}
RECORDS, SHIPPED = ("disk", "files", "self"), ("asset(", "assets.asset(", "files(")
"""Who may be asked: those that record it, and what ships with us or a package."""

OF_NO_INPUT = {
    "checks/schemas.py": ["is_file", "read_bytes"],  # what ships with us
    "source/files.py": ["open"],  # `bounded`, for whoever does not record
    "source/overlays.py": ["is_dir", "is_file", "iterdir", "read_bytes", "realpath", "realpath"],  # or what is refused
    "source/templates.py": ["read_bytes"],  # what ships with us
}


def test_whoever_reads_input_has_it_recorded():
    """A file that is read past the record could change, and the next run would not notice."""
    package = Path(openflow_render.__file__).parent
    layers = ("source", "spec", "engines", "schedulers", "transforms", "checks", "emit")
    modules = [package / "compile.py", *(path for layer in layers for path in (package / layer).rglob("*.py"))]
    recording = {package / "source" / "disk.py", package / "emit" / "files.py"}

    asked = {
        path.relative_to(package).as_posix(): sorted(
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and node.attr in ASKING
            if (whom := ast.unparse(node.value)) not in RECORDS and not whom.startswith(SHIPPED)
        )
        for path in modules
        if path not in recording
    }

    assert {name: found for name, found in asked.items() if found} == OF_NO_INPUT
