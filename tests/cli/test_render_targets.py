"""The project file and its targets, as `render` sees them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from openflow_render import __version__
from openflow_render.cli import options
from openflow_render.cli.exits import Exit
from tests.projects import JOB, Project

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  targets:
    dev: {out: deploy/dev}
"""

OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
spec:
"""

JOB_OF_VARS = JOB.replace("namespace: data", 'namespace: "{{ vars.place }}"').replace(
    "spec:\n", "spec:\n  vars: {place: of-job}\n", 1
)


def project_of(targets: str, settings: str = "") -> str:
    return PROJECT.replace("  targets:\n    dev: {out: deploy/dev}\n", f"{settings}  targets:\n{targets}")


def objects(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def driver(text: str) -> dict[str, Any]:
    return next(each for each in objects(text) if each["kind"] == "Pod")


def conf(text: str) -> str:
    return next(str(each["data"]["spark.properties"]) for each in objects(text) if each["kind"] == "ConfigMap")


# --- where jobs go ---


def test_a_target_needs_no_other_argument(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})

    result = project.openflow("render", "--target", "dev")

    assert result == (Exit.DONE, "", "deploy/dev: 7 written\n")
    assert "deploy/dev/data/etl/pod-etl-driver.yaml" in project.files()


def test_a_target_is_rendered_alike_from_every_folder(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(
        {"openflow.yaml": project_of("    dev: {out: deploy/dev, provenance: true}\n"), "jobs/a/etl.yaml": JOB}
    )
    project.openflow("render", "-t", "dev")
    before = project.files("deploy")
    monkeypatch.chdir(project.folder / "jobs" / "a")

    result = project.openflow("render", "-t", "dev")

    assert result == (Exit.DONE, "", "../../deploy/dev: 7 unchanged\n")
    assert project.files("deploy") == before


def test_all_targets_are_written_each_to_its_folder(project: Project):
    targets = "    dev: {out: deploy/dev}\n    prod: {out: deploy/prod, namespace: other, by: job}\n"
    project.write({"openflow.yaml": project_of(targets), "jobs/etl.yaml": JOB.replace(", namespace: data", "")})

    result = project.openflow("render", "--all-targets", "-n", "other")

    assert result == (Exit.DONE, "", "deploy/dev: 7 written\ndeploy/prod: 1 written\n")
    assert "deploy/prod/other/etl.yaml" in project.files()


def test_nothing_is_written_when_one_target_of_all_is_refused(project: Project):
    overlay = OVERLAY + "  job: {spec: {driver: {memory: 12x}}}\n"
    targets = "    dev: {out: deploy/dev}\n    prod: {out: deploy/prod, overlays: [bad]}\n"
    project.write({"openflow.yaml": project_of(targets), "jobs/etl.yaml": JOB, "overlays/bad.yaml": overlay})

    result = project.openflow("render", "--all-targets")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "overlays/bad.yaml:4:33: error OF210" in result.stderr
    assert not Path("deploy").exists()


def test_paths_and_a_target_are_printed_as_the_target_has_them(project: Project):
    project.write(
        {"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB, "other.yaml": JOB.replace("name: etl", "name: other")}
    )

    result = project.openflow("render", "other.yaml", "--target", "dev")

    assert driver(result.stdout)["metadata"]["labels"]["app.kubernetes.io/name"] == "other"
    assert not Path("deploy").exists()


def test_a_dash_as_folder_is_stdout(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})

    result = project.openflow("render", "--target", "dev", "--out", "-")

    assert (result.exit_code, len(objects(result.stdout))) == (Exit.DONE, 7)
    assert not Path("deploy").exists()


def test_check_tells_of_each_target_that_differs(project: Project):
    targets = "    dev: {out: deploy/dev}\n    prod: {out: deploy/prod}\n"
    project.write({"openflow.yaml": project_of(targets), "jobs/etl.yaml": JOB})
    project.openflow("render", "--all-targets")
    project.write({"deploy/prod/data/etl/role-etl.yaml": "mine"})

    result = project.openflow("render", "--all-targets", "--check")

    assert (result.exit_code, result.stderr) == (
        Exit.DIFFERENT,
        "deploy/prod: 1 file differs; render without --check to write them\n",
    )
    assert result.stdout.startswith("--- deploy/prod/data/etl/role-etl.yaml\n+++ deploy/prod/data/etl/role-etl.yaml\n")


def test_editing_a_field_changes_the_files_of_its_run_and_no_others(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB, "jobs/b.yaml": JOB.replace("name: etl", "name: b")})
    project.openflow("render", "--target", "dev")
    before = project.files("deploy")
    project.write({"jobs/etl.yaml": JOB.replace("instances: 2", "instances: 3")})

    project.openflow("render", "--target", "dev")

    after = project.files("deploy")
    assert sorted(before) == sorted(after)
    assert [name for name in after if before[name] != after[name]] == [
        "dev/data/etl/configmap-etl-conf-map.yaml",
        "dev/data/etl/networkpolicy-etl-policy.yaml",
        "dev/data/etl/pod-etl-driver.yaml",
        "dev/data/etl/service-etl-driver-svc.yaml",
    ]


def test_removing_a_job_removes_its_files_and_no_others(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB, "jobs/b.yaml": JOB.replace("name: etl", "name: b")})
    project.openflow("render", "--target", "dev")
    before = project.files("deploy")
    (project.folder / "jobs" / "b.yaml").unlink()

    result = project.openflow("render", "--target", "dev")

    after = project.files("deploy")
    gone = set(before) - set(after)
    assert result.stderr == "deploy/dev: 7 unchanged, 7 removed\n"
    assert {name.startswith("dev/data/b/") for name in gone} == {True}
    assert [name for name in after if before[name] != after[name]] == ["dev/.openflow.index"]


def test_a_target_whose_jobs_are_all_gone_is_refused_rather_than_emptied(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})
    project.openflow("render", "--target", "dev")
    (project.folder / "jobs" / "etl.yaml").unlink()

    result = project.openflow("render", "--target", "dev")

    assert result.exit_code == Exit.REFUSED
    assert "OF104" in result.stderr
    assert "deploy/dev/data/etl/pod-etl-driver.yaml" in project.files()


# --- what a target says of jobs ---


def test_overlays_of_the_target_come_before_those_of_the_command_line(project: Project):
    size = "  job: {{spec: {{driver: {{memory: {memory}}}, executor: {{memory: {memory}}}}}}}\n"
    project.write(
        {
            "openflow.yaml": project_of("    dev: {overlays: [prod, more/near.yaml]}\n"),
            "jobs/etl.yaml": JOB,
            "overlays/prod.yaml": OVERLAY + size.format(memory="2g"),
            "more/near.yaml": OVERLAY + "  job: {spec: {executor: {memory: 3g}}}\n",
            "last.yaml": OVERLAY + "  job: {spec: {executor: {memory: 4g}}}\n",
        }
    )

    near = conf(project.openflow("render", "-t", "dev").stdout)
    last = conf(project.openflow("render", "-t", "dev", "-o", "last.yaml").stdout)

    assert ("spark.driver.memory=2g" in near, "spark.executor.memory=3g" in near) == (True, True)
    assert ("spark.driver.memory=2g" in last, "spark.executor.memory=4g" in last) == (True, True)


def test_vars_of_the_target_win_over_those_of_jobs_and_overlays_and_lose_to_the_option(project: Project):
    project.write(
        {
            "openflow.yaml": project_of("    dev: {overlays: [o], vars: {place: of-target}}\n"),
            "jobs/etl.yaml": JOB_OF_VARS,
            "overlays/o.yaml": OVERLAY + "  vars: {place: of-overlay}\n",
        }
    )

    found = [
        driver(project.openflow("render", *arguments).stdout)["metadata"]["namespace"]
        for arguments in (
            ["jobs"],
            ["jobs", "-o", "o"],
            ["-t", "dev"],
            ["-t", "dev", "--var", "place=of-option"],
        )
    ]

    assert found == ["of-job", "of-overlay", "of-target", "of-option"]


def test_defaults_of_an_engine_lie_under_its_jobs_with_or_without_a_target(project: Project):
    settings = "  defaults:\n    spark: {spec: {version: 4.1.0, driver: {memory: 7g, cores: 3}}}\n"
    project.write({"openflow.yaml": project_of("    dev: {}\n", settings), "jobs/etl.yaml": JOB})

    found = conf(project.openflow("render", "jobs").stdout)

    assert "spark.driver.memory=1g" in found
    assert "spark.driver.cores=3" in found
    assert conf(project.openflow("render", "-t", "dev").stdout) == found


def test_a_fault_in_defaults_is_shown_there(project: Project):
    settings = "  defaults:\n    spark: {spec: {driver: {cores: many}}}\n"
    project.write({"openflow.yaml": project_of("    dev: {}\n", settings), "jobs/etl.yaml": JOB})

    result = project.openflow("render", "jobs")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith("openflow.yaml:6:36: error OF203")


def test_what_is_missing_is_shown_in_the_job_and_not_in_the_project(project: Project):
    settings = "  defaults:\n    spark: {spec: {driver: {cores: 2}}}\n"
    project.write(
        {
            "openflow.yaml": project_of("    dev: {}\n", settings),
            "jobs/etl.yaml": JOB.replace('  version: "4.3.0"\n', ""),
        }
    )

    result = project.openflow("render", "jobs")

    assert result.stderr.startswith("jobs/etl.yaml:4:1: error OF202")


def test_the_namespace_is_the_jobs_then_the_targets_then_that_of_the_option(project: Project):
    project.write(
        {
            "openflow.yaml": project_of("    dev: {namespace: of-target}\n    bare: {}\n"),
            "jobs/etl.yaml": JOB.replace(", namespace: data", ""),
            "own.yaml": JOB,
        }
    )

    found = [
        driver(project.openflow("render", *arguments).stdout)["metadata"]["namespace"]
        for arguments in (["own.yaml", "-t", "dev"], ["-t", "dev"], ["-t", "bare", "-n", "of-option"])
    ]

    assert found == ["data", "of-target", "of-option"]


MINORS = {
    (None, None): "1.31",
    (None, "1.36"): "1.36",
    ("dev", None): "1.31",
    ("own", None): "1.35",
    ("own", "1.35"): "1.35",
}


@pytest.mark.parametrize(("target", "option"), MINORS)
def test_objects_are_checked_for_the_minor_of_the_target_then_of_the_project(
    project: Project, target: str | None, option: str | None
):
    settings = '  kubernetes: "1.31"\n'
    project.write(
        {
            "openflow.yaml": project_of('    dev: {}\n    own: {kubernetes: "1.35"}\n', settings),
            "jobs/etl.yaml": JOB,
        }
    )

    given, compiling = options.Given(target=target), options.Compiling(option)
    task = options.task(["jobs"], given, compiling, options.reading_report(strict=False), strict=False)

    assert task.settings.kubernetes == MINORS[target, option]


# --- wrong use ---

WRONG = {
    ("render",): "name a job file or a folder of them, or a --target: dev",
    ("render", "-t", "prd"): "the project has no target prd; it has dev",
    ("render", "-t", "dv"): "the project has no target dv (did you mean `dev`?); it has dev",
    ("render", "-t", "dev", "--all-targets"): (
        "--target names one target and --all-targets means every one: give one of them"
    ),
    ("render", "jobs", "--all-targets"): (
        "--all-targets writes every target to its own folder: give no PATH and no --out"
    ),
    ("render", "-t", "dev", "--kubernetes", "1.36"): ("--kubernetes 1.36 contradicts the target dev, which says 1.35"),
    ("render", "-t", "dev", "-n", "other"): "--namespace other contradicts the target dev, which says data",
    ("render", "-t", "dev", "--to", "flux"): (
        "--to flux needs a target of that form, which says how flux reads the folder"
    ),
    ("render", "jobs", "--to", "argocd", "--out", "x"): (
        "--to argocd needs a target of that form, which says how argocd reads the folder"
    ),
    ("render", "jobs", "--to", "kustomize"): "--to kustomize makes files: give --out DIR",
    ("render", "jobs", "--commit-message"): "--commit-message tells of files that were written: give --out DIR",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_of_targets_is_told_in_a_line(project: Project, arguments: tuple[str, ...]):
    dev = '    dev: {out: deploy/dev, kubernetes: "1.35", namespace: data}\n'
    project.write({"openflow.yaml": project_of(dev), "jobs/etl.yaml": JOB})

    result = project.openflow(*arguments)

    assert result == (
        Exit.USAGE,
        "",
        f"error: {WRONG[arguments]}\n  hint: `openflow render --help` tells how it is used\n",
    )
    assert not Path("deploy").exists()


def test_a_target_needs_a_project(project: Project):
    project.write({"jobs/etl.yaml": JOB})

    result = project.openflow("render", "-t", "dev")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        Exit.USAGE,
        "error: --target dev needs a project: there is no openflow.yaml here or above",
    )


def test_all_targets_need_targets(project: Project):
    project.write({"openflow.yaml": "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: a}\nspec: {}\n"})

    result = project.openflow("render", "--all-targets")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        Exit.USAGE,
        "error: --all-targets needs targets: name some in openflow.yaml, at the root of the project",
    )


def test_a_target_without_a_folder_cannot_be_among_all(project: Project):
    project.write({"openflow.yaml": project_of("    dev: {}\n"), "jobs/etl.yaml": JOB})

    result = project.openflow("render", "--all-targets")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        Exit.USAGE,
        "error: the target dev has no folder: give it `out` in openflow.yaml",
    )


# --- a project file that is no good ---

BAD = {
    "hello": "openflow.yaml: error OF140: the file must hold one project, and nothing else",
    PROJECT + "---\n" + JOB: "openflow.yaml: error OF140: the file must hold one project, and nothing else",
    PROJECT.replace("v1\nkind", "v2\nkind"): "openflow.yaml:1:13: error OF105: Project of openflow.io/v2",
    PROJECT.replace("spec:", "sepc:"): "openflow.yaml:1:1: error OF202: `spec` is missing\n",
    project_of("    Dev: {}\n"): 'openflow.yaml:6:5: error OF210: targets "Dev" is not a name',
    project_of(
        "    dev: {out: ../up}\n"
    ): 'openflow.yaml:6:16: error OF210: targets.dev.out "../up" is not a path inside the project',
    project_of(
        "    dev: {out: /etc}\n"
    ): 'openflow.yaml:6:16: error OF210: targets.dev.out "/etc" is not a path inside the project',
    project_of("    dev: {}\n", "  checks: {OF999: error}\n"): (
        "openflow.yaml:5:19: error OF141: there is no finding OF999"
    ),
    project_of("    dev: {}\n", "  checks: {OF210: warning}\n"): (
        "openflow.yaml:5:19: error OF142: OF210 is an error, and cannot be made a warning"
    ),
    project_of("    dev: {cluster: {context: c}}\n"): (
        "openflow.yaml:6:11: error OF143: the cluster of dev is named by its context only, which may mean another "
        "cluster on another machine"
    ),
    project_of("    dev: {to: argocd, out: d}\n"): (
        "openflow.yaml:6:5: error OF144: the target dev lacks argocd.repoURL, which `to: argocd` needs"
    ),
    project_of("    dev: {to: flux, out: d}\n"): (
        "openflow.yaml:6:5: error OF144: the target dev lacks flux.source, which `to: flux` needs"
    ),
    project_of("    dev: {out: d}\n    prod: {out: d/e}\n"): (
        "openflow.yaml:7:17: error OF145: the folder d/e and d, that of dev (openflow.yaml:6:16), lie in each other"
    ),
    project_of("    dev: {out: d}\n    prod: {out: d}\n"): "openflow.yaml:7:17: error OF145",
    project_of(
        "    a: {to: argocd, out: a, argocd: {namespace: one}}\n    b: {to: argocd, out: b}\n",
        "  argocd: {repoURL: x, applicationSet: set}\n",
    ): "openflow.yaml:8:5: error OF146: the target b has its own argocd.namespace, but one ApplicationSet serves all",
}


@pytest.mark.parametrize("text", BAD, ids=[each[:60] for each in BAD.values()])
def test_a_bad_project_file_is_told_with_its_place(project: Project, text: str):
    project.write({"openflow.yaml": text, "jobs/etl.yaml": JOB})

    result = project.openflow("render", "-t", "dev")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith(BAD[text])
    assert not Path("d").exists()


def test_an_empty_project_file_marks_the_root_and_says_nothing(project: Project):
    project.write({"openflow.yaml": "# the root\n", "jobs/etl.yaml": JOB})

    assert project.openflow("render", "jobs").exit_code == Exit.DONE


# --- weights of findings ---


def test_a_project_weighs_findings(project: Project):
    job = JOB.replace("  driver:", "  conf: {spark.kubernetes.drivr.x: a}\n  driver:")
    project.write({"openflow.yaml": project_of("    dev: {}\n"), "jobs/etl.yaml": job})
    plain = project.openflow("validate", "jobs")
    code = re.findall(r"warning (OF\d+)", plain.stderr)[0]

    codes = {}
    for weight in ("note", "error"):
        project.write({"openflow.yaml": project_of("    dev: {}\n", f"  checks: {{{code}: {weight}}}\n")})
        result = project.openflow("validate", "jobs")
        codes[weight] = (result.exit_code, f"{weight} {code}" in result.stderr)

    assert plain.exit_code == Exit.DONE
    assert codes == {"note": (Exit.DONE, True), "error": (Exit.REFUSED, True)}


# --- provenance ---


def source_of(project: Project) -> str:
    found = {each["metadata"]["annotations"]["openflow.io/source"] for each in objects(rendered(project))}
    [source] = found
    return str(source)


def rendered(project: Project) -> str:
    return project.openflow("render", "-t", "dev", "--out", "-", "--provenance").stdout


def test_every_object_names_the_file_of_its_job_and_a_digest_of_its_inputs(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})

    assert re.fullmatch(r"jobs/etl\.yaml@sha256:[0-9a-f]{64}", source_of(project))


def test_provenance_is_no_part_of_what_is_run(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})

    without = driver(project.openflow("render", "-t", "dev", "--out", "-").stdout)

    assert driver(rendered(project))["metadata"]["name"] == without["metadata"]["name"]
    assert "openflow.io/source" not in without["metadata"].get("annotations", {})


CHANGES: dict[str, dict[str, str]] = {
    "the job": {
        "jobs/etl.yaml": JOB.replace("instances: 2", "instances: 3").replace(
            "  driver:", "  confFiles: [log.properties]\n  driver:"
        )
    },
    "an overlay": {"overlays/prod.yaml": OVERLAY + "  job: {spec: {driver: {memory: 3g}}}\n"},
    "a patch": {
        "overlays/prod.yaml": OVERLAY + "  patches: [{target: {kind: Pod}, merge: {metadata: {labels: {a: b}}}}]\n"
    },
    "a file that the job names": {"jobs/log.properties": "a=c\n"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_digest_changes_with_each_input(project: Project, what: str):
    job = JOB.replace("  driver:", "  confFiles: [log.properties]\n  driver:")
    overlay = OVERLAY + "  job: {spec: {driver: {memory: 1g}}}\n"
    first = {"jobs/etl.yaml": job, "jobs/log.properties": "a=b\n", "overlays/prod.yaml": overlay}
    project.write({"openflow.yaml": project_of("    dev: {overlays: [prod]}\n"), **first})
    before = source_of(project)

    project.write(CHANGES[what])

    assert source_of(project) != before


def test_the_digest_stays_when_only_comments_change(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})
    before = source_of(project)

    project.write({"jobs/etl.yaml": "# a comment\n" + JOB})

    assert source_of(project) == before


# --- manifests ---


def test_the_manifests_of_a_target_are_printed_with_it_as_a_whole(project: Project):
    manifest = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s}\n"
    project.write(
        {
            "openflow.yaml": project_of("    dev: {out: deploy/dev, manifests: [secrets]}\n"),
            "jobs/etl.yaml": JOB,
            "secrets/s.yaml": manifest,
        }
    )

    whole = project.openflow("render", "-t", "dev", "--out", "-").stdout
    part = project.openflow("render", "jobs", "-t", "dev").stdout

    assert whole == part + "---\n" + manifest


# --- commits ---


def test_a_commit_message_says_what_was_rendered_from_what(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "jobs"]):
        subprocess.run([*git, *command], cwd=project.folder, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()

    clean = project.openflow("render", "-t", "dev", "--commit-message").stdout
    project.write({"jobs/etl.yaml": JOB.replace("1g", "2g")})
    dirty = project.openflow("render", "-t", "dev", "--commit-message").stdout

    digest = re.findall(r"Openflow-Digest: sha256:([0-9a-f]{64})\n", clean)
    assert clean == (
        "Render dev: 1 job\n\n"
        f"Openflow-Version: {__version__}\n"
        "Openflow-Target: dev\n"
        f"Openflow-Source: {head}\n"
        f"Openflow-Digest: sha256:{digest[0]}\n"
    )
    assert f"Openflow-Source: {head} with changes\n" in dirty
    assert digest[0] not in dirty


def test_git_reads_the_trailers_of_a_commit_message(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB})

    message = project.openflow("render", "-t", "dev", "--commit-message").stdout

    command = ["git", "interpret-trailers", "--parse"]
    read = subprocess.run(command, input=message, capture_output=True, text=True, check=True).stdout
    assert [line.partition(":")[0] for line in read.splitlines()] == [
        "Openflow-Version",
        "Openflow-Target",
        "Openflow-Digest",
    ]


# --- secrets ---


def test_a_secret_in_the_clear_is_refused_where_a_folder_is_written(project: Project):
    token = "  conf: {spark.kubernetes.authenticate.driver.oauthToken: abc}\n  driver:"
    project.write({"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB.replace("  driver:", token)})

    result = project.openflow("render", "-t", "dev")

    assert (result.exit_code, "error OF604: Secret/etl-" in result.stderr) == (Exit.REFUSED, True)
    assert result.stderr.startswith("jobs/etl.yaml:11:59")
    assert not Path("deploy").exists()
