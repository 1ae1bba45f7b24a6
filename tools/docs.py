"""Writes the printed parts of README and docs/ anew, from the code and the schemas that they describe.

A page marks such a part with `<!-- printed: NAME -->` and `<!-- end -->`; the rest of the page is written by hand.

    python tools/docs.py            write
    python tools/docs.py --check    write nothing; exit 1 and name the pages that are stale
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
import yaml

from openflow_render.checks import kubernetes
from openflow_render.cli import app, options
from openflow_render.cli.exits import Exit
from openflow_render.compile import Settings, compile_job
from openflow_render.core import yamltext
from openflow_render.core.codes import catalogue
from openflow_render.core.identity import SUFFIX
from openflow_render.core.report import Code, Origin, Report, unfilled
from openflow_render.core.resource import Bundle, Resource
from openflow_render.core.section import typed
from openflow_render.core.watch import Plan
from openflow_render.engines import spark
from openflow_render.engines.spark import properties
from openflow_render.engines.spark.legacy import LEGACY
from openflow_render.source import expressions, reader
from openflow_render.spec.job import Job
from openflow_render.spec.schema import project_schema
from openflow_render.transforms.cells import Cell, behaviour, cells
from openflow_render.transforms.gitops import GitOps

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_PART = re.compile(r"(<!-- printed: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Schema = Mapping[str, Any]


def current(page: str) -> str:
    """The text of ``page`` with every printed part as it should be now."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]().strip()}\n{part[3]}", page)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(_cell(text) for text in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# --- the job file, from its schemas ---


def _schema(*parts: str) -> Any:
    return _load(ROOT.joinpath("schemas", *parts))


def _load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _definitions() -> Any:
    return _schema("job.schema.json")["$defs"]


def job_metadata() -> str:
    schema = _schema("job.schema.json")
    return _fields(schema["properties"]["metadata"], "metadata")


def job_common() -> str:
    definitions = _definitions()
    common = definitions["common"]
    engines = [name for file in sorted((ROOT / "schemas" / "engines").iterdir()) for name in _load(file)["x-engines"]]
    common["properties"]["engine"] = {**common["properties"]["engine"], "enum": engines}
    common["required"] = _schema("job.schema.json")["properties"]["spec"]["required"]
    return _fields(common, "spec", definitions)


def job_spark() -> str:
    return _fields(_schema("engines", "spark.schema.json"), "spec")


def job_sizes() -> str:
    return _fields(_definitions()["sizes"], "")


def job_pods() -> str:
    return _fields(_definitions()["podFields"], "")


def overlay_fields() -> str:
    schema = _schema("overlay.schema.json")
    return _fields(schema["properties"]["spec"], "spec", schema["$defs"])


def project_fields() -> str:
    schema = project_schema()
    return _fields(schema["properties"]["spec"], "spec", schema["$defs"])


def target_fields() -> str:
    definitions = project_schema()["$defs"]
    return _fields(definitions["target"], "", definitions)


def _fields(schema: Schema, at: str, definitions: Schema | None = None) -> str:
    rows = _rows(schema, at, definitions or _definitions())
    return table(("field", "what may stand there", "meaning"), rows)


def _rows(schema: Schema, at: str, definitions: Schema) -> Iterator[tuple[str, str, str]]:
    for name, raw in schema.get("properties", {}).items():
        field = _resolved(raw, definitions)
        path = f"{at}.{name}" if at else name
        needed = ", required" if name in schema.get("required", ()) else ""
        yield f"`{path}`", f"{_kind(field, definitions)}{needed}", field.get("description", "")
        for below, suffix in _below(field, definitions):
            yield from _rows(below, path + suffix, definitions)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """``schema`` with what it refers to under what it says itself."""
    if "$ref" not in schema:
        return schema
    return {**_resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions), **schema}


