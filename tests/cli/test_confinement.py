"""What a file names lies in its project, whatever links say; what is no regular file is refused at once."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: o}\nspec: {vars: {a: b}}\n"
PROJECT = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  targets:\n    t: {out: deploy}\n"
SECRET = "password: hunter2 is no job\n"


@pytest.fixture
def inner(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in a folder of its own, with files of others beside it."""
    project.write({"outside/secret.yaml": SECRET, "outside/overlay.yaml": OVERLAY, "outside/job.yaml": JOB})
    project.write({"inner/.git/HEAD": "", "inner/job.yaml": JOB})
    monkeypatch.chdir(project.folder / "inner")
    return Project(project.folder / "inner", monkeypatch)


def link(place: str, to: str) -> None:
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    Path(place).symlink_to(Path(to).absolute())


# --- links ---


@pytest.mark.parametrize("name", ["../../outside/overlay.yaml", "link.yaml", "link", "linked/overlay.yaml"])
def test_an_overlay_extends_nothing_outside_of_its_project(inner: Project, name: str):
    inner.write({"overlays/o.yaml": OVERLAY.replace("{vars", f"{{extends: [{name}], vars")})
    link("overlays/link.yaml", "../outside/overlay.yaml")
    link("overlays/linked", "../outside")

    result = inner.openflow("render", "job.yaml", "-o", "o")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert f"overlays/o.yaml:4:18: error OF132: {name} leaves the project folder {inner.folder}" in result.stderr


def test_an_overlay_that_is_asked_for_by_name_is_no_link_out_of_the_project(inner: Project):
    link("overlays/o.yaml", "../outside/secret.yaml")

    result = inner.openflow("render", "job.yaml", "-o", "o")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith("-o o: error OF132: ")
    assert "hunter2" not in result.stderr


def test_a_path_on_the_command_line_may_lie_anywhere(inner: Project):
    result = inner.openflow("render", "../outside/job.yaml", "-o", "../outside/overlay.yaml", "--out", "../elsewhere")

    assert result.exit_code == Exit.DONE, result.stderr


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("{out: deploy, overlays: [../outside/overlay.yaml]}", "7:33"),
        ("{out: linked/deploy}", "7:14"),
        ("{out: deploy, jobs: [linked]}", "7:29"),
        ("{out: deploy, given: [linked/secret.yaml]}", "7:30"),
        ("{out: deploy, manifests: [linked]}", "7:34"),
    ],
)
def test_a_target_names_nothing_outside_of_its_project(inner: Project, field: str, place: str):
    link("linked", "../outside")
    inner.write(
        {"openflow.yaml": PROJECT.replace("  targets", "  jobs: [job.yaml]\n  targets").replace("{out: deploy}", field)}
    )

    result = inner.openflow("render", "--target", "t")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert f"openflow.yaml:{place}: error OF132: " in result.stderr
    assert {each.name for each in Path("../outside").iterdir()} == {"secret.yaml", "overlay.yaml", "job.yaml"}


def test_what_serves_all_targets_is_not_written_through_a_link(inner: Project):
    link("linked", "../outside")
    settings = (
        '  jobs: [job.yaml]\n  argocd: {repoURL: "https://git.example/x", applicationSet: linked/argocd}\n  targets'
    )
    inner.write(
        {"openflow.yaml": PROJECT.replace("  targets", settings).replace("{out: deploy}", "{out: d, to: argocd}")}
    )

    result = inner.openflow("render", "--all-targets")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "openflow.yaml:6:62: error OF132: linked/argocd leaves the project folder" in result.stderr
    assert not Path("../outside/argocd").exists()


def test_a_project_file_is_no_link_out_of_its_folder(inner: Project):
    link("openflow.yaml", "../outside/secret.yaml")

    result = inner.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith("openflow.yaml: error OF132: ")
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("place", ["templates", "templates/spark", "templates/spark/driver-pod.yaml"])
def test_a_template_is_not_read_through_a_link_out_of_the_project(inner: Project, place: str):
    inner.write({f"../outside/{name}driver-pod.yaml": "a: '{{ pod }}'\n" for name in ("", "spark/")})
    link(place, "../outside/driver-pod.yaml" if place.endswith(".yaml") else "../outside")

    result = inner.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith("templates/spark/driver-pod.yaml: error OF132: ")


