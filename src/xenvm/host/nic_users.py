"""What uses a NIC of Dom0, as its kernel tells it."""

from __future__ import annotations

NIC_USER = """\
nic_user() {
  for user in /sys/class/net/$1/master /sys/class/net/$1/upper_*; do
    [ -e "$user" ] || continue
    [ "$2" = vlan ] && grep -qx DEVTYPE=vlan "$user/uevent" && continue
    echo "${user##*/}"
    return
  done
  ip -oneline address show dev "$1" scope global
}
"""
"""A shell function that prints one user of a NIC: its master, a link above it, or an address.

It prints nothing for a NIC that nothing uses, and fails where that cannot be told. After the word
``vlan``, VLANs above the NIC do not count: another one does not disturb them.
"""
