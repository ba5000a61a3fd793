# In Dom0: a machine of its own beside it on its bridge, as far as packets can tell, which answers
# iperf3 and sockperf at 10.0.2.99; the lab reaches no machine outside. A bridge takes the lowest
# address of its ports, and whoever knows Dom0 by it loses it: hence the high one.
set -e
ip netns add peer
ip link add peer0 address fe:ff:ff:ff:ff:fe type veth peer name peer1 netns peer
ip link set peer0 master xenbr0 up
ip -n peer address add 10.0.2.99/24 dev peer1
ip -n peer link set peer1 up
for server in 'iperf3 -s' 'sockperf server --tcp -i 10.0.2.99 -p 11111'; do
	ip netns exec peer $server >/dev/null 2>&1 </dev/null &
done
until [ "$(ip netns exec peer ss -Hltn | wc -l)" = 2 ]; do sleep 0.2; done
