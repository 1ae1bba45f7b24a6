import copy
from collections.abc import Callable

from openflow_render.core.resource import Bundle, Resource


def test_a_selector_of_two_pods_is_refused(bundle: Bundle, check: Callable[[Bundle], list[str]]):
    [pod] = [each for each in bundle if each.kind == "Pod"]
    twin = copy.deepcopy(pod.manifest)
    twin["metadata"]["name"] += "-twin"
    bundle.resources.append(Resource(twin))

    assert "OF506 Service/etl-0123456789-svc spec.selector" in check(bundle)
