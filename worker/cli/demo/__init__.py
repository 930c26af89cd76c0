"""`klantcontact demo`: everything, once, on the embedded stack.

Imports a register, publishes contacts as each channel does (right ones, and one for every
code), waits until all are settled, and tells what became of them. Leaves nothing running.
"""

from __future__ import annotations


def demo() -> None:
    """Show the main job on real input: contacts in, dossier and mails out."""
    from worker.cli.demo.show import show

    show()
