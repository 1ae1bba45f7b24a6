"""What a container prints, read across broken connections: no line is lost, and none is read twice."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from openflow_render.cluster import pods
from openflow_render.cluster.cluster import Cluster
from openflow_render.cluster.outcome import Refused, Unreachable
from openflow_render.core.resource import Key, Manifest

SILENCE = 300.0
"""Seconds after which a connection that brings nothing is taken for dead; asking again loses nothing."""

LONGEST = 1 << 20
"""Bytes after which a line is cut."""

ATTEMPTS = 10
"""How often in a row a connection may fail."""

_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_GOOD = 60.0
"""Seconds after which a connection that ends did not fail."""

_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_NOT_STARTED = "is waiting to start"


class Log:
    """The log of one container. ``tell`` is called with what keeps it from going on."""

    def __init__(
        self, cluster: Cluster, key: Key, pod: Manifest, tail: int | None, tell: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._key = key
        self._uid = pod["metadata"]["uid"]
        self._container = pods.main_container(pod)
        self._tail = tail
        self._tell = tell
        self._said = ""
        self._place = Place()
        self._pause = _PAUSE
        self._failed = 0
        self._began: float | None = None

    def read(self) -> Iterator[list[bytes]]:
        """The lines that there are now, in batches as they come."""
        if not self._has_started():
            return
        while True:
            try:
                yield from self._lines(follow=False)
            except (Refused, Unreachable) as trouble:
                self._mend(trouble, may_start=False)
            else:
                return
            self._wait()

    def follow(self) -> Iterator[list[bytes]]:
        """The lines until the container is over, in batches as they come."""
        is_over = False
        while not is_over:
            over_before = False
            try:
                pod = self._pod()
                if pod is None:
                    return
                over_before = self._is_over(pod)
                if over_before or self._is_there(pod):
                    yield from self._lines(follow=True)
                    is_over = over_before
                else:
                    self._say_why(pod)
            except (Refused, Unreachable) as trouble:
                self._mend(trouble, may_start=not over_before)
            if not is_over:
                self._wait()

    # --- one connection ---

    def _lines(self, *, follow: bool) -> Iterator[list[bytes]]:
        since = self._place.since
        query = {
            "container": self._container,
            "timestamps": "true",
            "follow": "true" if follow else None,
            "sinceTime": since,
            "tailLines": None if self._tail is None or since else str(self._tail),
        }
        self._place.begin_again()
        self._began = time.monotonic()
        for lines in _whole_lines(self._cluster.log(self._key, query, SILENCE)):
            fresh = [text for line in lines if (text := self._place.fresh(line)) is not None]
            if fresh:
                self._failed, self._pause, self._said = 0, _PAUSE, ""
                yield fresh

    def _mend(self, trouble: Refused | Unreachable, *, may_start: bool) -> None:
        """Leave ``trouble`` behind, or raise it when another try would do no better."""
        if isinstance(trouble, Refused):
            if trouble.code == 400 and may_start and _NOT_STARTED in trouble.text:
                return
            if trouble.code == 401 and not self._failed:
                self._cluster.connection.log_in_again(self._cluster.connection.client)
            elif trouble.code < 500 and trouble.code != 429:
                raise trouble
        lasted = 0.0 if self._began is None else time.monotonic() - self._began
        self._began = None
        self._failed = 1 if lasted > _GOOD else self._failed + 1
        if self._failed >= ATTEMPTS:
            raise trouble
        if self._failed > 1:
            self._say(f"the log of {self._key.name} broke off, trying again: {trouble}")

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._tell(text)

    def _wait(self) -> None:
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    # --- the pod ---

    def _pod(self) -> Manifest | None:
        """The pod, unless it is gone, or another one has its name."""
        pod = self._cluster.get(self._key)
        return pod if pod is not None and pod["metadata"].get("uid") == self._uid else None

    def _has_started(self) -> bool:
        """Whether there may be a log; where the pod is gone, the server says so better."""
        pod = self._pod()
        if pod is None or self._is_over(pod) or self._is_there(pod):
            return True
        self._say_why(pod)
        return False

    def _say_why(self, pod: Manifest) -> None:
        why = pods.waits_for(pod)
        self._say(f"{self._key.name} has not started yet" + (f": {why}" if why else ""))

    def _is_there(self, pod: Manifest) -> bool:
        """Whether the container, or an earlier run of it, has printed."""
        status = pods.container(pod, self._container)
        now, last = status.get("state") or {}, status.get("lastState") or {}
        return bool("running" in now or "terminated" in now or "terminated" in last)

    def _is_over(self, pod: Manifest) -> bool:
        """Whether the container will print nothing any more."""
        if pods.state(pod).has_ended:
            return True
        ended = (pods.container(pod, self._container).get("state") or {}).get("terminated")
        if not ended:
            return False
        policy = (pod.get("spec") or {}).get("restartPolicy")
        return policy == "Never" or (policy == "OnFailure" and not ended.get("exitCode"))


class Place:
    """How far a log was read.

    A server goes on from a whole second and sends again what was printed in it. In how many lines that was is known, so
    as many are passed over, whatever their order.
    """

    def __init__(self) -> None:
        self._newest: datetime | None = None
        self._count = 0
        self._again = 0
        self._is_again = False

    @property
    def since(self) -> str | None:
        """The second to go on from; ``None`` before the first line."""
        return None if self._newest is None else self._newest.strftime("%Y-%m-%dT%H:%M:%SZ")

    def begin_again(self) -> None:
        """What comes now is from another connection."""
        self._again = self._count
        self._is_again = self._newest is not None

    def fresh(self, line: bytes) -> bytes | None:
        """The line without its time; ``None`` if it was read before."""
        stamp, _, text = line.partition(b" ")
        when = _time(stamp)
        if when is None:
            return line  # from the kubelet, or the rest of a line that was cut
        if self._is_again and self._is_known(when):
            return None
        self._is_again = False
        if self._newest is None or when > self._newest:
            if self._newest is None or _second(when) > _second(self._newest):
                self._count = 0
            self._newest = when
        self._count += _second(when) == _second(self._newest)
        return text

    def _is_known(self, when: datetime) -> bool:
        assert self._newest is not None
        if _second(when) < _second(self._newest):
            return True
        self._again -= 1
        return self._again >= 0 and when <= self._newest


def _time(stamp: bytes) -> datetime | None:
    if not _TIME.fullmatch(stamp):
        return None
    try:
        return datetime.fromisoformat(stamp.decode()).astimezone(UTC)
    except ValueError:
        return None


def _second(when: datetime) -> datetime:
    return when.replace(microsecond=0)


def _whole_lines(parts: Iterator[bytes]) -> Iterator[list[bytes]]:
    """The lines of a stream, as many at a time as came; the last one may have no end."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > LONGEST:
            lines.append(rest)
            rest = b""
        yield lines
    if rest:
        yield [rest]
