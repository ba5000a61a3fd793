"""A live host: Host, Domain, Bridge, the Dom0 shell, the inventory, the probe guest."""
