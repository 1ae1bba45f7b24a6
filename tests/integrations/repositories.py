"""A git repository that `openflow init` made, and the shells in which CI runs its scripts there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from projects import Project, Result

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
"""Where `openflow` and `pre-commit` are."""


class Repository:
    """The folder of ``project`` as a git repository, with every target rendered and all of it committed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.folder
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PARAM_"))},
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": f"tester@{who}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        assert project.openflow("init").exit_code == 0
        job = (self.folder / "jobs/spark-pi.yaml").read_text()
        project.write({"jobs/second.yaml": job.replace("name: spark-pi", "name: second")})
        self.git("init", "--quiet", "--initial-branch=main")
        self.render()
        self.commit()

    def render(self) -> None:
        assert self.project.openflow("render", "--all-targets").exit_code == 0

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", "a state")

    def git(self, *arguments: str) -> str:
        return self.run(["git", *arguments], check=True).stdout

    def changed(self) -> dict[str, str]:
        """The files that differ from what is committed, each with what `git status` says of it."""
        lines = self.git("status", "--porcelain", "--untracked-files=all").splitlines()
        return {line[3:]: line[:2].strip() for line in lines}

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert text.count(old) == 1
        (self.folder / name).write_text(text.replace(old, new))

    def bash(self, script: str, env: Mapping[str, str] | None = None) -> Result:
        """Run a script as GitHub does."""
        return self.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], env)

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None, *, check: bool = False) -> Result:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=check,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)


def pieces(name: str) -> object:
    """A YAML file of this repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
