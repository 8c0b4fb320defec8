"""A stored file as numbered rows, whatever its pieces: NDJSON by line, CSV by record, in bounded memory."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MAX_LINE: Final = 1 << 20


class Line(NamedTuple):
    """One row of the file: its number, and its JSON bytes or its cells; `fault` where it is neither."""

    number: int
    data: bytes | dict[str, str] | None
    fault: str | None = None


@dataclass
class NdjsonParser:
    """Cuts pieces into lines; blank lines count but bring nothing."""

    rest: bytes = b""
    number: int = 0

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Line]:
        """The rows that are whole by now."""
        if self.number == 0 and not self.rest:
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        lines = (self.rest + piece).split(b"\n")
        self.rest = b"" if last else lines.pop()
        for line in lines:
            self.number += 1
            text = line.strip()
            if len(text) > MAX_LINE:
                yield Line(self.number, None, "line-too-long")
            elif text:
                yield Line(self.number, text)
        if len(self.rest) > MAX_LINE:
            # Only its beginning is kept: enough to know, at its end, that it was too long.
            self.rest = self.rest[: MAX_LINE + 1]


@dataclass
class CsvParser:
    """Cuts pieces into records (RFC 4180, quoted line breaks included) under the names of the first."""

    rest: str = ""
    number: int = 0
    names: list[str] = field(default_factory=list)
    pending: bytes = b""

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Line]:
        """The records that are whole by now; empty cells are absent."""
        data = self.pending + piece
        cut = len(data) if last else data.rfind(b"\n") + 1
        self.pending = data[cut:]
        try:
            text = self.rest + data[:cut].decode("utf-8-sig" if self.number == 0 and not self.rest else "utf-8")
        except UnicodeDecodeError:
            self.number += data[:cut].count(b"\n")
            self.rest = ""
            yield Line(self.number, None, "not-utf-8")
            return
        if not last and text.count('"') % 2:
            # A quoted field is still open: wait for its end, but not for ever.
            self.rest = text if len(text) <= MAX_LINE * 4 else ""
            return
        self.rest = ""
        yield from self._records(text)

    def _records(self, text: str) -> Iterator[Line]:
        reader = csv.reader(text.splitlines(keepends=True), strict=True)
        first = self.number
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error:
                yield Line(first + reader.line_num, None, "csv-malformed")
                continue
            number = first + reader.line_num
            if not self.names:
                self.names = [name.strip() for name in cells]
            elif len(cells) > len(self.names):
                yield Line(number, None, "too-many-cells")
            elif cells:
                yield Line(number, {name: cell for name, cell in zip(self.names, cells, strict=False) if cell != ""})
        self.number = first + reader.line_num


Parser = NdjsonParser | CsvParser