def _below(field: Schema, definitions: Schema) -> Iterator[tuple[Schema, str]]:
    for one in field.get("oneOf", [field]):
        if "properties" in one:
            yield one, ""
        items = _resolved(one.get("items", {}), definitions)
        if "properties" in items:
            yield items, "[]"


def _kind(field: Schema, definitions: Schema) -> str:
    if "oneOf" in field:
        return " or ".join(dict.fromkeys(_kind(_resolved(one, definitions), definitions) for one in field["oneOf"]))
    if "title" in field:
        example = f", `{field['examples'][0]}`" if field.get("examples") else ""
        return f"{field['title']}{example}"
    if "const" in field:
        const = field["const"]
        return f"`{const if isinstance(const, str) else json.dumps(const)}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" if each else '`""`' for each in field["enum"])
    if field.get("type") == "array":
        return f"list of {_plural(_kind(_resolved(field.get('items', {}), definitions), definitions))}"
    types = field.get("type", "any value")
    words = {"object": "map", "integer": "whole number", "string": "text", "boolean": "`true` or `false`"}
    return " or ".join(words.get(each, each) for each in ([types] if isinstance(types, str) else types))


def _plural(kind: str) -> str:
    return {"text": "texts", "map": "maps", "a path inside the project": "paths inside the project"}.get(kind, kind)


# --- the command line ---


def commands() -> str:
    group: Any = typer.main.get_command(app.app)
    return "\n".join(_command(f"openflow {name}", group.get_command(None, name)) for name in app.COMMANDS)


def _command(name: str, command: Any) -> str:
    if hasattr(command, "commands"):
        parts = [_command(f"{name} {inner}", below) for inner, below in command.commands.items()]
        return "\n".join([f"## {name}\n\n{_prose(command.help)}\n", *parts])
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([name, *(each.metavar or each.human_readable_name.upper() for each in arguments)])
    rows = [(f"`{each.metavar or each.human_readable_name.upper()}`", _option_help(each)) for each in arguments]
    rows += [(_option(each), _option_help(each)) for each in command.params if each not in arguments]
    level = "##" if name.count(" ") == 1 else "###"
    return (
        f"{level} {name}\n\n{_prose(command.help)}\n\n    {usage} [OPTIONS]\n\n{table(('argument', 'meaning'), rows)}"
    )


def _prose(text: str) -> str:
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", text.strip())


def _option(option: Any) -> str:
    flags = ", ".join(f"`{each}`" for each in option.opts)
    choices = getattr(option.type, "choices", None)
    value = option.metavar or ("|".join(map(str, choices)) if choices else "")
    return f"{flags} `{value}`" if value and not option.is_flag else flags


def _option_help(option: Any) -> str:
    shown = option.default if isinstance(option.default, str) and option.default else ""
    return f"{option.help or ''}{f' Default: `{shown}`.' if shown else ''}"


def exit_codes() -> str:
    return table(("code", "meaning"), ((str(int(each)), each.about) for each in Exit))


# --- diagnostics ---

_RANGES = {
    "1": "Reading and overlays",
    "2": "The job",
    "3": "The engine and its properties",
    "4": "Kubernetes schema and versions",
    "5": "References between objects",
    "6": "Security and secrets",
    "7": "Scheduling and quota",
    "8": "The cluster",
}


def diagnostics() -> str:
    known = sorted(catalogue(), key=lambda code: code.id)
    return "\n".join(
        f"## OF{digit}xx: {title}\n\n{table(('code', 'severity', 'message', 'what it is about, and what to do'), rows)}"
        for digit, title in _RANGES.items()
        if (rows := [_diagnostic(code) for code in known if code.id[2] == digit])
    )


def _diagnostic(code: Code) -> tuple[str, str, str, str]:
    what_to_do = f"To do: {unfilled(code.hint, _BRACKETS)}." if code.advises else ""
    return code.id, str(code.severity), unfilled(code.text, _BRACKETS), f"{code.about} {what_to_do}".strip()


