"""The two distributions that share this engine, and everything in which they differ."""

from __future__ import annotations

from typing import NamedTuple


class Distribution(NamedTuple):
    """How a distribution of Spark names its properties and variables, and where its image keeps it."""

    property_prefix: str
    environment_prefix: str
    home: str

    def property(self, name: str) -> str:
        """The property ``spark.…`` as this distribution writes it."""
        return self.property_prefix + name.removeprefix("spark.")

    def variable(self, name: str) -> str:
        """The environment variable ``SPARK_…`` as this distribution calls it."""
        return self.environment_prefix + name.removeprefix("SPARK_") if name.startswith("SPARK_") else name


DISTRIBUTIONS = {
    "spark": Distribution("spark.", "SPARK_", "/opt/spark"),
    "openflow": Distribution("Openflow.", "Openflow_", "/opt/openflow"),
}

PREFIXES = ("Openflow.", "openflow.")
"""The prefixes that a job may write for ``spark.``."""


def canonical(name: str) -> str:
    """The property ``name`` under Spark's own prefix, which this engine reckons with throughout."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return "spark." + name.removeprefix(prefix)
    return name
