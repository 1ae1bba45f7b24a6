"""What is checked about finished objects before anything is written or applied. Checks cannot edit.

`run` first holds every object to the schema of its kind (`schema.py`); then every module in ``rules`` has its say.
"""

from openflow_render.checks.context import Context
from openflow_render.checks.run import run

__all__ = ["Context", "run"]
