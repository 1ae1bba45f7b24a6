"""Jobs in git that a GitOps controller keeps in the namespace of a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from controlplane import wait_until
from jobs_of import ETL, KINDS, Jobs
from projects import Result

from openflow_render.cli.exits import Exit

APPLY = "application/apply-patch+yaml"
CONTROLLERS: Mapping[str, Mapping[str, Any]] = {
    "argocd": {"argocd": {"repoURL": "https://git.example/jobs.git"}},
    "flux": {"flux": {"source": {"git": {"url": "https://git.example/jobs.git"}}}},
}


class Synced:
    """A target ``prod``, and what its controller makes of it: all that is in git, and nothing is taken away."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.project("argocd")
        self.write(etl=ETL)

    def project(self, controller: str, **more: Any) -> None:
        target = {"namespace": self.jobs.namespace, "to": controller, **CONTROLLERS.get(controller, {}), **more}
        tree = {"kind": "Project", "metadata": {"name": "shop"}, "spec": {"targets": {"prod": target}}}
        self.jobs.write(openflow=yaml.safe_dump({"apiVersion": "openflow.io/v1", **tree}))

    def write(self, **jobs: str) -> None:
        """The jobs in git."""
        for each in (self.jobs.project.folder / "jobs").glob("*.yaml"):
            each.unlink()
        self.jobs.write(**{f"jobs/{name}": text for name, text in jobs.items()})

    def sync(self, *arguments: str) -> list[str]:
        """Apply what is in git as the controller does; the names of the objects."""
        rendered = self.jobs.project.openflow("render", "--target", "prod", "--out", "-", *arguments)
        assert rendered.exit_code == Exit.DONE, rendered
        return [self.apply(each) for each in yaml.safe_load_all(rendered.stdout)]

    def apply(self, manifest: dict[str, Any]) -> str:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        place = f"{KINDS[kind].format(self.jobs.namespace)}/{name}?fieldManager=argocd-controller&force=true"
        self.jobs.api.patch(place, manifest, APPLY)
        return f"{kind}/{name}"

    def retire(self, *arguments: str, to: Any = None) -> Result:
        """Delete old runs of the target."""
        return self.jobs.openflow("delete", "--old-runs", "--target", "prod", "--yes", *arguments, to=to)

    def drivers(self, phase: str, *names: str) -> None:
        """Write how drivers stand."""
        for name in names:
            self.jobs.status("Pod", name.removeprefix("Pod/"), phase=phase)

    def names(self) -> list[str]:
        """All that has our label."""
        return sorted(name for name in self.jobs.everything() if not name.endswith("openflow.etl"))


def driver(names: list[str]) -> str:
    [found] = [each for each in names if each.startswith("Pod/")]
    return found


def wait_until_older(synced: Synced, name: str) -> None:
    """Wait until what is made is younger than a Pod by the time that the server writes, which is in seconds."""
    born = synced.jobs.get("Pod", name.removeprefix("Pod/"))["metadata"]["creationTimestamp"]
    about = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "clock-"}}
    wait_until(lambda: synced.jobs.put_in(about)["metadata"]["creationTimestamp"] > born, "a second has passed")
