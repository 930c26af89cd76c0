"""Composition root: a module per role, which opens what the role needs and closes it again."""
