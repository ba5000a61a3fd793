"""PV I/O as paired experiments: fio and iperf3 drivers, pairing, statistics, and the gate."""
