#!/bin/sh
# Prints by what the hardware under a benchmark is known again. Reads only; writes nowhere.
# $1 is the word that marks the edges of sections, as in the script that gathers the inventory;
# $2 the device that is measured, or a file on it; $3 the NIC. Both may be empty.
set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH
mark=$1 device=$2 nic=$3

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

files() {
	for path in "$@"; do
		value=
		{ read -r value <"$path" || [ -n "$value" ]; } 2>/dev/null && printf '%s: %s\n' "$path" "$value"
	done
	:
}

disks() {
	[ -n "$device" ] || return 0
	[ -b "$device" ] || device=$(findmnt -n -o SOURCE -T "$device") || return
	timeout 20 lsblk -s -P -o KNAME,TYPE,TRAN,ROTA,VENDOR,MODEL "$device"
}

card() {
	[ -n "$nic" ] || return 0
	at=/sys/class/net/$nic
	files "$at/speed"
	# Below a VLAN and a bond are cards, and those of a bond are alike.
	while [ ! -e "$at/device" ]; do
		set -- "$at"/lower_*
		[ -e "$1" ] || break
		at=$1
	done
	files "$at/device/vendor" "$at/device/device"
	driver=$(readlink "$at/device/driver") && printf '%s/driver: %s\n' "$at" "${driver##*/}"
}

dmi=/sys/class/dmi/id
section dmi files $dmi/sys_vendor $dmi/product_name $dmi/bios_vendor $dmi/bios_version $dmi/bios_date
section cpu grep -m 1 '^model name' /proc/cpuinfo
section kernel uname -r
section 'xl info' timeout 20 xl info
section disks disks
section nic card
