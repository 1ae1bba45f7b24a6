"""Options for the JVM with which Spark refuses to start.

Sources: `SparkSubmitCommandBuilder.checkJavaOptions`, which looks at each option of the driver since 4.0, and
`SparkConf.validateSettings`, which looks at the executors' text as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark.conf import called

_REFUSED: Mapping[str, str] = {
    "driver": r"(?:^|(?<=[\s\"']))-Xmx[^\s\"']*",
    "executor": r"-Xmx[^\s\"']*|-Dspark[^\s\"'=]*",
}
"""Without the value of a property, which may be secret."""


def check(conf: Properties, report: Report) -> None:
    """Refuse heap sizes of either role, and Spark's own properties among the options of executors."""
    for role, refused in _REFUSED.items():
        for name in (f"spark.{role}.{kind}JavaOptions" for kind in ("default", "extra")):
            for option in _found(refused, conf.get(name, "")):
                instead = f"set spark.{role}.memory" if option.startswith("-Xmx") else "set the property in the conf"
                at, by = conf.source(name), called(conf, name)
                report.add(codes.JAVA_OPTION_REFUSED, at=at, property=by, option=option, instead=instead)


def _found(pattern: str, text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(pattern, text))
