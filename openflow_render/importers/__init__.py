"""Other tools' job descriptions, turned into job files."""
