"""Classes of the model ⇄ XML elements, by what each field says of its place."""

from .elements import read_guest_type
from .reading import numbered, read_document, read_element
from .sizes import read_kib
from .writing import format_element

__all__ = [
    "format_element",
    "numbered",
    "read_document",
    "read_element",
    "read_guest_type",
    "read_kib",
]
