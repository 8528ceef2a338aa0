"""What comes instead of words, as JSON: files, places, polls → Incoming, and a file → what is said of it; pure.

Rule: only what was checked is kept, because addresses, keys and numbers are whatever their sender wrote.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from helpbot.core.effects import Content, Literal
from helpbot.core.model import Attachment
from helpbot.transports.base import Incoming

JsonDict = dict[str, Any]

NETWORK = "matrix"
ANY_TYPE = "application/octet-stream"
SOURCE_LENGTH = 4000  # characters, which nothing that is checked here comes near to

NAME_LENGTH = 100
_ENDING_LENGTH = 12  # of a name, with its dot
_LOOKED_AT = 400  # characters of a name
_WORDS_LENGTH = 300
_SIDE = 100_000  # pixels
_LONGEST = 86_400_000  # milliseconds
_LARGEST = 2**53
_WAVES = 120  # what clients draw of a voice
_LOUDEST = 1024
_MSGTYPES = {"image": "m.image", "sticker": "m.image", "video": "m.video", "audio": "m.audio", "voice": "m.audio"}
_VOICE = "org.matrix.msc3245.voice"
_AUDIO = "org.matrix.msc1767.audio"
_TEXT = "org.matrix.msc1767.text"
_MXC = re.compile(
    r"mxc://(([A-Za-z0-9][A-Za-z0-9.-]{0,229}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?)/([A-Za-z0-9_-]{1,255})"
)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,49}/[a-z0-9][a-z0-9!#$&^_.+-]{0,79}")
_NOT_IN_A_NAME = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # unseen, or turning the line round


@dataclass(frozen=True, slots=True)
class Seal:
    """What opens an encrypted file: AES-CTR key, first counter block, and the SHA-256 of what is sealed; in base64."""

    key: str
    iv: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a file lies: its server and its id there, each fit for a path; `seal` when it is encrypted."""

    server: str
    media: str
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of a file."""

    stored: Stored
    media_type: str
    sides: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Source:
    """What an attachment's `source` holds: where it lies, its measures (w, h, duration in ms), how a voice looks."""

    stored: Stored
    measures: Mapping[str, int] = field(default_factory=dict)
    waveform: tuple[int, ...] = ()
    thumbnail: Thumbnail | None = None


# --- what comes in


def with_file(base: Incoming, content: Mapping[str, object], kind: str) -> Incoming:
    """Return what came with its file: named, and to be fetched where its address is one; the caption is its text."""
    named, body = content.get("filename"), content.get("body")
    name = file_name(_words(named) or body, kind)
    has_caption = kind != "sticker" and isinstance(named, str) and isinstance(body, str) and body != named
    said = replace(base, attachment=name, text=_words(body) if has_caption else "")
    source = source_in(content)
    if source is None:
        return said
    info = _dict(content.get("info"))
    kind = "voice" if kind == "audio" and _is_voice(content) else kind
    size = _number(info.get("size"), _LARGEST)
    file = Attachment(name, kind, media_type(info.get("mimetype")), size, said.text, NETWORK, source_text(source))
    return replace(said, file=file)


def place_words(content: Mapping[str, object]) -> str:
    """Return what a shared location says of itself, and where it is."""
    named, uri = _short(content.get("body")), _short(content.get("geo_uri"))
    where = f" ({uri})" if named and uri and uri not in named else uri if not named else ""
    return f"📍 {named}{where}"


def poll_words(content: Mapping[str, object]) -> str:
    """Return what a poll asks."""
    for name, text in (("m.poll.start", "m.text"), ("org.matrix.msc3381.poll.start", _TEXT)):
        asked = _dict(_dict(content.get(name)).get("question"))
        if words := _text_in(asked.get(text)) or _short(asked.get("body")):
            return words
    return ""


def file_name(value: object, otherwise: str) -> str:
    """Return the last part of a file's name for one line: nothing unseen, its ending kept when it is too long."""
    last = _words(value).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    if len(last) > _LOOKED_AT:
        last = last[:_LOOKED_AT] + last[-_ENDING_LENGTH:]
    name = "".join(c for c in last if unicodedata.category(c) not in _NOT_IN_A_NAME)
    name = " ".join(name.split())
    stem, dot, ending = name.rpartition(".")
    if len(name) > NAME_LENGTH:
        kept = f"{dot}{ending}" if stem and len(ending) < _ENDING_LENGTH else ""
        name = name[: NAME_LENGTH - len(kept)].rstrip() + kept
    return name if name.strip(". ") else otherwise


def media_type(value: object) -> str:
    """Return a media type without its parameters; the one for anything when it is none."""
    plain = _words(value)[:200].partition(";")[0].strip().lower()
    return plain if _MEDIA_TYPE.fullmatch(plain) else ANY_TYPE


def source_in(content: Mapping[str, object]) -> Source | None:
    """Return where the file of an event lies and how it looks; None when that is no address, or cannot be opened."""
    stored = _stored(content.get("url"), content.get("file"))
    if stored is None:
        return None
    info, audio = _dict(content.get("info")), _dict(content.get(_AUDIO))
    measures = _sides(info)
    duration = _number(info.get("duration"), _LONGEST) or _number(audio.get("duration"), _LONGEST)
    if duration:
        measures["duration"] = duration
    waves = audio.get("waveform")
    heights = [_number(one, _LOUDEST) for one in waves[:_WAVES]] if isinstance(waves, list) else []
    waveform = tuple(height for height in heights if height is not None)
    small, about = _stored(info.get("thumbnail_url"), info.get("thumbnail_file")), _dict(info.get("thumbnail_info"))
    thumbnail = None if small is None else Thumbnail(small, media_type(about.get("mimetype")), _sides(about))
    return Source(stored, measures, waveform if len(waveform) == len(heights) else (), thumbnail)


