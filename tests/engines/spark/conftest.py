"""Spark jobs for tests: a baseline job, what is laid over it, and what that changes in the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from compiling import BASELINE, Change, Changes, Compile, Compiled, compiled, difference, parts

from openflow_render.compile import Settings
from openflow_render.core.merge import merge


@pytest.fixture
def compile_spark(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Compile:
    """Compiles the baseline job with a fragment of YAML laid over it.

    ``spec`` is the short form for what stands under ``spec``; ``files`` are written beside the job;
    ``path`` is compiled in its place.
    """
    monkeypatch.chdir(tmp_path)

    def run(
        spec: str = "",
        *,
        job: str = "{}",
        files: Mapping[str, str | bytes] | None = None,
        settings: Settings | None = None,
        path: str = "job.yaml",
        overlays: Sequence[str] = (),
    ) -> Compiled:
        tree = merge(yaml.safe_load(BASELINE), yaml.safe_load(job))
        tree = merge(tree, {"spec": yaml.safe_load(spec) or {}})
        for name, content in (files or {}).items():
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        (tmp_path / "job.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
        return compiled(path, overlays, settings=settings or Settings())

    return run


@pytest.fixture
def changes(compile_spark: Compile) -> Change:
    """What a fragment of YAML, laid over the baseline's ``spec``, changes in the output.

    Parts are named by where they are read: ``pod`` is the driver pod, ``container`` its main container, ``property`` a
    line of spark.properties, ``executor pod`` and ``executor container`` are parts of the executors' pod template.
    Nothing is found but the codes ``told``.
    """
    before = dict(parts(compile_spark().objects.values()))

    def change(spec: str, *, told: Sequence[str] = (), **options: Any) -> Changes:
        result = compile_spark(spec, **options)
        assert [each.split()[1] for each in result.found] == list(told), result.found
        return difference(before, dict(parts(result.objects.values())))

    return change
