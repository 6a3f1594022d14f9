"""Read one Bicep file into declarations that the checks can ask questions of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter_bicep
from lark.exceptions import LarkError
from pycep import BicepParser
from tree_sitter import Language, Node, Parser

from .findings import Finding, Kind

_LANGUAGE = Language(tree_sitter_bicep.language())
_SECOND_PARSER = BicepParser()
_DECLARATIONS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A param, var, resource, module or output. `target` is a resource's type@version or a module's path."""

    what: str
    name: str
    node: Node
    target: str
    declared_type: str
    allowed: tuple[str, ...]
    existing: bool

    @property
    def value(self) -> Node | None:
        """The expression on the right of the `=`, if there is one."""
        equals = [index for index, child in enumerate(self.node.children) if child.type == "="]
        return self.node.children[equals[0] + 1] if equals else None

    @property
    def body(self) -> Node | None:
        """The object of a resource or module, also when it stands inside a loop or a condition."""
        node = self.value
        while node is not None and node.type in {"for_statement", "if_statement"}:
            node = node.named_children[-1]
        return node if node is not None and node.type == "object" else None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file."""

    path: Path
    root: Node
    declarations: tuple[Declaration, ...]

    def named(self, *what: str) -> Mapping[str, Declaration]:
        """The declarations of these sorts, by name; of two with one name the later."""
        return {each.name: each for each in self.declarations if each.what in what}


def read_document(path: Path) -> tuple[Document, list[Finding]]:
    """Parse a file; of a file with syntax findings the declarations are as many as could be made out."""
    source = path.read_bytes()
    root = Parser(_LANGUAGE).parse(source).root_node
    findings = [
        Finding(path, line_of(node), Kind.SYNTAX, f"cannot read {words(node)[:40]!r}")
        for node in walk(root)
        if node.type == "ERROR" or node.is_missing
    ]
    refused = _refusal(source.decode())
    if refused:
        findings.append(Finding(path, 1, Kind.SYNTAX, refused))
    return Document(path, root, tuple(_declarations(root))), findings


@cache
def _refusal(text: str) -> str:
    """What the second parser says against a text; "" if nothing. Kept, because it is the slow one."""
    try:
        _SECOND_PARSER.parse(text=text)
    except LarkError as error:
        return str(error).split("\n", 1)[0]
    return ""


def _declarations(root: Node) -> Iterator[Declaration]:
    decorators: Node | None = None
    for node in root.named_children:
        if node.type in _DECLARATIONS:
            types = [child for child in node.children if child.type == "type"]
            targets = [child for child in node.children if child.type == "string"]
            what = _DECLARATIONS[node.type]
            yield Declaration(
                what=what,
                name=words(next(child for child in node.children if child.type == "identifier")),
                node=node,
                target=literal(targets[0]) or "" if targets and what in {"resource", "module"} else "",
                declared_type=words(types[0]) if types else "",
                allowed=_allowed(decorators),
                existing=any(child.type == "existing" for child in node.children),
            )
        decorators = node if node.type == "decorators" else None


def _allowed(decorators: Node | None) -> tuple[str, ...]:
    for call in walk(decorators) if decorators is not None else ():
        if call.type == "call_expression" and words(call.named_children[0]) == "allowed":
            return tuple(literal(node) or "" for node in walk(call) if node.type == "string")
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def words(node: Node) -> str:
    """The text of a node as it stands in the file."""
    return (node.text or b"").decode()


def line_of(node: Node) -> int:
    """The line a node begins on, from 1."""
    return node.start_point[0] + 1


def literal(node: Node) -> str | None:
    """The value of a string without interpolation; None for anything else."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    return "".join(words(child) for child in node.named_children)


def properties(node: Node) -> Iterator[tuple[str | None, Node, Node]]:
    """Yield (name, key node, value node) of an object; the name is None where it is computed."""
    for each in node.named_children:
        if each.type == "object_property":
            key, value = each.named_children[0], each.named_children[-1]
            yield (words(key) if key.type == "identifier" else literal(key)), key, value
