"""What `make image-root` reads in a Dockerfile."""

from __future__ import annotations

from functools import reduce

import pytest

from tests.deployed import CHECKOUT
from tests.image.base import release
from tests.image.configuration import Configuration, after
from tests.image.dockerfile import DockerfileError, Stage, Step, stages


def configured(*lines: str) -> Configuration:
    (stage,) = stages("\n".join(("FROM debian:12", *lines)))
    return reduce(after, stage.steps, Configuration())


def test_stages_begin_from_images_and_from_each_other() -> None:
    found = stages("ARG BASE=debian:12\nFROM ${BASE} AS first\nRUN a\nFROM first\nRUN b\nRUN c\n")
    assert found == [
        Stage("debian:12", "first", (Step("RUN", "a"),)),
        Stage("first", "1", (Step("RUN", "b"), Step("RUN", "c"))),
    ]


def test_lines_that_go_on_are_one_step_whatever_comment_stands_between() -> None:
    (stage,) = stages("FROM debian:12\nRUN one \\\n# why two\n    && two\n")
    assert stage.steps == (Step("RUN", "one     && two"),)


def test_a_comment_and_an_empty_line_are_no_steps() -> None:
    assert stages("# a comment\n\nFROM debian:12\n  # another\n\n")[0].steps == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM debian:12\nADD a b\n", "ADD is an instruction that is not known"),
        ("RUN a\n", "RUN comes before the first FROM"),
        ("FROM debian:${VERSION}\n", "refers to what is not known: 'VERSION'"),
        ("FROM --platform=linux/arm64 debian:12\n", "FROM --platform.* is not understood"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(DockerfileError, match=message):
        stages(text)


def test_variables_are_added_to_those_before_and_may_name_them() -> None:
    left = configured("ENV A=1 B='two words'", "ENV C=$A-${B} PATH=/opt/bin:$PATH")
    assert dict(left.environment) == {
        "A": "1",
        "B": "two words",
        "C": "1-two words",
        "PATH": "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }


def test_an_argument_is_known_to_the_steps_and_not_to_the_program() -> None:
    left = configured("ARG FOLDER=/source", "WORKDIR $FOLDER")
    assert left.folder == "/source"
    assert "FOLDER" not in left.environment


def test_a_command_is_a_list_of_words_or_a_line_for_the_shell() -> None:
    left = configured('ENTRYPOINT ["klantcontact"]', "CMD echo $HOME")
    assert left.entrypoint == ("klantcontact",)
    assert left.command == ("/bin/sh", "-c", "echo $HOME")


def test_of_a_healthcheck_the_command_counts() -> None:
    left = configured('HEALTHCHECK --interval=10s --retries=3 \\\n    CMD ["ask", "CMD no"]')
    assert left.healthcheck == ("ask", "CMD no")


def test_a_user_is_two_numbers() -> None:
    left = configured("USER 10001:10002")
    assert (left.user, left.group) == (10001, 10002)
    with pytest.raises(DockerfileError, match="USER klantcontact: give numbers"):
        configured("USER klantcontact")


def test_places_to_write_are_added_up() -> None:
    assert configured("VOLUME /a /b", 'VOLUME ["/c d"]').volumes == ("/a", "/b", "/c d")


def test_a_list_of_words_that_is_none_is_refused() -> None:
    with pytest.raises(DockerfileError, match="is no list of words"):
        configured("CMD ['worker']")


@pytest.mark.parametrize(
    "image", ["debian:12-slim", "debian:12", "debian:12.11-slim", "debian:bookworm-slim@sha256:aa"]
)
def test_the_release_of_debian_is_in_the_name_of_its_image(image: str) -> None:
    assert release(image) == "bookworm"


def test_an_image_that_is_not_debians_is_refused() -> None:
    with pytest.raises(DockerfileError, match="FROM python:3: only debian:<release>"):
        release("python:3")


def test_the_projects_own_is_understood() -> None:
    found = stages((CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))
    assert [stage.base for stage in found] == ["debian:12-slim", "base", "base"]
    left = reduce(after, found[-1].steps, Configuration())
    assert (left.user, left.group) == (10001, 10001)
    assert (*left.entrypoint, *left.command) == ("klantcontact", "worker")
    assert left.healthcheck[0] == "/usr/bin/python3"
    assert left.volumes == ()
