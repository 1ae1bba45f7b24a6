"""Objects for the controllers themselves, out of templates that a project may replace as it may any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from openflow_render.core import yamltext
from openflow_render.core.report import Report
from openflow_render.source import expressions
from openflow_render.source.templates import Templates


class Objects:
    """The templates of the project in ``root``; what is wrong with them goes into ``report``."""

    def __init__(self, root: FilePath, report: Report) -> None:
        self._templates = Templates(root, report)
        self._report = report

    def text(self, name: str, scope: Mapping[str, object]) -> str:
        """The object that the template ``name`` gives for ``scope``, as YAML.

        Raises:
            Rejected: the project's own template is no good, or does not fit.
        """
        template = self._templates.get(name)
        self._report.stop_if_failed()
        assert template is not None, "a template without a finding is there"
        try:
            return yamltext.dump(template.fill(scope))
        except (expressions.Undefined, expressions.Failed) as error:
            template.tell(error, scope, self._report)
            self._report.stop_if_failed()
            raise AssertionError("an error stops") from None
