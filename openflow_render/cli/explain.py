"""``openflow explain``: where each value of an object comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from openflow_render.changes import mask
from openflow_render.cli import console, jobs, names, options
from openflow_render.compile import alike, explain_job, likeliest, nearest, patch_of, written, written_fields
from openflow_render.core import paths
from openflow_render.core.identity import lasting
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.report import nearest as nearest_word
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Resource
from openflow_render.core.watch import Credit, Credits, Recorder
from openflow_render.source.load import Source
from openflow_render.transforms.identity import Identity

IDENTITY = Identity.name
JOB = "Job of openflow.io"


def command() -> Any:
    return options.build(explain)


def explain(
    *,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A job file, or - for stdin.", autocompletion=names.jobs)],
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[OBJECT[.FIELD]]", help="An object, Pod or Pod/etl-driver, and a field of it: Pod.spec.volumes[x]."
        ),
    ] = None,
    given: options.Given,
    compiling: options.Compiling,
) -> None:
    """Tell where each value of an object comes from: file and line, overlay, template, rule.

    Without OBJECT, the objects and why they exist; without FIELD, every value of the object with its source.
    """
    report = options.reading_report(strict=False)
    task = options.task([path], given, compiling, report, strict=False)
    jobs.refuse_errors(report.findings)
    console.show(report)
    for source in task.sources:
        own = Report(source.origin)
        explained = explain_job(source, task.settings, own)
        own.stop_if_failed()
        console.show(own)
        if explained is not None:
            _explain(Story(source, *explained), wanted)


class Story:
    """One job, its objects, and who is credited with what."""

    def __init__(self, source: Source, bundle: Bundle, recorder: Recorder) -> None:
        self.source = source
        self.bundle = bundle
        self._recorder = recorder

    def credits(self, resource: Resource) -> Credits:
        return self._recorder.credits(resource.manifest)

    def written(self, credit: Credit) -> list[Path]:
        """The credited job fields that the job sets."""
        return written_fields(self.source.tree, credit)

    def unset(self, credit: Credit) -> list[Path]:
        """The credited job fields that would count if the job set them."""
        return [field for field in sorted(credit.fields, key=str) if written(self.source.tree, field) is None]

    def place(self, credit: Credit, field: Path = ()) -> str:
        """The one place that says most about the value at ``field``: the job's line, else what made or placed it."""
        fields = self.written(credit)
        if fields:
            return self._fields(fields, credit, field)
        names = [name for name, _ in credit.rules]
        if patched := patch_of(credit):
            return f"{patched} (patch)"
        if IDENTITY in names:
            return "the identity of the run"
        return f"{names[0]} (by default)" if names else str(next(reversed(credit.placed), ""))

    def _fields(self, fields: list[Path], credit: Credit, field: Path) -> str:
        best = likeliest(fields, field)
        more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
        # Of several fields, none of which has the value's name, it says more who made it of them.
        made = f"{credit.rules[0][0]}, from " if more and credit.rules and field and not alike(best, field) else ""
        return f"{made}{self.source.origin(best)} {paths.show(best)}{more}"


def _explain(story: Story, wanted: str | None) -> None:
    if wanted is None:
        rows = ((_listed(each), _because(story.credits(each).get((), Credit()))) for each in story.bundle)
        console.table(("object", "why it is there"), rows)
        return
    resource, field = _find(story.bundle, wanted)
    field, value = _value(resource, field)
    if isinstance(value, (dict, list)) and value:
        console.write(console.harmless("".join(_tree(story, resource, field, value))))
    else:
        console.write(console.harmless("".join(_chain(story, resource, field, value))))


def _value(resource: Resource, field: Path) -> tuple[Path, Any]:
    """What stands at ``field``, and its path with the items of lists called by name.

    Raises:
        Told: nothing stands there.
    """
    try:
        return paths.named(resource.manifest, field), paths.find(resource.manifest, field)
    except KeyError as missing:
        *around, last = paths.parse(missing.args[0])
        inside = tuple(around)
        known = [str(path[-1]) for path, _ in paths.children(inside, paths.find(resource.manifest, inside))]
        hint = f"there is {', '.join(known)}" if known else "nothing is below it"
        message = f"{_plain(resource)} has no field {missing.args[0]}{nearest_word(str(last), known)}"
        raise console.Told(message, hint) from None


def _because(credit: Credit) -> str:
    """The rule that decided: it says more than the many fields that it asks."""
    return credit.rules[0][1].replace("`", "") if credit.rules else ""


def _listed(resource: Resource) -> str:
    return f"{_plain(resource)} (a preview)" if resource.preview else _plain(resource)


