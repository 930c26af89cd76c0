def demo() -> None:
    """TODO."""
