"""The grammar of spark-submit's command line.

Options come first, then the primary resource, then whatever belongs to the application. An option's value is the next
argument, whatever it looks like, or follows ``=`` in the same one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from openflow_render.core.report import nearest
from openflow_render.importers import UsageError

PROPERTIES: Mapping[str, str] = {
    "--archives": "spark.archives",
    "--deploy-mode": "spark.submit.deployMode",
    "--driver-class-path": "spark.driver.extraClassPath",
    "--driver-cores": "spark.driver.cores",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-library-path": "spark.driver.extraLibraryPath",
    "--driver-memory": "spark.driver.memory",
    "--exclude-packages": "spark.jars.excludes",
    "--executor-cores": "spark.executor.cores",
    "--executor-memory": "spark.executor.memory",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--keytab": "spark.kerberos.keytab",
    "--kubernetes-namespace": "spark.kubernetes.namespace",
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--num-executors": "spark.executor.instances",
    "--packages": "spark.jars.packages",
    "--principal": "spark.kerberos.principal",
    "--py-files": "spark.submit.pyFiles",
    "--remote": "spark.remote",
    "--repositories": "spark.jars.repositories",
    "--total-executor-cores": "spark.cores.max",
}
"""The options that are another way to write a property. ``--kubernetes-namespace`` is of Spark 2.2."""

_OTHERS = frozenset({"--class", "--conf", "--kill", "--properties-file", "--proxy-user", "--queue", "--status"})
_SWITCHES = frozenset({"--help", "--load-spark-defaults", "--supervise", "--usage-error", "--verbose", "--version"})
_SHORT = {"-c": "--conf", "-h": "--help", "-v": "--verbose"}
_PROGRAMS = frozenset({"spark-submit", "openflow-submit"})

_NO_SUBMISSION = {
    "--kill": "--kill ends an application: use `openflow kill NAMESPACE:GLOB`",
    "--status": "--status asks about an application: use `openflow status NAMESPACE:GLOB`",
    "--help": "--help submits nothing: give the command line of a submission",
    "--usage-error": "--usage-error submits nothing: give the command line of a submission",
    "--version": "--version submits nothing: give the command line of a submission",
}


class Command(NamedTuple):
    """A command line, taken apart. ``options`` are in order, under their long names; a switch has an empty value."""

    program: str
    options: list[tuple[str, str]]
    resource: str | None
    args: list[str]

    def last(self, option: str) -> str | None:
        """The value of ``option``; the last one counts."""
        return next((value for name, value in reversed(self.options) if name == option), None)


def parse(arguments: Sequence[str]) -> Command:
    """Take a command line apart; the name of the program may lead it.

    Raises:
        UsageError: an option is unknown, lacks its value, or submits nothing; an argument is no text.
    """
    _refuse_bytes(arguments)
    waiting = list(reversed(arguments))
    program = PurePath(waiting.pop()).name.lower() if waiting and _is_program(waiting[-1]) else "spark-submit"
    options = []
    while waiting and waiting[-1].startswith("-"):
        options.append(_option(waiting.pop(), waiting))
    resource = waiting.pop() if waiting else None
    return Command(program, options, resource, waiting[::-1])


def split_conf(text: str) -> tuple[str, str]:
    """The name and value that ``--conf`` was given.

    Raises:
        UsageError: there is no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--conf {name} has no value: write --conf {name}=VALUE")
    return name, value


def _refuse_bytes(arguments: Sequence[str]) -> None:
    # What is no UTF-8 arrives as surrogates, which no file can hold.
    for number, argument in enumerate(arguments, 1):
        if any("\ud800" <= char <= "\udfff" for char in argument):
            raise UsageError(f"argument {number} is not UTF-8 text")


def _is_program(argument: str) -> bool:
    return PurePath(argument).name.lower() in _PROGRAMS


def _option(argument: str, waiting: list[str]) -> tuple[str, str]:
    """The option that ``argument`` is; its value may be the next of those ``waiting``."""
    match = re.fullmatch(r"(--[^=]+)=(.+)", argument)
    written, value = match.groups() if match else (argument, None)
    name = _SHORT.get(written, written)
    if name in _NO_SUBMISSION:
        raise UsageError(_NO_SUBMISSION[name])
    if name in _SWITCHES:
        return name, ""
    if name not in PROPERTIES and name not in _OTHERS:
        raise UsageError(f"unknown option {written}{nearest(written, [*PROPERTIES, *_OTHERS, *_SWITCHES])}")
    if value is None:
        if not waiting:
            raise UsageError(f"{written} has no value")
        value = waiting.pop()
    return name, value
