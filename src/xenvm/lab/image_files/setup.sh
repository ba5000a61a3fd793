#!/bin/sh
# Runs inside the new root as root: makes of a minimal Debian a Dom0 that boots quickly,
# answers ssh by key only, and has libvirtd ready.
set -eu

echo lab >/etc/hostname
printf '127.0.0.1 localhost\n10.0.2.15 lab\n' >/etc/hosts
echo '/dev/vda / ext4 defaults,noatime 0 1' >/etc/fstab
: >/etc/machine-id

# One bridge over the first NIC; QEMU's user network has its gateway at 10.0.2.2.
cat >/etc/systemd/network/10-xenbr0.netdev <<END
[NetDev]
Name=xenbr0
Kind=bridge
MACAddress=52:54:00:00:00:fe
END
cat >/etc/systemd/network/10-xenbr0.network <<END
[Match]
Name=xenbr0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
END
cat >/etc/systemd/network/20-eth0.network <<END
[Match]
Name=eth0
[Network]
Bridge=xenbr0
END
systemctl enable systemd-networkd.service
systemctl mask systemd-networkd-wait-online.service

mkdir -p /etc/ssh/sshd_config.d
cat >/etc/ssh/sshd_config.d/lab.conf <<END
PasswordAuthentication no
PermitRootLogin prohibit-password
HostKey /etc/ssh/ssh_host_ed25519_key
UseDNS no
UsePAM no
MaxSessions 64
MaxStartups 64:30:128
END
rm -f /etc/ssh/ssh_host_*

# TCG has no VME and Xen hides SEP on AMD, yet each model in libvirt's CPU map wants one of
# them, and the libxl driver then refuses to start. One model that wants neither cures it.
cat >/usr/share/libvirt/cpu_map/x86_xenvm-lab.xml <<END
<cpus>
  <model name='xenvm-lab'>
    <decode host='on' guest='off'/>
    <feature name='fpu'/>
    <feature name='pse'/>
    <feature name='tsc'/>
  </model>
</cpus>
END
sed -i "s|<include filename='x86_features.xml'/>|&\n    <include filename='x86_xenvm-lab.xml'/>|" \
	/usr/share/libvirt/cpu_map/index.xml

# libvirtd stays up, so that the first call of a user does not pay for its start.
printf 'LIBVIRTD_ARGS=""\n' >/etc/default/libvirtd

# Guests boot Dom0's kernel; unpacking it in emulation takes most of a minute.
for kernel in /boot/vmlinuz-*; do
	for packing in '\xFD7zXZ\x00 xz -dc' '\x28\xB5\x2F\xFD zstd -dcq'; do
		at=$(LC_ALL=C grep -aboP "${packing%% *}" "$kernel" | head -n 1 | cut -d: -f1)
		unpacked=/boot/vmlinux-${kernel#*vmlinuz-}
		tail -c "+$((at + 1))" "$kernel" | ${packing#* } >"$unpacked" 2>/dev/null || :
		[ "$(head -c 4 "$unpacked" | tail -c 3)" = ELF ] && break
		rm "$unpacked"
	done
done

for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
	e2scrub_reap.service fstrim.timer logrotate.timer man-db.timer systemd-pstore.service \
	getty@tty1.service remote-fs.target libvirt-guests.service; do
	systemctl disable "$unit" >/dev/null 2>&1 || :
done
systemctl mask systemd-timesyncd.service >/dev/null 2>&1 || :
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' >/etc/systemd/journald.conf.d/lab.conf

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*.log
