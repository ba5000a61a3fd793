"""The reader of a class, as a program of its own: what its plan says, in one straight line.

Every domain of a host is read for each question about it. Most of a reader's time went into finding
out, for each element again, what the plan had said once. So the plan is written out as Python and
compiled when the class is first read, as ``dataclasses`` does for ``__init__``. What is written has
names of ours, and tags and attributes as literals; nothing of a document ever gets into it. For a
class with a text in ``<name>`` and a number in ``<boot order="…">`` it is::

    def read(element, document):
        nodes = document.nodes
        number = len(nodes)
        nodes.append(element)
        v0 = blank0
        v1 = blank1
        try:
            here = element
            for e1 in element[:]:
                tag = e1.tag
                if tag == 'name':
                    here = e1
                    if v0 is blank0:
                        said = text = (text_of(e1) if len(e1) else e1.text) or None
                        if said is not None:
                            v0 = said
                elif tag == 'boot':
                    here = e1
                    text = e1.get('order')
                    if text is not None:
                        if v1 is blank1:
                            v1 = read1(text)
        except ParseError:
            raise
        except ValueError as exc:
            said = text_of(here) if text is None else text
            refuse(here, str(exc), said, cause=exc)
        made = new(draft)
        made.name = v0
        made.boot_order = v1
        residue = new(TreeResidue)
        residue.document = document
        residue.number = number
        residue.is_original = True
        made.residue = residue
        made.__class__ = kind
        return made
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from xenvm.errors import ParseError
from xenvm.formats._xml import Element, refuse
from xenvm.model.residue import Modelled

from .codecs import text_of
from .plan import Binding, Plan
from .stops import Case, Sight, Stop, Way, survey
from .tree import Document, TreeResidue

ElementReader = Callable[[Element, Document], Modelled]
"""Returns the value that an element is, and adds the element to the document's nodes."""


_set_residue = cast("Callable[[Modelled, object], None]", Modelled.__dict__["residue"].__set__)


def compiled(plan: Plan, reader_of: Callable[[type[Modelled]], ElementReader]) -> ElementReader:
    """Return the reader of a class.

    Args:
        plan: The class's plan.
        reader_of: Returns the readers of the classes in it.
    """
    program = Program(plan, reader_of)
    program.write(survey(plan))
    code = compile("\n".join(program.lines), f"<reader of {plan.kind.__name__}>", "exec")
    exec(code, program.names)  # noqa: S102 - written here, and of nothing but our own plan
    return cast("ElementReader", program.names["read"])


def _draft_of(kind: type[Modelled]) -> type[Modelled]:
    """Return a class whose instances can be filled, and be made ones of ``kind`` by a word.

    A frozen class sets each field by a call; this one has the same slots, and is not frozen.
    """
    open_again = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, kind.__bases__, {"__slots__": kind.__slots__, **open_again})


