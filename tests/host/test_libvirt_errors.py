"""libvirt's errors become ours, by (code, domain)."""

from __future__ import annotations

from pathlib import Path

import libvirt
import pytest

from xenvm import errors
from xenvm.host import _libvirt


def test_every_code_of_this_libvirt_is_mapped_or_generic_on_purpose() -> None:
    mapped = set(_libvirt.ERRORS_BY_CODE)
    generic = set(_libvirt.GENERIC_CODES.split())
    forgotten = {
        name
        for name, code in vars(libvirt).items()
        if name.startswith("VIR_ERR_")
        and code not in mapped
        and name.removeprefix("VIR_ERR_") not in generic
    }
    # WARNING and ERROR are levels that share the prefix with codes.
    assert forgotten == set()


def test_no_code_is_both_mapped_and_generic() -> None:
    generic = {
        getattr(libvirt, f"VIR_ERR_{name}")
        for name in _libvirt.GENERIC_CODES.split()
        if hasattr(libvirt, f"VIR_ERR_{name}") and name not in {"ERROR", "WARNING", "OK", "NONE"}
    }
    assert not generic & set(_libvirt.ERRORS_BY_CODE)


def _translate(failure: Exception) -> None:
    with _libvirt.translated_errors():
        raise failure


def raised(code: int, domain: int, message: str = "said\nlibvirt") -> errors.LibvirtError:
    failure = libvirt.libvirtError("call() failed")
    failure.err = (code, domain, message, 2, None, None, None, -1, -1)
    with pytest.raises(errors.LibvirtError) as caught:
        _translate(failure)
    assert caught.value.__cause__ is failure
    return caught.value


@pytest.mark.parametrize(
    ("code", "domain", "error"),
    [
        (38, 7, errors.HostConnectionError),  # missing socket, refused ssh
        (1, 7, errors.HostConnectionError),  # client socket is closed
        (39, 13, errors.HostConnectionError),
        (5, 0, errors.HostConnectionError),
        (1, 41, errors.ToolstackError),  # libxenlight failed to …
        (1, 12, errors.LibvirtError),
        (9, 10, errors.LibvirtError),  # "already exists", among everything else
        (42, 41, errors.NotFoundError),
        (55, 41, errors.InvalidStateError),
        (67, 41, errors.NotSupportedError),
        (8, 20, errors.InvalidRequestError),
        (35, 20, errors.InvalidXmlError),
        (29, 20, errors.PermissionDeniedError),
        (87, 41, errors.ResourceBusyError),
        (68, 41, errors.OperationTimeoutError),
        (91, 41, errors.MigrationError),
        (9999, 0, errors.LibvirtError),
    ],
)
def test_a_code_of_a_domain_is_one_of_our_errors(
    code: int, domain: int, error: type[errors.LibvirtError]
) -> None:
    translated = raised(code, domain)
    assert type(translated) is error
    assert (translated.code, translated.domain) == (code, domain)
    assert str(translated) == "said libvirt"


def test_a_failure_without_a_reason_is_still_told() -> None:
    silent = libvirt.libvirtError("call() failed")
    silent.err = None
    with pytest.raises(errors.LibvirtError, match=r"call\(\) failed") as caught:
        _translate(silent)
    assert (caught.value.code, caught.value.domain) == (None, None)


def test_an_error_that_the_garbage_collector_wiped_out_is_still_known() -> None:
    connection = _libvirt.open_connection("test:///default")

    @_libvirt.translated_errors()
    def look_up_and_collect() -> None:
        try:
            connection.lookupByName("nobody")
        except libvirt.libvirtError as exc:
            exc.err = None
            raise

    with pytest.raises(errors.NotFoundError, match="Domain not found"):
        look_up_and_collect()
    connection.close()


@pytest.mark.parametrize("error", [LookupError, TypeError, OverflowError])
def test_what_the_binding_itself_refuses_is_an_invalid_request(error: type[Exception]) -> None:
    with pytest.raises(errors.InvalidRequestError, match="no such thing"):
        _translate(error("no such thing"))


def test_libvirt_prints_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    connection = _libvirt.open_connection("test:///default")
    with pytest.raises(errors.NotFoundError), _libvirt.translated_errors():
        connection.lookupByName("nobody")
    connection.close()
    assert capfd.readouterr().err == ""


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    # libvirt 9 and 10 call it invalid XML, libvirt 11 a system error.
    with pytest.raises(errors.LibvirtError, match=r"none\.xml"), _libvirt.translated_errors():
        _libvirt.open_connection(f"test://{tmp_path}/none.xml")
