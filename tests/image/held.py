"""The image's tree, held against what an image of the program may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.image import tree
from tests.image.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.image.building import Built
    from tests.image.report import Report

# Root is asked: what it can't write in a tree of its own, the tree's seal forbids.
_WRITABLE: Final = """
import os
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [each for each in folders if each not in ("proc", "sys")]
    for each in (folder, *(os.path.join(folder, name) for name in files)):
        if not os.path.islink(each) and not each.startswith("/dev/") and os.access(each, os.W_OK):
            print(each)
"""


def hold(image: Built, base: Built, report: Report) -> None:
    """Look at all that `image` holds; `base` is the tree of the image that it begins from."""
    found, configuration = tree.entries(image.tree), image.configuration
    size = sum(each.status.st_size for each in found) / 1_000_000
    report.tell(f"the image: {len(found)} files and folders, {size:.0f} MB")
    report.none("no compiler, assembler or linker in it", tree.compilers(found))
    report.none("no pip and no other installer of packages", tree.installers(found))
    report.none("none of apt's lists or downloads", tree.lists(found))
    user, group = configuration.user, configuration.group
    report.check(f"its user is not root: {user}:{group}", holds=0 not in {user, group})
    report.none("nothing is owned by that user or its group", tree.owned(found, user, group))
    report.none("nothing that anyone may write, but /tmp and its like", tree.open_to_anyone(found))
    added = tree.special(found) - tree.special(tree.entries(base.tree))
    report.none("no setuid or setgid program beyond the base image's", sorted(added))


def hold_sealed(image: Built, report: Report) -> None:
    """Whether the tree can be written once it is mounted as the program has it."""
    room = sealed(image, {})
    as_root = Room(room.tree, {}, sealed=True, volumes=room.volumes)
    said = as_root.run("/usr/bin/python3", "-IS", "-c", _WRITABLE).stdout.split()
    writable = [each for each in said if not each.startswith(room.volumes or "\0")]
    places = ", ".join(room.volumes) or "none is declared"
    report.none(f"read-only for root too, but for volumes ({places})", writable)


def sealed(image: Built, environment: Mapping[str, str], shown: Path | None = None) -> Room:
    """The image as a platform runs it with a read-only root: `environment` comes on top."""
    configuration = image.configuration
    return Room(
        image.tree,
        {**configuration.environment, **environment},
        folder=configuration.folder,
        user=configuration.user,
        group=configuration.group,
        sealed=True,
        volumes=configuration.volumes,
        shown=shown,
    )
