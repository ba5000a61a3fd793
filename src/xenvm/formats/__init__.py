"""libvirt XML and the output of Dom0's tools ⇄ model; pure text."""
