"""How long virtinst takes for a list of domain files: CPU seconds of one pass, as JSON.

Run by Debian's own Python, with the path of a file that names the files; ``--read`` also reads
every property that virtinst has for a domain.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/share/virt-manager")

from virtinst import Guest, VirtinstConnection
from virtinst.xmlbuilder import XMLBuilder

Refused = dict[str, str]


def read(element: XMLBuilder) -> None:
    for name in element._all_xml_props():
        getattr(element, name)
    for name in element._all_child_props():
        found = getattr(element, name)
        for child in found if isinstance(found, list) else [found]:
            read(child)


def one_pass(
    connection: VirtinstConnection, documents: dict[str, str], *, reading: bool
) -> tuple[float, Refused]:
    refused = {}
    began_s = time.process_time()
    for path, document in documents.items():
        try:
            guest = Guest(connection, parsexml=document)
            if reading:
                read(guest)
            guest.get_xml()
        except (ValueError, RuntimeError) as exc:
            refused[path] = str(exc)
    return time.process_time() - began_s, refused


def main() -> None:
    paths = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    documents = {path: Path(path).read_text(encoding="utf-8") for path in paths}
    connection = VirtinstConnection("test:///default")
    connection.open(None, None)
    reading = "--read" in sys.argv
    one_pass(connection, documents, reading=reading)
    cpu_s, refused = one_pass(connection, documents, reading=reading)
    sys.stdout.write(json.dumps({"cpu_s": cpu_s, "refused": refused}))


if __name__ == "__main__":
    main()
