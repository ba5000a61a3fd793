#!/bin/busybox sh
# The probe guest's first process. It speaks JSON lines on the PV console, as
# docs/reference/probe-protocol.md says: it says hello, beats once a second, and obeys.
/bin/busybox mkdir -p /proc /sys /dev /ram /bin /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs -o size=100% ram /ram
mkfifo /never
: >/ram/deeds
# What the kernel runs when Dom0 asks it to end; busybox would ask the first process, which is us.
for end in poweroff reboot; do
	rm -f /sbin/$end
	printf '#!/bin/busybox sh\nexec /bin/busybox %s -f\n' $end >/sbin/$end
	chmod 755 /sbin/$end
done
# What a lease means to an interface; udhcpc runs it.
cat >/ram/leased <<'END'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
END
chmod 755 /ram/leased
for module in /modules/*.ko; do insmod "$module" 2>/dev/null; done
exec </dev/hvc0 >/dev/hvc0 2>/dev/null
stty raw -echo
# Whatever eats the memory dies of it, and neither the heart nor the hand.
echo -1000 >/proc/self/oom_score_adj

# One line is one write, so that the heart and the hand do not mix their words; printf writes what
# is longer than its buffer in pieces.
say() {
	[ ${#1} -lt 1000 ] && printf '%s\n' "$1" && return
	printf '%s\n' "$1" >/ram/line
	dd if=/ram/line bs=1M count=1
}
uptime_s() { read -r up _ </proc/uptime && echo "$up"; }
of_memory() { awk "/^$1:/{print \$2}" /proc/meminfo; }
of_vmstat() { awk "/^$1 /{print \$2}" /proc/vmstat; }

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
	printf '"boot_id":"%s","release":"%s","vcpus":%s,"vcpus_online":"%s","memory_kib":%s,"available_kib":%s,"swap_kib":%s,"uptime_s":%s,"guest_type":"%s","disks":%s,"nics":%s' \
		"$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" "$(nproc)" \
		"$(cat /sys/devices/system/cpu/online)" "$(of_memory MemTotal)" "$(of_memory MemAvailable)" "$(of_memory SwapTotal)" \
		"$(uptime_s)" "$(cat /sys/hypervisor/guest_type 2>/dev/null)" "$(disks)" "$(nics)"
}

# The heart starts no process, so that a guest without memory or process numbers still beats.
heart() {
	n=0 every_s=1
	while :; do
		n=$((n + 1))
		read -r up _ </proc/uptime
		say "{\"say\":\"beat\",\"n\":$n,\"uptime_s\":$up}"
		read -r told </ram/every_s && [ -n "$told" ] && every_s=$told
		read -r -t "$every_s" _ <>/never
	done
}

# What udev does in a distribution's guest: a vCPU that is plugged in is brought online.
plug_vcpus() {
	while :; do
		for cpu in /sys/devices/system/cpu/cpu*/online; do
			read -r on <"$cpu" && [ "$on" = 0 ] && echo 1 >"$cpu"
		done 2>/dev/null
		read -r -t 0.5 _ <>/never
	done
}

do_beat() {
	echo "$((every_ms / 1000)).$(printf %03d $((every_ms % 1000)))" >/ram/every_s
	echo "\"every_ms\":$every_ms"
}

# Each deed is a session of its own, so that rest() ends all that it started.
begin() {
	export argv cpus seconds kib device peer port
	setsid sh -c "echo 1000 >/proc/self/oom_score_adj; $1" <>/never >/dev/null &
	echo $! >>/ram/deeds
}

do_rest() {
	while read -r deed; do kill -9 -"$deed"; done </ram/deeds
	: >/ram/deeds
	echo '"resting":true'
}

do_cpu_time() {
	awk -v uptime_s="$(uptime_s)" '/^cpu /{
		printf "\"busy_s\":%.2f,\"idle_s\":%.2f,\"steal_s\":%.2f,\"uptime_s\":%s",
			($2 + $3 + $4 + $7 + $8) / 100, ($5 + $6) / 100, $9 / 100, uptime_s }' /proc/stat
}

