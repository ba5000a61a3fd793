"""libvirt's test data by folder: what kind of document each holds, and what is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from lxml import etree

from .debian_source import RELEASES, libvirt_tests

BOTH = tuple(RELEASES)
OLD, NEW = BOTH

XEN = "xen"
GENERIC = "generic"
QEMU = "qemu"
ELSEWHERE = "other drivers"
NETWORK = "network"
NETWORK_UPDATE = "network update"
INTERFACE = "interface"
NODE_DEVICE = "node device"
CAPABILITIES = "capabilities"
DOMAIN_CAPABILITIES = "domain capabilities"
STORAGE_POOL = "storage pool"
STORAGE_VOLUME = "storage volume"

DOMAINS = (XEN, GENERIC, QEMU, ELSEWHERE)
"""The groups whose documents are domains."""

ROOTS = {
    **dict.fromkeys(DOMAINS, "domain"),
    NETWORK: "network",
    NETWORK_UPDATE: "",
    INTERFACE: "interface",
    NODE_DEVICE: "device",
    CAPABILITIES: "capabilities",
    DOMAIN_CAPABILITIES: "domainCapabilities",
    STORAGE_POOL: "pool",
    STORAGE_VOLUME: "volume",
}
"""The root of each group's documents; of network updates, any: they are parts of a network."""

_FOLDERS = {
    XEN: "libxlxml2domconfigdata xlconfigdata xmconfigdata",
    GENERIC: "genericxml2xmlindata genericxml2xmloutdata",
    ELSEWHERE: "bhyveargv2xmldata bhyvexml2argvdata bhyvexml2xmloutdata domainconfdata "
    "domainschemadata lxcconf2xmldata lxcxml2xmldata lxcxml2xmloutdata qemuagentdata "
    "qemuhotplugtestcpus qemuhotplugtestdomains qemumemlockdata securityselinuxlabeldata "
    "vmx2xmldata xml2vmxdata",
    NETWORK: "networkxml2confdata networkxml2firewalldata networkxml2xmlin networkxml2xmlout "
    "networkxml2xmlupdateout",
    NETWORK_UPDATE: "networkxml2xmlupdatein",
    INTERFACE: "interfaceschemadata",
    NODE_DEVICE: "nodedevschemadata nodedevxml2xmlout",
    CAPABILITIES: "capabilityschemadata qemucaps2xmloutdata vircaps2xmldata",
    DOMAIN_CAPABILITIES: "domaincapsdata",
    STORAGE_POOL: "storagepoolschemadata storagepoolxml2xmlin storagepoolxml2xmlout",
    STORAGE_VOLUME: "storagevolschemadata storagevolxml2xmlin storagevolxml2xmlout",
}
_FOLDERS_OF_ONE = {
    OLD: {QEMU: "qemuxml2argvdata qemuxml2xmloutdata"},
    NEW: {QEMU: "qemuxmlconfdata", ELSEWHERE: "chxml2xmlin qemuxmlactive2xmldata"},
}
"""What only one of the two has; libvirt merged its two folders of QEMU domains in 10.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder of one libvirt's test data."""

    version: str
    name: str
    group: str

    def __str__(self) -> str:
        return f"libvirt-{self.version}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the files ``*.xml`` of a folder are; each is in exactly one of the first four.

    Attributes:
        documents: Well-formed, with the root that the folder is for; sorted.
        links: Symbolic links, which say the same as another file, and where they point.
        not_xml: What is no XML, mostly on purpose, and why.
        other_roots: XML of another kind, and its root.
        doubles: Those of ``documents`` with the very bytes of an earlier one, and which.
    """

    documents: tuple[Path, ...]
    links: dict[Path, str]
    not_xml: dict[Path, str]
    other_roots: dict[Path, str]
    doubles: dict[Path, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The test data of one libvirt.

    Attributes:
        version: libvirt's, such as ``9.0.0``.
        directory: Its folder ``tests``.
    """

    version: str
    directory: Path

    def folder(self, name: str, suffix: str = ".xml") -> list[Path]:
        """Return all files of a folder that end so, sorted: of XML also links and what is none."""
        return sorted((self.directory / name).glob(f"*{suffix}"))

    def survey(self, folder: Folder) -> Survey:
        """Return what the XML files of a folder are."""
        return _survey(tuple(self.folder(folder.name)), ROOTS[folder.group])

    def documents(self, *groups: str) -> list[Path]:
        """Return the documents of these groups, in order of their folders and names."""
        return [
            path
            for folder in folders(*groups)
            if folder.version == self.version
            for path in self.survey(folder).documents
        ]


def corpus(version: str) -> Corpus:
    """Return the test data of a libvirt, fetched first when it is not cached.

    Raises:
        NoCorpusError: It could not be fetched.
    """
    return Corpus(version=version, directory=libvirt_tests(version))


def folders(*groups: str) -> list[Folder]:
    """Return the folders of these groups, or of all; the older libvirt's first."""
    return list(_folders(groups or tuple(ROOTS)))


def _folders(groups: tuple[str, ...]) -> Iterator[Folder]:
    for version in BOTH:
        for group in groups:
            names = _FOLDERS.get(group, ""), _FOLDERS_OF_ONE[version].get(group, "")
            for name in " ".join(names).split():
                yield Folder(version=version, name=name, group=group)


@cache
def _survey(paths: tuple[Path, ...], root: str) -> Survey:
    links, not_xml, other_roots = {}, {}, {}
    doubles: dict[Path, Path] = {}
    first: dict[bytes, Path] = {}
    for path in paths:
        if path.is_symlink():
            links[path] = str(path.readlink())
            continue
        data = path.read_bytes()
        try:
            tag = etree.fromstring(data, etree.XMLParser(resolve_entities=False)).tag
        except etree.XMLSyntaxError as exc:
            not_xml[path] = str(exc.msg)
            continue
        if root and tag != root:
            other_roots[path] = tag
            continue
        twin = first.setdefault(sha256(data).digest(), path)
        if twin != path:
            doubles[path] = twin
    documents = [path for path in paths if not path.is_symlink()]
    return Survey(
        documents=tuple(path for path in documents if path not in not_xml.keys() | other_roots),
        links=links,
        not_xml=not_xml,
        other_roots=other_roots,
        doubles=doubles,
    )
