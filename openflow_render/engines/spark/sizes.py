"""How big the pods are: CPU, memory and devices of driver and executors.

Sources: `BasicDriverFeatureStep`, `BasicExecutorFeatureStep`, `ResourceProfile` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property

from openflow_render.core.watch import Plan
from openflow_render.engines.spark import memory
from openflow_render.engines.spark.app import Application, is_on


class DriverSizes(Plan):
    """What the driver pod asks for."""

    def __init__(self, app: Application) -> None:
        self.app = app

    @cached_property
    def heap(self) -> int:
        """`spark.driver.memory` in MiB."""
        text = self.app.conf.get("spark.driver.memory")
        return memory.mebibytes(text) if text else memory.DEFAULT_HEAP

    @cached_property
    def memory(self) -> int:
        """Pod memory in MiB: the heap, and `spark.driver.memoryOverhead` or a share of the heap beside it."""
        conf = self.app.conf
        absolute = conf.get("spark.driver.memoryOverhead")
        minimum = conf.get("spark.driver.minMemoryOverhead") if self.app.release.min_overhead_settable else None
        factor = conf.get("spark.driver.memoryOverheadFactor")
        return self.heap + memory.overhead(
            self.heap,
            memory.mebibytes(absolute) if absolute else None,
            float(factor) if factor else self.app.overhead_factor,
            memory.mebibytes(minimum) if minimum else memory.MIN_OVERHEAD,
        )

    @cached_property
    def cpu_request(self) -> str:
        """`spark.kubernetes.driver.request.cores`, else `spark.driver.cores`."""
        conf = self.app.conf
        return conf.get("spark.kubernetes.driver.request.cores") or conf.get("spark.driver.cores") or "1"

    @cached_property
    def cpu_limit(self) -> str | None:
        """`spark.kubernetes.driver.limit.cores`; without it no limit, or the template's."""
        return self.app.conf.get("spark.kubernetes.driver.limit.cores")

    @cached_property
    def devices(self) -> dict[str, str]:
        """`spark.driver.resource.<type>.amount` as limits `<vendor>/<type>`; an amount of 0 is none."""
        return devices(self.app, "driver")


class ExecutorSizes(Plan):
    """What each executor will ask for, and how many there are at the start."""

    def __init__(self, app: Application) -> None:
        self.app = app

    @cached_property
    def count(self) -> int:
        """How many the application starts with: `spark.executor.instances`, or what dynamic allocation begins with."""
        conf = self.app.conf
        instances = conf.get("spark.executor.instances")
        if not is_on(conf.get("spark.dynamicAllocation.enabled")):
            return int(instances or 2)
        lowest = conf.get("spark.dynamicAllocation.minExecutors") or "0"
        initial = conf.get("spark.dynamicAllocation.initialExecutors") or lowest
        return max(int(lowest), int(initial), int(instances or 0))

    @cached_property
    def most(self) -> int:
        """How many there may be: `spark.dynamicAllocation.maxExecutors`; without a bound, those of the start."""
        conf = self.app.conf
        bound = conf.get("spark.dynamicAllocation.maxExecutors")
        return int(bound) if bound and is_on(conf.get("spark.dynamicAllocation.enabled")) else self.count

    @cached_property
    def cpu_request(self) -> str:
        """`spark.kubernetes.executor.request.cores`, else `spark.executor.cores`."""
        conf = self.app.conf
        return conf.get("spark.kubernetes.executor.request.cores") or conf.get("spark.executor.cores") or "1"

    @cached_property
    def cpu_limit(self) -> str | None:
        """`spark.kubernetes.executor.limit.cores`; without it no limit, or the template's."""
        return self.app.conf.get("spark.kubernetes.executor.limit.cores")

    @cached_property
    def heap(self) -> int:
        """`spark.executor.memory` in MiB."""
        return self._size("spark.executor.memory") or memory.DEFAULT_HEAP

    @cached_property
    def memory(self) -> int:
        """Pod memory in MiB: heap, overhead, off-heap memory, and Python's when the application is Python."""
        conf = self.app.conf
        factor = conf.get("spark.executor.memoryOverheadFactor")
        minimum = self._size("spark.executor.minMemoryOverhead") if self.app.release.min_overhead_settable else None
        beside = memory.overhead(
            self.heap,
            self._size("spark.executor.memoryOverhead"),
            float(factor) if factor else self.app.overhead_factor,
            memory.MIN_OVERHEAD if minimum is None else minimum,
        )
        return self.heap + beside + self._off_heap + self._python

    @cached_property
    def _off_heap(self) -> int:
        if not is_on(self.app.conf.get("spark.memory.offHeap.enabled")):
            return 0
        text = self.app.conf.get("spark.memory.offHeap.size") or "0"
        return memory.mebibytes(f"{text}b" if text.isdigit() else text)

    @cached_property
    def _python(self) -> int:
        return self._size("spark.executor.pyspark.memory") or 0 if self.app.kind == "python" else 0

    def _size(self, name: str) -> int | None:
        text = self.app.conf.get(name)
        return memory.mebibytes(text) if text else None

    @cached_property
    def devices(self) -> dict[str, str]:
        """`spark.executor.resource.<type>.amount` as limits by resource name."""
        return devices(self.app, "executor")


def devices(app: Application, role: str) -> dict[str, str]:
    """The devices of one role as limits by resource name. Source: `KubernetesUtils.buildResourcesQuantities`."""
    given = app.conf.prefixed(f"spark.{role}.resource.")
    kinds = sorted({key.partition(".")[0] for key in given})
    amounts = {kind: int(given.get(f"{kind}.amount", "0")) for kind in kinds}
    return {f"{given.get(f'{kind}.vendor')}/{kind}": str(amount) for kind, amount in amounts.items() if amount}
