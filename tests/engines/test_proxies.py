"""Proxies: which stands before an address, and every unusable one told by its variable's name."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vad.engines.proxies import proxy_for
from vad.errors import StudyError

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FAR = "https://api.example.org:8443/v1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8000/v1",
        "http://127.0.0.1/v1",
        "http://127.8.8.8:1/v1",
        "http://[::1]:8000/v1",
        "http://vllm.localhost/v1",
        "http://0.0.0.0:8000/v1",
    ],
)
def test_no_proxy_stands_before_this_machine_even_an_unusable_one(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    assert proxy_for(address) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("given", ["http://10.0.0.1:3128", "10.0.0.1:3128"])
def test_a_proxy_is_named_by_its_variable(
    name: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, given)
    found = proxy_for(FAR)
    assert found is not None
    assert (found.variable, found.url.host, found.url.port) == (name, "10.0.0.1", 3128)
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.2:1")
    assert proxy_for(FAR) == found


@pytest.mark.parametrize(
    ("listed", "address", "out"),
    [
        ("*", FAR, True),
        ("example.org", FAR, True),
        (".example.org", FAR, True),
        ("*.example.org", FAR, True),
        ("example.org:8443", FAR, True),
        ("example.org:80", FAR, False),
        ("ample.org", FAR, False),
        ("localhost,127.0.0.1,::1/128", FAR, False),
        ("[::1],", FAR, False),
        ("10.0.0.0/8", "http://10.1.2.3/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3/v1", False),
        ("10.1.2.3:80", "http://10.1.2.3:80/v1", True),
        ("[fd00::]/8", "http://[fd00::5]:8000/v1", True),
    ],
)
def test_no_proxy_leaves_out_hosts_by_name_ending_port_and_network(
    listed: str, address: str, out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.9:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    assert (proxy_for(address) is None) == out


TEXTS = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["ALL_PROXY", "HTTPS_PROXY", "https_proxy"]),
    st.sampled_from(["", "socks5://", "http://", "ftp://", "http://me:hunter2@", "//"]),
    TEXTS,
    TEXTS,
)
def test_any_environment_is_a_proxy_or_one_message_with_its_variable_and_no_password(
    name: str, scheme: str, rest: str, listed: str
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(name, scheme + rest)
        patched.setenv("NO_PROXY", listed)
        said = ""
        try:
            proxy_for(FAR)
        except StudyError as told:
            said = str(told)
    assert not said or said.startswith(f"the environment's {name}\n")
    assert "hunter2" not in said
