"""Which files are passed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core.files import TYPES, refusal
from helpbot.core.model import Attachment
from tests.core.cases import DESK

USUAL = replace(DESK, file_types=TYPES, largest_file=1000)
PNG = Attachment("puk.png", "image", "image/png", 900, "", "memory", "1")


@pytest.mark.parametrize(
    "file",
    [
        PNG,
        replace(PNG, size=None),
        replace(PNG, media_type="IMAGE/PNG"),
        replace(PNG, name="a.docx", media_type="application/vnd.openxmlformats-officedocument.wordprocessing"),
        replace(PNG, name="invoice.pdf", media_type="application/pdf"),
    ],
)
def test_what_people_send_each_other_is_passed_on(file: Attachment) -> None:
    assert refusal(file, USUAL) is None


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (replace(PNG, size=1001), "why_file_too_large"),
        (replace(PNG, media_type="application/octet-stream"), "why_file_type"),
        (replace(PNG, media_type="application/x-msdownload"), "why_file_type"),
        (replace(PNG, name="puk.png.EXE"), "why_file_type"),
        (replace(PNG, name="puk.exe. ."), "why_file_type"),
        (replace(PNG, name="picture.svg", media_type="image/svg+xml"), "why_file_type"),
        (replace(PNG, name="page.html", media_type="text/plain"), "why_file_type"),
    ],
)
def test_programs_and_what_is_too_large_are_not(file: Attachment, why: str) -> None:
    assert refusal(file, USUAL) == why
    assert refusal(replace(file, size=1), replace(USUAL, file_types=("*/*",))) is None
