"""A disposable real Xen host in QEMU: image, machine, snapshot. Hands back a URI."""
