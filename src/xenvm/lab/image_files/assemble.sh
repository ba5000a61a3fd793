#!/bin/sh
# Reads the new root as a tar on standard input; makes the disk, kernel, initrd and hypervisor
# of an image in the current directory. Runs as root, or as root of a user namespace.
set -eu
size_gib=$1

mkdir root
tar -x -f - -C root --numeric-owner --exclude='./dev/*'

install -d -m 0700 root/root/.ssh
install -m 0600 id_ed25519.pub root/root/.ssh/authorized_keys
install -m 0600 host_ed25519 root/etc/ssh/ssh_host_ed25519_key
install -m 0644 host_ed25519.pub root/etc/ssh/ssh_host_ed25519_key.pub

newest() { printf '%s\n' "$@" | sort -V | tail -n 1; }
cp "$(newest root/boot/vmlinuz-*)" vmlinuz
cp "$(newest root/boot/initrd.img-*)" initrd.img
gunzip -c "$(newest root/boot/xen-*.gz)" >xen
chmod 0644 vmlinuz initrd.img xen

mke2fs -q -t ext4 -L lab-root -d root root.raw "${size_gib}G"
rm -rf root
