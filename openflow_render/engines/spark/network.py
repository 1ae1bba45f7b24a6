"""The driver's headless Service, and the NetworkPolicy around the executors.

Sources: `DriverServiceFeatureStep`, `NetworkPolicyFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application, is_on
from openflow_render.engines.spark.driver import DriverPlan
from openflow_render.engines.spark.properties import items

Tree = dict[str, Any]

_PREFIX = "spark.kubernetes.driver.service."


class ServicePlan(Plan):
    """The Service that gives the driver a stable name."""

    def __init__(self, app: Application, driver: DriverPlan) -> None:
        self.app = app
        self.driver = driver

    @cached_property
    def name(self) -> str:
        """`<prefix>-driver-svc`; job names are short enough, so Spark's fallback for long ones is never needed."""
        return f"{self.app.prefix}-driver-svc"

    @cached_property
    def wanted(self) -> bool:
        """Always made, unless the conf excludes its feature step."""
        return self.app.runs("DriverServiceFeatureStep")

    @cached_property
    def labels(self) -> dict[str, str]:
        """The application's label, then `spark.kubernetes.driver.service.label.*`."""
        return {**self.app.selector, **self.app.conf.prefixed(f"{_PREFIX}label.")}

    @cached_property
    def annotations(self) -> dict[str, str]:
        """`spark.kubernetes.driver.service.annotation.*`, placeholders left as they are."""
        return self.app.conf.prefixed(f"{_PREFIX}annotation.")

    @cached_property
    def placed_annotations(self) -> dict[str, str] | None:
        """The annotations, if there are any."""
        return self.annotations or None

    @cached_property
    def ip_family_policy(self) -> str:
        """Always written, so an IPv6-only cluster must say so."""
        return self.app.conf.get(f"{_PREFIX}ipFamilyPolicy") or "SingleStack"

    @cached_property
    def ip_families(self) -> list[str]:
        """Always written, in the order given."""
        return items(self.app.conf.get(f"{_PREFIX}ipFamilies")) or ["IPv4"]

    @cached_property
    def ports(self) -> list[Tree]:
        """The driver's ports, each under its own number."""
        driver = self.driver
        ports: list[Tree] = [
            {"name": name, "port": port, "targetPort": port}
            for name, port in (
                ("driver-rpc-port", driver.rpc_port),
                ("blockmanager", driver.service_block_manager_port),
                ("spark-ui", driver.ui_port),
            )
        ]
        if driver.connect_port is not None:
            protocol = self.app.release.connect_app_protocol
            number = {"name": "spark-connect", "port": driver.connect_port, "targetPort": driver.connect_port}
            ports.append({**({"appProtocol": protocol} if protocol else {}), **number})
        return ports

    @cached_property
    def publish_not_ready(self) -> bool | None:
        """Written since 4.3."""
        wanted = self.app.conf.get(f"{_PREFIX}publishNotReadyAddresses")
        return is_on(wanted) if self.app.release.publish_not_ready else None


class NetworkPolicyPlan(Plan):
    """Executors are reached from their own application only (4.2 and later)."""

    def __init__(self, app: Application) -> None:
        self.app = app

    @cached_property
    def name(self) -> str:
        """`<prefix>-policy`."""
        return f"{self.app.prefix}-policy"

    @cached_property
    def wanted(self) -> bool:
        """Made since 4.2, unless the conf excludes the step."""
        return self.app.release.network_policy and self.app.runs("NetworkPolicyFeatureStep")

    @cached_property
    def executors(self) -> dict[str, str]:
        """The pods that are guarded."""
        return {"spark-role": "executor", **self.app.lasting_selector}
