"""The checks: symbols, modules, resources, roles."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tree_sitter import Node

from .catalogue import BUILT_IN_ROLES, LANGUAGE_KEYS, RESOURCES, shape_of
from .expressions import DECORATORS, FUNCTIONS, Outputs, chain, type_of
from .findings import Finding, Kind
from .shapes import Fields, Many, Model, Named, Scalar, Shape
from .syntax import Declaration, Document, line_of, literal, properties, read_document, walk, words

_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_READABLE_WITHOUT_PROPERTIES = frozenset(
    {"id", "name", "type", "location", "tags", "kind", "apiVersion", "identity", "sku"}
)


def lint_folder(folder: Path) -> list[Finding]:
    """Check every `.bicep` file under the folder; an empty list means that nothing was found."""
    documents: dict[Path, Document] = {}
    findings: list[Finding] = []
    for path in sorted(folder.rglob("*.bicep")):
        documents[path], unreadable = read_document(path)
        findings.extend(unreadable)
    for document in documents.values():
        findings.extend(_Linter(document, documents).findings())
    return sorted(findings, key=lambda each: (str(each.path), each.line))


class _Linter:
    """Checks one document, with the others at hand for its modules."""

    def __init__(self, document: Document, documents: Mapping[Path, Document]) -> None:
        self._document = document
        self._documents = documents
        self._outputs: Outputs = self._outputs_of

    def findings(self) -> Iterator[Finding]:
        yield from self._declared_twice()
        yield from self._uses()
        yield from self._roles()
        for declaration in self._document.declarations:
            if declaration.what == "module":
                yield from self._module(declaration)
            elif declaration.what == "resource":
                yield from self._resource(declaration)
            elif declaration.what in {"param", "output"} and declaration.value is not None:
                shape = Scalar(declaration.declared_type, declaration.allowed)
                yield from self._value(declaration.value, shape, declaration.name)

    def _finding(self, node: Node, kind: Kind, message: str) -> Finding:
        return Finding(self._document.path, line_of(node), kind, message)

    def _declared_twice(self) -> Iterator[Finding]:
        for kinds in ({"output"}, {"param", "var", "resource", "module"}):
            those = [each for each in self._document.declarations if each.what in kinds]
            counts = Counter(each.name for each in those)
            for each in those:
                if counts[each.name] > 1:
                    yield self._finding(each.node, Kind.DECLARED_TWICE, each.name)

    def _uses(self) -> Iterator[Finding]:
        known = self._document.named("param", "var", "resource", "module")
        used: set[str] = set()
        for node, local_names in _symbols(self._document.root, frozenset()):
            name = words(node)
            used.add(name)
            if name not in known and name not in local_names:
                yield self._finding(node, Kind.UNDEFINED, name)
        for node in walk(self._document.root):
            if node.type == "call_expression":
                yield from self._call(node)
            elif node.type == "member_expression" and (
                node.parent is None or node.parent.type != "member_expression"
            ):
                yield from self._reading(node, known)
        for declaration in known.values():
            must_be_used = declaration.what in {"param", "var"} or declaration.existing
            if must_be_used and declaration.name not in used:
                yield self._finding(declaration.node, Kind.UNUSED, declaration.name)

    def _call(self, node: Node) -> Iterator[Finding]:
        name = words(node.named_children[0])
        decorator = node.parent is not None and node.parent.type == "decorator"
        if name not in (DECORATORS if decorator else FUNCTIONS):
            yield self._finding(node, Kind.UNDEFINED, f"function {name}")

    def _reading(self, node: Node, known: Mapping[str, Declaration]) -> Iterator[Finding]:
        names = chain(node)
        declaration = known.get(names[0]) if names else None
        if declaration is None or declaration.what not in {"resource", "module"}:
            return
        if declaration.what == "module":
            outputs = self._outputs_of(declaration)
            if outputs is not None and (
                names[1] != "outputs" or (len(names) > 2 and names[2] not in outputs)
            ):
                yield self._finding(node, Kind.UNDEFINED, words(node))
            return
        resource = RESOURCES.get(declaration.target.split("@")[0])
        readable = names[1] in _READABLE_WITHOUT_PROPERTIES or (
            resource is not None and names[1] == "properties" and ".".join(names[2:]) in resource.readable
        )
        if not readable:
            yield self._finding(node, Kind.UNDEFINED, words(node))

    def _module_document(self, declaration: Declaration) -> Document | None:
        return self._documents.get((self._document.path.parent / declaration.target).resolve())

    def _outputs_of(self, declaration: Declaration) -> Mapping[str, str] | None:
        document = self._module_document(declaration)
        if document is None:
            return None
        return {name: each.declared_type for name, each in document.named("output").items()}

    def _module(self, declaration: Declaration) -> Iterator[Finding]:
        document = self._module_document(declaration)
        if document is None:
            yield self._finding(declaration.node, Kind.MISSING_MODULE, declaration.target)
            return
        given: dict[str, tuple[Node, Node]] = {}
        for name, key, value in properties(declaration.body) if declaration.body is not None else ():
            if name == "params":
                given = {inner or "": (inner_key, node) for inner, inner_key, node in properties(value)}
            elif name not in LANGUAGE_KEYS:
                yield self._finding(key, Kind.UNKNOWN_PROPERTY, f"{declaration.name}.{name}")
        wanted = document.named("param")
        for name in wanted.keys() - given.keys():
            if wanted[name].value is None:
                yield self._finding(declaration.node, Kind.MISSING_PARAMETER, f"{declaration.name}.{name}")
        for name, (key, value) in given.items():
            if name not in wanted:
                yield self._finding(key, Kind.UNKNOWN_PARAMETER, f"{declaration.name}.{name}")
                continue
            shape = Scalar(wanted[name].declared_type, wanted[name].allowed)
            yield from self._value(value, shape, f"{declaration.name}.{name}")

    def _resource(self, declaration: Declaration) -> Iterator[Finding]:
        name, _, version = declaration.target.partition("@")
        resource = RESOURCES.get(name)
        if resource is None or resource.version != version:
            yield self._finding(declaration.node, Kind.UNKNOWN_RESOURCE, declaration.target)
            return
        if declaration.body is None:
            return
        if "name" not in {key for key, _, _ in properties(declaration.body)}:
            yield self._finding(declaration.node, Kind.MISSING_PROPERTY, f"{declaration.name}.name")
        shape: Shape = Fields({}) if declaration.existing else shape_of(resource)
        yield from self._object(declaration.body, shape, declaration.name, LANGUAGE_KEYS)

    def _value(self, node: Node, shape: Shape, place: str) -> Iterator[Finding]:
        """Compare a value with a shape; what cannot be known without running it is let through."""
        parts = _parts(node)
        if parts:
            for part in parts:
                yield from self._value(part, shape, place)
            return
        found = type_of(node, self._document, self._outputs)
        wanted = _type_wanted(shape)
        if found and wanted and found != wanted:
            yield self._finding(node, Kind.WRONG_TYPE, f"{place} is {found}, must be {wanted}")
            return
        if isinstance(shape, Scalar):
            text = literal(node)
            if shape.values and text is not None and text not in shape.values:
                yield self._finding(
                    node, Kind.WRONG_VALUE, f"{place} is {text!r}, must be one of {', '.join(shape.values)}"
                )
        elif isinstance(shape, Many):
            if node.type == "array":
                for each in node.named_children:
                    yield from self._value(each, shape.of, f"{place}[]")
        elif node.type == "object":
            yield from self._object(node, shape, place)

    def _object(
        self, node: Node, shape: Shape, place: str, also: frozenset[str] = frozenset()
    ) -> Iterator[Finding]:
        if isinstance(shape, Named):
            for name, _, value in properties(node):
                yield from self._value(value, shape.of, f"{place}.{name}")
            return
        known = shape.fields() if isinstance(shape, Model) else shape
        if not isinstance(known, Fields):
            return
        names = [name for name, _, _ in properties(node)]
        for name in known.required - set(names) - also:
            yield self._finding(node, Kind.MISSING_PROPERTY, f"{place}.{name}")
        for name, key, value in properties(node):
            if name is None or name in also:
                continue
            if names.count(name) > 1:
                yield self._finding(key, Kind.DECLARED_TWICE, f"{place}.{name}")
            if name not in known.shapes:
                yield self._finding(key, Kind.UNKNOWN_PROPERTY, f"{place}.{name}")
            else:
                yield from self._value(value, known.shapes[name], f"{place}.{name}")

    def _roles(self) -> Iterator[Finding]:
        for node in walk(self._document.root):
            text = literal(node) if node.type == "string" else None
            if text is None or not _GUID.match(text):
                continue
            declaration = node.parent
            name = (
                words(declaration.named_children[0])
                if declaration is not None and declaration.named_children
                else ""
            )
            if BUILT_IN_ROLES.get(name) != text:
                yield self._finding(node, Kind.UNKNOWN_ROLE, f"{name} = {text}")


def _parts(node: Node) -> list[Node]:
    """The values an expression chooses from or puts together, which must all fit; empty for a plain value."""
    if node.type == "ternary_expression":
        return node.named_children[1:]
    if node.type == "call_expression" and words(node.named_children[0]) == "union":
        return node.named_children[1].named_children
    return []


def _type_wanted(shape: Shape) -> str:
    if isinstance(shape, Scalar):
        return shape.kind
    return "array" if isinstance(shape, Many) else "object"


def _symbols(node: Node, local_names: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield every identifier that reads a symbol, with the loop and lambda names that are visible there."""
    children = list(node.named_children)
    if node.type == "identifier":
        yield node, local_names
        return
    if node.type in {
        "parameter_declaration",
        "variable_declaration",
        "resource_declaration",
        "module_declaration",
        "output_declaration",
    }:
        children = [child for child in children if child.type != "type"][1:]
    elif node.type == "call_expression" or _has_plain_key(node):
        children = children[1:]
    elif node.type in {"for_statement", "lambda_expression"}:
        names = [
            each
            for each in walk(children[0])
            if each.type in {"identifier", "loop_variable", "loop_enumerator"}
        ]
        children = children[1:]
        local_names |= {words(each) for each in names}
    for child in children:
        yield from _symbols(child, local_names)


def _has_plain_key(node: Node) -> bool:
    return node.type == "object_property" and node.named_children[0].type == "identifier"
