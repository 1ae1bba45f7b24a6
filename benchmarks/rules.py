"""What the rules cost: their time over a thousand different jobs, and its share of the time to render these.

Both are measured in one process, in turns: reading, compiling, checking and writing everything, and the rules alone on
the same objects. --given takes files about the cluster, which some rules work on. The slowest rules are listed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from many_jobs import job
from measure import alternating, line, ratios

from openflow_render import checks
from openflow_render.checks.run import Rule, all_rules
from openflow_render.cli import jobs, options
from openflow_render.core import yamltext
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

LISTED = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--given", action="append", metavar="PATH")
    arguments = parser.parse_args()
    jobs.MANY = sys.maxsize
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.jobs):
            Path(folder, f"{number:04}.yaml").write_text(job(number))
        measure(folder, arguments.given, arguments.rounds)


def measure(folder: str, given: Sequence[str] | None, rounds: int) -> None:
    """Print the seconds of both ways, the share, and the seconds of each rule."""
    known = [*objects(folder, given)]
    rules = all_rules()
    contenders: dict[str, Callable[[], float]] = {
        "render": lambda: taken(lambda: render(folder, given)),
        "rules": lambda: taken(lambda: check(known, rules)),
    }
    seconds = alternating(contenders, rounds)
    print(f"{len(known)} jobs, {len(rules)} rules, one process; {rounds} rounds in turns")
    for name, each in seconds.items():
        print(line(name, each))
    middle, low, high = ratios(seconds["rules"], seconds["render"])
    print(f"  the rules take {middle:.1%} of the time of render ({low:.1%} to {high:.1%}); a third is the most")
    alone = {getattr(rule, "__name__", "").rpartition(".")[2]: seconds_of(rule, known) for rule in rules}
    for name in sorted(alone, key=lambda each: -alone[each])[:LISTED]:
        print(f"    {name:<32} {1000 * alone[name]:8.1f} ms")


def seconds_of(rule: Rule, known: Sequence[tuple[Bundle, checks.Context, Report]]) -> float:
    return median(taken(lambda: check(known, [rule])) for _ in range(3))


def taken(act: Callable[[], object]) -> float:
    """Seconds of processor time; rubbish of the turn before is no part of it."""
    gc.collect()
    start = time.process_time()
    act()
    return time.process_time() - start


def read(folder: str, given: Sequence[str] | None) -> options.Task:
    compiling = options.Compiling(given_paths=list(given or ()))
    return options.task([folder], options.Given(), compiling, options.reading_report(strict=False), strict=False)


def render(folder: str, given: Sequence[str] | None) -> None:
    task = read(folder, given)
    jobs.compile_all(task.sources, task.settings, lambda resource: yamltext.dump(resource.manifest))


def objects(folder: str, given: Sequence[str] | None) -> list[tuple[Bundle, checks.Context, Report]]:
    """What the rules look at, job by job."""
    task = read(folder, given)
    found, _ = jobs.compile_bundles(task.sources, task.settings, lambda: None)
    context = checks.Context(task.settings.kubernetes, given=task.settings.given)
    return [(bundle, context._replace(job=source.tree), Report(source.origin)) for source, bundle in found]


def check(known: Sequence[tuple[Bundle, checks.Context, Report]], rules: Sequence[Rule]) -> None:
    for bundle, context, report in known:
        for rule in rules:
            rule.check(bundle, context, report)


if __name__ == "__main__":
    main()
