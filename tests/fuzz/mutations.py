"""How a sound input is spoilt: its bytes, or, where it has one, its structure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

LONG = 70_000
"""Characters of a text that is longer than any bound for texts that are worked on."""

TOKENS: tuple[bytes, ...] = (
    *(b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\xc2\x85"),
    *(b"\r\n", b"\r", b"\t", b"\x1b[31m", b"\x1b]0;x\x07", b"\xc2\x9b31m", b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\x7f"),
    *(
        b"&a ",
        b"*a",
        b"&a [*a]",
        b"<<: ",
        b"<<: *a\n",
        b"? ",
        b"!!binary ",
        b"!!python/object:os.system ",
        b"! ",
        b"!x ",
    ),
    *(
        b"---\n",
        b"--- ",
        b"...\n",
        b"%YAML 1.1\n",
        b"%TAG ! tag:x,2000:\n",
        b"|\n",
        b">-\n",
        b"|9\n",
        b"#",
        b": ",
        b"- ",
    ),
    *(b"{", b"}", b"[", b"]", b"'", b'"', b"`", b"@", b"\\", b'"\\ud800"', b'"\\u0000"', b'"\\x1b[2J"', b'"\\ue000"'),
    *(b"yes", b"off", b"~", b"null", b"2001-01-01", b"22:22", b"0755", b"0o17", b".inf", b"-.NaN", b"1e400", b"1_000"),
    *(b"9" * 30, b"9" * 5000, b"-1", b"0.1", b"1e-400", b"0x" + b"f" * 40, b"\xd9\xa1", b"\xef\xbc\x91"),
    *(b"[" * 70, b"{a: " * 70, b"- " * 70, b"[" * 5000, b"x" * LONG, b"a: 1\n" * 200, b"k" * 2000 + b": v\n"),
    *(b"{{ vars.a }}", b"{{ vars.", b"}}", b"{{ vars.a.b.c }}", b"{{ vars.__class__ }}", b"{{ 9 * 9 ~ vars }}", b"{{"),
    *(b"{{ vars['a'] | replace('', 'xxxxxxxx') }}", b"{{ vars.a | default(vars) }}", b"{{APP_ID}}", b"{% raw %}"),
    *(
        b"${spark.a}",
        b"${env:HOME}",
        b"$(POD_NAME)",
        b"$patch: delete",
        b"$patch: replace\n",
        b"../../../x",
        b"/dev/zero",
    ),
    *(
        b"file:///dev/zero",
        b"file:/etc/hostname",
        b"https://x/y",
        b"local:///x",
        b"a/b",
        b"*",
        b"[red]x[/red]",
        b"</b>",
    ),
    *(
        b"|",
        b"``` ",
        b"::error::",
        b"%0A",
        b"%s%n",
        b"{0.__class__}",
        b"\xf0\x9f\x98\x80",
        b"\xcc\x81" * 50,
        b"=",
        b"\n",
    ),
)
"""What has been trouble for readers of YAML, of properties, of expressions, and for terminals."""

TEXTS = [token.decode("utf-8", "ignore") for token in TOKENS] + [
    *(
        "",
        " ",
        "1g",
        "0",
        "1",
        "100m",
        "1.5Gi",
        "-1",
        "NaN",
        "@daily",
        "* * * * *",
        "Europe/Berlin",
        "a,b,,c",
        "k=v",
        "a:b",
    ),
    *(
        "default",
        "OnDemand",
        "etl\n",
        "1g\n",
        "data\n",
        "restricted",
        "volcano",
        "0..1",
        "/spec/x",
        "/",
        "~",
        "~1",
        "*-driver",
        "[!",
        "x.y/z",
        "-",
    ),
]
NUMBERS = (0, 1, -1, 2, 65536, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e308, 5e-324)


def spoilt(content: bytes, other: bytes, random: Random) -> bytes:
    """``content`` with some of its bytes changed, or replaced by a piece of ``other``."""
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        content = random.choice(_EDITS)(content, other, random)
    return content


def _flip(content: bytes, _other: bytes, random: Random) -> bytes:
    if not content:
        return bytes([random.randrange(256)])
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, _other: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + content[at + random.randint(1, 40) :]


def _truncate(content: bytes, _other: bytes, random: Random) -> bytes:
    return content[: random.randint(0, len(content))]


def _double(content: bytes, _other: bytes, random: Random) -> bytes:
    at, size = random.randint(0, len(content)), random.randint(1, 200)
    return content[:at] + content[at : at + size] * random.choice((2, 2, 3, 50)) + content[at + size :]


def _splice(content: bytes, _other: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + random.choice(TOKENS) + content[at + random.choice((0, 0, 1, 5)) :]


def _cross(content: bytes, other: bytes, random: Random) -> bytes:
    at, start = random.randint(0, len(content)), random.randint(0, len(other))
    return content[:at] + other[start : start + random.randint(1, 120)] + content[at:]


def _shuffle_lines(content: bytes, _other: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


_EDITS = (_flip, _cut, _truncate, _double, _splice, _splice, _cross, _shuffle_lines)


# --- the structure of YAML ----------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Takes the key ``<<`` of templates for any other."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        pass


_Loader.add_constructor("tag:yaml.org,2002:merge", yaml.SafeLoader.construct_yaml_str)


def rearranged(content: bytes, other: bytes, random: Random) -> bytes:
    """The documents of ``content`` with some values exchanged for others, or for parts of the documents ``other``."""
    documents, others = (list(yaml.load_all(each, _Loader)) for each in (content, other))
    found = [part for document in others for part in _parts(document)]
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        index = random.randrange(len(documents))
        documents[index] = _exchanged(documents[index], found, random)
    if random.random() < 0.5:
        return b"---\n".join(json.dumps(each, indent=random.choice((None, 1))).encode() + b"\n" for each in documents)
    # A value that stands in two places is written twice: aliases are for the tokens above.
    return yaml.safe_dump_all(json.loads(json.dumps(documents)), allow_unicode=True, sort_keys=False).encode(
        "utf-8", "surrogatepass"
    )


def _exchanged(tree: Any, others: list[Any], random: Random) -> Any:
    """``tree`` with one value or key changed; copied where it is changed, so that parts may be used again."""
    if not tree or not isinstance(tree, (dict, list)) or random.random() < 0.02:
        return _value(others, random)
    if isinstance(tree, list):
        at = random.randrange(len(tree))
        choice = random.random()
        if choice < 0.1:
            return tree[:at] + tree[at + 1 :]
        if choice < 0.2:
            return tree[:at] + [tree[at]] * random.choice((2, 2, 3, 500)) + tree[at + 1 :]
        if choice < 0.25:
            return [*tree[:at], _value(others, random), *tree[at:]]
        return [*tree[:at], _within(tree[at], others, random), *tree[at + 1 :]]
    key = random.choice(list(tree))
    choice = random.random()
    if choice < 0.08:
        return {name: value for name, value in tree.items() if name != key}
    if choice < 0.16:
        return {_key(others, random) if name == key else name: value for name, value in tree.items()}
    if choice < 0.26:
        return {**tree, _key(others, random): _value(others, random)}
    return {**tree, key: _within(tree[key], others, random)}


def _within(value: Any, others: list[Any], random: Random) -> Any:
    return _exchanged(value, others, random) if random.random() < 0.8 else _value(others, random)


def _key(others: list[Any], random: Random) -> str:
    maps = [each for each in others if isinstance(each, dict) and each]
    if maps and random.random() < 0.7:
        return str(random.choice(list(random.choice(maps))))
    return random.choice(TEXTS)


def _value(others: list[Any], random: Random, depth: int = 3) -> Any:
    choice = random.random()
    if choice < 0.12:
        return None
    if choice < 0.2:
        return random.choice((True, False))
    if choice < 0.35:
        return random.choice(NUMBERS)
    if choice < 0.6:
        return random.choice(TEXTS)
    if choice < 0.66:
        return random.choice(([], {}, [None], {"": None}, [[]], {"a": {}}))
    if choice < 0.7 and depth:
        return [_value(others, random, depth - 1) for _ in range(random.randint(0, 3))]
    if choice < 0.74 and depth:
        return {_key(others, random): _value(others, random, depth - 1) for _ in range(random.randint(0, 3))}
    return random.choice(others) if others else None


def _parts(value: Any) -> Iterator[Any]:
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for below in inside:
        yield from _parts(below)


# --- lists of words -----------------------------------------------------------------------------------------------


def reworded(content: bytes, other: bytes, random: Random) -> bytes:
    """Words, each ended by a NUL, with some left out, doubled, exchanged, spoilt, or taken from ``other``."""
    words, others = content.split(b"\0")[:-1], other.split(b"\0")[:-1]
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randint(0, len(words))
        choice = random.randrange(6)
        if choice == 0:
            words[at : at + 1] = []
        elif choice == 1:
            words[at:at] = [random.choice(others)]
        elif choice == 2:
            words[at:at] = words[at : at + random.randint(1, 3)]
        elif choice == 3:
            words[at : at + 1] = [random.choice(TOKENS)]
        elif at < len(words):
            words[at] = spoilt(words[at], random.choice(others), random)
    return b"".join(word.replace(b"\0", b"") + b"\0" for word in words)
