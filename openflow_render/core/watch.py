"""The recorder behind ``explain``: a second compilation that notices what each output field was made from.

Engines are ordinary Python on ordinary values. A watched run hands them proxies of the job and of their own plans; the
proxies note which job fields and which plan properties are read while a value is computed. A plain run never comes
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from openflow_render.core.paths import Item, Path, common_tail, leaves
from openflow_render.core.report import Origin
from openflow_render.core.section import Section, camel


class Plan:
    """Base of what an engine plans: plain properties that a template places and a watched run can follow.

    What a plan knows of the job it reads in properties, never in ``__init__``: only properties are watched.
    """


class Properties(dict[str, str]):
    """Engine properties, each with the job fields that gave it.

    ``sources`` names the job paths behind each property; without an entry it is ``spec.conf[name]``. Reading a property
    is reading its sources, so that a plan that asks for ``spark.driver.memory`` depends on that line alone.
    """

    def __init__(
        self, values: Mapping[str, str] | None = None, sources: Mapping[str, tuple[Path, ...]] | None = None
    ) -> None:
        super().__init__(values or {})
        self.sources: dict[str, tuple[Path, ...]] = dict(sources or {})

    def source(self, name: str) -> Path:
        """The first of the job paths behind the property ``name``, whether it is set or not."""
        return self.sources.get(name, (("spec", "conf", name),))[0]

    def prefixed(self, prefix: str) -> dict[str, str]:
        """The properties under ``prefix``, named by what follows it, in the order they were given."""
        return {name[len(prefix) :]: value for name, value in self.items() if name.startswith(prefix)}


class Step(NamedTuple):
    """One thing that was computed: what it is called, the rule in words, what it read, and what came out."""

    name: str
    rule: str
    reads: list[Read]
    value: Any


class Read(NamedTuple):
    """A job field, or an earlier step, that was read, the value it had, and the key a copy would stand under.

    ``further`` are other job fields that the value was made from.
    """

    source: Path | Step
    value: Any
    key: str | int = ""
    further: tuple[Path, ...] = ()


class Credit(NamedTuple):
    """Where one output field comes from: the lines that placed it, the rules that computed it, the job fields read."""

    placed: tuple[Origin, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    fields: frozenset[Path] = frozenset()

    def and_also(self, other: Credit) -> Credit:
        """Both credits in one, each source once, in order."""
        return Credit(
            tuple(dict.fromkeys(self.placed + other.placed)),
            tuple(dict.fromkeys(self.rules + other.rules)),
            self.fields | other.fields,
        )


Credits = dict[Path, Credit]


class Recorder:
    """What a watched run has seen so far."""

    def __init__(self) -> None:
        self._frames: list[list[Read]] = []
        self._proxies: dict[int, _Watched] = {}
        self._credits: dict[int, tuple[Any, Credits]] = {}
        self._numbers: dict[int, tuple[Any, Credits]] = {}

    def watch(self, value: Any, path: Path = ()) -> Any:
        """``value`` as the engine gets it: a proxy for a job section, a plan or properties; else the value itself.

        ``path`` is where a section stands in the job file.
        """
        if type(value) is _Watched or type(value) is _WatchedProperties:
            return value
        if isinstance(value, Properties):
            return _WatchedProperties(value, self)
        if isinstance(value, (Plan, Section)):
            proxy = self._proxies.get(id(value))
            if proxy is None:
                proxy = self._proxies[id(value)] = _Watched(value, path, self)
            return proxy
        return value

    def note(self, read: Read) -> None:
        """Remember that ``read`` went into whatever is being computed."""
        if self._frames:
            self._frames[-1].append(read)

    @contextmanager
    def frame(self) -> Iterator[list[Read]]:
        """Collects what is read inside the block."""
        reads: list[Read] = []
        self._frames.append(reads)
        try:
            yield reads
        finally:
            self._frames.pop()

    def trace(self, value: Any, reads: list[Read], placed: Origin | None = None, field: str | int = "") -> Credits:
        """Who is to be credited with each leaf of ``value``, which was made from ``reads``; paths start there.

        ``field`` is the key under which the value stands, by which items of a list are called.
        """
        if id(value) in self._credits and self._credits[id(value)][0] is value:
            return self._credits[id(value)][1]
        here, seen = Credit((placed,) if placed else ()), _Seen()
        return {path[1:]: here.and_also(_trace(path, leaf, reads, seen)) for path, leaf in leaves(value, (field,))}

    def copied(self, leaf: Any, reads: list[Read], field: str | int) -> Credit:
        """Who is to be credited with ``leaf``, a copy of something among ``reads`` or of none of it."""
        return _copied((field,), leaf, reads, _Seen()) or Credit()

    def keep(self, manifest: dict[str, Any], credits_: Credits) -> None:
        """Remember the credits of a finished object, and of its parts, which another object may hold."""
        self._credits[id(manifest)] = (manifest, credits_)
        for key, part in manifest.items():
            if isinstance(part, dict):
                below = {path[1:]: credit for path, credit in credits_.items() if path[:1] == (key,)}
                self._credits[id(part)] = (part, below)

    def credits(self, manifest: dict[str, Any]) -> Credits:
        """The credits of an object by field path; ``()`` says why the object exists."""
        return self._credits.setdefault(id(manifest), (manifest, {}))[1]

    def keep_numbers(self, resource: object, credits_: Credits) -> None:
        """Remember the credits of the numbers that a preview has; they last, whatever becomes of its manifest."""
        self._numbers[id(resource)] = (resource, credits_)

    def numbers(self, resource: object) -> Credits:
        """The credits of the numbers of a preview."""
        return self._numbers.get(id(resource), (resource, {}))[1]


class _Watched:
    """A stand-in for a job section or a plan: same attributes, every read noted."""

    def __init__(self, value: Any, path: Path, recorder: Recorder) -> None:
        self.__dict__.update(_value=value, _path=path, _recorder=recorder, _seen={})

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._value)

    def __getattr__(self, name: str) -> Any:
        member = getattr(type(self._value), name, None)
        if _function(member) is not None:
            return self._computed(name)
        if callable(member):
            return member.__get__(self)
        if isinstance(self._value, Section):
            return self._field(name)
        return self._recorder.watch(getattr(self._value, name))

    def _field(self, name: str) -> Any:
        path = type(self._value).fields[name].path(name, self._path)
        value = getattr(self._value, name)
        if isinstance(value, Section):
            return self._recorder.watch(value, path)
        self._recorder.note(Read(path, value, path[-1]))
        return value

    def _computed(self, name: str) -> Any:
        """A property, evaluated on this proxy once; whoever reads it later inherits what it read."""
        if name not in self._seen:
            function = _function(getattr(type(self._value), name))
            assert function is not None
            with self._recorder.frame() as reads:
                value = self._recorder.watch(function(self))
            rule = (function.__doc__ or "").strip().split("\n")[0]
            self._seen[name] = Step(f"{type(self._value).__name__}.{name}", rule, reads, value)
        step: Step = self._seen[name]
        if type(step.value) not in (_Watched, _WatchedProperties):
            self._recorder.note(Read(step, step.value, camel(name)))
        return step.value


def _function(member: Any) -> Callable[[Any], Any] | None:
    if isinstance(member, cached_property):
        return member.func
    return member.fget if isinstance(member, property) else None


class _WatchedProperties(Properties):
    """Properties whose every look-up is noted; a look-up that finds nothing is one too."""

    def __init__(self, values: Properties, recorder: Recorder) -> None:
        super().__init__(values, values.sources)
        self._recorder = recorder

    def _note(self, name: str, key: str | int = "") -> None:
        source, *further = self.sources.get(name, (self.source(name),))
        self._recorder.note(Read(source, dict.get(self, name), key or name, tuple(further)))

    def __getitem__(self, name: str) -> str:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(str(name))
        return super().__contains__(name)

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def prefixed(self, prefix: str) -> dict[str, str]:
        found = {name[len(prefix) :]: value for name, value in dict.items(self) if name.startswith(prefix)}
        for key in found:
            self._note(prefix + key, key)
        return found


_PLAIN = frozenset({str, int, float, bool, type(None)})

_MOST = 20
"""So many places of one value are looked at; of more, none says more than the others."""


class _Reads:
    """What was read, so that whatever a leaf may be a copy of is found without a look at all the rest."""

    def __init__(self, reads: list[Read]) -> None:
        self._others: list[tuple[int, Read]] = []
        self._last: dict[Any, tuple[int, Read]] = {}
        for each in enumerate(reads):
            read = each[1]
            if type(read.value) in _PLAIN:
                value = _same(read.value)
                self._last |= {value: each, (value, read.key): each, (type(read.value), read.key, "key"): each}
            else:
                self._others.append(each)

    def like(self, leaf_path: Path, leaf: Any) -> list[Read]:
        """Those that ``leaf`` may be a copy of, in order; of equals the last."""
        value = _same(leaf)
        keys = [value, *((value, key) for key in leaf_path), *((type(leaf), key, "key") for key in leaf_path)]
        found = dict([*self._others, *(self._last[key] for key in keys if key in self._last)])
        return [found[number] for number in sorted(found)]


class _Seen:
    """What was read for one value, which may be large, and each leaf of which is looked for there."""

    def __init__(self) -> None:
        self._reads: dict[int, _Reads] = {}
        self._credits: dict[int, Credit] = {}
        self._leaves: dict[tuple[int, Path], dict[Any, list[tuple[Path, Path]]]] = {}

    def like(self, leaf_path: Path, leaf: Any, reads: list[Read]) -> list[Read]:
        """Those of ``reads`` that ``leaf`` may be a copy of."""
        if id(reads) not in self._reads:
            self._reads[id(reads)] = _Reads(reads)
        return self._reads[id(reads)].like(leaf_path, leaf)

    def all_of(self, reads: list[Read]) -> Credit:
        """The credit of everything that was read."""
        if id(reads) not in self._credits:
            credit = Credit()
            for read in reads:
                credit = credit.and_also(self._all_of(read))
            self._credits[id(reads)] = credit
        return self._credits[id(reads)]

    def _all_of(self, read: Read) -> Credit:
        if not isinstance(read.source, Step):
            return Credit(fields=frozenset({read.source, *read.further}))
        return _rule_of(read.source).and_also(self.all_of(read.source.reads))

    def places(
        self, leaf_path: Path, leaf: Any, value: Any, field: Path, own: Path
    ) -> Iterator[list[tuple[Path, Path]]]:
        """Where ``leaf`` is in ``value``, called by ``field`` and by ``own``: where the ends of paths agree first."""
        if (id(value), field) not in self._leaves:
            table: dict[Any, list[tuple[Path, Path]]] = {}
            for (path, below), (named, _) in zip(leaves(value, field), leaves(value, own), strict=True):
                for end in _ends(path):
                    same = table.setdefault((_same(below), end), [])
                    if len(same) < _MOST:
                        same.append((path, named))
            self._leaves[id(value), field] = table
        for end in _ends(leaf_path):
            yield self._leaves[id(value), field].get((_same(leaf), end), [])


def _ends(path: Path) -> Iterator[Path]:
    """All of ``path``, and its last keys: what has more of them in common is the better likeness."""
    yield path
    yield from (path[len(path) - length :] for length in (2, 1, 0) if length < len(path))


def _same(value: Any) -> Any:
    """What is equal for equal values of one type."""
    return type(value), value if type(value) in _PLAIN else repr(value)


def _trace(leaf_path: Path, leaf: Any, reads: list[Read], seen: _Seen) -> Credit:
    """Who is to be credited with ``leaf``: the entry it was copied from if one is found, else everything read.

    ``leaf_path`` begins with the key that the value read stands under.
    """
    found = _copied(leaf_path, leaf, reads, seen)
    return seen.all_of(reads) if found is None else found


def _copied(leaf_path: Path, leaf: Any, reads: list[Read], seen: _Seen) -> Credit | None:
    """The credit of the entry that ``leaf`` was copied from; ``None`` when it is no copy."""
    best: Likeness = NONE
    source: Read | None = None
    for read in seen.like(leaf_path, leaf, reads):
        found = _likeness(leaf_path, leaf, read, seen)
        if found.score and found.score >= best.score:  # of equals the later: what is laid over wins
            best, source = found, read
    return None if source is None else _credit_of(source, best, leaf, seen)


_COPIED, _RENAMED = 2, 1


class Likeness(NamedTuple):
    """How sure it is that a leaf is a copy of what was read, and of which part of it; 0 when it is none.

    ``path`` leads to that part, with items of lists called as around the leaf, ``named`` as where they were read.
    """

    score: int
    path: Path = ()
    named: Path = ()


NONE = Likeness(0)


def _likeness(leaf_path: Path, leaf: Any, read: Read, seen: _Seen) -> Likeness:
    if not isinstance(read.value, (Mapping, list)):
        return Likeness(_scalar_likeness(leaf_path, leaf, read))
    best = NONE
    own = read.source[-1:] if type(read.source) is tuple else leaf_path[:1]
    for field in _list_fields(leaf_path) if isinstance(read.value, list) else leaf_path[:1]:
        for places in seen.places(leaf_path, leaf, read.value, (field,), own):
            found = max(
                (Likeness(_score(leaf_path, path, leaf), path, named[1:]) for path, named in places),
                default=NONE,
                key=_of_score,
            )
            best = max(best, found, key=_of_score)
            if found.score:
                break
    return best


def _of_score(likeness: Likeness) -> int:
    return likeness.score


def _score(leaf_path: Path, path: Path, leaf: Any) -> int:
    if _of_another_item(leaf_path, path):
        return 0
    return _COPIED * common_tail(leaf_path, path) or _renamed(leaf_path, path, leaf)


def _list_fields(path: Path) -> Path:
    """The keys of ``path`` that lists stand under: what a list that went into it may have been called."""
    found = [key for key, below in pairwise(path) if type(below) in (int, Item)]
    return tuple(dict.fromkeys([*found, path[0]]))


def _of_another_item(leaf_path: Path, path: Path) -> bool:
    """Whether the paths lead into differently named items of lists that are called the same."""
    mine, theirs = ({key: item for key, item in pairwise(each) if type(item) is Item} for each in (leaf_path, path))
    return any(theirs[key] != item for key, item in mine.items() if key in theirs)


def _renamed(leaf_path: Path, path: Path, leaf: Any) -> int:
    """A value under another key counts as a copy beside other items of a list, or in an item of the same name."""
    if type(path[-1]) is int and type(leaf_path[-1]) is int:
        return _RENAMED
    same_item = any(type(key) is Item and key in leaf_path for key in path)
    return _RENAMED if same_item and type(leaf) is str and leaf else 0


def _scalar_likeness(leaf_path: Path, leaf: Any, read: Read) -> int:
    if leaf is None or leaf == "" or type(leaf) is bool or type(leaf) is not type(read.value):
        return 0
    if read.key in leaf_path and leaf in {read.value, read.key}:
        return _COPIED
    return _RENAMED if leaf == read.value else 0


def _credit_of(read: Read, found: Likeness, leaf: Any, seen: _Seen) -> Credit:
    if isinstance(read.source, Step):
        inner = _trace(found.path or (read.key,), leaf, read.source.reads, seen)
        return _rule_of(read.source).and_also(inner)
    return Credit(fields=frozenset({(*read.source, *found.named), *read.further}))


def _rule_of(step: Step) -> Credit:
    """The step as a rule, if it says of itself what it does; others are parts of one that does."""
    return Credit(rules=((step.name, step.rule),)) if step.rule else Credit()
