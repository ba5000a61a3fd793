"""What it costs to hold many domains: CPU and memory, as JSON.

Its arguments are the path of a file that names domain files, and how many domains to make of them;
``--trace`` counts what Python allocates, which is slow, so the times are then of no use.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
import tracemalloc
from pathlib import Path

from xenvm.errors import ParseError
from xenvm.formats.domain_xml import parse_domain_xml

PAGE_BYTES = resource.getpagesize()
FILLING = 5


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def accepted(documents: list[bytes]) -> list[bytes]:
    """Return the documents that can be parsed; this warms everything up as well."""
    found = []
    for document in documents:
        try:
            parse_domain_xml(document)
        except ParseError:
            continue
        found.append(document)
    return found


def main() -> None:
    paths, many = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), int(sys.argv[2])
    documents = accepted([Path(path).read_bytes() for path in paths])
    # What warming up has freed is taken first, or the first configs would seem to need no memory.
    filling = [parse_domain_xml(document) for document in documents * FILLING]
    if "--trace" in sys.argv:
        tracemalloc.start()
    before_bytes, kept, began_s = resident_bytes(), [], time.process_time()
    for number in range(many):
        document = documents[number % len(documents)]
        named = document.replace(b"<name>", b"<name>%d-" % number, 1)
        kept.append(parse_domain_xml(named))
    cpu_s = time.process_time() - began_s
    answer = {
        "domains": len(kept),
        "filling": len(filling),
        "cpu_s": cpu_s,
        "resident_bytes": resident_bytes() - before_bytes,
        "traced_bytes": tracemalloc.get_traced_memory()[0],
        "refused": len(paths) - len(documents),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