class Program:
    """The source of a reader while it is written.

    Attributes:
        lines: Its lines.
        names: What its global names mean.
    """

    def __init__(self, plan: Plan, reader_of: Callable[[type[Modelled]], ElementReader]):
        self._plan = plan
        self._reader_of = reader_of
        self._margin = ""
        self.lines: list[str] = []
        self.names: dict[str, object] = {
            "ParseError": ParseError,
            "TreeResidue": TreeResidue,
            "draft": _draft_of(plan.kind),
            "finish": plan.finish,
            "kind": plan.kind,
            "new": object.__new__,
            "refuse": refuse,
            "set_residue": _set_residue,
            "text_of": text_of,
            **{f"blank{index}": blank for index, blank in enumerate(plan.lacking)},
        }

    def write(self, way: Way) -> None:
        """Write the whole reader."""
        with self._block("def read(element, document):"):
            self._write("nodes = document.nodes", "number = len(nodes)", "nodes.append(element)")
            self._write(*(f"v{index} = blank{index}" for index in range(len(self._plan.names))))
            self._write(*(f"kept{number} = None" for number in range(way.kept)))
            with self._block("try:"):
                self._write_stop(way.start, "element", 1)
                for case in way.cases:
                    self._write_case(case)
            with self._block("except ParseError:"):
                self._write("raise")
            with self._block("except ValueError as exc:"):
                self._write("said = text_of(here) if text is None else text")
                self._write("refuse(here, str(exc), said, cause=exc)")
            self._write_making()

    def _write(self, *lines: str) -> None:
        self.lines += [self._margin + line for line in lines]

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self._write(head)
        margin, self._margin = self._margin, self._margin + "    "
        yield
        self._margin = margin

    def _write_stop(self, stop: Stop, element: str, depth: int) -> None:
        """Write what is read at a stop and below it.

        Args:
            stop: The stop.
            element: The name of its element.
            depth: How deep the elements below it are.
        """
        self._write(f"here = {element}")
        self._write_attributes(stop.attributes, element)
        if stop.keep is not None:
            with self._block(f"if kept{stop.keep} is None:"):
                self._write(f"kept{stop.keep} = {element}")
        for sight in stop.sights:
            self._write_sight(sight, element)
        if stop.below:
            with self._block(f"for e{depth} in {element}[:]:"):
                self._write(f"tag = e{depth}.tag")
                for number, (tag, below) in enumerate(stop.below.items()):
                    with self._block(f"{'elif' if number else 'if'} tag == {tag!r}:"):
                        self._write_stop(below, f"e{depth}", depth + 1)

    def _write_attributes(self, attributes: Mapping[str, Sight], element: str) -> None:
        if len(attributes) == 1:  # one look is cheaper than a list of all
            [(name, sight)] = attributes.items()
            self._write(f"text = {element}.get({name!r})")
            with self._block("if text is not None:"):
                self._write_attribute(sight)
        elif attributes:
            with self._block(f"for name, text in {element}.items():"):
                for number, (name, sight) in enumerate(attributes.items()):
                    with self._block(f"{'elif' if number else 'if'} name == {name!r}:"):
                        self._write_attribute(sight)

    def _write_attribute(self, sight: Sight) -> None:
        with self._block(f"if v{sight.index} is blank{sight.index}:"):
            self._write(f"v{sight.index} = {self._converted(sight)}")

    def _write_case(self, case: Case) -> None:
        kept = f"kept{case.keep}"
        with self._block(f"if {kept} is not None and v{case.by} == {case.word!r}:"):
            self._write(f"here = {kept}")
            self._write_sight(case.sight, kept)

    def _write_sight(self, sight: Sight, element: str) -> None:
        """Write how a field's value is read: all that there are, or the first that is said."""
        value, blank = f"v{sight.index}", f"blank{sight.index}"
        if not sight.binding.many:
            with self._block(f"if {value} is {blank}:"):
                self._write(*self._saying(sight, element))
                with self._block("if said is not None:"):
                    self._write(f"{value} = said")
            return
        self._write(*self._saying(sight, element))
        with self._block("if said is not None:"):
            with self._block(f"if {value} is {blank}:"):
                self._write(f"{value} = []")
            self._write(f"{value}.append(said)")

    def _saying(self, sight: Sight, element: str) -> tuple[str, ...]:
        """Return the lines that find out what an element says."""
        index, binding = sight.index, sight.binding
        if binding.items is not None:
            return (f"said = {self._item_reader(index, binding, element)}({element}, document)",)
        if binding.element is not None:
            self.names[f"read{index}"] = binding.element.read
            return "text = None", f"said = read{index}({element})"
        if binding.attribute is not None:
            found = f"{element}.get({binding.attribute!r})"
        else:
            found = f"(text_of({element}) if len({element}) else {element}.text) or None"
        if binding.text.read is None:
            return (f"said = text = {found}",)
        return f"text = {found}", f"said = None if text is None else {self._converted(sight)}"

    def _item_reader(self, index: int, binding: Binding, element: str) -> str:
        """Return what reads an item, as an expression."""
        kinds = {"": cast("type[Modelled]", binding.items), **binding.variants}
        names = {}
        for number, (word, kind) in enumerate(kinds.items()):
            names[word] = name = f"item{index}_{number}"
            self.names[name] = self._once_met(name, kind)
        if not binding.variants:
            return names[""]
        variants = ", ".join(f"{word!r}: {name}" for word, name in names.items())
        return f"{{{variants}}}.get({element}.get('type'), {names['']})"

    def _once_met(self, name: str, kind: type[Modelled]) -> ElementReader:
        """Return what becomes the reader of ``kind``: few documents have all that there may be."""

        def met(element: Element, document: Document) -> Modelled:
            reader = self._reader_of(kind)
            self.names[name] = reader
            return reader(element, document)

        return met

    def _converted(self, sight: Sight) -> str:
        """Return the value of ``text``, as an expression."""
        read = sight.binding.text.read
        if read is None:
            return "text"
        self.names[f"read{sight.index}"] = read  # a field has one, wherever it stands
        return f"read{sight.index}(text)"

    def _write_making(self) -> None:
        """Write how the value is made, as the class's own ``__init__`` would, but at once."""
        plan = self._plan
        for index, place in enumerate(plan.places):
            if isinstance(place, Binding) and place.many:
                with self._block(f"if v{index} is not blank{index}:"):
                    self._write(f"v{index} = tuple(v{index})")
        self._write("made = new(draft)")
        self._write(*(f"made.{name} = v{index}" for index, name in enumerate(plan.names)))
        self._write("residue = new(TreeResidue)", "residue.document = document")
        self._write("residue.number = number", "residue.is_original = True")
        if plan.finish is None:
            self._write("made.residue = residue", "made.__class__ = kind")
        else:
            self._write("made.residue = None", "made.__class__ = kind", "finish(made)")
            self._write("set_residue(made, residue)")
        self._write("return made")