_BRACKETS = "‹›"
"""Markdown takes others for a tag."""


# --- Spark ---

_READERS = {"client": "spark-submit alone", "submit": "openflow", "runtime": "the driver"}


def spark_properties() -> str:
    rows = []
    for each in properties.PROPERTIES.values():
        who = "spark-submit alone" if properties.client_only(each.name) else _readers(each)
        since = "set by Spark itself" if each.since == "0.0.0" else each.since
        until = f"{since}, until {each.removed}" if each.removed else since
        rows.append((f"`{each.name}`", each.type, _default(each.default), until, who))
    return table(("property", "type", "default", "since", "read by"), rows)


def _readers(row: properties.Property) -> str:
    first = _READERS[row.phase]
    return f"{first}, the driver" if row.also_runtime and row.phase != "runtime" else first


def _default(text: str | None) -> str:
    if text is None:
        return ""
    return f"that of `{text[1:]}`" if text.startswith("=") else f"`{text or chr(34) * 2}`"


def legacy_properties() -> str:
    rows = [
        (
            f"`{name}`",
            f"`{old.replacement}`" if old.replacement else "refused" if old.refused else "left out",
            old.reason,
        )
        for name, old in LEGACY.items()
    ]
    return table(("property", "becomes", "because"), rows)


def spark_objects() -> str:
    rows = [(_made(make), f"`{make.template}`", _when(make.when), _lasts(make)) for make in spark.ENGINE.makes]
    return table(("object", "template", "made when", "name"), rows)


def _made(make: Any) -> str:
    text = (ROOT / "templates" / f"{make.template}.yaml").read_bytes()
    [document] = reader.read(text, make.template, _Silent(), spread=True)  # type: ignore[arg-type]
    note = ", kept back" if make.literal else ", a preview" if make.preview else ""
    return f"{document.value['kind']}{note}"


class _Silent:
    failed = False

    def add(self, *_: object, **__: object) -> None:
        """Our own templates read without findings; a test of theirs sees to it."""


def _when(when: str) -> str:
    """The rule that decides whether an object is made, in the words of the property that holds it."""
    plan, name = when.split(".")
    member = getattr(_plan_types()[plan], name)
    function = getattr(member, "func", None) or getattr(member, "fget", None) or member
    rule = (function.__doc__ or "").strip().split("\n")[0].rstrip(".").removeprefix("Whether ")
    return rule[:1].upper() + rule[1:]


def _plan_types() -> dict[str, type]:
    """The classes of Spark's plans, by the names under which templates know them."""
    types = {each.__name__.removesuffix("Plan").lower(): each for each in _below_class(Plan)}
    return {**types, "policy": types["networkpolicy"]}


def _below_class(parent: type) -> Iterator[type]:
    below: list[type] = parent.__subclasses__()
    for each in below:
        yield each
        yield from _below_class(each)


def _lasts(make: Any) -> str:
    return "with the run's suffix" if make.run_scoped else "plain"


# --- README ---

_JOB = re.compile(r"^```yaml\n(# job\.yaml\n.*?)^```$", re.MULTILINE | re.DOTALL)


def readme_objects() -> str:
    """The first object that README's job becomes, and of its driver what the page goes on to speak of."""
    first, *_, pod = _readme_bundle()
    names = {field: first["metadata"][field] for field in ("name", "namespace")}
    resources = pod["spec"]["containers"][0]["resources"]
    shown = [
        yamltext.dump({"apiVersion": first["apiVersion"], "kind": first["kind"], "metadata": names}),
        yamltext.dump({"kind": "Pod", "metadata": {"name": pod["metadata"]["name"]}}),
        textwrap.indent(yamltext.dump({"resources": {"requests": resources["requests"]}}), "    "),
    ]
    text = "…\n".join(shown)
    return f"```console\n$ openflow render job.yaml\n{text}…\n```"


