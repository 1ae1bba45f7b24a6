"""What differs between two sets of objects, and how to show it."""
