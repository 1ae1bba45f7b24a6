"""What every other layer speaks in: field paths, origins, findings, resources and bundles. Imports nothing of ours."""
