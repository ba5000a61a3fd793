"""What a document says beyond the model that libvirt's Xen driver refuses or drops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from xenvm.model.domain import DomainConfig
from xenvm.model.findings import Finding, Severity

from .unmodelled import unmodelled

_XEN = "xen"
_LABEL = re.compile(r"\[[^]]*\]")
_DEVICES = (
    "crypto filesystem hub iommu lease memory nvram panic pstore redirdev rng shmem smartcard "
    "vsock watchdog"
)
_TUNING = (
    "blkiotune cputune/cachetune cputune/emulator_period cputune/emulator_quota "
    "cputune/emulatorpin cputune/global_period cputune/global_quota cputune/iothreadpin "
    "cputune/memorytune cputune/period cputune/quota cputune/vcpusched devices/disk/iotune "
    "iothreads memoryBacking memtune numatune resource sysinfo"
)


class Wrong(NamedTuple):
    """What is wrong with an element, and where that is written."""

    severity: Severity
    message: str
    source: str


_DROPPED_DEVICE = Wrong(
    Severity.ERROR,
    "libvirt's Xen driver drops it silently, the guest starts without it: take it out",
    "libvirt 9.0.0 src/libxl/libxl_conf.c, libxlBuildDomainConfig (has no code for it)",
)
_DROPPED_TUNING = Wrong(
    Severity.WARNING,
    "libvirt's Xen driver drops it silently: take it out",
    "libvirt 9.0.0 src/libxl/libxl_conf.c, libxlBuildDomainConfig (has no code for it)",
)

UNMODELLED_RULES: Mapping[str, Wrong] = {
    **{f"devices/{name}": _DROPPED_DEVICE for name in _DEVICES.split()},
    **dict.fromkeys(_TUNING.split(), _DROPPED_TUNING),
    "devices/disk/transient": Wrong(
        Severity.ERROR,
        "Xen has no disks that forget, it is refused: start from a copy, and take it out",
        "libvirt 9.0.0 src/libxl/libxl_conf.c, libxlMakeDisk",
    ),
    "devices/interface/filterref": Wrong(
        Severity.ERROR,
        "nothing is filtered on Xen, new libvirts refuse it and old ones drop it silently: filter "
        "on Dom0's bridge, and take it out",
        "libvirt 11.3.0 src/libxl/libxl_domain.c, libxlDomainDeviceDefValidate",
    ),
    "devices/hostdev/driver": Wrong(
        Severity.ERROR,
        "only Xen's own driver passes devices through, others are refused: take it out",
        "libvirt 9.0.0 src/libxl/libxl_domain.c, libxlDomainDeviceDefPostParse",
    ),
}
"""By the XML path of an element that the model has no field for."""


def check_unmodelled(config: DomainConfig) -> list[Finding]:
    """Return what is wrong with what ``config``'s document says beyond the model.

    Paths are XML paths. Of another hypervisor's domain it says nothing.
    """
    if config.hypervisor != _XEN:
        return []
    return list(dict.fromkeys(_findings(unmodelled(config))))


def _findings(said: Mapping[str, str]) -> Iterator[Finding]:
    for path, text in said.items():
        steps = path.split("/")
        for count in range(1, len(steps) + 1):
            element = "/".join(steps[:count])
            wrong = UNMODELLED_RULES.get(_LABEL.sub("", element))
            if wrong and text != _XEN:
                yield Finding(path=element, **wrong._asdict())
