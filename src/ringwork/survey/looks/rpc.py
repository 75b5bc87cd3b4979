"""XML-RPC as the standard library speaks it: whoever sends a document chooses what its parser expands, and how much it unpacks.

Against a few hundred bytes that become gigabytes. defusedxml's `monkey_patch` puts a parser there that refuses such documents.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Seen
from ringwork.survey.taint import ir

_SERVERS = frozenset({"SimpleXMLRPCServer", "DocXMLRPCServer", "CGIXMLRPCRequestHandler", "DocCGIXMLRPCRequestHandler"})
_MODULES = frozenset({"xmlrpc.server", "xmlrpc.client", "xmlrpc", "xmlrpclib", "SimpleXMLRPCServer", "DocXMLRPCServer"})
_SAFE = frozenset({"defusedxml.xmlrpc.monkey_patch", "defusedxml.defuse_stdlib"})
"""What puts another parser there; eventlet and others call what they do `monkey_patch` too."""
_DETAIL = "The parser expands what a document defines, however much that is; call defusedxml.xmlrpc.monkey_patch() first."


def look(seen: Seen) -> Iterator[Flow]:
    """Servers of one module that parse what anybody sends; and what imports such code, which may."""
    if any(seen.name(call.function) in _SAFE for call, _ in seen.of(ir.Call)):
        return
    is_told = False
    for call, scope in seen.of(ir.Call):
        name = seen.name(call.function)
        module, _, last = name.rpartition(".")
        if last in _SERVERS and module in _MODULES:
            is_told = True
            yield seen.flow("xml-parser", call.at, strength=STRONG, sink=name, detail=_DETAIL, scope=scope, said="parses what is sent")
    if is_told:
        return
    for node, scope in seen.of(ir.Import):
        name = next((dotted for dotted, _ in node.names if dotted in _MODULES), "")
        if name:
            yield seen.flow("xml-parser", node.at, strength=WEAK, sink=name, detail=_DETAIL, scope=scope, said=f"imports {name}")
    for drawn, scope in seen.of(ir.ImportFrom):
        if not drawn.level and drawn.module in _MODULES:
            yield seen.flow(
                "xml-parser", drawn.at, strength=WEAK, sink=drawn.module, detail=_DETAIL, scope=scope, said=f"imports {drawn.module}"
            )
