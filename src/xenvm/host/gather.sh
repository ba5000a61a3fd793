#!/bin/sh
# Prints everything the inventory needs of a Dom0, in one go. Reads only; writes nowhere.
#
# Each section is   MARK begin NAME / output / MARK end STATUS / errors
# where MARK is $1, a random word, so that no output can be taken for a section's edge.
# What a Dom0 lacks makes its section fail with a status, never the script.
set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/xen/bin
export LC_ALL PATH
mark=$1

command -v timeout >/dev/null 2>&1 || timeout() { shift; "$@"; }

section() {
	name=$1
	shift
	printf '%s begin %s\n' "$mark" "$name"
	exec 3>&1
	errors=$(timeout 20 "$@" 2>&1 >&3 3>&-)
	status=$?
	exec 3>&-
	printf '\n%s end %s\n%s\n' "$mark" "$status" "$errors"
}

section 'date -u' date -u +%Y-%m-%dT%H:%M:%SZ
section 'uname -n' uname -n
section 'uname -r' uname -r
section 'libvirtd --version' libvirtd --version

section 'xl info -n' xl info -n
section 'xl dmesg' xl dmesg
section 'xl list' xl list
section 'xl list -l' xl list -l
section 'xen-cpuid' xen-cpuid
section 'xenstore-ls -f /local/domain/0' xenstore-ls -f /local/domain/0

section 'cat /sys/hypervisor/type' cat /sys/hypervisor/type
section 'cat /proc/xen/capabilities' cat /proc/xen/capabilities
section 'cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb' \
	cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb

section '/sys/class/dmi/id' sh -c '
	cd /sys/class/dmi/id || exit
	for key in sys_vendor product_name board_vendor bios_vendor bios_version chassis_vendor; do
		[ -r $key ] && printf "%s: %s\n" $key "$(cat $key)"
	done; :'
section 'dmidecode -t 4 -t 17' dmidecode -t 4 -t 17
section 'od -An -v -tx1 /sys/firmware/acpi/tables/APIC' od -An -v -tx1 /sys/firmware/acpi/tables/APIC
section '/sys/bus/pci/devices/*/vendor' sh -c 'cat /sys/bus/pci/devices/*/vendor | sort | uniq -c'

section 'systemctl list-units' systemctl list-units --type=service --state=active \
	--no-legend --no-pager --plain
section '/proc/*/comm' sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | sort -u'

section '/sys/class/net' sh -c '
	cd /sys/class/net || exit
	link() { [ -L "$1" ] && target=$(readlink -f "$1") && printf " %s=%s" "$2" "${target##*/}"; }
	for name in *; do
		[ -d "$name" ] || continue
		printf "%s" "$name"
		[ -d "$name/bridge" ] && printf " bridge=1"
		[ -d "$name/bonding" ] && printf " bond=1"
		[ -e "/proc/net/vlan/$name" ] && printf " vlan=1"
		[ -e "$name/device/physfn" ] && printf " function=1"
		link "$name/device/subsystem" bus
		link "$name/master" master
		for lower in "$name"/lower_*; do
			[ -e "$lower" ] && printf " lower=%s" "${lower##*/lower_}"
		done
		printf "\n"
	done; :'
section '/proc/net/bonding' sh -c '
	[ -d /proc/net ] || exit
	for file in /proc/net/bonding/*; do
		[ -f "$file" ] && printf "== %s\n" "${file##*/}" && cat "$file"
	done; :'

section 'lsblk' lsblk -P -o NAME,KNAME,PKNAME,MAJ:MIN,TYPE,TRAN,VENDOR,MODEL,RM
section 'file systems of guest disks' sh -c '
	xenstore-ls -f /local/domain/0/backend 2>/dev/null |
	sed -n "s|^[^ ]*/params = \"\([^\"]*:\)\{0,1\}\(/.*\)\"$|\2|p" | sort -u |
	while IFS= read -r path; do
		[ -f "$path" ] || continue
		device=$(df -P "$path" | sed -n "2s/ .*//p")
		printf "%s %s\n" "$(stat -L -c "%t:%T" "$device")" "$path"
	done; :'
