"""What happens to finished objects; `compile` says in which order."""
