"""Secret values in texts: by the form of the value, or by the name it has. A reference to a secret is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from openflow_render.core.sensitive import SENSITIVE

_FORMS = {
    "the id of an AWS key": r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])",
    "a JSON Web Token": r"(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,2000}\.[\w-]{8,2000}",
    "a private key": r"-----BEGIN (?:[A-Z]{1,10} ){0,3}PRIVATE KEY-----",
    "a token of GitHub": r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    "a token of GitLab": r"(?<!\w)glpat-[\w-]{20}",
    "a token of Slack": r"(?<!\w)xox[abprs]-[\w-]{10}",
    "an API key of Google": r"(?<!\w)AIza[\w-]{35}",
    "an account key of Azure": r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])",
    "a password in a URL": r"://[^/\s:@]{1,256}:(?P<userinfo>[^/\s:@]{1,256})@",
}
_BEGINNINGS = (
    *("AKIA", "ASIA", "eyJ", "-----BEGIN", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "xox", "AIza", "==", "@"),
)
_WORDS_OF_NAMES = ("secret", "pass", "token", "credential", "key")
"""What stands in each form and in each name of a secret. That is found faster than the whole."""

_FORM = re.compile("|".join(f"(?P<f{index}>{form})" for index, form in enumerate(_FORMS.values())))

_PAIR = re.compile(
    r"<name>\s*(?P<xml>[^<\s]{1,256})\s*</name>\s*<value>(?P<in_xml>[^<]{1,4096})</value>"
    r"|(?<![\w.-])(?P<name>[\w.-]{1,256})[\"']?\s?[=:]\s?(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s;&,]+)"
    r"|(?<!\S)--?(?P<option>[\w.-]{1,256})\s(?P<argument>[^\s-]\S*)"
)
"""A name and its value: of a property, an option, a parameter in a URL, or the XML of Hadoop."""

_ABOUT = re.compile(
    r"(?i)(?:alias|algorithm|attempts|bits|class|dir|enabled|endpoint|expiry|factory|file|format|id|interval|issuer|"
    r"itemkey|keyref|length|location|manager|mechanism|mode|name|namespace|path|provider|pullsecret|ratio|ref|regex|"
    r"service|size|timeout|tokenizer|ttl|type|ur[il])s?\Z"
)
"""How names end that say something about a secret, and are not its own."""

_NAMES_OF_SECRETS = re.compile(r"(?i)\.(?:secretKeyRef|secrets)\.")
"""Properties of Spark that name Secrets of Kubernetes."""

_WORDS = frozenset(
    {
        "auto",
        "default",
        "disabled",
        "enabled",
        "false",
        "kerberos",
        "none",
        "null",
        "optional",
        "required",
        "simple",
        "true",
    }
)
_REFERENCE = re.compile(
    r"\$|%|\{\{|<|\*+\Z"
    r"|[./~]"
    r"|(?:arn|env|file|hdfs|local|secret|vault):"
    r"|[A-Za-z][A-Za-z0-9+.-]{0,30}://"
    r"|[0-9.]+(?:%|[A-Za-z]{1,3})?\Z"
    r"|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){2,}(?:,|\Z)"
    r"|[\w.-]+\.(?:conf|crt|jks|json|key|keytab|p12|pem|pfx|properties|txt|xml|ya?ml)\Z"
)
"""How values begin that say where something is or how much, and are not secret themselves."""

_SHORTEST = 4


class Secret(NamedTuple):
    """``what`` is what its form shows it to be; empty when only its name does."""

    name: str
    value: str
    what: str

    @property
    def hidden(self) -> str:
        """As much of the value as may be shown."""
        return f"{len(self.value)} characters, beginning with {self.value[:2]}"


def may_hold_one(text: str) -> bool:
    """Whether it is worth looking for secrets in ``text``, names and values together."""
    lowered = text.lower()
    return any(each in text for each in _BEGINNINGS) or any(each in lowered for each in _WORDS_OF_NAMES)


def secrets(name: str, text: str) -> Iterator[Secret]:
    """The secrets in ``text``, which is the value of ``name``."""
    if not may_hold_one(f"{name} {text}"):
        return
    forms = [*_of_form(name, text)]
    yield from forms
    if not forms:
        yield from _of_name(name, text)


def _of_form(name: str, text: str) -> Iterator[Secret]:
    for match in _FORM.finditer(text):
        what = list(_FORMS)[int(str(match.lastgroup).removeprefix("f"))] if match.lastgroup != "userinfo" else ""
        value = match["userinfo"] or match[0]
        if match["userinfo"] is None:
            yield Secret(name, value, what)
        elif not _REFERENCE.match(value):
            yield Secret(name, value, "a password in a URL")


def _of_name(name: str, text: str) -> Iterator[Secret]:
    if tells(name) and is_plain(text):
        yield Secret(name, text, "")
    elif SENSITIVE.search(text):
        for match in _PAIR.finditer(text):
            inner = match["xml"] or match["name"] or match["option"]
            value = (match["in_xml"] or match["value"] or match["argument"]).strip("\"' \t")
            inner = inner.removeprefix("-D") if inner.startswith("-D") else inner.lstrip("-")
            if tells(inner) and is_plain(value):
                yield Secret(inner, value, "")


@lru_cache(maxsize=4096)
def tells(name: str) -> bool:
    """Whether ``name`` is that of a secret: its last two words say so, and not that it is something about one."""
    words = re.split(r"[./]", name)[-2:]
    if _ABOUT.search(name) or _NAMES_OF_SECRETS.search(name):
        return False
    return bool(SENSITIVE.search(".".join(words)))


def is_plain(value: str) -> bool:
    """Whether ``value`` is itself what its name says, and no reference, number or word of a choice."""
    value = value.strip()
    if len(value) < _SHORTEST or value.lower() in _WORDS:
        return False
    return not _REFERENCE.match(value) and "${" not in value and "$(" not in value and "\n" not in value
