"""The job: its schema, its typed form, quantities and durations."""
