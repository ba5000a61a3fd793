#!/bin/sh
# Prints everything the inventory needs of a Dom0, in one go. Reads only; writes nowhere.
#
# Each section is   MARK begin NAME / output / MARK end STATUS / errors
# where MARK is $1, a random word, so that no output can be taken for a section's edge.
# What a Dom0 lacks makes its section fail with a status, never the script.
# Starting a program costs half a second in an emulated Dom0: what the shell can read, it reads.
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
	errors=$("$@" 2>&1 >&3 3>&- </dev/null)
	status=$?
	exec 3>&-
	printf '\n%s end %s\n%s\n' "$mark" "$status" "$errors"
}

program() { section "$*" timeout 60 "$@"; }

line() {
	[ -r "$1" ] || { echo "$1 cannot be read" >&2; return 1; }
	read -r value <"$1" || [ -n "$value" ] && printf '%s\n' "$value"
}

file() { section "$1" line "$1"; }

first_lines() {
	for path in "$@"; do
		[ -r "$path" ] && value= && { read -r value <"$path" || [ -n "$value" ]; } 2>/dev/null &&
			printf '%s: %s\n' "$path" "$value"
	done
	:
}

whole_files() {
	for path in "$@"; do
		[ -r "$path" ] || continue
		printf '== %s\n' "${path##*/}"
		while IFS= read -r value; do printf '%s\n' "$value"; done <"$path"
	done
}

# A pattern that matches nothing is no failure: most hosts have no bond and no VLAN.
links() { ls -ld /sys/class/net/* "$@" 2>/dev/null; [ -d /sys/class/net ]; }

images() {
	set --
	while IFS= read -r value; do
		case $value in */params\ =\ *) ;; *) continue ;; esac
		value=${value#*\"}
		value=/${value#*/}
		value=${value%\"}
		[ -f "$value" ] && set -- "$@" "$value"
	done
	[ $# -eq 0 ] || timeout 60 stat -L -c '%d %n' -- "$@"
}

guest_images() { printf '%s\n' "$xenstore" | images; }

tables() { cd /sys/firmware/acpi/tables && printf '%s\n' *; }

file /proc/sys/kernel/hostname
file /proc/sys/kernel/osrelease
file /sys/hypervisor/type
file /proc/xen/capabilities
file /sys/devices/system/xen_memory/xen_memory0/info/current_kb

program xl info -n
program xl dmesg
program xl list
program xl list -l
program xen-cpuid

section '/sys/class/dmi/id' first_lines /sys/class/dmi/id/sys_vendor \
	/sys/class/dmi/id/product_name /sys/class/dmi/id/board_vendor \
	/sys/class/dmi/id/bios_vendor /sys/class/dmi/id/bios_version /sys/class/dmi/id/chassis_vendor
program dmidecode -t 4 -t 17
program od -An -v -tx1 /sys/firmware/acpi/tables/APIC
section 'ls /sys/firmware/acpi/tables' tables
section '/sys/bus/pci/devices/*/vendor' first_lines /sys/bus/pci/devices/*/vendor

program systemctl list-units --type=service --state=active --no-legend --no-pager --plain
section '/proc/*/comm' first_lines /proc/[0-9]*/comm

section 'ls -l /sys/class/net/*' links /sys/class/net/*/master /sys/class/net/*/lower_* \
	/sys/class/net/*/bridge /sys/class/net/*/bonding /sys/class/net/*/device/subsystem \
	/sys/class/net/*/device/physfn /proc/net/vlan/*
section '/proc/net/bonding/*' whole_files /proc/net/bonding/*

xenstore=$(timeout 60 xenstore-ls -f /local/domain/0)
xenstore_status=$?
shown() { printf '%s\n' "$xenstore"; return $xenstore_status; }
section 'xenstore-ls -f /local/domain/0' shown
program lsblk -P -o NAME,KNAME,PKNAME,MAJ:MIN,TYPE,TRAN,VENDOR,MODEL,RM
section 'stat -c %d IMAGE' guest_images
