"""Requests that no Plex sends: real messages with something wrong, and what never was a message."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.plex import payloads

# A body is refused from 2 MB on.
LARGEST = 2 * 1024 * 1024
BOUNDARY = "------------------------7e1a2b3c4d5e6f70"
FORM = f"multipart/form-data; boundary={BOUNDARY}"

NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, -(2**63), 2**63, 10**400, 1e308, 0.1, -0.0,
    "", " ", "0", "-1", "1e9", "null", "NaN", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e",
    "٣", "²", "x" * 3000, "é" * 5000, "🧨" * 1000, "'; DROP TABLE plex_webhook_logs; --", "%s%n{0}{{7*7}}",
    "<script>alert(1)</script>", "../../etc/passwd", "plex://show/" + "f" * 5000, "plex://episode/\n",
    "tvdb://99999999999999999999", "tmdb://-1", "imdb://tt\x00", "com.plexapp.agents.thetvdb://1/2/3/4/5?lang",
    "com.plexapp.agents.hama://anidb-1/1/99999999999999", "tvdb://1/2/3", "local://", "//", "://", "a://b" * 500,
    "9999-99-99", "0000-00-00", "2024-02-30", "10000-01-01", "2024-01-01T00:00:00Z", [], {}, [[]], [{}], [None],
    [{"id": None}], [{"id": 7}, "tvdb://1"], {"id": "tvdb://1"}, {"": ""}, [1] * 300, {"a": {"b": {"c": []}}},
]  # fmt: skip
WORDS = [
    b"NaN", b"Infinity", b"-Infinity", b"1" * 5000, b"-" + b"9" * 400, b"1e999999", b"0x10", b"01", b"tru", b"nul",
    b'"\\ud800"', b'"\\u0000"', b'"\\x"', b'"\\', b"[" * 3000, b"{" * 500, b'{"a":' * 500, b"\xff\xfe", b"\xed\xa0\x80",
    b"\xc0\x80", b"\x00" * 50, b"\r\n\r\n", b"--", BOUNDARY.encode(), b"\x1b[2J", b"}" * 50, b'"' * 99, b",", b":",
]  # fmt: skip
CONTENT_TYPES = [
    "", "application/json", "application/json; charset=utf-16", "application/json; charset=nonsense", "text/plain",
    "multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'b' * 300}",
    'multipart/form-data; boundary="ü"', "multipart/mixed; boundary=x", "multipart/form-data; charset=utf-7; boundary=x",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=idna", "x", ";;;", "a/b; c=d; =;",
    "application/x-www-form-urlencoded; charset=undefined", "multipart/form-data; boundary*=utf-8''x",
    "text/plain; charset=punycode", "application/json; charset=base64", "application/json; charset=\x7f",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request; `kind` says which idea it came from."""

    kind: str
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def make(random: Random) -> Sent:
    """One request; the same for the same state of `random`."""
    kind = random.choices(list(KINDS), weights=[weight for weight, _ in KINDS.values()])[0]
    return KINDS[kind][1](random, kind)


def form(payload: bytes, *, boundary: str = BOUNDARY) -> bytes:
    """The multipart body that Plex posts."""
    return part("payload", payload, boundary=boundary) + f"--{boundary}--\r\n".encode()


def part(name: str, content: bytes, *, more: str = "", boundary: str = BOUNDARY) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
    return (
        f"{head}Content-Type: application/json\r\n\r\n".encode("utf-8", "replace")
        + content
        + b"\r\n"
    )


def message(random: Random) -> dict[str, Any]:
    """A real message with some values replaced, dropped or moved."""
    found = payloads.load(random.choice(payloads.NAMES)) if random.random() < 0.95 else {}
    for _ in range(random.choice([0, 1, 1, 2, 3, 8])):
        twist(random, found)
    return found


