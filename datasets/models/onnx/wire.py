"""A .onnx file without the numbers of its large initializers, which stay in the file and are mapped.

A parsed message holds all of its bytes in memory, and parsing takes them twice. So what lies behind three fields, the
model's ``graph``, its ``initializer`` and their ``raw_data``, is left out before anything is parsed:

```
ModelProto   7: graph
GraphProto   5: initializer, the first, the second, ...
TensorProto  9: raw_data      left out: offset and length are told by the initializer's number
```

A field is a number (times 8, plus 2 where a length and so many bytes follow) and what it holds; numbers and lengths are
of 7 bits a byte, low ones first, all but the last with the eighth bit set.
"""

from __future__ import annotations

from collections.abc import Iterator

GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9
BYTES = 2  # the kind of field that has a length
SIZES = {1: 8, 5: 4}  # of kinds whose values have one of their own
LARGE = 1 << 16  # bytes from which on numbers stay where they are
MOST_FIELDS = 64  # of a tensor: more are numbers that are not raw

Spans = dict[int, tuple[int, int]]
Field = tuple[int, int, int, int]  # number, where it begins, where its value begins, where it ends


def without_numbers(data: memoryview) -> tuple[bytes, Spans]:
    """The message without them, and where they lie: offset and length by the initializer's number. ValueError for
    what is no message."""
    spans: Spans = {}
    parts: list[bytes | memoryview] = []
    count = 0
    for number, begin, value, end in _fields(data, 0, len(data)):
        if number != GRAPH:
            parts.append(data[begin:end])
            continue
        graph: list[bytes | memoryview] = []
        for inner, start, content, stop in _fields(data, value, end):
            if inner == INITIALIZER:
                graph += _tensor(data, (start, content, stop), count, spans)
                count += 1
            else:
                graph.append(data[start:stop])
        parts += _field(GRAPH, graph)
    return b"".join(parts), spans


def _tensor(data: memoryview, at: tuple[int, int, int], count: int, spans: Spans) -> list[bytes | memoryview]:
    """An initializer, without its numbers if they are many and lie in one field."""
    begin, value, end = at
    raw = None
    for fields, (number, start, content, stop) in enumerate(_fields(data, value, end) if end - value > LARGE else ()):
        if fields > MOST_FIELDS or (number == RAW_DATA and raw):
            return [data[begin:end]]
        if number == RAW_DATA and stop - content >= LARGE:
            raw = start, content, stop
    if raw is None:
        return [data[begin:end]]
    spans[count] = raw[1], raw[2] - raw[1]
    return _field(INITIALIZER, [data[value : raw[0]], data[raw[2] : end]])


def _fields(data: memoryview, start: int, end: int) -> Iterator[Field]:
    """Those of a message, whose numbers are 0 where they have no length."""
    while start < end:
        key, value = _number(data, start, end)
        kind, length = key & 7, SIZES.get(key & 7, 0)
        if kind == BYTES:
            length, value = _number(data, value, end)
        elif kind == 0:
            length = _number(data, value, end)[1] - value
        elif not length:
            raise ValueError(f"a field of the kind {kind}")
        if value + length > end:
            raise ValueError("a field that ends outside")
        yield (key >> 3 if kind == BYTES else 0), start, value, value + length
        start = value + length


def _number(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise ValueError("a number without an end")


def _field(number: int, parts: list[bytes | memoryview]) -> list[bytes | memoryview]:
    length, written = sum(map(len, parts)), bytearray([number << 3 | BYTES])
    while length > 127:
        written.append(length & 127 | 128)
        length >>= 7
    written.append(length)
    return [bytes(written), *parts]
