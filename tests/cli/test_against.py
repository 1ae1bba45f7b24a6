"""`openflow diff --against`: what jobs become, beside what they became at a revision of a real repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from projects import JOB, Project, Result

from openflow_render.cli import change_page, revision
from openflow_render.cli.exits import Exit

OTHER = JOB.replace("name: etl", "name: load")
BAD = JOB.replace("memory: 1g", "memory: 12x")
MORE = JOB.replace("memory: 1g", "memory: 2g")
WITH_CONF = f'{JOB}  conf: {{spark.x: "1"}}\n'
SECRET = JOB.replace("    memory: 1g\n", "    memory: 1g\n    env: {DB_PASSWORD: hunter2}\n")
HOSTILE = "</script><script>alert(1)</script>&\\\"'\\u202e[31m"
OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {job: {spec: {executor: {instances: 2}}}}\n"
REPORTS = ("text", "json", "markdown", "html")

IDENTITY = ("-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false")
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *IDENTITY, "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, env={**environment, **ALONE}, check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No configuration of whoever runs the tests, and temporary folders that can be counted."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)


def commit(project: Project, files: dict[str, str]) -> None:
    project.write(files)
    if not Path(".git").exists():
        git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "a state")


def diff(project: Project, *arguments: str, report: str = "text") -> Result:
    return project.openflow("diff", *arguments, "--against", "HEAD", "--report", report)


def masked(text: str) -> str:
    """The text without the digests of runs."""
    return re.sub(r"\b[0-9a-f]{10}\b", "RUN", text)


# --- what differs ----------------------------------------------------------------------------------------------------


def test_an_edited_field_is_told_with_its_line_and_the_new_run(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": MORE})

    result = diff(project, "job.yaml")

    main = "spec.containers[spark-kubernetes-driver].resources"
    assert result.exit_code == Exit.DIFFERENT
    assert masked(result.stdout) == (
        "~ data/etl: changed   # job.yaml:3:18\n"
        "  run RUN → RUN\n"
        "  ~ ConfigMap/etl-conf-map: new run\n"
        "    data[spark.properties]:\n"
        "      -spark.driver.memory=1g\n"
        "      +spark.driver.memory=2g   # job.yaml:12:13\n"
        "  ~ Pod/etl-driver: new run\n"
        f'    {main}.limits.memory: "1408Mi" → "2432Mi"   # job.yaml:12:13\n'
        f'    {main}.requests.memory: "1408Mi" → "2432Mi"   # job.yaml:12:13\n'
        "  3 only by the run's name\n"
        "  3 unchanged\n"
        "jobs since HEAD: 1 changed\n"
    )
    assert result.stderr == ""


@pytest.mark.parametrize("report", REPORTS)
def test_no_difference_is_told_in_few_words(project: Project, report: str):
    commit(project, {"job.yaml": JOB})

    result = diff(project, "job.yaml", report=report)

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    if report == "text":
        assert result.stdout == "jobs since HEAD: 1 unchanged\n"
    if report == "markdown":
        assert result.stdout == "### openflow: jobs since HEAD: 1 unchanged\n"


def test_a_job_that_comes_and_one_that_goes(project: Project):
    commit(project, {"jobs/etl.yaml": JOB})
    project.write({"jobs/load.yaml": OTHER})
    Path("jobs/etl.yaml").unlink()

    result = diff(project, "jobs")

    assert result.exit_code == Exit.DIFFERENT
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert heads == [
        "+ data/load: new   # jobs/load.yaml:3:18",
        "- data/etl: gone   # HEAD:jobs/etl.yaml:3:18",
        "jobs since HEAD: 1 new, 1 gone",
    ]


@pytest.mark.parametrize("path", ["jobs", "jobs/etl.yaml", "."])
def test_a_path_without_jobs_now_has_lost_those_that_it_had(project: Project, path: str):
    commit(project, {"jobs/etl.yaml": JOB, "readme.md": "x"})
    git("rm", "--quiet", "jobs/etl.yaml")

    result = diff(project, path)

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (Exit.DIFFERENT, "jobs since HEAD: 1 gone")


def test_a_path_that_was_not_there_has_new_jobs(project: Project):
    commit(project, {"readme.md": "x"})
    project.write({"jobs/etl.yaml": JOB})

    result = diff(project, "jobs")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (Exit.DIFFERENT, "jobs since HEAD: 1 new")


def test_a_path_that_was_never_there_is_refused(project: Project):
    commit(project, {"job.yaml": JOB})

    result = diff(project, "nowhere.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "OF100" in result.stderr


def test_a_job_in_another_file_is_the_same_job(project: Project):
    commit(project, {"jobs/etl.yaml": JOB})
    git("mv", "jobs/etl.yaml", "jobs/nightly.yaml")

    assert diff(project, "jobs") == (Exit.DONE, "jobs since HEAD: 1 unchanged\n", "")


def test_a_change_of_an_overlay_alone_is_told_where_it_was_made(project: Project):
    commit(project, {"job.yaml": JOB, "overlays/prod.yaml": OVERLAY})
    project.write({"overlays/prod.yaml": OVERLAY.replace("instances: 2", "instances: 3")})

    result = diff(project, "job.yaml", "-o", "prod")

    assert "+spark.executor.instances=3   # overlays/prod.yaml:3:43" in result.stdout
    assert "-spark.executor.instances=2\n" in result.stdout
    assert "~ Pod/etl-exec-1: by the driver, 2 → 3 of them" in result.stdout


def test_an_overlay_by_its_whole_path_is_taken_as_it_was(project: Project):
    commit(project, {"job.yaml": JOB, "prod.yaml": OVERLAY})
    project.write({"prod.yaml": OVERLAY.replace("instances: 2", "instances: 3")})

    result = diff(project, "job.yaml", "-o", str(project.folder / "prod.yaml"))

    assert "-spark.executor.instances=2" in result.stdout


def test_a_change_of_a_pod_template_alone_is_told(project: Project):
    template = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {disk: slow}\n"
    job = JOB.replace("    memory: 1g\n", "    memory: 1g\n    template: pod.yaml\n")
    commit(project, {"job.yaml": job, "pod.yaml": template})
    project.write({"pod.yaml": template.replace("slow", "fast")})

    result = diff(project, "job.yaml")

    assert result.exit_code == Exit.DIFFERENT
    assert 'spec.nodeSelector.disk: "slow" → "fast"' in result.stdout


def test_an_executor_that_asks_for_another_pod_keeps_its_secrets(project: Project):
    template = (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    env:\n    - {name: A_TOKEN, value: one}\n"
    )
    job = JOB.replace("    instances: 2\n", "    instances: 2\n    template: pod.yaml\n")
    commit(project, {"job.yaml": job, "pod.yaml": template.replace("one", "hunter2")})
    project.write({"pod.yaml": template.replace("one", "hunter3")})

    found = [diff(project, "job.yaml", report=each).stdout for each in REPORTS]

    assert all("hunter" not in each and "***" in each for each in found)


def test_a_label_changes_objects_in_place(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": JOB.replace("namespace: data}", "namespace: data, labels: {team: x}}")})

    result = diff(project, "job.yaml")

    assert "~ Pod/etl-driver: in place\n" in result.stdout
    assert " run " not in result.stdout


def test_a_job_that_never_runs_again_by_itself_has_its_pod_replaced(project: Project):
    job = f"{JOB}  run: {{rerun: never}}\n"
    commit(project, {"job.yaml": job})
    project.write({"job.yaml": job.replace("memory: 1g", "memory: 2g")})

    result = diff(project, "job.yaml")

    assert "± Pod/etl-driver: replace\n" in result.stdout
    assert "± ConfigMap" in result.stdout or "~ ConfigMap/etl-conf-map: in place" in result.stdout


# --- what is not shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", REPORTS)
def test_secret_values_are_hidden_in_every_report(project: Project, report: str):
    commit(project, {"job.yaml": SECRET})
    project.write({"job.yaml": SECRET.replace("hunter2", "hunter3")})

    result = diff(project, "job.yaml", report=report)

    assert result.exit_code == Exit.DIFFERENT
    assert "hunter" not in result.stdout + result.stderr
    assert "*** (before)" in result.stdout
    assert "*** (after)" in result.stdout


# --- what cannot be compared -----------------------------------------------------------------------------------------


def test_a_job_that_was_broken_counts_as_new(project: Project):
    commit(project, {"etl.yaml": BAD, "load.yaml": OTHER})
    project.write({"etl.yaml": JOB})

    result = diff(project, ".")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        Exit.DIFFERENT,
        "jobs since HEAD: 1 new, 1 unchanged",
    )
    assert result.stderr == (
        "--against HEAD: warning OF180: not all of what was there at HEAD can be compiled\n"
        "  hint: what was refused there counts as new\n"
        'HEAD:etl.yaml:12:13: warning OF210: driver.memory "12x" is not a memory size\n'
        "  hint: write a whole number and k, m, g or t, for example 12g\n"
    )


def test_an_overlay_that_was_not_there_is_told(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"overlays/prod.yaml": OVERLAY})

    result = diff(project, "job.yaml", "-o", "prod")

    assert result.stdout.splitlines()[-1] == "jobs since HEAD: 1 new"
    assert "OF180" in result.stderr


def test_a_job_that_is_broken_now_is_refused(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": BAD})

    result = diff(project, "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.startswith("job.yaml:12:13: error OF210")


@pytest.mark.parametrize("name", ["nowhere", "--upload-pack=x", "-h", "HEAD:job.yaml", "HEAD~9", "a b", "\x1b[31m"])
def test_a_revision_that_is_none_is_told(project: Project, name: str):
    commit(project, {"job.yaml": JOB})

    result = project.openflow("diff", "job.yaml", f"--against={name}")

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert result.stderr.splitlines()[0].endswith("in this repository")
    assert "\x1b" not in result.stderr


def test_an_empty_revision_is_a_wrong_use(project: Project):
    commit(project, {"job.yaml": JOB})

    assert project.openflow("diff", "job.yaml", "--against", "").exit_code == Exit.USAGE


def test_a_folder_in_no_repository_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.folder.parent))
    project.write({"job.yaml": JOB})

    result = diff(project, "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert result.stderr.startswith("error: the working folder is in no git repository: not a git repository")


def test_a_machine_without_git_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"job.yaml": JOB})
    monkeypatch.setenv("PATH", str(project.folder))

    result = diff(project, "job.yaml")

    assert result == (Exit.USAGE, "", "error: --against needs git, which is not on the PATH\n")


def test_a_git_that_hangs_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"job.yaml": JOB})
    project.write({"bin/git": "#!/bin/sh\nexec sleep 60\n"})
    Path("bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{project.folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(revision, "PATIENCE", 0.2)

    result = diff(project, "job.yaml")

    assert (result.exit_code, result.stderr) == (
        Exit.USAGE,
        "error: git rev-parse has not answered within 0.2 seconds\n",
    )


@pytest.mark.parametrize(
    "option",
    [
        "--replace",
        "--prune",
        "--adopt",
        "--context=x",
        "--kubeconfig=x",
        "--request-timeout=3",
        "--allow-deleting=most",
    ],
)
def test_options_about_a_cluster_are_refused(project: Project, option: str):
    commit(project, {"job.yaml": JOB})

    result = diff(project, "job.yaml", option)

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    [line, _] = result.stderr.splitlines()
    assert (
        line == f"error: {option.partition('=')[0]} is about a cluster, and --against asks none: leave one of them out"
    )


@pytest.mark.parametrize("path", ["-", "../elsewhere", "/etc/hosts"])
def test_what_git_does_not_keep_has_no_past(project: Project, path: str):
    commit(project, {"job.yaml": JOB})

    result = diff(project, path)

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert "no past" in result.stderr


def test_a_page_is_only_made_against_a_revision(project: Project):
    result = project.openflow("diff", "job.yaml", "--report", "html")

    assert result.exit_code == Exit.USAGE
    assert "give --against REV" in result.stderr


# --- git -------------------------------------------------------------------------------------------------------------


def test_a_folder_of_the_repository_may_be_the_working_one(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"team/jobs/etl.yaml": WITH_CONF, "team/overlays/prod.yaml": OVERLAY})
    project.write({"team/jobs/etl.yaml": JOB})
    monkeypatch.chdir(project.folder / "team" / "jobs")

    result = diff(project, "etl.yaml", "-o", "../overlays/prod.yaml")

    assert "-spark.x=1   # HEAD:etl.yaml:15:19" in result.stdout


def test_a_working_folder_that_was_not_there_is_empty_then(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"team": "a file"})
    Path("team").unlink()
    project.write({"team/jobs/etl.yaml": JOB})
    monkeypatch.chdir(project.folder / "team" / "jobs")

    assert diff(project, ".").stdout.splitlines()[-1] == "jobs since HEAD: 1 new"


def test_a_path_may_be_absolute(project: Project):
    commit(project, {"jobs/etl.yaml": WITH_CONF})
    project.write({"jobs/etl.yaml": JOB})

    result = diff(project, str(project.folder / "jobs"))

    assert "-spark.x=1   # HEAD:jobs/etl.yaml:15:19" in result.stdout


def test_neither_the_repository_nor_what_is_staged_is_touched(project: Project):
    commit(project, {"job.yaml": JOB, ".gitattributes": "job.yaml export-ignore\n"})
    project.write({"job.yaml": MORE, "staged.yaml": OTHER})
    git("add", "staged.yaml")
    hook = ".git/hooks/post-index-change"
    project.write({hook: f"#!/bin/sh\ntouch {project.folder}/hooked\n"})
    Path(hook).chmod(0o755)
    before = contents(".git")

    result = diff(project, "job.yaml")

    assert "1 changed" in result.stdout
    assert contents(".git") == before
    assert not Path("hooked").exists()


def test_the_index_is_not_refreshed_where_a_file_only_has_another_time(project: Project):
    spec = "{jobs: [job.yaml], targets: {t: {out: deploy}}}"
    head = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: p}\nspec: "
    commit(project, {"job.yaml": JOB, "same.yaml": OTHER, "openflow.yaml": f"{head}{spec}\n"})
    project.write({"job.yaml": MORE})
    os.utime("same.yaml", (1, 1))
    before = contents(".git")

    result = diff(project, "--all-targets", "--affected")

    assert "1 changed" in result.stdout
    assert contents(".git") == before


@pytest.mark.parametrize(
    "revision", ["--upload-pack=touch x", "--output=x", "-h", "--help", "-", "HEAD --", ":job.yaml"]
)
def test_a_revision_is_no_option_of_git(project: Project, revision: str):
    commit(project, {"job.yaml": JOB})

    result = project.openflow("diff", "job.yaml", f"--against={revision}")

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert not Path("x").exists()


def test_a_finding_in_markdown_holds_no_link(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": f'{JOB}  conf: {{"spark.kubernetes.[x](https://evil.example)|<b>": "1"}}\n'})

    result = diff(project, "job.yaml", report="markdown")

    findings = [line for line in result.stdout.splitlines() if line.startswith("- **")]
    assert findings != []
    assert all("](" not in line and "<b>" not in line for line in findings)


def contents(folder: str) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in Path(folder).rglob("*") if each.is_file()}


@pytest.mark.parametrize("now", [MORE, BAD, "a: [\n"])
def test_the_files_of_the_revision_are_gone_afterwards(project: Project, now: str, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": now, "tmp/keep": ""})
    monkeypatch.setattr(revision, "TemporaryDirectory", _in_folder(project.folder / "tmp"))

    diff(project, "job.yaml")

    assert [each.name for each in Path("tmp").iterdir()] == ["keep"]


def _in_folder(folder: Path):
    from tempfile import TemporaryDirectory

    return lambda prefix: TemporaryDirectory(prefix=prefix, dir=folder)


def test_a_link_out_of_the_repository_does_not_lead_to_files_of_today(project: Project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "etl.yaml").write_text(JOB)
    project.write({"jobs/load.yaml": OTHER})
    Path("jobs/etl.yaml").symlink_to(outside / "etl.yaml")
    Path("jobs/twice.yaml").symlink_to("load.yaml")
    commit(project, {})

    result = diff(project, "jobs")

    assert result.stdout.splitlines()[-1] == "jobs since HEAD: 1 unchanged"
    assert result.stderr.startswith("jobs/etl.yaml: warning OF138: jobs/etl.yaml leads out of the project folder ")


def test_a_shallow_clone_lacks_what_is_older(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"one/job.yaml": JOB})
    commit(project, {"one/job.yaml": MORE})
    git("clone", "--quiet", "--depth", "1", f"file://{project.folder}", "copy")
    monkeypatch.chdir(project.folder / "copy")

    assert diff(project, "one").exit_code == Exit.DONE
    result = project.openflow("diff", "one", "--against", "HEAD~1")

    assert result.exit_code == Exit.USAGE
    assert "`git fetch`" in result.stderr


def test_names_that_are_not_ascii_are_told_as_they_are(project: Project):
    commit(project, {"jöbs/étl.yaml": WITH_CONF})
    project.write({"jöbs/étl.yaml": JOB})

    assert "HEAD:jöbs/étl.yaml:15:19" in diff(project, "jöbs").stdout


def test_no_cluster_library_is_imported(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"job.yaml": MORE})
    program = (
        "import sys\nfrom openflow_render.cli.app import run\n"
        "run(['diff', 'job.yaml', '--against', 'HEAD', '--report', 'html'])\n"
        "sys.exit(len([name for name in sys.modules if name.split('.')[0] in ('kubernetes', 'urllib3')]))\n"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


# --- reports ---------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Notes the tags, and sees that they pair."""

    EMPTY = ("meta", "path", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


@pytest.fixture
def hostile(project: Project) -> Project:
    """A job whose values try to get out of where they are shown."""
    job = JOB.replace("    memory: 1g\n", f'    memory: 1g\n    env: {{A: "{HOSTILE}1", B: "~~~~ </details>"}}\n')
    commit(project, {"a'<b>.yaml": job})
    project.write({"a'<b>.yaml": job.replace("[31m1", "[31m2").replace("~~~~ <", "~~~~~~~~ <")})
    return project


def test_a_page_parses_and_holds_nothing_that_runs(hostile: Project):
    result = diff(hostile, ".", report="html")

    page = Page(result.stdout)
    assert page.open == []
    assert "script" not in page.tags
    assert not {"src", "onload", "onclick"} & {name for name, _ in page.attributes}
    assert [value for name, value in page.attributes if name == "href" and not (value or "").startswith("#")] == []
    assert "&lt;script&gt;" in result.stdout
    assert "\u202e" not in result.stdout


def test_pictures_are_xml_and_say_more_than_by_colour(hostile: Project):
    result = diff(hostile, ".", report="html")

    [picture] = re.findall(r"<svg.*?</svg>", result.stdout, re.DOTALL)
    top = ET.fromstring(picture)
    texts = [each.text for each in top.iter("{http://www.w3.org/2000/svg}text")]
    titles = [each.text or "" for each in top.iter("{http://www.w3.org/2000/svg}title")]
    assert "~ Pod" in texts
    assert "will make" in texts
    assert "Pod etl-driver: a new object is made under the name of the new run" in titles


def test_a_page_is_the_same_each_time(hostile: Project):
    assert diff(hostile, ".", report="html") == diff(hostile, ".", report="html")


def test_a_comment_cannot_be_broken_out_of(hostile: Project):
    result = diff(hostile, ".", report="markdown")

    assert result.stdout.count("~~~~\n") == 2
    assert result.stdout.count("\n~~~~") == 2


def test_a_program_gets_everything(project: Project):
    commit(project, {"etl.yaml": SECRET, "load.yaml": OTHER})
    project.write({"etl.yaml": SECRET.replace("memory: 1g", "memory: 2g")})

    result = diff(project, ".", report="json")

    tree = json.loads(result.stdout)
    assert tree["against"] == "HEAD"
    assert tree["summary"] == {"new": 0, "gone": 0, "changed": 1, "unchanged": 1}
    etl, load = tree["jobs"]
    assert (load["state"], load["objects"], load["unchanged"]) == ("unchanged", [], 8)
    assert etl["newRun"]["from"] != etl["newRun"]["to"]
    [config] = [each for each in etl["objects"] if each["kind"] == "ConfigMap"]
    assert (config["name"], config["state"], config["effect"]) == ("etl-conf-map", "changed", "new run")
    assert config["fields"][0]["lines"][1] == {
        "change": "+spark.driver.memory=2g",
        "file": "etl.yaml",
        "line": 12,
        "column": 13,
    }


def test_findings_about_now_are_in_the_report_for_programs(project: Project):
    commit(project, {"etl.yaml": JOB})
    project.write({"etl.yaml": JOB.replace("spark:4.3.0\n", "spark:4.2.1\n")})

    result = diff(project, ".", report="json")

    assert [each["code"] for each in json.loads(result.stdout)["findings"]] == ["OF305"]


@pytest.mark.parametrize(("report", "most"), [("markdown", 65_536), ("html", 150_000)])
def test_reports_of_many_jobs_have_bounds(project: Project, report: str, most: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(change_page, "_PAGE", 100_000)
    jobs = "---\n".join(JOB.replace("name: etl", f"name: etl-{number}") for number in range(90))
    commit(project, {"jobs.yaml": jobs})
    project.write({"jobs.yaml": jobs.replace("memory: 1g", "memory: 2g")})

    result = diff(project, "jobs.yaml", report=report)

    assert result.exit_code == Exit.DIFFERENT
    assert len(result.stdout) < most
    assert result.stdout.count("data/etl-89") >= 1
    assert "The rest is too long for a" in result.stdout


# --- targets ---------------------------------------------------------------------------------------------------------

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: shop}
spec:
  targets:
    prod: {jobs: [jobs], overlays: [prod]}
"""


def test_a_target_names_jobs_and_overlays_on_both_sides(project: Project, monkeypatch: pytest.MonkeyPatch):
    commit(project, {"jobs/etl.yaml": JOB, "overlays/prod.yaml": OVERLAY, "openflow.yaml": PROJECT})
    project.write({"overlays/prod.yaml": OVERLAY.replace("instances: 2", "instances: 3")})
    monkeypatch.chdir(project.folder / "jobs")

    result = diff(project, "--target", "prod")

    assert "-spark.executor.instances=2\n" in result.stdout
    assert result.stdout.splitlines()[-1] == "jobs since HEAD: 1 changed"


def test_a_target_that_was_not_there_had_no_jobs(project: Project):
    commit(project, {"jobs/etl.yaml": JOB, "overlays/prod.yaml": OVERLAY})
    project.write({"openflow.yaml": PROJECT})

    result = diff(project, "--target", "prod")

    assert result.stdout.splitlines()[-1] == "jobs since HEAD: 1 new"
    assert "warning OF180: not all of what was there at HEAD can be compiled: --target prod" in result.stderr


# --- being ended -----------------------------------------------------------------------------------------------------


def test_who_is_told_to_end_leaves_nothing_behind(project: Project):
    commit(project, {"job.yaml": JOB})
    project.write({"tmp/keep": ""})
    program = (
        "import sys\nfrom openflow_render.cli import revision\n"
        "asked = revision.git\n"
        "def slowly(*arguments, **more):\n"
        "    if arguments[0] == 'read-tree':\n"
        "        import time; print('begun', flush=True); time.sleep(20)\n"
        "    return asked(*arguments, **more)\n"
        "revision.git = slowly\n"
        "sys.argv = ['openflow', 'diff', 'job.yaml', '--against', 'HEAD']\n"
        "from openflow_render.cli import main; main()\n"
    )
    environment = {**os.environ, "TMPDIR": str(project.folder / "tmp")}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        code = process.wait(10)

    assert code == Exit.INTERRUPTED
    assert [each.name for each in Path("tmp").iterdir()] == ["keep"]
