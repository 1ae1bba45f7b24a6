"""Spoils sound inputs of every kind for a while, and keeps those that openflow does not end well with.

As a program: ``python tests/fuzz/fuzzer.py --seconds 600 [KIND...]``. What it finds is in ``tests/fuzz/found``, where
`test_fuzz_all.py` tries it again from then on.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
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
    seed, other = random.choice(kind.seeds), random.choice(kind.seeds)
    content = random.choice(kind.mutate)(seed, other, random)
    if random.random() < 0.25:
        content = kind.mutate[0](content, other, random)
    content = content[:LARGEST]
    command = random.choice(kind.commands)
    faults = trials.faults(kind, content, command)
    return Failure(name, content, command, faults) if faults else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=int, default=None, help="so many inputs, however long that takes")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--again", action="store_true", help="try what was found once, and nothing else")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"default: all; {', '.join(KINDS)}")
    given = parser.parse_args()
    # Who starts this in the background may have Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tried, failures = Counter[str](), Counter[str]()
    with TemporaryDirectory(prefix="openflow-fuzz-") as folder, suppress(KeyboardInterrupt):
        trials = Trials(Path(folder))
        for name, failure in again(trials) if given.again else spoil_all(trials, given):
            tried[name] += 1
            if failure is not None:
                failures[name] += 1
                print(f"{_kept(failure)}: `{' '.join(failure.command)}`: {'; '.join(failure.faults)}", flush=True)
    for name, number in sorted(tried.items()):
        print(f"{name}: {number} tried, {failures[name]} failed")
    print(f"{tried.total()} tried, {failures.total()} failed")
    return 1 if failures else 0


def again(trials: Trials) -> Iterator[tuple[str, Failure | None]]:
    """Try what was found with every command that reads it."""
    for name in KINDS:
        for path in sorted((FOUND / name).glob("*")):
            content = path.read_bytes()
            for command in KINDS[name].commands:
                faults = trials.faults(KINDS[name], content, command)
                yield name, Failure(name, content, command, faults) if faults else None


def spoil_all(trials: Trials, given: argparse.Namespace) -> Iterator[tuple[str, Failure | None]]:
    """Try spoilt inputs until it is enough."""
    seed = given.seed if given.seed is not None else time.time_ns() % 1_000_000
    random, until = Random(seed), time.monotonic() + given.seconds
    print(f"seed {seed}", flush=True)
    for number in count():
        if number == given.times or (given.times is None and time.monotonic() > until):
            return
        name = random.choice(given.kinds or list(KINDS))
        yield name, spoil(name, trials, random)


def _kept(failure: Failure) -> Path:
    """The file that the input is kept in, one that is there already if there is one."""
    folder = FOUND / failure.kind
    folder.mkdir(parents=True, exist_ok=True)
    known = (path for path in folder.iterdir() if path.read_bytes() == failure.content)
    file = next(known, folder / sha256(failure.content).hexdigest()[:12])
    file.write_bytes(failure.content)
    return file


if __name__ == "__main__":
    sys.exit(main())
