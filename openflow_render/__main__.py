"""``python -m openflow_render``: the same as ``openflow``."""

from openflow_render.cli import main

main()
