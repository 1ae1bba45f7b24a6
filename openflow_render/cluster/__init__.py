"""A Kubernetes cluster: what is there, what would change, and changing it. Only here is ``kubernetes`` imported."""
