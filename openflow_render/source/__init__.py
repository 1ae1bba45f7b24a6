"""Reading: YAML to trees with origins, overlays, --set, expressions, templates as data."""
