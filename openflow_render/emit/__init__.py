"""Objects on their way into files: YAML text, and sets of files."""
