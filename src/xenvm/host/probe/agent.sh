#!/bin/busybox sh
# The probe guest's first process. It speaks JSON lines on the PV console, as
# docs/reference/probe-protocol.md says: it says hello, beats once a second, and obeys.
/bin/busybox mkdir -p /proc /sys /dev /bin /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
for module in /modules/*.ko; do insmod "$module" 2>/dev/null; done
exec </dev/hvc0 >/dev/hvc0 2>/dev/null
stty raw -echo

# One line is one write, so that the heart and the hand do not mix their words.
say() { printf '%s\n' "$1"; }
uptime_s() { cut -d' ' -f1 /proc/uptime; }

disks() {
	list=
	for disk in /sys/block/xvd*; do
		[ -e "$disk" ] || continue
		list="$list,{\"name\":\"${disk##*/}\",\"bytes\":$(($(cat "$disk/size") * 512))}"
	done
	printf '[%s]' "${list#,}"
}

nics() {
	list=
	for nic in /sys/class/net/eth*; do
		[ -e "$nic" ] || continue
		list="$list,{\"name\":\"${nic##*/}\",\"mac\":\"$(cat "$nic/address")\"}"
	done
	printf '[%s]' "${list#,}"
}

facts() {
	printf '"boot_id":"%s","release":"%s","vcpus":%s,"memory_kib":%s,"uptime_s":%s,"guest_type":"%s","disks":%s,"nics":%s' \
		"$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" "$(nproc)" \
		"$(awk '/^MemTotal/{print $2}' /proc/meminfo)" "$(uptime_s)" \
		"$(cat /sys/hypervisor/guest_type 2>/dev/null)" "$(disks)" "$(nics)"
}

beat() {
	n=0
	while :; do
		n=$((n + 1))
		say "{\"say\":\"beat\",\"n\":$n,\"uptime_s\":$(uptime_s)}"
		sleep 1
	done
}

# 32 bytes a line, each with the seed and its own number: a block that is lost, stale or in the
# wrong place cannot look right.
pattern() {
	awk -v seed="$1" -v lines="$(($2 * 32))" \
		'BEGIN { for (i = 0; i < lines; i++) printf "%-20.20s %010d\n", seed, i }'
}

do_write() {
	pattern "$seed" "$kib" | dd of="/dev/$device" bs=4k seek=$((at_kib / 4)) conv=fsync 2>/dev/null &&
		echo '"written_kib":'"$kib"
}

do_read() {
	blockdev --flushbufs "/dev/$device"
	echo 3 >/proc/sys/vm/drop_caches
	sum=$(dd if="/dev/$device" bs=4k skip=$((at_kib / 4)) count=$((kib / 4)) 2>/dev/null | sha256sum) &&
		echo "\"sha256\":\"${sum%% *}\""
}

reach() { # NIC=ADDRESS/PREFIX=PEER
	nic=${1%%=*} rest=${1#*=}
	ip address flush dev "$nic"
	ip address add "${rest%%=*}" dev "$nic"
	ip link set "$nic" up
	try=0
	while [ $try -lt "$tries" ]; do
		try=$((try + 1))
		if ping -q -c 1 -W 2 -I "$nic" "${rest#*=}" >/dev/null; then
			echo "$nic" >>/reached
			return
		fi
	done
}

do_ping() {
	: >/reached
	echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
	echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
	for target in $(echo "$targets" | tr ';' ' '); do reach "$target" & done
	wait
	list=
	for nic in $(sort /reached); do list="$list,\"$nic\""; done
	echo "\"reached\":[${list#,}]"
}

do_facts() { facts; }
do_poweroff() { echo '"going":"down"'; }

obey() { # one flat JSON object, values without spaces, commas or quotes
	id=0 verb= tries=5 at_kib=0
	for pair in $(echo "$1" | tr -d '{}" ' | tr ',' ' '); do
		name=${pair%%:*} value=${pair#*:}
		case $name in
		do) verb=$value ;;
		id | device | seed | kib | at_kib | targets | tries) eval "$name=\$value" ;;
		esac
	done
	case $verb in
	facts | write | read | ping | poweroff)
		if answer=$(do_$verb); then
			say "{\"say\":\"done\",\"id\":$id,$answer}"
		else
			say "{\"say\":\"failed\",\"id\":$id,\"why\":\"$verb did not work\"}"
		fi
		;;
	*) say "{\"say\":\"failed\",\"id\":$id,\"why\":\"unknown verb\"}" ;;
	esac
	[ "$verb" != poweroff ] || { sync; poweroff -f; }
}

say "{\"say\":\"hello\",\"protocol\":1,$(facts)}"
beat &
while :; do
	read -r line && [ -n "$line" ] && obey "$line"
done
