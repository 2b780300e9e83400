"""No request reaches a cloud's metadata service, however its address is written; a home's servers do."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
import requests
from pytest_httpserver import HTTPServer

from tracker import destinations
from tracker.destinations import GuardedAdapter, is_caused_by_refusal, is_refused


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.10.1",
        "[fd00:ec2::254]",
        "[fe80::1%25eth0]",
        "[::ffff:169.254.169.254]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[64:ff9b:1::a9fe:a9fe]",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "METADATA.google.internal.",
        "x.metadata.google.internal",
        "metadata",
    ],
)
def test_the_metadata_of_clouds_is_refused(host):
    assert is_refused(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "10.0.0.2",
            "172.20.0.3",
            "192.168.1.20",
            "100.64.0.7",
            "[::1]",
            "[fd12::7]",
        ),
        *("2130706433", "127.1", "0xz", "①⑥⑨.254.169.254", "a\0b", ""),
        *("plex.lan", "nas", "192-168-1-20.0123456789abcdef.plex.direct", "203.0.113.9"),
    ],
)
def test_servers_at_home_are_not(host):
    assert not is_refused(host)


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    httpserver.expect_request("/").respond_with_data("reached")
    return httpserver


@pytest.fixture
def session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", GuardedAdapter())
    return session


# A name, and two ways of writing an address that only a resolver understands.
@pytest.mark.parametrize("host", ["localhost", "2130706433", "127.1"])
def test_what_counts_is_where_a_name_leads(server, session, monkeypatch, host):
    address = f"http://{host}:{server.port}/"
    assert session.get(address, timeout=5).text == "reached"
    server.clear_log()
    session.close()

    monkeypatch.setattr(
        destinations, "REFUSED_ADDRESSES", {ip_address("127.0.0.1"), ip_address("::1")}
    )
    with pytest.raises(requests.ConnectionError) as raised:
        session.get(address, timeout=5)

    assert is_caused_by_refusal(raised.value)
    assert server.log == []


def test_a_redirect_leads_to_no_refused_address_either(server, session, monkeypatch):
    monkeypatch.setattr(destinations, "REFUSED_ADDRESSES", {ip_address("127.0.0.2")})
    with HTTPServer(host="127.0.0.2") as refused:
        server.expect_request("/away").respond_with_data(
            "", status=302, headers={"Location": refused.url_for("/")}
        )
        with pytest.raises(requests.ConnectionError) as raised:
            session.get(server.url_for("/away").replace("localhost", "127.0.0.1"), timeout=5)
    assert is_caused_by_refusal(raised.value)
    assert refused.log == []
    assert len(server.log) == 1


def test_another_trouble_is_no_refusal(session):
    with pytest.raises(requests.ConnectionError) as raised:
        session.get("http://127.0.0.1:9/", timeout=5)
    assert not is_caused_by_refusal(raised.value)
