"""The virtual network interfaces of a domain, and their ends in Dom0."""

from __future__ import annotations

from dataclasses import replace

from xenvm.errors import CommandError, NotSupportedError, SpecError
from xenvm.formats.domain_xml import format_vnif_xml
from xenvm.model.quantities import MacAddress
from xenvm.model.uplink import check_vlan
from xenvm.model.vnif import Vnif

from .plug import Devices
from .refusal import refuse_errors

RATE_INTERVAL_US = 50_000
"""How often a limited VNIF gets new credit; libxl's own interval."""
RATE_MAX_KIB_PER_S = ((1 << 32) - 1) * 1_000_000 // RATE_INTERVAL_US // 1024
"""What netback's counter of 32 bits holds in that interval."""
_NO_FILTERING = 4
"""Exit status of our script: the bridge does not know VLANs."""

_SET_VLAN = f"""\
bridge=$(readlink /sys/class/net/%s/master) && read -r on \
  </sys/class/net/${{bridge##*/}}/bridge/vlan_filtering && [ "$on" = 1 ] || exit {_NO_FILTERING}
bridge vlan add dev %s vid %s pvid untagged || exit
bridge vlan show dev %s | sed 1d | while read -r first second _; do
  case $first in [0-9]*) vid=$first ;; *) vid=$second ;; esac
  [ "$vid" = %s ] || bridge vlan delete dev %s vid "$vid"
done
"""


class DomainVnifs(Devices[Vnif, MacAddress]):
    """The VNIFs of a domain, by their MAC addresses."""

    noun = "VNIF"
    field = "vnifs"
    kind = "vif"
    mark = "mac"
    xl_noun = "network"

    def _key(self, device: Vnif) -> MacAddress | None:
        return device.mac

    def _xml(self, device: Vnif) -> str:
        return format_vnif_xml(device)

    def _refuse(self, device: Vnif) -> None:
        if device.mac is None:
            raise SpecError(
                "mac is missing: a hot-plugged VNIF is found again by nothing else;"
                " allocate_macs() draws one"
            )
        refuse_errors(replace(self._plug.config(), vnifs=(device,)), below="vnifs")

    def link(self, mac: MacAddress) -> str:
        """Return the name of a VNIF's end in Dom0, such as ``vif3.0``.

        Raises:
            NotFoundError: The running guest has no such VNIF.
            NotSupportedError: The domain does not run, or the host is simulated.
        """
        device = self.ends(mac)
        return device.back.get("vifname") or f"vif{self._plug.running_domid()}.{device.number}"

    def set_rate(self, mac: MacAddress, kib_per_s: int | None) -> None:
        """Limit what the running guest may send, at once; what it receives has no limit in Xen.

        It is not kept: the guest's next start has what its definition says (``outbound``).

        Args:
            mac: Which VNIF.
            kib_per_s: KiB/s, more than 0; None for no limit.

        Raises:
            SpecError: ``kib_per_s`` is 0 or less, or too high for Xen's counter.
            NotFoundError: The running guest has no such VNIF.

        Source:
            Linux, drivers/net/xen-netback/xenbus.c: ``rate`` is watched, and says how many bytes
            in how many microseconds, both of 32 bits.
        """
        credit_bytes = (kib_per_s or 0) * 1024 * RATE_INTERVAL_US // 1_000_000
        if kib_per_s is not None and not 0 < credit_bytes < 1 << 32:
            raise SpecError(
                f"a rate of {kib_per_s} KiB/s is none: use 1 to {RATE_MAX_KIB_PER_S}, or None"
            )
        device = self.ends(mac)
        path = f"/local/domain/0/backend/vif/{self._plug.running_domid()}/{device.number}/rate"
        if kib_per_s is None:
            self._plug.shell.run("xenstore-rm %s 2>/dev/null || :", path)
        else:
            self._plug.shell.run("xenstore-write %s %s", path, f"{credit_bytes},{RATE_INTERVAL_US}")

    def set_link(self, mac: MacAddress, *, up: bool) -> None:
        """Plug the cable in or out at Dom0's end: while it is out, no packet passes.

        The guest's kernel is not told, as Xen's protocol has no word for a carrier.

        Args:
            mac: Which VNIF.
            up: Whether packets pass.

        Raises:
            NotFoundError: The running guest has no such VNIF.
        """
        self._plug.shell.run("ip link set dev %s %s", self.link(mac), "up" if up else "down")

    def set_vlan(self, mac: MacAddress, vlan: int) -> None:
        """Put a VNIF of the running guest into a VLAN of its bridge, untagged for the guest.

        Args:
            mac: Which VNIF.
            vlan: 1 to 4094.

        Raises:
            SpecError: There is no such VLAN.
            NotFoundError: The running guest has no such VNIF.
            NotSupportedError: Its bridge does not know VLANs.
            CommandError: Dom0 refused it.
        """
        number = str(check_vlan(vlan))
        link = self.link(mac)
        try:
            self._plug.shell.run(_SET_VLAN, link, link, number, link, number, link)
        except CommandError as exc:
            if exc.returncode == _NO_FILTERING:
                raise NotSupportedError(
                    f"the bridge of {link} does not filter VLANs: create it with vlan_filtering"
                ) from exc
            raise
