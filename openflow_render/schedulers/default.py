"""Kubernetes' own scheduler."""

from openflow_render.core.gang import Scheduler

SCHEDULER = Scheduler()
