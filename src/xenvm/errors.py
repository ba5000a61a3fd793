"""Every exception of xenvm.

XenvmError
├── UsageError(ValueError)        what the user typed or wrote cannot be meant; exit status 2
│   ├── HostUriError              a HOST that is none of the documented forms, or an unsafe one
│   ├── ProfileError              a profile with an unknown key, unit or requirement
│   ├── ScheduleFileError         a schedule with an unknown table, key or value
│   └── SpecError                 a description that cannot be a Xen guest
├── ParseError(ValueError)        text that is not what we understand; keeps path, line and text
├── WaitTimeoutError(TimeoutError) our deadline passed; keeps what, waited_s and the last state seen
├── MissingExtraError             an optional dependency is not installed; names the extra
├── CommandError                  a command in Dom0 or here failed; keeps argv, status and output
│   └── CommandTimeoutError       … or did not end before its deadline
├── LibvirtError                  libvirt refused; keeps code, domain, message and host log
│   ├── HostConnectionError       ├── AuthenticationError      ├── PermissionDeniedError
│   ├── NotFoundError             ├── AlreadyExistsError       ├── InvalidStateError
│   ├── NotSupportedError         ├── InvalidRequestError      ├── InvalidXmlError
│   ├── ResourceBusyError         ├── OperationTimeoutError    ├── OperationAbortedError
│   ├── MigrationError            ├── ToolstackError
│   │   └── MoveError             a move failed; names what stands on which host
│   └── DeviceInUseError(ResourceBusyError)  somebody else has the device; keeps who
├── OvercommitError               more memory is wanted than is free; keeps both numbers
├── ReallocationError             a change failed half-way; keeps what stands
├── NotAllowedError               a device or folder that nobody allowed us to change
├── OutOfSpaceError               a volume group or a file system has no room for it
├── MovePrerequisiteError         a domain cannot be moved yet; keeps every reason and cure
├── EventsLostError               more events came than were taken; keeps how many are missing
├── GuestError                    the probe guest did not answer as its protocol says
│   └── GuestFailedError          … but said that it could not, or ended
├── HostBusyError                 another qualification holds the host
├── BlockedError                  a check lacks a prerequisite; says which
├── OutputError                   the output folder stopped taking what we write
└── LabError                      the lab failed, not a host under test
    ├── LabPrerequisiteError      the machine lacks something; keeps every cure
    ├── LabBuildError             the image could not be built
    ├── LabBootError              the machine did not come up; keeps the console's tail
    └── LabStateError             the lab is not in the state the command needs

Each error's text is one line that says what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence

OUTPUT_SHOWN_CHARACTERS = 1024
"""How much of a command's output an error repeats; the rest is in the journal."""


def tail(text: str, characters: int = OUTPUT_SHOWN_CHARACTERS) -> str:
    """Return the end of ``text``, at most ``characters`` long."""
    stripped = text.strip()
    return stripped if len(stripped) <= characters else "…" + stripped[-characters:]


class XenvmError(Exception):
    """The root of every error that xenvm raises on purpose."""


class UsageError(XenvmError, ValueError):
    """What the user typed or wrote cannot be meant."""


class HostUriError(UsageError):
    """A HOST that is none of the documented forms, or one that weakens host-key checks."""


class ProfileError(UsageError):
    """A profile that names an unknown key, unit or requirement."""


class ScheduleFileError(UsageError):
    """A schedule that names an unknown table, key or value; says file, table and key."""


class SpecError(UsageError):
    """A description that cannot be a Xen guest; raised before any call to a host."""


class ParseError(XenvmError, ValueError):
    """Text from a host or a file that is not what we understand.

    Attributes:
        path: Where in the document, or which file; may be empty.
        text: The offending text, shortened.
        line: 1-based line number, or None.
    """

    def __init__(self, message: str, *, path: str = "", text: str = "", line: int | None = None):
        super().__init__(message)
        self.path = path
        self.text = text[:OUTPUT_SHOWN_CHARACTERS]
        self.line = line


