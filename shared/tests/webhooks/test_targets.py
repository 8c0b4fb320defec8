"""Which addresses are outside, and which hosts a pattern lets through."""

import pytest

from shared.webhooks.targets import TargetRefused, address_of, check_url, is_outside


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  # an address to be refused
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_an_address_inside_is_known_in_every_dress(address: str, outside: bool) -> None:
    assert is_outside(address) is outside


@pytest.mark.parametrize(
    ("host", "let"),
    [
        ("api.example.com", True),
        ("a.b.partner.example", True),
        ("partner.example", False),
        ("evilpartner.example", False),
        ("api.example.com.evil.example", False),
        ("API.EXAMPLE.COM", True),
    ],
)
def test_a_pattern_lets_through_what_it_says(host: str, let: bool) -> None:
    hosts = ["api.example.com", "*.partner.example"]
    if let:
        check_url(f"https://{host}/hook", hosts, inside=False)
    else:
        with pytest.raises(TargetRefused):
            check_url(f"https://{host}/hook", hosts, inside=False)


async def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up() -> None:
    with pytest.raises(TargetRefused, match="private"):
        await address_of("https://localhost/x", inside=False)
    assert await address_of("https://localhost/x", inside=True) in {"127.0.0.1", "::1"}
