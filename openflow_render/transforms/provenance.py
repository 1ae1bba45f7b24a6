"""Where objects come from, on the objects themselves."""

from __future__ import annotations

from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle

SOURCE = "openflow.io/source"


class Provenance:
    """Annotates objects with the file of their job, and a digest of all that the job was made from."""

    name = "provenance"
    keeps = False

    def __init__(self, file: str, digest: str) -> None:
        self._source = f"{file}@sha256:{digest}"

    def __call__(self, bundle: Bundle, report: Report) -> None:  # noqa: ARG002
        for resource in bundle:
            if not resource.preview:
                metadata = resource["metadata"]
                annotations = {**metadata.get("annotations", {}), SOURCE: self._source}
                resource.manifest = {**resource.manifest, "metadata": {**metadata, "annotations": annotations}}

    def placed(self, path: Path) -> Origin | None:  # noqa: ARG002
        return None
