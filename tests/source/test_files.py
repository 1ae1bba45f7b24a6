from __future__ import annotations

import os
from pathlib import Path as FilePath

import pytest

from openflow_render.core.report import Origin, Report, Severity
from openflow_render.source.files import Files, project_root

AT = "spec.driver.template"


@pytest.fixture
def report() -> Report:
    return Report(lambda path: Origin("job.yaml", 7))


@pytest.fixture
def files(tmp_path: FilePath) -> Files:
    (tmp_path / "outside.txt").write_text("secret")
    root = tmp_path / "project"
    (root / "jobs").mkdir(parents=True)
    (root / "openflow.yaml").touch()
    (root / "shared.txt").write_text("größe\n")
    return Files(root / "jobs")


def test_a_file_is_relative_to_the_job_file(files, report):
    assert files.read_text("../shared.txt", AT, report) == "größe\n"
    assert list(report) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../../outside.txt", "OF132"),
        ("link.txt", "OF132"),
        ("linked/outside.txt", "OF132"),
        ("no.txt", "OF131"),
        ("..", "OF133"),
        ("pipe", "OF133"),
        ("large", "OF134"),
        ("binary", "OF135"),
        ("latin", "OF135"),
        ("reserved", "OF135"),
        ("s3a://bucket/x", "OF130"),
        ("http://host/x", "OF130"),
        ("loop", "OF137"),
    ],
)
def test_a_file_that_may_not_be_read_is_a_finding_at_its_field(files, report, path, code):
    (files.folder / "link.txt").symlink_to(files.root.parent / "outside.txt")
    (files.folder / "linked").symlink_to(files.root.parent)
    (files.folder / "loop").symlink_to(files.folder / "loop")
    os.mkfifo(files.folder / "pipe")
    (files.folder / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    (files.folder / "binary").write_bytes(b"a\0b")
    (files.folder / "latin").write_bytes("größe".encode("latin-1"))
    (files.folder / "reserved").write_text("\ue000")

    assert files.read_text(path, AT, report) is None
    assert [(finding.code.id, str(finding.origin)) for finding in report] == [(code, "job.yaml:7")]


def test_an_absolute_path_is_read_with_a_note(files, report):
    path = files.root / "inside.txt"
    path.write_text("text")

    assert files.read_text(str(path), AT, report) == "text"
    assert [(finding.code.id, finding.severity) for finding in report] == [("OF136", Severity.NOTE)]


def test_bytes_are_read_as_they_are(files, report):
    (files.folder / "keytab").write_bytes(b"\0\xff")

    assert files.read_bytes("keytab", AT, report) == b"\0\xff"


def test_a_project_ends_where_its_repository_does(tmp_path):
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/.git").touch()

    assert project_root(tmp_path / "a/b/c") == (tmp_path / "a").resolve()


@pytest.mark.parametrize("slashes", ["/", "///"])
def test_a_file_uri_is_an_absolute_path(files, report, slashes):
    (files.root / "a b.txt").write_text("text")
    path = str(files.root / "a%20b.txt").lstrip("/")

    assert files.read_text(f"file:{slashes}{path}", AT, report) == "text"
    assert [finding.code.id for finding in report] == ["OF136"]


def test_a_file_uri_that_names_a_host_is_refused(files, report):
    assert files.read_text("file://host/x", AT, report) is None
    assert [finding.code.id for finding in report] == ["OF130"]
