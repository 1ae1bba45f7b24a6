"""Images: that their names can be read, and mean the same image tomorrow."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import containers, pods
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IMAGE = re.compile(
    rf"(?P<name>(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\Z",
    re.ASCII,
)
"""Source: the grammar of `distribution/reference`, which container runtimes read names by."""

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")
_LONGEST_NAME, _LONGEST = 255, 1024
_POLICIES = ("Always", "IfNotPresent", "Never")


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    told: set[object] = set()
    for pod in pods(bundle):
        for path, container in containers(pod):
            image, policy = container.get("image", ""), container.get("imagePullPolicy") or _POLICIES[0]
            if image and image not in told:
                told.add(image)
                if problem := unreadable(image):
                    tell(report, codes.BAD_IMAGE, pod.resource, (*path, "image"), image=image, problem=problem)
                elif moves(image):
                    tell(report, codes.IMAGE_MOVES, pod.resource, (*path, "image"), image=image)
            where = (*path, "imagePullPolicy")
            if policy not in _POLICIES:
                values = {"policy": policy, "allowed": ", ".join(_POLICIES)}
                tell(report, codes.BAD_PULL_POLICY, pod.resource, where, **values)
            elif policy == "Never" and policy not in told:
                told.add(policy)
                tell(report, codes.NEVER_PULLED, pod.resource, where)


@lru_cache(maxsize=4096)
def unreadable(image: str) -> str:
    """What is wrong with the name of an image; empty when nothing is."""
    if image != image.strip() or any(char.isspace() for char in image):
        return "it holds blanks"
    match = _IMAGE.match(image) if len(image) <= _LONGEST else None
    if match is None:
        lowered = image.partition("@")[0].rpartition("/")
        return "names are written in small letters" if _has_capitals(lowered[2]) else "it is no name, tag and digest"
    if len(match["name"]) > _LONGEST_NAME:
        return f"its name has {len(match['name'])} characters; {_LONGEST_NAME} are allowed"
    digest = match["digest"] or ""
    if digest.startswith("sha256:") and not _SHA256.match(digest):
        return "a sha256 digest has 64 digits of 0 to 9 and a to f"
    return ""


def moves(image: str) -> bool:
    """Whether another image may stand behind the name at any time: the tag is missing, or it is `latest`."""
    match = _IMAGE.match(image)
    return match is not None and not match["digest"] and match["tag"] in {None, "latest"}


def _has_capitals(name: str) -> bool:
    return name.partition(":")[0] != name.partition(":")[0].lower()
