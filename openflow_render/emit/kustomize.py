"""A tree that kustomize builds: the plain one, with a ``kustomization.yaml`` that names its files in order."""

from __future__ import annotations

from openflow_render.core import yamltext
from openflow_render.emit.tree import Tree

KUSTOMIZATION = "kustomization.yaml"


def kustomize(tree: Tree) -> Tree:
    """``tree`` with its kustomization; objects come out as they go in, and in this order."""
    manifest = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": list(tree.files),
    }
    return Tree({**tree.files, KUSTOMIZATION: yamltext.dump(manifest)}, tree.owners)
