"""Say what type an expression has, as far as that can be known without running it."""

from collections.abc import Callable, Mapping

from tree_sitter import Node

from .syntax import Declaration, Document, words

# The functions in use, with what they return ("" where it depends on the arguments). One that is not here is
# a finding: add it only after looking it up, because a misspelt function is what this table is for.
FUNCTIONS: Mapping[str, str] = {
    "empty": "bool",
    "environment": "",
    "guid": "string",
    "string": "string",
    "subscription": "",
    "subscriptionResourceId": "string",
    "tenant": "",
    "toLower": "string",
    "union": "",
    "uniqueString": "string",
}
DECORATORS = frozenset({"allowed", "description", "maxLength", "maxValue", "minLength", "minValue", "secure"})
_LITERALS = {
    "string": "string",
    "number": "int",
    "boolean": "bool",
    "object": "object",
    "array": "array",
    "for_statement": "array",
    "unary_expression": "bool",
}
_TEXT_OF_RESOURCE = frozenset({"id", "name", "type", "location"})

Outputs = Callable[[Declaration], Mapping[str, str] | None]


def type_of(node: Node, document: Document, outputs: Outputs) -> str:
    """Return string, int, bool, object or array; "" where it cannot be known.

    `outputs` gives the outputs (name to type) of a module declaration, None when its file is missing.
    """
    if node.type in _LITERALS:
        return _LITERALS[node.type]
    if node.type == "parenthesized_expression":
        return type_of(node.named_children[0], document, outputs)
    if node.type == "ternary_expression":
        branches = {type_of(branch, document, outputs) for branch in node.named_children[1:]}
        return branches.pop() if len(branches) == 1 else ""
    if node.type == "binary_expression":
        return "int" if words(node.children[1]) in {"+", "-", "*", "/", "%"} else "bool"
    if node.type == "call_expression":
        return FUNCTIONS.get(words(node.named_children[0]), "")
    if node.type == "identifier":
        return _type_of_symbol(words(node), document, outputs)
    if node.type == "member_expression":
        return _type_of_member(node, document, outputs)
    return ""


def chain(node: Node) -> list[str]:
    """The names of a.b.c as ["a", "b", "c"]; empty when it does not begin with a plain symbol."""
    names: list[str] = []
    while node.type == "member_expression":
        names.insert(0, words(node.named_children[-1]))
        node = node.named_children[0]
    return [words(node), *names] if node.type == "identifier" else []


def _type_of_symbol(name: str, document: Document, outputs: Outputs) -> str:
    declaration = document.named("param", "var").get(name)
    if declaration is None:
        return ""
    if declaration.what == "param":
        return declaration.declared_type
    return type_of(declaration.value, document, outputs) if declaration.value is not None else ""


def _type_of_member(node: Node, document: Document, outputs: Outputs) -> str:
    names = chain(node)
    declaration = document.named("resource", "module").get(names[0]) if names else None
    if declaration is None:
        return ""
    if declaration.what == "resource":
        return "string" if len(names) == 2 and names[1] in _TEXT_OF_RESOURCE else ""
    found = outputs(declaration) if len(names) == 3 and names[1] == "outputs" else None
    return (found or {}).get(names[2], "") if len(names) == 3 else ""
