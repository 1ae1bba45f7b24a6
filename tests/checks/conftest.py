from collections.abc import Callable

import pytest
from a_job import account, binding, claim, config_map, driver_pod, driver_service, pod_group, role

from openflow_render import checks
from openflow_render.core import paths
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Resource

Check = Callable[..., list[str]]


@pytest.fixture
def bundle() -> Bundle:
    lasting = [Resource(manifest, run_scoped=False) for manifest in (account(), role(), binding())]
    run = [Resource(manifest) for manifest in (config_map(), claim(), pod_group(), driver_pod(), driver_service())]
    return Bundle("etl", "data", [*lasting, *run])


@pytest.fixture
def check() -> Check:
    """What the checks find in a bundle, a text for each: code, object, field."""

    def check(bundle: Bundle, kubernetes: str = "1.34") -> list[str]:
        report = Report(lambda _: Origin("job.yaml"))
        checks.run(bundle, checks.Context(kubernetes=kubernetes), report)
        return [" ".join([found.code.id, *_target(found.target)]) for found in report]

    return check


def _target(target: tuple[str, paths.Path] | None) -> list[str]:
    return [] if target is None else [target[0], paths.show(target[1])]


@pytest.fixture
def messages() -> Check:
    """What the checks say about a bundle."""

    def messages(bundle: Bundle, kubernetes: str = "1.34") -> list[str]:
        report = Report(lambda _: Origin("job.yaml"))
        checks.run(bundle, checks.Context(kubernetes=kubernetes), report)
        return [found.message for found in report]

    return messages