do_spin() {
	for cpu in $(seq "$cpus"); do begin 'timeout "$seconds" sh -c "while :; do :; done"'; done
	echo "\"cpus\":$cpus"
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

do_remember() {
	pattern "$seed" "$kib" >/ram/remembered && echo "\"remembered_kib\":$kib"
}

do_recall() {
	sum=$(sha256sum </ram/remembered) && echo "\"sha256\":\"${sum%% *}\""
}

# dd has touched all of its buffer when it writes the first byte of it, and then holds it.
do_eat_memory() {
	: >/ram/eaten
	begin 'dd if=/dev/zero bs=${kib}k count=1 iflag=fullblock | { head -c 1 >/ram/eaten && [ -s /ram/eaten ] && read -r _ <>/never; }'
	eater=$!
	until [ -s /ram/eaten ]; do
		kill -0 $eater || return
		sleep 0.2
	done
	echo "\"eaten_kib\":$kib"
}

do_disk() {
	echo "\"bytes\":$(($(cat "/sys/block/$device/size") * 512)),\"readonly\":$(truth "$(cat "/sys/block/$device/ro")")"
}

do_disk_flood() {
	[ -b "/dev/$device" ] || return
	for writer in 1 2 3 4; do
		begin 'timeout "$seconds" sh -c "while :; do dd if=/dev/zero of=/dev/$device bs=256k oflag=direct; done"'
	done
	echo "\"seconds\":$seconds"
}

# No zeros: Linux 6.12 and newer remember that a page was empty instead of writing it.
do_swap() {
	mkswap "/dev/$device" >/dev/null && swapon "/dev/$device" || return
	before=$(of_vmstat pswpout)
	(
		echo 1000 >/proc/self/oom_score_adj
		tr '\0' x </dev/zero | dd of=/dev/null bs="${kib}k" count=1 iflag=fullblock
	) || return
	echo "\"pswpout_pages\":$(($(of_vmstat pswpout) - before)),\"swap_kib\":$(of_memory SwapTotal)"
}

do_pci() {
	list=
	for device in /sys/bus/pci/devices/*; do
		[ -e "$device" ] || continue
		driver=$(target "$device/driver/module")
		list="$list,{\"address\":\"${device##*/}\",\"vendor\":\"$(cat "$device/vendor")\",\"device\":\"$(cat "$device/device")\",\"driver\":\"${driver:-$(target "$device/driver")}\"}"
	done
	echo "\"pci\":[${list#,}]"
}

target() { cd -P "$1" 2>/dev/null && echo "${PWD##*/}"; }

truth() { [ "$1" = 1 ] && echo true || echo false; }

do_link() {
	ip link set "$nic" up || return
	set -- /sys/class/net/"$nic"/queues/tx-*
	echo "\"carrier\":$(truth "$(cat "/sys/class/net/$nic/carrier")"),\"mtu\":$(cat "/sys/class/net/$nic/mtu"),\"queues\":$#"
}

give_address() { # NIC ADDRESS/PREFIX
	ip address flush dev "$1"
	ip address add "$2" dev "$1" && ip link set "$1" up
}

# To all who hear it, as nobody needs to answer; what the driver counts, the device has taken.
do_broadcast() {
	give_address "$nic" "$address" || return
	before=$(of_nic tx_packets) was=$(of_nic tx_bytes)
	timeout "$seconds" ping -q -s 1400 -c "$packets" -i 0.02 -W 1 "$peer" >/dev/null
	echo "\"sent_packets\":$(($(of_nic tx_packets) - before)),\"sent_bytes\":$(($(of_nic tx_bytes) - was))"
}

of_nic() { cat "/sys/class/net/$nic/statistics/$1"; }

do_packet_flood() {
	give_address "$nic" "$address" || return
	for sender in 1 2 3 4; do begin 'timeout "$seconds" ping -q -s 1400 -i 0.0001 "$peer"'; done
	echo "\"seconds\":$seconds"
}

# A listener whose own input ended would hang up.
do_listen() {
	give_address "$nic" "$address" || return
	: >/ram/heard
	nc -l -p "$port" <>/never >/ram/heard &
	echo "\"port\":$port"
}

do_heard() {
	awk '$1 != NR {wrong++} END {printf "\"lines\":%d,\"wrong\":%d", NR, wrong}' /ram/heard
}

# Numbered lines, ten a second; what was sent is a byte for each, as a number might be read half.
stream() {
	n=0
	while :; do
		n=$((n + 1))
		echo $n && printf . >>/ram/sent || return
		read -r -t 0.1 _ <>/never
	done | nc "$peer" "$port" >/dev/null
	printf . >>/ram/errors
}

do_stream() {
	give_address "$nic" "$address" || return
	: >/ram/sent
	: >/ram/errors
	echo "$port" >/ram/port
	{ stream; } >/dev/null & # without the braces it would keep the answer's pipe open
	echo "\"port\":$port"
}

