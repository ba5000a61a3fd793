# The deeds of the quick tier, done by hand in a lab's Dom0 with virsh, xl and ip, as a person with
# these commands at hand would. Run with: sh -s PROBE_FOLDER
set -eu
image=$1
hand=xenvm-hand

create() { # NAME DEVICES
	cat >"/run/$1.xml" <<END
<domain type='xen'><name>$1</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='xenpv'>linux</type><kernel>$image/kernel</kernel>
<initrd>$image/initrd</initrd><cmdline>console=hvc0 quiet rdinit=/init net.ifnames=0</cmdline></os>
<devices>$2<console type='pty'><target type='xen' port='0'/></console></devices></domain>
END
	virsh -q create "/run/$1.xml" --paused
	cat "$(virsh ttyconsole "$1")" >"/run/$1.out" 2>/dev/null &
	virsh -q resume "$1"
}
said() { until grep -q "$2" "/run/$1.out"; do sleep 0.3; done; }
ask() { # NAME NUMBER REQUEST
	printf '{"id":%s,%s}\n' "$2" "$3" >"$(virsh ttyconsole "$1")"
	said "$1" "\"id\":$2[,}]"
}
vnif() { echo "<interface type='bridge'><source bridge='$1'/></interface>"; }
disk() { # KIND ATTRIBUTE SOURCE TARGET
	echo "<disk type='$1'><driver name='phy'/><source $2='$3'/><target dev='$4' bus='xen'/></disk>"
}
bridge() { # NAME NUMBER
	ip link add "$1" type bridge
	ip address add "198.18.0.$((4 * $2 + 1))/30" dev "$1"
	ip link set "$1" up
}
target() { echo "eth$1=198.18.0.$((4 * $2 + 2))/30=198.18.0.$((4 * $2 + 1))"; }

# Bridges, and a guest whose two VNIFs visit them all.
for n in 0 1 2 3 4 5 6 7; do bridge "$hand-$n" "$n"; done
create hand0 "$(vnif $hand-0)$(vnif $hand-1)"
said hand0 hello
id=$(xl domid hand0)
for n in 0 2 4 6; do
	ip link set "vif$id.0" master "$hand-$n"
	ip link set "vif$id.1" master "$hand-$((n + 1))"
	ask hand0 "$((n + 10))" "\"do\":\"ping\",\"targets\":\"$(target 0 $n);$(target 1 $((n + 1)))\""
done
ls -d /sys/class/net/*/bridge >/dev/null
virsh -q destroy hand0
for n in 0 1 2 3 4 5 6 7; do ip link delete "$hand-$n"; done

# Disk, partition, volume and file: bytes both ways.
mkdir -p /run/hand
truncate -s 8M /run/hand/disk /run/hand/file
truncate -s 16M /run/hand/parts
echo 'start=1MiB, size=8MiB' | sfdisk -q /run/hand/parts
disk=$(losetup -f --show /run/hand/disk)
parts=$(losetup -f --show -P /run/hand/parts)
lvcreate -qq -y -Wn -n hand -L 8M lab
create hand0 "$(disk block dev "$disk" xvda)$(disk block dev "${parts}p1" xvdb)"
create hand1 "$(disk block dev /dev/lab/hand xvdc)$(disk file file /run/hand/file xvdd)"
said hand0 hello
said hand1 hello
n=0
for pair in hand0/xvda="$disk" hand0/xvdb="${parts}p1" hand1/xvdc=/dev/lab/hand hand1/xvdd=/run/hand/file; do
	name=${pair%%/*} source=${pair#*=} vbd=${pair%%=*} n=$((n + 2))
	ask "$name" $n "\"do\":\"write\",\"device\":\"${vbd#*/}\",\"seed\":\"hand\",\"kib\":64"
	dd if="$source" bs=64k count=1 status=none | sha256sum >/dev/null
	head -c 65536 /dev/urandom | dd of="$source" bs=64k conv=notrunc status=none
	ask "$name" $((n + 1)) "\"do\":\"read\",\"device\":\"${vbd#*/}\",\"kib\":64"
done
virsh -q destroy hand1
virsh -q destroy hand0
losetup -d "$disk"
losetup -d "$parts"
lvremove -qq -y lab/hand
rm -r /run/hand

# One external bridge more than there are NICs.
for n in 0 1 2; do
	ip link add link eth1 name "$hand-v$n" type vlan id "$((3900 + n))"
	ip link add "$hand-e$n" type bridge
	ip link set "$hand-v$n" master "$hand-e$n"
done
ip -json -details link show >/dev/null
for n in 0 1 2; do ip link delete "$hand-e$n"; ip link delete "$hand-v$n"; done

# A guest per core, and Dom0's memory meanwhile.
create hand0 ""
create hand1 ""
said hand0 hello
said hand1 hello
for n in 1 2 3 4 5 6; do xl list 0 >/dev/null; sleep 0.7; done
xl list >/dev/null
virsh -q destroy hand1
virsh -q destroy hand0

# Twins, defined and found.
for name in hand0 hand1; do
	sed "s|<name>.*</name>|<name>$name</name>|; s|<devices>|&<interface type='bridge'><mac address='00:16:3e:00:00:01'/><source bridge='xenbr0'/></interface>|" \
		/run/hand0.xml >/run/twin.xml
	virsh -q define /run/twin.xml
done
for name in hand0 hand1; do virsh dumpxml "$name" | grep -q 00:16:3e:00:00:01; done
for name in hand0 hand1; do virsh -q undefine "$name"; done

# Two VNIFs of two guests on one bridge.
bridge $hand-0 0
ip address add 198.18.0.5/30 dev $hand-0
create hand0 "$(vnif $hand-0)"
create hand1 "$(vnif $hand-0)"
said hand0 hello
said hand1 hello
ask hand0 1 "\"do\":\"ping\",\"targets\":\"$(target 0 0)\""
ask hand1 1 "\"do\":\"ping\",\"targets\":\"$(target 0 1)\""
ls /sys/class/net/$hand-0/brif >/dev/null
virsh -q destroy hand1
virsh -q destroy hand0
ip link delete $hand-0
echo done by hand
