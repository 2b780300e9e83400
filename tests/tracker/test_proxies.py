from __future__ import annotations

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import RequestFactory

from tracker.proxies import TrustedProxyMiddleware, client_address, parse_networks

PROXIES = ["10.0.0.1", "172.16.0.0/12", "fd00::/8"]


def pass_through(
    settings, *, remote: str, trusted: list[str] | None = None, **headers: str
) -> WSGIRequest:
    settings.TRUSTED_PROXIES = PROXIES if trusted is None else trusted
    request = RequestFactory().get("/")
    request.META.update({"REMOTE_ADDR": remote, "HTTP_HOST": "tracker", **headers})
    TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        # Whatever the client itself sent stands further left.
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        # Our own proxies in a row.
        ("203.0.113.9, 172.20.0.3", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 172.20.0.3, 10.0.0.1", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7, fd00::2", "2001:db8::7"),
        ("::ffff:172.20.0.3", None),
        # Nothing but our own, or nothing that is an address: we stay with the proxy.
        ("172.20.0.3", None),
        ("", None),
        ("unknown", None),
        ("203.0.113.9, unknown", None),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_not_ours(forwarded, client):
    assert client_address(forwarded, parse_networks(PROXIES)) == client


def test_a_trusted_proxy_is_believed(settings):
    request = pass_through(
        settings,
        remote="10.0.0.1",
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="shows.example.org",
    )
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert request.scheme == "https"
    assert request.META["HTTP_HOST"] == "shows.example.org"


def test_anybody_else_is_not_believed(settings):
    request = pass_through(
        settings,
        remote="203.0.113.200",
        HTTP_X_FORWARDED_FOR="127.0.0.1",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="evil.example.org",
        HTTP_X_REAL_IP="127.0.0.1",
    )
    assert request.META["REMOTE_ADDR"] == "203.0.113.200"
    assert request.scheme == "http"
    assert request.META["HTTP_HOST"] == "tracker"
    assert not [name for name in request.META if "FORWARDED" in name or "REAL_IP" in name]


def test_nobody_is_believed_without_the_setting(settings):
    request = pass_through(settings, remote="10.0.0.1", trusted=[], HTTP_X_FORWARDED_FOR="1.2.3.4")
    assert request.META["REMOTE_ADDR"] == "10.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in request.META


@pytest.mark.parametrize("scheme", ["ftp", "javascript", ""])
def test_only_http_schemes_are_taken_over(settings, scheme):
    request = pass_through(settings, remote="10.0.0.1", HTTP_X_FORWARDED_PROTO=scheme)
    assert request.scheme == "http"


def test_what_is_no_network_is_left_out():
    assert [
        str(network) for network in parse_networks(["10.0.0.1", "proxy.local", "10.1.0.0/16"])
    ] == [
        "10.0.0.1/32",
        "10.1.0.0/16",
    ]