class WaitTimeoutError(XenvmError, TimeoutError):
    """Our own deadline passed.

    Attributes:
        what: What was waited for.
        waited_s: Seconds waited.
        last_state: The last thing seen, for the reader.
    """

    def __init__(self, what: str, *, waited_s: float, last_state: str = ""):
        seen = f"; last seen: {last_state}" if last_state else ""
        super().__init__(f"waited {waited_s:.0f} s for {what}{seen}")
        self.what = what
        self.waited_s = waited_s
        self.last_state = last_state


class MissingExtraError(XenvmError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, module: str, extra: str):
        super().__init__(f"{module} is not installed: pip install 'xenvm[{extra}]'")


class CommandError(XenvmError):
    """A command failed.

    Attributes:
        argv: The command.
        returncode: Its exit status, or None when it never ended.
        stdout: Its output, cut at 1,024 characters.
        stderr: Its errors, cut at 1,024 characters.
    """

    def __init__(
        self,
        argv: Sequence[str],
        returncode: int | None,
        *,
        stdout: str = "",
        stderr: str = "",
        message: str = "",
    ):
        self.argv = tuple(argv)
        self.returncode = returncode
        self.stdout = tail(stdout)
        self.stderr = tail(stderr)
        said = self.stderr or self.stdout or "no output"
        command = " ".join(self.argv)
        super().__init__(
            message or f"«{tail(command, 200)}» ended with status {returncode}: {said}"
        )


class CommandTimeoutError(CommandError, TimeoutError):
    """A command did not end before its deadline and was killed."""

    def __init__(
        self, argv: Sequence[str], deadline_s: float, *, stdout: str = "", stderr: str = ""
    ):
        command = tail(" ".join(argv), 200)
        super().__init__(
            argv,
            None,
            stdout=stdout,
            stderr=stderr,
            message=f"«{command}» did not end within {deadline_s:.0f} s and was killed",
        )
        self.deadline_s = deadline_s


class LibvirtError(XenvmError):
    """Libvirt refused a call.

    Attributes:
        code: libvirt's VIR_ERR_… number, or None.
        domain: libvirt's VIR_FROM_… number, or None.
        detail: More of the cause, such as the end of Dom0's libxl log.
    """

    def __init__(
        self, message: str, *, code: int | None = None, domain: int | None = None, detail: str = ""
    ):
        super().__init__(f"{message} ({detail})" if detail else message)
        self.code = code
        self.domain = domain
        self.detail = detail


class HostConnectionError(LibvirtError):
    """The host cannot be reached, or the connection to it broke."""


class AuthenticationError(LibvirtError):
    """The host did not accept our key, or we did not accept its."""


class PermissionDeniedError(LibvirtError):
    """The connection may not do this."""


class NotFoundError(LibvirtError):
    """No such domain, network, volume or device."""


class AlreadyExistsError(LibvirtError):
    """One of that name or UUID is there already."""


class InvalidStateError(LibvirtError):
    """The domain is not in a state that allows this."""


class NotSupportedError(LibvirtError):
    """The driver, the argument or the configuration is not supported."""


class InvalidRequestError(LibvirtError):
    """An argument that libvirt does not accept."""


class InvalidXmlError(LibvirtError):
    """XML that libvirt does not accept."""


class ResourceBusyError(LibvirtError):
    """The resource is in use."""


class DeviceInUseError(ResourceBusyError):
    """A device, volume or image that somebody else has; two writers would ruin its data.

    Attributes:
        device: Which.
        users: Who has it, in words.
    """

    def __init__(self, device: str, users: Sequence[str], *, cure: str = ""):
        cure = cure or "detach it there first, or make it shareable on both sides"
        super().__init__(f"{device} is in use by {', '.join(users)}: {cure}")
        self.device = device
        self.users = tuple(users)


class OperationTimeoutError(LibvirtError, TimeoutError):
    """Libvirt, or our deadline on one of its calls, gave up waiting."""


