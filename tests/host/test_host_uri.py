"""HOST: every documented form is read, everything else is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenvm.errors import HostUriError
from xenvm.host.uri import HostKind, HostUri


def test_the_local_dom0_is_a_host() -> None:
    assert HostUri.parse("xen:///system").kind is HostKind.LOCAL


@pytest.mark.parametrize("text", ["test:///default", "test:///srv/node.xml"])
def test_libvirts_test_driver_is_a_simulated_host(text: str) -> None:
    uri = HostUri.parse(text)
    assert (uri.kind, uri.for_libvirt()) == (HostKind.SIMULATED, text)


def test_a_host_by_ssh_keeps_all_its_parts() -> None:
    uri = HostUri.parse(
        "xen+ssh://admin@XenServer-1:2222/system?keyfile=/k/id%20a&known_hosts=/k/hosts"
    )
    assert (uri.user, uri.name, uri.port) == ("admin", "XenServer-1", 2222)
    assert (uri.keyfile, uri.known_hosts) == (Path("/k/id a"), Path("/k/hosts"))


def test_a_key_in_the_home_folder_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    uri = HostUri.parse("xen+ssh://root@dom0/system?keyfile=~/.ssh/id")
    assert uri.keyfile == Path("/home/me/.ssh/id")


def test_a_host_may_be_an_ipv6_address() -> None:
    uri = HostUri.parse("xen+ssh://root@[2001:db8::1]:22/system")
    assert (uri.name, uri.port) == ("2001:db8::1", 22)
    assert uri.for_libvirt() == "xen+ssh://root@[2001:db8::1]/system?no_tty=1"


def test_what_virsh_needs_in_a_labs_uri_is_left_aside() -> None:
    uri = HostUri.parse("xen+ssh://root@dom0/system?command=/lab/ssh&no_tty=1")
    assert uri.for_libvirt(Path("/our own/ssh")) == (
        "xen+ssh://root@dom0/system?no_tty=1&command=/our%20own/ssh"
    )


@pytest.mark.parametrize(
    "query",
    ["no_verify=1", "no_verify=0", "known_hosts_verify=ignore", "known_hosts_verify=auto"],
)
def test_a_host_that_weakens_the_check_of_host_keys_is_refused(query: str) -> None:
    with pytest.raises(HostUriError, match="host keys are always checked"):
        HostUri.parse(f"xen+ssh://root@dom0/system?{query}")


def test_a_password_is_refused_and_not_repeated() -> None:
    for text in ("xen+ssh://root:hunter2@dom0/system", "qemu+ssh://root:hunter2@dom0/system"):
        with pytest.raises(HostUriError) as caught:
            HostUri.parse(text)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dom0",
        "lab",
        "qemu:///system",
        "xen:///",
        "xen://dom0/system",
        "xen:///system?keyfile=/k",
        "test:///",
        "test:///.xml",
        "test:///etc/passwd",
        "xen+ssh:///system",
        "xen+ssh://root@dom0",
        "xen+ssh://root@dom0/session",
        "xen+ssh://root@-oProxyCommand=x/system",
        "xen+ssh://-l@dom0/system",
        "xen+ssh://a b@dom0/system",
        "xen+ssh://root@dom*/system",
        "xen+ssh://root@dom0:0/system",
        "xen+ssh://root@dom0:70000/system",
        "xen+ssh://root@dom0:ssh/system",
        "xen+ssh://root@[::1/system",
        "xen+ssh://root@dom0/system?keyfile=id",
        "xen+ssh://root@dom0/system?keyfile=/k%0aProxyCommand%20x",
        "xen+ssh://root@dom0/system?keyfile=/k%22",
        "xen+ssh://root@dom0/system?keyfile=/a&keyfile=/b",
        "xen+ssh://root@dom0/system?sshauth=password",
        "xen+ssh://root@dom0/system#x",
        "xen+ssh://" + "a" * 5000 + "/system",
    ],
)
def test_any_other_host_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(HostUriError) as caught:
        HostUri.parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text() | st.text(":/@[]?=&%#.-0aé\n ", max_size=40).map("xen+ssh://".__add__))
def test_whatever_is_typed_is_either_a_host_or_refused(text: str) -> None:
    try:
        uri = HostUri.parse(text)
    except HostUriError:
        return
    assert "\n" not in uri.name + (uri.user or "")
    assert not uri.name.startswith("-")
