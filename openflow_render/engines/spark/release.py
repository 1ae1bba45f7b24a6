"""What differs from one Spark release to the next in the objects that spark-submit makes.

Source: captures of spark-submit 3.5.9, 4.0.5, 4.1.4, 4.2.1 and 4.3.0; the contract's table of version deltas.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from openflow_render.core import codes
from openflow_render.core.report import Report


class Release(NamedTuple):
    """The rules of one release line."""

    line: tuple[int, int]
    connect_port: bool = True
    connect_app_protocol: str | None = "grpc"
    network_policy: bool = True
    privilege_escalation: bool = True
    publish_not_ready: bool = True
    version_in_image: bool = True
    volume_details: bool = True
    """`subPathExpr`, the type of a hostPath, labels and annotations of claims, the guard against bare size limits."""
    claim_access_mode: str = "ReadWriteOncePod"
    min_overhead_settable: bool = True
    excludable_steps: bool = True
    group_in_json: bool = True
    """Volcano's PodGroup as a property's text, not only as a file."""

    def __str__(self) -> str:
        return ".".join(map(str, self.line))


_V43 = Release((4, 3))
_V42 = _V43._replace(line=(4, 2), privilege_escalation=False, publish_not_ready=False)
_V41 = _V42._replace(line=(4, 1), connect_app_protocol=None, network_policy=False, group_in_json=False)
_V40 = _V41._replace(line=(4, 0), connect_port=False, version_in_image=False, excludable_steps=False)
_V35 = _V40._replace(line=(3, 5), volume_details=False, claim_access_mode="ReadWriteOnce", min_overhead_settable=False)

RELEASES = {release.line: release for release in (_V35, _V40, _V41, _V42, _V43)}
NEWEST = _V43
OLDEST = _V35


def line_of(version: str) -> tuple[int, int]:
    """The release line of a version: ``"4.1.2-scala2.13"`` is of ``(4, 1)``. The text has passed the schema."""
    major, minor = re.match(r"(\d+)\.(\d+)", version).groups()  # type: ignore[union-attr]
    return int(major), int(minor)


def release_of(version: str) -> Release:
    """The rules for ``version``: those of its own line, else of the nearest one that is known."""
    line = line_of(version)
    return RELEASES.get(line, NEWEST if line > NEWEST.line else OLDEST)


def check_version(version: str, image: str | None, report: Report) -> None:
    """Say when a version is not rendered by its own rules, or when the image's tag contradicts it."""
    line = line_of(version)
    if line > NEWEST.line:
        report.add(codes.NEWER_RELEASE, at="spec.version", version=version, newest=NEWEST)
    elif line < (3, 0):
        report.add(codes.RELEASE_TOO_OLD, at="spec.version", version=version)
    elif line < OLDEST.line:
        report.add(codes.OLDER_RELEASE, at="spec.version", version=version, oldest=OLDEST)
    elif line not in RELEASES:
        report.add(
            codes.UNKNOWN_RELEASE, at="spec.version", version=version, known=", ".join(map(str, RELEASES.values()))
        )
    # Only an image called after the engine is tagged with the engine's version; other tags are the application's.
    name, _, tag = (image or "").rpartition("/")[2].partition(":")
    tagged = re.match(r"v?(\d+\.\d+)", tag) if "spark" in name or "openflow" in name else None
    if tagged and line_of(tagged[1]) != line:
        place = report.origin("spec.version")
        report.add(codes.IMAGE_OF_OTHER_VERSION, at="spec.image", image=image, version=version, place=place)
