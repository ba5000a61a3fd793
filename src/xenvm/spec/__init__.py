"""Requirements and profiles as data; rules as pure functions (Inventory, Profile) → Verdict."""
