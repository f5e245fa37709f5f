"""Deterministic CBOR (RFC 8949, section 4.2.1), the subset of docs/formats.md, written apart from src/codec: integers, byte and text
strings, arrays, maps, null, tags."""


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | extra]) + argument.to_bytes(size, "big")
    raise ValueError("more than 64 bits")


def encode(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        raise ValueError("no booleans")
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode("utf-8")
        return head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, dict):
        pairs = sorted((encode(key), encode(item)) for key, item in value.items())
        return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, Tag):
        return head(6, value.number) + encode(value.value)
    raise ValueError(f"no {type(value)}")


def take(data, at):
    """The value that begins at `at`, and where it ends."""
    major, extra = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if extra != 22:
            raise ValueError("a simple value other than null")
        return None, at
    if extra > 27:
        raise ValueError("an indefinite length or a reserved head")
    size = 0 if extra < 24 else 1 << (extra - 24)
    argument = extra if size == 0 else int.from_bytes(data[at:at + size], "big")
    at += size
    if major in (0, 1):
        return (argument if major == 0 else -1 - argument), at
    if major in (2, 3):
        if at + argument > len(data):
            raise ValueError("truncated")
        piece = data[at:at + argument]
        return (piece if major == 2 else piece.decode("utf-8")), at + argument
    if major == 6:
        value, at = take(data, at)
        return Tag(argument, value), at
    values = []
    for _ in range(argument if major == 4 else 2 * argument):
        value, at = take(data, at)
        values.append(value)
    return (values if major == 4 else dict(zip(values[::2], values[1::2]))), at


def decode(data):
    """One whole value. What is not the encoding that `encode` would give is refused."""
    try:
        value, end = take(data, 0)
    except IndexError:
        raise ValueError("truncated") from None
    if end != len(data) or encode(value) != data:
        raise ValueError("not the deterministic encoding of one value")
    return value
