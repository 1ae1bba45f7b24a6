"""openflow: compiles job files to the Kubernetes objects that an engine's own submitter would have made."""

__version__ = "0.1.0"