def twist(random: Random, found: dict[str, Any]) -> None:
    target = found
    for name in ("Metadata", "Account", "Server"):
        if isinstance(found.get(name), dict) and random.random() < 0.4:
            target = found[name]
    key = random.choice([*target, "Guid", "guid", "user", "\x00", "\ud800key", "k" * 300, ""])
    deed = random.random()
    if deed < 0.2:
        target.pop(key, None)
    elif deed < 0.3:
        target[key] = payloads.load("normal")
    elif deed < 0.4:
        target[key] = nested(random)
    else:
        target[key] = nasty(random)


def nasty(random: Random) -> Any:
    """One of the odd values; a copy, as the next twist may change it."""
    return copy.deepcopy(random.choice(NASTY))


def nested(random: Random) -> Any:
    value = nasty(random)
    for _ in range(random.choice([5, 62, 63, 64, 65, 200, 900])):
        value = [value] if random.random() < 0.5 else {"k": value}
    return value


def dumped(random: Random, value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    except RecursionError:
        text = "[" * 100_000
    return text.encode("utf-8", "surrogatepass")


def twisted(random: Random, kind: str) -> Sent:
    payload = dumped(random, message(random))
    if random.random() < 0.6:
        return Sent(kind=kind, body=form(payload), content_type=FORM)
    return Sent(kind=kind, body=payload)


def torn(random: Random, kind: str) -> Sent:
    """Bytes cut out, put in, or turned round, anywhere in the body."""
    sent = twisted(random, kind)
    body = bytearray(sent.body)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body) + 1)
        deed = random.randrange(4)
        if deed == 0:
            del body[at : at + random.choice([1, 5, 100, 10_000])]
        elif deed == 1:
            body[at:at] = random.choice(WORDS)
        elif deed == 2 and body:
            body[at % len(body)] ^= 1 << random.randrange(8)
        else:
            body[at:at] = random.randbytes(random.choice([1, 7, 64]))
    return Sent(kind=kind, body=bytes(body), content_type=sent.content_type)


def typed(random: Random, kind: str) -> Sent:
    """A body under the name of another type."""
    sent = twisted(random, kind)
    return Sent(kind=kind, body=sent.body, content_type=random.choice(CONTENT_TYPES))


def parts(random: Random, kind: str) -> Sent:
    """Many parts, the same one twice, files for fields, names that are none, and boundaries that break."""
    payload = dumped(random, message(random))
    boundary = random.choice([BOUNDARY, "x", "-", "a b", "b" * 70])
    count = random.choice([0, 1, 2, 5, 99, 101, 1001])
    pieces = [
        part(random.choice(["payload", "thumb", "", "p\x00", "ü" * 50, 'a"b', "_charset_"]), b"x" * random.choice([0, 9, 999]),
             more=random.choice(["", '; filename="a.json"', "; filename*=utf-8''%ff%00", '; filename="../../x"', "; filename=", ";" * 20]), boundary=boundary)
        for _ in range(count)
    ]  # fmt: skip
    pieces.insert(random.randint(0, len(pieces)), part("payload", payload, boundary=boundary))
    if random.random() < 0.2:
        pieces.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="payload"\r\n'.encode()
            + random.choice([b"Content-Transfer-Encoding: base64\r\n", b"X: " + b"y" * 9000 + b"\r\n", b"Content-Type: a/b; charset=zip\r\n", b"\x00\r\n"])
            + b"\r\n!!!\r\n"
        )  # fmt: skip
    end = random.choice([b"--\r\n", b"--", b"", b"-", b"--\r\nmore after the end", b"\r\n"])
    body = b"".join(pieces) + b"--" + boundary.encode() + end
    return Sent(
        kind=kind,
        body=body,
        content_type=f"multipart/form-data; boundary={random.choice([boundary, boundary + 'x'])}",
    )


def fields(random: Random, kind: str) -> Sent:
    """A form in one line: many fields, broken escapes, the payload several times."""
    pieces = random.choices(
        [b"payload={}", b"payload=%7B%22event%22%3A%22media.scrobble%22%7D", b"payload", b"=", b"%", b"%zz=%u0000", b"a=b", b"payload=%00%ff", b"_charset_=x"],
        k=random.choice([1, 3, 30, 1500]),
    )  # fmt: skip
    return Sent(kind=kind, body=b"&".join(pieces), content_type="application/x-www-form-urlencoded")