do_stream_status() {
	read -r port </ram/port || return
	hex=$(printf :%04X "$port")
	established=$(awk -v port="$hex" 'substr($3, 9) == port && $4 == "01"' /proc/net/tcp | wc -l)
	echo "\"sent\":$(size_of /ram/sent),\"errors\":$(size_of /ram/errors),\"connected\":$(truth "$established")"
}

size_of() { wc -c <"$1"; }

reach() { # NIC=ADDRESS/PREFIX=PEER
	nic=${1%%=*} rest=${1#*=}
	give_address "$nic" "${rest%%=*}"
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

# Programs and their libraries, as they lie in Dom0, into memory: they find each other by path.
do_tools() {
	mkdir -p /tmp
	mount -o remount,size=100% /
	ip link set lo up
	tar -x -f "/dev/$device" -C / && echo "\"unpacked_kib\":$(($(stat -f -c '(%b - %f) * %S / 1024' /)))"
}

do_drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches && echo '"dropped":true'
}

packed() { gzip -c | base64 | tr -d '\n'; }

# argv has its words joined by semicolons.
do_run() {
	(
		echo 1000 >/proc/self/oom_score_adj
		set -f
		IFS=';'
		exec timeout -s KILL "$seconds" $argv
	) <>/never >/ram/output 2>/ram/complaints
	echo "\"status\":$?,\"output\":\"$(packed </ram/output)\",\"complaints\":\"$(tail -c 400 /ram/complaints | packed)\""
}

listens() { # PORT
	hex=$(printf :%04X "$1")
	cat /proc/net/tcp /proc/net/tcp6 | awk -v port="$hex" '$2 ~ port "$" && $4 == "0A" {found = 1} END {exit !found}'
}

do_serve() {
	begin 'set -f; IFS=";"; exec timeout -s KILL "$seconds" $argv'
	try=0
	until listens "$port"; do
		try=$((try + 1))
		[ $try -lt 100 ] || return
		sleep 0.1
	done
	echo "\"port\":$port"
}

do_address() {
	if [ "$address" = dhcp ]; then
		ip link set "$nic" up
		udhcpc -i "$nic" -n -q -t 10 -s /ram/leased >/dev/null || return
	else
		give_address "$nic" "$address" || return
	fi
	echo "\"address\":\"$(ip -4 -o address show dev "$nic" | awk '{print $4; exit}')\""
}

do_facts() { facts; }

# What is said first and done then, as nobody might hear of it afterwards.
then_poweroff() { poweroff -f; }
then_reboot() { reboot -f; }
then_crash() { echo c >/proc/sysrq-trigger; }
# After a panic the kernel spins with its interrupts off for as long as it is told to.
then_hang() { echo 86400 >/proc/sys/kernel/panic; then_crash; }
then_fork_bomb() { begin 'bomb() { while :; do bomb & done; }; bomb'; }
then_hog_memory() {
	echo 1 >/proc/sys/vm/overcommit_memory
	begin 'while :; do dd if=/dev/zero of=/dev/null bs=2000M count=1; done'
}

obey() { # one flat JSON object, values without spaces, commas or quotes
	id=0 verb= argv= tries=5 at_kib=0 cpus=1 seconds=3600 every_ms=1000
	for pair in $(echo "$1" | tr -d '{}" ' | tr ',' ' '); do
		name=${pair%%:*} value=${pair#*:}
		case $name in
		do) verb=$value ;;
		id | argv | device | seed | kib | at_kib | targets | tries | cpus | seconds | every_ms | nic | address | peer | port | packets)
			eval "$name=\$value"
			;;
		esac
	done
	case $verb in
	facts | beat | cpu_time | spin | rest | remember | recall | eat_memory | write | read | disk | disk_flood | \
		swap | pci | ping | link | broadcast | packet_flood | listen | heard | stream | stream_status | \
		tools | drop_caches | run | serve | address)
		if answer=$(do_$verb); then
			say "{\"say\":\"done\",\"id\":$id,$answer}"
		else
			say "{\"say\":\"failed\",\"id\":$id,\"why\":\"$verb did not work\"}"
		fi
		;;
	poweroff | reboot | crash | hang | fork_bomb | hog_memory)
		say "{\"say\":\"done\",\"id\":$id,\"going\":\"to $verb\"}"
		sleep 0.3
		then_$verb
		;;
	*) say "{\"say\":\"failed\",\"id\":$id,\"why\":\"unknown verb\"}" ;;
	esac
}

say "{\"say\":\"hello\",\"protocol\":1,$(facts)}"
heart &
[ "$(cat /sys/devices/system/cpu/possible)" = 0 ] || plug_vcpus &
while :; do
	read -r line && [ -n "$line" ] && obey "$line"
done
