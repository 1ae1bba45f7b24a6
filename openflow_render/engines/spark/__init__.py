"""Spark, and the distribution of it that is called openflow.

Reading order: `conf` (fields become properties), `app` (names), `pods` (pod templates), `driver`, `executor`,
`configuration`, `engine` (what is made).
"""

from openflow_render.engines.spark.engine import ENGINE

__all__ = ["ENGINE"]