def source_text(source: Source) -> str:
    """Return the source as JSON, in the form in which an event says it, so that `source_in` reads both."""
    info: JsonDict = dict(source.measures)
    if source.thumbnail is not None:
        info |= {f"thumbnail_{name}": value for name, value in _address(source.thumbnail.stored).items()}
        info["thumbnail_info"] = {"mimetype": source.thumbnail.media_type, **source.thumbnail.sides}
    audio = {_AUDIO: {"waveform": source.waveform}} if source.waveform else {}
    return json.dumps({**_address(source.stored), "info": info, **audio}, separators=(",", ":"))


def source_of(attachment: Attachment) -> Source | None:
    """Return the source of an attachment that came in here; None for that of another network."""
    if attachment.network != NETWORK or len(attachment.source) > SOURCE_LENGTH:
        return None
    try:
        return source_in(_dict(json.loads(attachment.source)))
    except (ValueError, RecursionError):
        return None


# --- what goes out


def attachment_in(content: Content) -> Attachment | None:
    """Return the file that a message carries, if any: the first, because a message carries one."""
    return next((block for block in content if isinstance(block, Attachment)), None)


def beside_file(content: Content) -> Content:
    """Return what is said beside a file that is shown: all but its name."""
    shown = attachment_in(content)
    if shown is None:
        return content
    place = content.index(shown)
    caption = (Literal(shown.text),) if shown.text else ()
    return (*content[:place], *caption, *content[place + 1 :])


def shown(attachment: Attachment, size: int, placed: JsonDict, thumbnail: tuple[int, JsonDict] | None) -> JsonDict:
    """Return what an event says of a file; `placed` is where it lies now, `thumbnail` its picture's size and place."""
    source = source_of(attachment)
    info: JsonDict = {"mimetype": media_type(attachment.media_type), "size": size}
    event: JsonDict = {"msgtype": _MSGTYPES.get(attachment.kind, "m.file")}
    if source is not None:
        info |= source.measures
    if source is not None and source.thumbnail is not None and thumbnail is not None:
        small, lies = thumbnail
        info |= {f"thumbnail_{name}": value for name, value in lies.items()}
        info["thumbnail_info"] = {"mimetype": source.thumbnail.media_type, "size": small, **source.thumbnail.sides}
    if attachment.kind == "voice":
        audio: JsonDict = {"duration": info["duration"]} if "duration" in info else {}
        audio |= {"waveform": list(source.waveform)} if source is not None and source.waveform else {}
        event |= {_VOICE: {}, _AUDIO: audio}
    return {**event, "filename": file_name(attachment.name, attachment.kind), "info": info, **placed}


# --- checks


def _stored(url: object, file: object) -> Stored | None:
    """Return where a file lies; one that says how it is encrypted is never read as one in the clear."""
    sealed = file if isinstance(file, dict) else None
    found = _MXC.fullmatch(_words(url if sealed is None else sealed.get("url"))[:600])
    if found is None:
        return None
    if sealed is None:
        return Stored(found[1], found[4])
    seal = _seal(sealed)
    return None if seal is None else Stored(found[1], found[4], seal)


def _seal(file: Mapping[str, object]) -> Seal | None:
    key = _dict(file.get("key"))
    if file.get("v") != "v2" or key.get("alg") != "A256CTR":
        return None
    parts = key.get("k"), file.get("iv"), _dict(file.get("hashes")).get("sha256")
    lengths = 32, 16, 32
    opened = [unpadded(part) for part in parts]
    if any(one is None or len(one) != length for one, length in zip(opened, lengths, strict=True)):
        return None
    return Seal(*map(_words, parts))


def unpadded(value: object) -> bytes | None:
    """Return the bytes of a short base64 text of either alphabet, padded or not; None for what is none."""
    if not isinstance(value, str) or len(value) > 100:
        return None
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return None


def _address(stored: Stored) -> JsonDict:
    url = f"mxc://{stored.server}/{stored.media}"
    if stored.seal is None:
        return {"url": url}
    key = {"kty": "oct", "alg": "A256CTR", "ext": True, "k": stored.seal.key, "key_ops": ["encrypt", "decrypt"]}
    seal = {"v": "v2", "key": key, "iv": stored.seal.iv, "hashes": {"sha256": stored.seal.sha256}}
    return {"file": {**seal, "url": url}}


def _is_voice(content: Mapping[str, object]) -> bool:
    drawn = isinstance(_dict(content.get(_AUDIO)).get("waveform"), list)
    return drawn or any(isinstance(content.get(mark), dict) for mark in (_VOICE, "m.voice"))


def _sides(info: Mapping[str, object]) -> dict[str, int]:
    sides = {name: _number(info.get(name), _SIDE) for name in ("w", "h")}
    return {name: length for name, length in sides.items() if length}


def _number(value: object, most: int) -> int | None:
    """Return a number of that range, whole; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= most else None  # so put, NaN is none either


def _text_in(value: object) -> str:
    """Return the plain text of an extensible event: itself, or the first of its forms."""
    if isinstance(value, list):
        value = next((one.get("body") for one in value if isinstance(one, dict)), None)
    return _short(value)


def _short(value: object) -> str:
    return " ".join(_words(value)[: 4 * _WORDS_LENGTH].split())[:_WORDS_LENGTH]


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> str:
    """Return a text that every encoding can carry; what is no text is empty."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
