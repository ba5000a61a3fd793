# Runs in the Dom0 of a lab host of a pair, right after its start: NAME ID NUMBER NICS BRIDGE PEER.
# Both hosts woke up as the same snapshot; what two hosts must not share is made anew here.
set -eu
name=$1 id=$2 number=$3 nics=$4 bridge=$5 peer=$6

hostname "lab-$name"
echo "lab-$name" >/etc/hostname
printf '127.0.0.1 localhost\n10.0.3.%d lab-%s\n10.0.3.%d lab-%s\n' \
	"$number" "$name" $((3 - number)) "$peer" >/etc/hosts
echo "$id" >/etc/machine-id

# eth0 has a network of its own on each host; the others might meet.
nic=1
while [ "$nic" -le "$nics" ]; do
	ip link set dev "eth$nic" address "52:54:00:12:3$((4 + number)):0$nic"
	nic=$((nic + 1))
done
ip link add name "$bridge" type bridge stp_state 0 forward_delay 0
ip link set dev "eth$nics" master "$bridge" up
ip address add "10.0.3.$number/24" dev "$bridge"
ip link set dev "$bridge" up
