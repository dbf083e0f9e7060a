"""Nobody who names an address has this service reach into the net it stands in."""

from __future__ import annotations

import pytest

from rcu.errors import InputError
from rcu.sending.addresses import check_url, public


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("10.1.2.3", id="a private net"),
        pytest.param("172.16.0.1", id="another private net"),
        pytest.param("192.168.1.1", id="a home's net"),
        pytest.param("169.254.169.254", id="a cloud's metadata"),
        pytest.param("100.64.0.1", id="a carrier's net"),
        pytest.param("0.0.0.0", id="any address"),
        pytest.param("224.0.0.1", id="many at once"),
        pytest.param("255.255.255.255", id="everybody"),
        pytest.param("::1", id="this machine, IPv6"),
        pytest.param("fe80::1%eth0", id="this link"),
        pytest.param("fd00::1", id="a private net, IPv6"),
        pytest.param("::ffff:10.0.0.1", id="a private address mapped into IPv6"),
        pytest.param("64:ff9b::a00:1", id="a private address translated"),
        pytest.param("2002:a00:1::", id="a private address by 6to4"),
    ],
)
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_a_public_address_is_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://shop.example/rcu", id="without TLS"),
        pytest.param("https://user:word@shop.example/", id="a password"),
        pytest.param("https://shop.example/#part", id="a fragment"),
        pytest.param("https:///rcu", id="no host"),
        pytest.param("https://shop.example:99999/", id="no such port"),
        pytest.param("https://[::1/", id="cannot be read"),
        pytest.param("https://intranet/", id="a name of one's own net"),
        pytest.param("https://db.internal/", id="an internal name"),
        pytest.param("https://192.168.0.1/", id="a private address"),
        pytest.param("https://[::1]/", id="this machine"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https://shop.example/a b", id="a blank"),
        pytest.param("https://shop.example/" + "x" * 2000, id="too long"),
    ],
)
def test_an_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(InputError):
        check_url(url, private=False)


@pytest.mark.parametrize("url", ["http://localhost:9000/rcu", "https://10.0.0.1/", "https://shop.example/rcu?key=1"])
def test_one_s_own_net_may_be_permitted(url: str) -> None:
    check_url(url, private=True)
