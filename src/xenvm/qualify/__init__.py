"""From a profile to a signed-off folder: plan, journal, verdicts, restore, report."""