class OperationAbortedError(LibvirtError):
    """The operation was aborted."""


class MigrationError(LibvirtError):
    """A migration could not be done."""


class MoveError(MigrationError):
    """A domain did not move, or not as it should.

    Attributes:
        standing: What stands of it, a line for each host.
    """

    def __init__(self, message: str, *, standing: Sequence[str]):
        self.standing = tuple(standing)
        super().__init__(f"{message}; what stands: {'; '.join(self.standing)}")


class ToolstackError(LibvirtError):
    """Xen's toolstack (libxl) failed; ``detail`` has the end of its log."""


class OvercommitError(XenvmError):
    """More memory is wanted than the host has free; said before the host is asked for it.

    Attributes:
        needed_kib: What is wanted, in KiB.
        free_kib: What can be given, in KiB.
    """

    def __init__(self, what: str, *, needed_kib: int, free_kib: int):
        super().__init__(
            f"{what} needs {needed_kib // 1024} MiB and the host has {free_kib // 1024} MiB free:"
            " stop guests, or give some of them less"
        )
        self.needed_kib = needed_kib
        self.free_kib = free_kib


class ReallocationError(XenvmError):
    """A change of what domains have failed half-way.

    Attributes:
        standing: The steps that could not be undone, in words; empty when all is as before.
    """

    def __init__(self, step: str, cause: BaseException, standing: Sequence[str]):
        self.standing = tuple(standing)
        left = "all is as it was before"
        if standing:
            left = f"these stand, undo them by hand: {'; '.join(standing)}"
        super().__init__(f"could not change {step}: {str(cause) or 'interrupted'}; {left}")


class NotAllowedError(XenvmError):
    """Something of the host that we may not change: nobody put it on the allow-list."""


class OutOfSpaceError(XenvmError):
    """There is no room for it; nothing of it was left behind."""


class MovePrerequisiteError(XenvmError):
    """A domain cannot be moved to a host as things are; nothing was changed.

    Attributes:
        missing: Pairs of (what is missing, what to do about it).
    """

    def __init__(self, domain: str, host: str, missing: Sequence[tuple[str, str]]):
        self.missing = tuple(missing)
        lines = "\n".join(f"  - {what}: {cure}" for what, cure in self.missing)
        super().__init__(f"{domain} cannot move to {host} yet:\n{lines}")


class EventsLostError(XenvmError):
    """More events came than were taken.

    Attributes:
        count: How many are missing.
    """

    def __init__(self, count: int):
        super().__init__(
            f"{count} events were dropped, as nobody took them in time: read the states anew"
        )
        self.count = count


class GuestError(XenvmError):
    """The probe guest did not answer as its protocol says."""


class GuestFailedError(GuestError):
    """The probe guest said that what it was asked for does not work, or it ended meanwhile."""


class HostBusyError(XenvmError):
    """Another qualification holds the host, or one crashed and was not restored."""


class BlockedError(XenvmError):
    """A check lacks a prerequisite on the host; the text says which, and how to provide it."""


class OutputError(XenvmError):
    """The output folder stopped taking what we write, such as on a full disk."""


class LabError(XenvmError):
    """The lab failed; never held against a host under test."""


class LabPrerequisiteError(LabError):
    """The machine lacks something that the lab needs.

    Attributes:
        missing: Pairs of (what is missing, the command that cures it).
    """

    def __init__(self, missing: Sequence[tuple[str, str]]):
        self.missing = tuple(missing)
        lines = "\n".join(f"  - {what}: {cure}" for what, cure in self.missing)
        super().__init__(f"the lab cannot run here yet:\n{lines}")


class LabBuildError(LabError):
    """The image could not be built."""


class LabBootError(LabError):
    """The machine did not come up.

    Attributes:
        console: The tail of its serial console.
    """

    def __init__(self, message: str, *, console: str = ""):
        self.console = console
        shown = f"\nthe console ends with:\n{console}" if console else ""
        super().__init__(message + shown)


class LabStateError(LabError):
    """The lab is not in the state that the command needs."""
