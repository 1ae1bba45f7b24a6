"""What `validate` tells about `projects.JOB` with an overlay laid over it, in a cluster that has what is given."""

from __future__ import annotations

import json
from textwrap import indent

from projects import JOB, Project


def told(project: Project, overlay: str = "", given: str = "", kubernetes: str = "1.34") -> list[str]:
    """A text for each finding: its code, file and line."""
    return [f"{each['code']} {each['file']}:{each['line']}" for each in findings(project, overlay, given, kubernetes)]


def messages(project: Project, overlay: str = "", given: str = "", kubernetes: str = "1.34") -> list[str]:
    return [str(each["message"]) for each in findings(project, overlay, given, kubernetes)]


def findings(project: Project, overlay: str = "", given: str = "", kubernetes: str = "1.34") -> list[dict[str, str]]:
    """``overlay`` is the `spec` of an overlay; ``given`` are objects, in as many documents."""
    spec = indent(overlay, "  ") or "  {}\n"
    project.write({"job.yaml": JOB, "o.yaml": f"apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n{spec}"})
    if given:
        project.write({"cluster.yaml": given})
    options = ["--given", "cluster.yaml"] if given else []
    result = project.openflow(
        "validate", "job.yaml", "-o", "./o.yaml", *options, "--kubernetes", kubernetes, "--report", "json"
    )
    return list(json.loads(result.stdout)["findings"])
