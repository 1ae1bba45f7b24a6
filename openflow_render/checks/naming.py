"""The forms that Kubernetes gives names. Each function says what is wrong with a text; nothing, if it is fine."""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_PORT = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_RELAXED_ENV = re.compile(r"[ -<>-~]+\Z")

_DNS = "lower-case letters, digits and `-`"


def _problem(text: str, form: re.Pattern[str], longest: int, letters: str) -> str:
    if len(text) > longest:
        return f"it has {len(text)} characters; {longest} are allowed"
    return "" if form.match(text) else f"only {letters} may stand in it, with a letter or digit at both ends"


@lru_cache(maxsize=4096)
def label(text: str) -> str:
    return _problem(text, _LABEL, 63, _DNS)


@lru_cache(maxsize=4096)
def service(text: str) -> str:
    return _problem(text, _SERVICE, 63, f"{_DNS} (and no digit first)")


@lru_cache(maxsize=4096)
def subdomain(text: str, longest: int = 253) -> str:
    return _problem(text, _SUBDOMAIN, longest, f"{_DNS}, in parts joined by `.`,")


@lru_cache(maxsize=4096)
def path_segment(text: str) -> str:
    """Roles and bindings may be called anything that can be part of a URL."""
    if text in {"", ".", ".."} or "/" in text or "%" in text:
        return "it may not be empty, `.` or `..`, nor hold `/` or `%`"
    return ""


@lru_cache(maxsize=4096)
def qualified(text: str) -> str:
    """The key of a label or annotation: a name, or a domain and a name."""
    prefix, slash, name = text.rpartition("/")
    if slash and (problem := subdomain(prefix)):
        return f"the part before `/`: {problem}"
    return _problem(name, _QUALIFIED, 63, "letters, digits, `-`, `_` and `.`")


@lru_cache(maxsize=4096)
def label_value(text: str) -> str:
    return _problem(text, _QUALIFIED, 63, "letters, digits, `-`, `_` and `.`") if text else ""


@lru_cache(maxsize=4096)
def port(text: str) -> str:
    return _problem(text, _PORT, 15, "lower-case letters (at least one), digits and single `-`")


@lru_cache(maxsize=4096)
def data_key(text: str) -> str:
    if text == "." or text.startswith(".."):
        return "it may not be `.` or begin with `..`"
    if len(text) > 253:
        return f"it has {len(text)} characters; 253 are allowed"
    return "" if _DATA_KEY.match(text) else "only letters, digits, `-`, `_` and `.` may stand in it"


@lru_cache(maxsize=4096)
def env(text: str, *, relaxed: bool) -> str:
    """The name of a variable; since Kubernetes 1.32 (``relaxed``) almost anything that can be printed."""
    if relaxed:
        return "" if _RELAXED_ENV.match(text) else "only printable ASCII characters except `=` may stand in it"
    if text == "." or text.startswith(".."):
        return "it may not be `.` or begin with `..`"
    return "" if _ENV.match(text) else "only letters, digits, `-`, `_` and `.` may stand in it, and no digit first"


def beginning(text: str) -> str:
    """A name that stands for all that begin with ``text``, as the API server sees it: a dash may stand at the end."""
    return f"{text[:-1]}a" if text[1:].endswith("-") else text
