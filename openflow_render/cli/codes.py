"""``openflow codes``: every diagnostic, explained."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated, Any

import typer

from openflow_render.cli import console, names, options
from openflow_render.cli.options import ReportAs
from openflow_render.core.codes import catalogue
from openflow_render.core.report import Code, nearest, unfilled


def command() -> Any:
    return options.build(codes)


def codes(
    code: Annotated[
        str | None,
        typer.Argument(metavar="[CODE]", help="One code, such as OF210; else all.", autocompletion=names.codes),
    ] = None,
    report_as: Annotated[ReportAs, typer.Option("--report", help="A table for people, or JSON.")] = ReportAs.TEXT,
) -> None:
    """Explain the diagnostics: what each means and what to do about it."""
    known = {each.id: each for each in catalogue()}
    if code is not None and code.upper() not in known:
        raise console.Told(f"there is no code {code}{nearest(code.upper(), known)}", "`openflow codes` lists them all")
    wanted = list(known.values()) if code is None else [known[code.upper()]]
    if report_as is ReportAs.JSON:
        console.write(json.dumps([_record(each) for each in wanted], indent=2, ensure_ascii=False) + "\n")
    elif code is not None:
        console.write(_explained(wanted[0]))
    else:
        rows = ((each.id, str(each.severity), unfilled(each.text)) for each in wanted)
        console.table(("code", "severity", "message"), rows)


def _record(code: Code) -> dict[str, str | bool]:
    return {
        "code": code.id,
        "severity": str(code.severity),
        "message": unfilled(code.text),
        "hint": unfilled(code.hint),
        "about": code.about,
        "mayBeIgnored": code.may_be_ignored,
        **{field: text for field in ("source", "bad", "good") if (text := getattr(code, field))},
    }


def _explained(code: Code) -> str:
    advice = f"\n  what to do: {unfilled(code.hint)}\n" if code.advises else ""
    source = f"\n  where it comes from: {code.source}\n" if code.source else ""
    examples = "".join(f"\n  {name}:\n\n{_indented(text)}" for name, text in _examples(code))
    return f"{_head(code)}\n\n  {code.about}\n{advice}{source}{examples}"


def _head(code: Code) -> str:
    ignored = ", may be ignored" if code.ignorable else ""
    return f"{code.id} ({code.severity}{ignored}): {unfilled(code.text)}"


def _examples(code: Code) -> list[tuple[str, str]]:
    named = [("found here, laid over a sound job", code.bad), ("not here", code.good)]
    return [(name, text) for name, text in named if text]


def _indented(text: str) -> str:
    return textwrap.indent(text, " " * 4)
