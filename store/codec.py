"""Values to JSON and back: the frozen dataclasses of alerts.model, times as ISO text in UTC."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from alerts.errors import StoreError
from store.types import original_text, safe_text

T = TypeVar("T")


def _as_dict(value: Any) -> Any:
    """What msgspec does not know: read-only mappings."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"a {type(value).__name__} cannot be stored")


_encoder = msgspec.json.Encoder(enc_hook=_as_dict)

#: How JSON writes the mark of store.types.safe_text.
_MARK = "\\u001a"


def encode(value: object) -> str:
    """JSON text that both engines take, whatever characters the value holds.

    A lone surrogate has no UTF-8 form and is refused by msgspec: then all texts are escaped as
    store.types.safe_text does. So is a value that holds the mark of that escape.
    """
    try:
        text = _encoder.encode(value).decode()
    except UnicodeEncodeError:
        text = _MARK
    if _MARK in text:
        return json.dumps(_each_text(msgspec.to_builtins(value, enc_hook=_as_dict), safe_text), separators=(",", ":"))
    return text


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON value with every text changed, names of members too."""
    match value:
        case str():
            return change(value)
        case dict():
            return {change(key): _each_text(member, change) for key, member in value.items()}
        case list() | tuple():
            return [_each_text(member, change) for member in value]
        case _:
            return value


class Codec(Generic[T]):
    """Reads one type back from what `encode` wrote."""

    def __init__(self, type_: Any) -> None:
        self._type = type_
        self._name = getattr(type_, "__name__", str(type_))
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type_)

    def decode(self, text: str) -> T:
        """Raises StoreError when the text is not of this type: it was written by another version."""
        try:
            if _MARK not in text:
                return self._decoder.decode(text)
            decoded: T = msgspec.convert(_each_text(json.loads(text), original_text), self._type)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreError(f"a stored {self._name} cannot be read: {error}") from error
        return decoded
