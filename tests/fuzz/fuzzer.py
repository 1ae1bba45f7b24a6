"""Spoils sound inputs of every kind for a while, and keeps those that openflow does not end well with.

As a program: ``python tests/fuzz/fuzzer.py --seconds 600 [KIND...]``. What it finds is in ``tests/fuzz/found``, where
`test_found.py` tries it again from then on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

FOUND = Path(__file__).parent / "found"
LARGEST = 1 << 20

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]

from kinds import KINDS  # noqa: E402 - they are beside this file, and what they need is above it
from trials import Trials  # noqa: E402


class Failure(NamedTuple):
    """An input that was not ended well with."""

    kind: str
    content: bytes
    command: Sequence[str]
    faults: list[str]


def spoil(name: str, trials: Trials, random: Random) -> Failure | None:
    """Try one spoilt input of the kind ``name``."""
    kind = KINDS[name]
    content, other = random.choice(kind.seeds), random.choice(kind.seeds)
    for _ in range(random.choice((1, 1, 1, 2))):
        content = _mutated(content, other, name, random)
    command = random.choice(kind.commands)
    faults = trials.faults(kind, content, command)
    return Failure(name, content, command, faults) if faults else None


def _mutated(content: bytes, other: bytes, name: str, random: Random) -> bytes:
    try:
        return random.choice(KINDS[name].mutate)(content, other, random)[:LARGEST]
    except Exception:  # noqa: BLE001 - what is spoilt already may have no structure left
        return KINDS[name].mutate[0](content, other, random)[:LARGEST]


def found() -> Iterator[tuple[str, Path]]:
    """Each input that was found once, and its kind."""
    for name in KINDS:
        yield from ((name, path) for path in sorted((FOUND / name).glob("*")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"default: all; {', '.join(KINDS)}")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else time.time_ns() % 1_000_000
    random, tried, failures = Random(seed), Counter[str](), Counter[str]()
    until = time.monotonic() + given.seconds
    print(f"seed {seed}")
    with TemporaryDirectory(prefix="openflow-fuzz-") as folder:
        trials = Trials(Path(folder))
        with suppress(KeyboardInterrupt):
            while time.monotonic() < until:
                name = random.choice(given.kinds or list(KINDS))
                tried[name] += 1
                if failure := spoil(name, trials, random):
                    failures[name] += 1
                    print(f"{_kept(failure)}: `{' '.join(failure.command)}`: {'; '.join(failure.faults)}", flush=True)
    for name, count in sorted(tried.items()):
        print(f"{name}: {count} tried, {failures[name]} failed")
    print(f"{tried.total()} tried, {failures.total()} failed")
    return 1 if failures else 0


def _kept(failure: Failure) -> Path:
    file = FOUND / failure.kind / sha256(failure.content).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(failure.content)
    return file


if __name__ == "__main__":
    sys.exit(main())
