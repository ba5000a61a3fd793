"""Who reads our standard output, such as ``head``, may leave early: that ends us, quietly."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READER_LEFT_STATUS = 141
"""What a shell shows of a program that SIGPIPE ended: 128 and 13."""


class _Output(io.FileIO):
    """A standard output on which libraries meet no broken pipe: rich would end with 1 at one."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Return how many bytes were written, as of any file.

        Raises:
            SystemExit: Nobody reads any more; what is written afterwards is lost.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            raise SystemExit(READER_LEFT_STATUS) from None


def heed_reader() -> None:
    """Have our standard output, unless it is somebody else's, end us when its reader leaves."""
    old = sys.stdout
    if old is not sys.__stdout__ or not isinstance(old, io.TextIOWrapper):
        return
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(old.fileno(), "w", closefd=False)),
        encoding=old.encoding,
        errors=old.errors,
        line_buffering=old.line_buffering,
    )
