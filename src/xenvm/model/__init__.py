"""The field's values: frozen, slotted, keyword-only dataclasses and enums. No I/O."""
