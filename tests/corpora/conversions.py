"""Where our conversion is not libvirt's, one by one, and why; and which pairs libvirt converts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .corpus import OLD, Corpus

FOLDERS = {"xlconfigdata": "xlconfigtest.c", "xmconfigdata": "xmconfigtest.c"}
"""Each folder of pairs, and the program of libvirt that says in which direction it tests them."""

TO_MODEL, TO_TEXT = "FORMAT", "PARSE"
"""libvirt's words, which mislead: its macro FORMAT reads the text and formats XML."""

_LISTED = re.compile(r'DO_TEST(?:_(PARSE|FORMAT|REPLACE_VARS))?\("([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that we and libvirt convert differently.

    Attributes:
        where: The field or key; a regular expression.
        why: The reason.
        ours: What we make of it, as text; a regular expression.
        theirs: What libvirt makes of it.
        version: The only libvirt that it holds for, or empty.
    """

    where: str
    why: str
    ours: str = ".*"
    theirs: str = ".*"
    version: str = ""

    def covers(self, where: str, ours: object, theirs: object) -> bool:
        """Return whether a difference is this one."""
        pairs = ((self.where, where), (self.ours, str(ours)), (self.theirs, str(theirs)))
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in pairs)


def pairs(corpus: Corpus, folder: str, direction: str) -> list[str]:
    """Return the names of the pairs that libvirt tests in a direction."""
    source = (corpus.directory / FOLDERS[folder]).read_text(encoding="utf-8")
    both = {"", "REPLACE_VARS"}
    return [name for how, name in _LISTED.findall(source) if how in both | {direction}]


RATE = "a kilo of rate= is 1,000 bytes to xl and 1,024 to libvirt's converter; its driver's KiB/s"
NO_DRIVER = "xl lets libxl choose who serves a disk without backendtype; libvirt says qemu"
OTHER_END = "the model has one end of UDP: of XML the first, which binds; of xl the one written to"

EVERY_CONFIG = (
    Deviation(
        where=r"videos\[0\]",
        ours="None",
        theirs=r"Video\(model='(cirrus|xen)'.*",
        why="libvirt gives a guest with a screen the graphics card of its own default",
    ),
)
"""What may differ in any file that is read."""

CONFIGS: Mapping[str, tuple[Deviation, ...]] = {
    "xlconfigdata/disk-positional-parms-full": (
        Deviation(where=r"vbds\[hd[bc]\].driver", ours="None", theirs="qemu", why=NO_DRIVER),
    ),
    "xlconfigdata/disk-positional-parms-partial": (
        Deviation(where=r"vbds\[hd[bcd]\].driver", ours="None", theirs="qemu", why=NO_DRIVER),
    ),
    "xlconfigdata/paravirt-cmdline-bogus-extra-root": (
        Deviation(where=r"vbds\[xvda\].driver", ours="None", theirs="qemu", why=NO_DRIVER),
        Deviation(
            where="on_crash",
            ours="destroy",
            theirs="restart",
            why="where nothing is said, xl destroys what crashed, and libvirt restarts it",
        ),
    ),
    **dict.fromkeys(
        (
            "xlconfigdata/vif-rate",
            "xlconfigdata/fullvirt-nohap",
            "xlconfigdata/fullvirt-hpet-timer",
            "xlconfigdata/fullvirt-tsc-timer",
            "xlconfigdata/fullvirt-multi-timer",
        ),
        (
            Deviation(
                where=r"vnifs\[.*\].outbound.average_kib_per_s",
                ours="10000",
                theirs="10240",
                why=RATE,
            ),
        ),
    ),
    "xlconfigdata/spice": (
        Deviation(
            where=r"graphics\[0\].clipboard",
            ours="None",
            theirs="False",
            why="xl's default is no, and the file does not say so",
        ),
    ),
    "xlconfigdata/fullvirt-ovmf": (
        Deviation(
            where="firmware",
            ours="efi",
            theirs="None",
            why="bios=ovmf without a path leaves the file to the host",
            version=OLD,
        ),
        Deviation(
            where="loader",
            ours="None",
            theirs="Loader.*ovmf.bin.*",
            why="libvirt 9 writes the path that it was built with",
            version=OLD,
        ),
    ),
    "xmconfigdata/escape-paths": (
        Deviation(
            where="kernel",
            ours=".*/hvmloader&test",
            theirs="None",
            why="an HVM guest's kernel= is one to xl, unless it is called hvmloader",
        ),
        Deviation(
            where="loader",
            ours="None",
            theirs="Loader.*hvmloader&test.*",
            why="to xm it was the loader",
        ),
    ),
    "xmconfigdata/fullvirt-serial-udp": tuple(
        Deviation(where=rf"serials\[0\].{name}", why=OTHER_END)
        for name in ("mode", "host", "service")
    ),
}
"""What differs when a text is read, by pair; all of it has to."""

EVERY_TEXT = (
    Deviation(where="type", ours="pv|pvh|hvm", theirs="None", why="the kind is always told"),
    Deviation(
        where="builder", ours="None", theirs="hvm", why="Xen 4.10 deprecated it in favour of type"
    ),
    Deviation(
        where="serial|parallel", ours="None", theirs="none", why="a port that is not there is none"
    ),
    Deviation(
        where="vga|videoram",
        ours="cirrus|8|stdvga|16",
        theirs="None",
        why="libvirt's converter drops the graphics card; its driver tells libxl",
    ),
)
"""What may differ in any text that is written."""

EVERY_XM_TEXT = (
    Deviation(
        where="kernel",
        ours="None",
        theirs=".*/hvmloader",
        why="xl runs hvmloader unasked, and warns of a kernel of that name",
    ),
    Deviation(where="extra", ours="None", why="xl calls xm's extra= cmdline="),
    Deviation(where="cmdline", theirs="None", why="xl calls xm's extra= cmdline="),
)

ONE_SOUND = Deviation(
    where="soundhw",
    ours="sb16",
    theirs="sb16,es1370",
    why="xl starts no guest with two sound cards",
)

TEXTS: Mapping[str, tuple[Deviation, ...]] = {
    **dict.fromkeys(
        (
            "xlconfigdata/vif-rate",
            "xlconfigdata/fullvirt-nohap",
            "xlconfigdata/fullvirt-hpet-timer",
            "xlconfigdata/fullvirt-tsc-timer",
            "xlconfigdata/fullvirt-multi-timer",
        ),
        (Deviation(where="vif", ours=".*10485760B/s.*", theirs=".*10240KB/s.*", why=RATE),),
    ),
    "xlconfigdata/spice": (
        Deviation(
            where="spice_clipboard_sharing",
            ours="0",
            theirs="None",
            why="XML says no, and so do we",
        ),
    ),
    "xlconfigdata/fullvirt-ovmf": (
        Deviation(
            where="bios_path_override",
            theirs="None",
            why="libvirt 9 drops the path of the firmware",
            version=OLD,
        ),
    ),
    "xmconfigdata/fullvirt-net-netfront": (
        Deviation(
            where="vif",
            ours=".*'type', 'vif'.*",
            theirs=".*'type', 'netfront'.*",
            why="xl calls vif what xm called netfront",
        ),
    ),
    "xmconfigdata/fullvirt-sound": (ONE_SOUND,),
    "xmconfigdata/escape-paths": (
        ONE_SOUND,
        Deviation(
            where="kernel|firmware_override",
            why="to xl, the file that an HVM guest runs first is firmware_override",
        ),
    ),
    "xmconfigdata/fullvirt-serial-udp": (Deviation(where="serial", why=OTHER_END),),
}
"""What differs when a text is written, by pair; all of it has to."""
