"""Is this machine a good Xen host? See https docs in docs/; the public names are here."""
