"""The hooks, run by the real pre-commit: those of a new project, and those that this repository offers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from repositories import ROOT, Repository

CONFIG = ".pre-commit-config.yaml"


@pytest.fixture
def home(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps what it makes."""
    folder = tmp_path_factory.mktemp("pre-commit")
    repository.env["PRE_COMMIT_HOME"] = str(folder)
    return folder


def outcomes(said: str) -> dict[str, str]:
    """What pre-commit says of each hook."""
    return dict(re.findall(r"^(openflow \w+)\.+(?:\(.+\))?(\w+)$", said, re.MULTILINE))


def commit(repository: Repository) -> tuple[int, dict[str, str]]:
    result = repository.run(["git", "commit", "--quiet", "--message", "another state"])
    return result.exit_code, outcomes(result.stdout + result.stderr)


def test_the_hooks_of_a_new_project_stop_a_commit_that_lacks_what_was_rendered(repository: Repository, home: Path):
    repository.run(["pre-commit", "install"], check=True)
    repository.edit("jobs/spark-pi.yaml", "instances: 2", "instances: 3")
    repository.git("add", "--all")

    stopped = commit(repository)
    repository.git("add", "--all")
    done = commit(repository)

    assert stopped == (1, {"openflow validate": "Passed", "openflow render": "Failed"})
    assert done == (0, {"openflow validate": "Passed", "openflow render": "Passed"})
    assert repository.changed() == {}


def test_the_hooks_of_a_new_project_stop_a_commit_of_a_job_at_fault(repository: Repository, home: Path):
    repository.run(["pre-commit", "install"], check=True)
    repository.edit("jobs/spark-pi.yaml", 'version: "4.3.0"', "version: new")
    repository.git("add", "--all")

    stopped = commit(repository)

    assert stopped == (1, {"openflow validate": "Failed", "openflow render": "Failed"})
    assert repository.changed() == {"jobs/spark-pi.yaml": "M"}


def test_the_hooks_of_this_repository_check_and_render_in_an_environment_of_their_own(
    repository: Repository, home: Path, tmp_path_factory: pytest.TempPathFactory
):
    published = tmp_path_factory.mktemp("published")
    revision = publish(repository, published)
    hooks = [{"id": "openflow-validate"}, {"id": "openflow-render"}]
    config = {"repos": [{"repo": str(published), "rev": revision, "hooks": hooks}]}
    repository.project.write({CONFIG: yaml.safe_dump(config)})
    repository.commit()
    repository.env["PATH"] = without_openflow(repository)
    clean = run(repository)
    repository.edit("jobs/spark-pi.yaml", "instances: 2", "instances: 3")

    written = run(repository)

    assert clean == (0, {"openflow validate": "Passed", "openflow render": "Passed"})
    assert written == (1, {"openflow validate": "Passed", "openflow render": "Failed"})
    assert "deploy/dev/data-dev/spark-pi/pod-spark-pi-driver.yaml" in repository.changed()


def publish(repository: Repository, folder: Path) -> str:
    """The working tree of this checkout as one commit in a repository in ``folder``."""
    names = repository.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    repository.git("-C", str(folder), "init", "--quiet")
    repository.git("-C", str(folder), "add", "--all")
    repository.git("-C", str(folder), "commit", "--quiet", "--message", "published")
    return repository.git("-C", str(folder), "rev-parse", "HEAD").strip()


def without_openflow(repository: Repository) -> str:
    """A PATH on which pre-commit is, and openflow is not."""
    folder = repository.folder.parent / "programs"
    folder.mkdir()
    program = shutil.which("pre-commit", path=repository.env["PATH"])
    assert program is not None
    (folder / "pre-commit").symlink_to(program)
    rest = repository.env["PATH"].split(":")[1:]
    return ":".join([str(folder), *(each for each in rest if not Path(each, "openflow").exists())])


def run(repository: Repository) -> tuple[int, dict[str, str]]:
    result = repository.run(["pre-commit", "run", "--all-files"])
    return result.exit_code, outcomes(result.stdout + result.stderr)