def deep(random: Random, kind: str) -> Sent:
    depth = random.choice([63, 64, 65, 1000, 20_000, 200_000])
    opening, closing = random.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inner = opening * depth + b"1" + (closing * depth if random.random() < 0.7 else b"")
    body = (
        random.choice([b"%s", b'{"Metadata": %s}', b'{"event": "media.scrobble", "x": %s}']) % inner
    )
    return Sent(kind=kind, body=body[:LARGEST])


def vast(random: Random, kind: str) -> Sent:
    """As large as it may be, in the shapes that cost a parser most."""
    unit = random.choice(
        [b'"a",', b"1,", b"{},", b"[[]],", b'"\\u0000",', b'"\\ud800",', b"1e5,", b"\xe2\x82\xac,"]
    )
    room = random.choice([100_000, 500_000, LARGEST - 1000])
    items = b"[" + unit * (room // len(unit)) + b"0]"
    body = (
        random.choice([b"%s", b'{"event":"media.scrobble","Metadata":{"Guid":%s}}', b'{"Guid":%s}'])
        % items
    )
    return Sent(kind=kind, body=body)


def keys(random: Random, kind: str) -> Sent:
    """One object with thousands of keys, many of them the same."""
    names = [
        f'"{random.choice(["k", "Metadata", "event", "Account"])}{number % 997}":{number}'
        for number in range(random.choice([10, 5000]))
    ]
    return Sent(kind=kind, body=("{" + ",".join(names) + "}").encode())


def encoded(random: Random, kind: str) -> Sent:
    payload = dumped(random, message(random))
    body = random.choice([
        gzip.compress(payload, mtime=0), payload.decode("utf-8", "replace").encode("utf-16"), payload.decode("utf-8", "replace").encode("utf-32"),
        b"\xef\xbb\xbf" + payload, payload + b"\x00" * 9, b"\xff\xfe" + payload, payload * 2,
    ])  # fmt: skip
    headers = {"Content-Encoding": random.choice(["gzip", "br", "identity", ""])}
    return Sent(kind=kind, body=body, headers=headers, content_type=random.choice(CONTENT_TYPES))


def noise(random: Random, kind: str) -> Sent:
    body = random.randbytes(random.choice([0, 1, 16, 1000, 70_000]))
    return Sent(kind=kind, body=body, content_type=random.choice(CONTENT_TYPES))


def heads(random: Random, kind: str) -> Sent:
    """Headers with odd values, around a message that may be good."""
    value = random.choice(
        [
            "",
            "x" * 8000,
            "\x7f",
            "ü",
            "*/*;q=9",
            "text/html",
            "-1",
            "1e3",
            "chunked",
            "127.0.0.1, , x",
            "%00",
        ]
    )
    name = random.choice([
        "Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding", "Authorization", "Cookie", "Host-Other", "If-Match",
        "If-Modified-Since", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
        "X-HTTP-Method-Override", "X-CSRFToken", "HX-Request", "HX-Current-URL", "Range", "Via", "Forwarded", "X-Requested-With",
    ])  # fmt: skip
    sent = twisted(random, kind)
    return Sent(kind=kind, body=sent.body, content_type=sent.content_type, headers={name: value})


KINDS: dict[str, tuple[float, Callable[[Random, str], Sent]]] = {
    "a message with something else in it": (30, twisted),
    "a body with torn bytes": (20, torn),
    "another content type": (10, typed),
    "many or broken parts": (10, parts),
    "a form in one line": (5, fields),
    "deep nesting": (3, deep),
    "as large as allowed": (0.3, vast),
    "thousands of keys": (1, keys),
    "another encoding": (6, encoded),
    "noise": (6, noise),
    "odd headers": (9, heads),
}