@pytest.mark.parametrize(
    "field", ["driver: {template: ../../secret}", "confFiles: [/etc/hostname]", "confFiles: [link]"]
)
def test_a_job_names_nothing_outside_of_its_project(inner: Project, field: str):
    link("link", "../outside/secret.yaml")
    inner.write({"job.yaml": JOB.replace("  driver:\n    memory: 1g\n", "") + f"  {field}\n"})

    result = inner.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "error OF132: " in result.stderr
    assert "hunter2" not in result.stderr


def test_links_in_a_folder_that_lead_out_of_the_project_are_told_and_not_followed(inner: Project):
    link("jobs/job.yaml", "job.yaml")
    link("jobs/a.yaml", "../outside/secret.yaml")
    link("jobs/b", "../outside")
    link("jobs/root", "/")
    link("jobs/notes.txt", "/etc/hostname")
    Path("jobs/loop").symlink_to("loop")
    Path("jobs/around").symlink_to(".")

    result = inner.openflow("validate", "jobs")

    assert result.exit_code == Exit.DONE
    told = [line.split(" leads")[0] for line in result.stderr.splitlines() if "OF138" in line]
    assert told == [f"jobs/{name}: warning OF138: jobs/{name}" for name in ("a.yaml", "b", "root")]
    assert "1 of 1 job sound" in result.stderr


# --- what is no file ---


@pytest.mark.parametrize("file", ["pipe", "/dev/zero", "/dev/stdin"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "FILE/x.yaml"),
        ("render", "job.yaml", "-o", "./FILE"),
        ("render", "job.yaml", "--given", "FILE"),
        ("import", "properties", "FILE"),
        ("import", "spark-submit", "--", "--properties-file", "FILE", "local:///x.jar"),
        ("list", "data", "--kubeconfig", "FILE"),
    ],
)
def test_what_is_no_regular_file_is_refused_at_once(inner: Project, arguments: tuple[str, ...], file: str):
    os.mkfifo("pipe")
    begin = time.monotonic()

    result = inner.openflow(*(word.replace("FILE", file) for word in arguments))

    assert result.exit_code in {Exit.REFUSED, Exit.CLUSTER}
    assert result.stdout == ""
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("place", ["openflow.yaml", "templates/spark/driver-pod.yaml", "core-site.xml", "pod.yaml"])
def test_a_pipe_in_the_project_holds_nobody_up(inner: Project, place: str):
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(place)
    inner.write({"job.yaml": JOB.replace("memory: 1g", "template: pod.yaml") + "  confFiles: [core-site.xml]\n"})
    begin = time.monotonic()

    result = inner.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert time.monotonic() - begin < 10


def test_a_folder_may_be_called_as_a_job_file_is(inner: Project):
    inner.write({"jobs/etl.yaml/etl.yaml": JOB})

    assert inner.openflow("validate", "jobs").exit_code == Exit.DONE
    assert inner.openflow("validate", "jobs/etl.yaml").exit_code == Exit.DONE


def test_a_file_that_is_larger_than_any_is_not_read_to_its_end(inner: Project):
    with Path("huge.yaml").open("wb") as file:
        file.truncate(1 << 40)

    result = inner.openflow("render", "huge.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "huge.yaml: error OF113: " in result.stderr


def test_ten_thousand_files_of_others_are_passed_over_in_seconds(inner: Project):
    inner.write({"jobs/etl.yaml": JOB})
    for number in range(5000):
        Path(f"jobs/{number}.yaml").write_text("kind: Pod\n")
        Path(f"jobs/folder{number}").mkdir()
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime

    result = inner.openflow("validate", "jobs")

    assert result.exit_code == Exit.DONE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin < 4
