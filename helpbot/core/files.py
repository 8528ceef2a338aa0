"""Which files are passed on: pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from helpbot.core.model import Attachment, Desk

MEGABYTE = 1_000_000
TYPES = (
    "image/*", "audio/*", "video/*", "text/plain", "text/csv", "application/pdf", "application/msword",
    "application/vnd.*", "application/rtf",
)  # fmt: skip
_ENDINGS = (  # what opens a program by a click, whatever type its sender's client calls it
    ".exe", ".msi", ".bat", ".cmd", ".com", ".scr", ".pif", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".hta", ".lnk",
    ".jar", ".ps1", ".apk", ".dmg", ".sh", ".desktop", ".reg", ".svg", ".html", ".htm", ".xhtml",
)  # fmt: skip


def refusal(file: Attachment, desk: Desk) -> str | None:
    """Return which phrase says why the desk does not pass a file on; None when it does."""
    if file.size is not None and file.size > desk.largest_file:
        return "why_file_too_large"
    known = any(fnmatchcase(file.media_type.lower(), kind.lower()) for kind in desk.file_types)
    if not known or (file.name.lower().rstrip(". ").endswith(_ENDINGS) and "*/*" not in desk.file_types):
        return "why_file_type"
    return None
