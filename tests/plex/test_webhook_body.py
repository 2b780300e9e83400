"""The quick way to the payload reads what Django's parser of forms reads, or leaves it to that."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser
from hypothesis import example, given
from hypothesis import strategies as st

from plex.webhook_body import leading_payload

PLEX = "------------------------3f1c9a7e5b2d4860"
FIELD = b'Content-Disposition: form-data; name="payload"'
JSON = b"\r\nContent-Type: application/json"
PICTURE = b'Content-Disposition: form-data; name="thumb"; filename="thumb.jpg"\r\nContent-Type: image/jpeg'


def body_of(*parts: tuple[bytes, bytes], boundary: str = PLEX, end: bytes = b"--\r\n") -> bytes:
    delimiter = b"--" + boundary.encode()
    written = (delimiter + b"\r\n" + head + b"\r\n\r\n" + text + b"\r\n" for head, text in parts)
    return b"".join(written) + delimiter + end


def content_type(boundary: str = PLEX) -> str:
    return f"multipart/form-data; boundary={boundary}"


def parsed(body: bytes, boundary: str = PLEX) -> str | None:
    meta = {"CONTENT_TYPE": content_type(boundary), "CONTENT_LENGTH": str(len(body))}
    handlers = [MemoryFileUploadHandler()]
    fields, _ = MultiPartParser(meta, io.BytesIO(body), handlers, "utf-8").parse()
    return fields.get("payload")


@given(st.text() | st.binary(), st.sampled_from([FIELD, FIELD + JSON]), st.binary())
@example("", FIELD, b"")
@example("\r\n", FIELD + JSON, b"")
@example("{}\r\n\r\n--" + PLEX[:-1], FIELD, b"")
def test_it_reads_what_the_parser_reads(text, head, picture):
    sent = text.encode("utf-8", "replace") if isinstance(text, str) else text
    body = body_of((head, sent), (PICTURE, picture))
    assert leading_payload(body, content_type()) == parsed(body)


@pytest.mark.parametrize("boundary", ["a", "x" * 70, "----WebKitFormBoundaryAbc", "a.b+c(d)'e'=?"])
def test_any_boundary(boundary):
    body = body_of((FIELD, b'{"event": "x"}'), boundary=boundary)
    assert leading_payload(body, content_type(boundary)) == '{"event": "x"}'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (body_of((FIELD + b'; filename="payload.json"', b"{}")), content_type()),
        (body_of((PICTURE, b"x"), (FIELD, b"{}")), content_type()),
        (body_of((FIELD.replace(b"payload", b"event"), b"{}")), content_type()),
        (body_of((FIELD + b"\r\nContent-Transfer-Encoding: base64", b"e30=")), content_type()),
        (
            body_of((FIELD + b"\r\nContent-Type: text/plain; charset=latin-1", b"{}")),
            content_type(),
        ),
        (body_of((FIELD, b"{}"))[:-40], content_type()),
        (b"preamble\r\n" + body_of((FIELD, b"{}")), content_type()),
        (body_of((FIELD, b"{}"), boundary="other"), content_type()),
        (body_of((FIELD, b"{}")), f'multipart/form-data; boundary="{PLEX}"'),
        (body_of((FIELD, b"{}")), "multipart/form-data"),
        (body_of((FIELD, b"{}")), "application/json"),
        (b"", content_type()),
        (b"--" + PLEX.encode(), content_type()),
    ],
)
def test_what_is_not_plex_s_shape_is_left_to_the_parser(body, kind):
    assert leading_payload(body, kind) is None