def _find(bundle: Bundle, wanted: str) -> tuple[Resource, Path]:
    """The object that ``wanted`` names, and the path of the field behind it.

    Raises:
        Told: there is none, or there are several.
    """
    named = [(name, resource) for resource in bundle for name in _names(resource)]
    fitting = [(name, each) for name, each in named if _begins(wanted, name)]
    if not fitting:
        raise console.Told(*_no_object(bundle, wanted, sorted({name for name, _ in named})))
    longest = max(len(name) for name, _ in fitting)
    found = {id(each): each for name, each in fitting if len(name) == longest}
    if len(found) > 1:
        listed = ", ".join(_plain(each) for each in found.values())
        raise console.Told(f"`{wanted[:longest]}` could be {listed}")
    rest = wanted[longest:].removeprefix(".")
    return next(iter(found.values())), options.usage(paths.parse, rest) if rest else ()


def _no_object(bundle: Bundle, wanted: str, known: list[str]) -> tuple[str, str]:
    """What to say of an object that is not there, and the hint: where the pod is, when it is inside another one."""
    first = re.split(r"[.\[/]", wanted, maxsplit=1)[0]
    spelt = [name for name in known if _begins(wanted.lower(), name.lower())]
    near = f" (did you mean `{max(spelt, key=len)}`?)" if spelt else nearest_word(wanted, known)
    around = [each for each in bundle if POD_TEMPLATES.get(each.kind) and not each.preview]
    if first.lower() == "pod" and around:
        places = (f"{_plain(each)}.{paths.show(POD_TEMPLATES[each.kind])}" for each in around)
        return f"no object is called `{wanted}`", f"the pod is inside {', '.join(places)}"
    return f"no object is called `{wanted}`{near or nearest_word(first, known)}", "see them all without OBJECT"


def _begins(wanted: str, name: str) -> bool:
    """Whether ``wanted`` names the object ``name``, or a field of it."""
    return wanted == name or wanted.startswith((f"{name}.", f"{name}["))


def _names(resource: Resource) -> Iterator[str]:
    # A preview has to be asked for by name: `Pod` means the driver.
    yield from () if resource.preview else (resource.kind,)
    yield from (resource.name, str(resource.key), _plain(resource), _plain(resource).partition("/")[2])


def _plain(resource: Resource) -> str:
    """``Kind/name``, without the suffix of the run."""
    named_by_run = resource.run_scoped or resource.preview
    return lasting(str(resource.key)) if named_by_run else str(resource.key)


def _tree(story: Story, resource: Resource, field: Path, value: Any) -> Iterator[str]:
    """Every leaf below ``field``, a line each, with its source."""
    rows = [
        (paths.show(path), _shown(resource, path, leaf), story.place(nearest(story.credits(resource), path), path))
        for path, leaf in paths.leaves(value, field)
    ]
    width = max(len(f"{path}: {leaf}") for path, leaf, _ in rows)
    yield f"{_plain(resource)}\n"
    for path, leaf, place in rows:
        yield f"  {f'{path}: {leaf}'.ljust(min(width, 100))}  # {place}\n".rstrip(" #\n") + "\n"


def _chain(story: Story, resource: Resource, field: Path, value: Any) -> Iterator[str]:
    """Everything behind one value, from the template back to the lines of the job."""
    credit = nearest(story.credits(resource), field)
    yield f"{_plain(resource)} {paths.show(field)}: {_shown(resource, field, value)}\n"
    for origin in credit.placed:
        yield f"  placed by   {origin}\n"
    for name, rule in credit.rules:
        yield f"  rule        {name}: {rule}\n"
    for path in story.written(credit):
        yield from _said(story.source, path)
    unset = [paths.show(path) for path in story.unset(credit)]
    if unset:
        yield f"  not set     {', '.join(unset)}\n"


def _said(source: Source, path: Path) -> Iterator[str]:
    """What gave a field of the job its value, and what that replaced."""
    name = paths.show(path)
    *replaced, last = source.history(path)
    yield f"  from        {last.origin} {name}: {_short(mask.redacted(JOB, path, last.value))}\n"
    for origin in last.variables:
        yield f"  var         {origin}\n"
    for said in reversed(replaced):
        yield f"  overrides   {said.origin} {name}: {_short(mask.redacted(JOB, path, said.value))}\n"


def _shown(resource: Resource, field: Path, value: Any) -> str:
    return _short(mask.redacted(resource.kind, field, value))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    first = text.split("\n", 1)[0]
    return first if first == text and len(text) <= 70 else f"{first[:70]}…"