def _readme_bundle() -> list[Any]:
    [job] = _JOB.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    with TemporaryDirectory() as folder:
        file = Path(folder, "job.yaml")
        file.write_text(job, encoding="utf-8")
        report = options.reading_report(strict=True)
        [source] = options.task([str(file)], options.Given(), options.Compiling(), report, strict=True).sources
        bundle = compile_job(source, Settings(kubernetes.DEFAULT), report)
    assert bundle is not None, report.findings
    return sorted(bundle.manifests, key=lambda each: each["kind"] == "Pod")


# --- overlays ---


def shipped_overlays() -> str:
    files = sorted((ROOT / "overlays").glob("*.yaml"))
    return table(("overlay", "what it does"), ((f"`{file.stem}`", _first_comment(file)) for file in files))


def _first_comment(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return lines[0].removeprefix("#").strip()


def filters() -> str:
    return ", ".join(f"`{name}`" for name in sorted(expressions._FILTERS))  # noqa: SLF001 - it is what there is to tell


def action_inputs() -> str:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    rows = (
        (f"`{name}`", f"`{each['default']}`" if each["default"] else "", each["description"])
        for name, each in inputs.items()
    )
    return table(("input", "default", "meaning"), rows)


# --- GitOps ---


def argocd_cells() -> str:
    return _cells("argocd")


def flux_cells() -> str:
    return _cells("flux")


def _cells(controller: str) -> str:
    asked = ("first sync", "a change", "a run is over", "deleted by hand", "gone from git", "annotations of what runs")
    rows = ((*map(_code, cell[1:]), *behaviour(cell), _told(cell)) for cell in cells(controller))
    return table(("`as`", "`rerun`", "`oldRun`", *asked), rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


_KINDS = {"pod": "Pod", "job": "Job", "cronjob": "CronJob", "deployment": "Deployment"}


def _told(cell: Cell) -> str:
    """What the controller is told about the object that runs the driver."""
    plain_name = cell.run_as in {"cronjob", "deployment"} or cell.rerun == "never"
    name = "etl" if plain_name else f"etl-{SUFFIX}"
    resource = Resource({"kind": _KINDS[cell.run_as], "metadata": {"name": name}})
    run = {"as": cell.run_as, "rerun": cell.rerun or None}
    spec = {"engine": "spark", "version": "", "run": run}
    job = typed(Job, {"metadata": {"name": "etl"}, "spec": spec}, ("spec",))
    bundle = Bundle(job.name, "data", [resource])
    GitOps(job, cell.controller, cell.old_run or "finish", {})(bundle, Report(lambda path: Origin(str(path))))
    told = resource["metadata"].get("annotations", {})
    return ", ".join(f"`{key.rpartition('/')[2]}: {value}`" for key, value in told.items())


PARTS: Mapping[str, Callable[[], str]] = {
    "job-metadata": job_metadata,
    "job-common": job_common,
    "job-spark": job_spark,
    "job-sizes": job_sizes,
    "job-pods": job_pods,
    "overlay-fields": overlay_fields,
    "project-fields": project_fields,
    "target-fields": target_fields,
    "commands": commands,
    "exit-codes": exit_codes,
    "diagnostics": diagnostics,
    "spark-properties": spark_properties,
    "legacy-properties": legacy_properties,
    "spark-objects": spark_objects,
    "readme-objects": readme_objects,
    "shipped-overlays": shipped_overlays,
    "filters": filters,
    "argocd-cells": argocd_cells,
    "flux-cells": flux_cells,
    "action-inputs": action_inputs,
}


def main(arguments: Sequence[str]) -> int:
    stale = []
    for file in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]:
        before = file.read_text(encoding="utf-8")
        after = current(before)
        if before == after:
            continue
        stale.append(file)
        if "--check" not in arguments:
            file.write_text(after, encoding="utf-8")
    for file in stale:
        print(f"{file.relative_to(ROOT)}: {'stale' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
