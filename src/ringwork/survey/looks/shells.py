"""A shell joined to a network connection: standard input and output of `sh` are a socket.

Against a back door: whoever is at the connection's other end runs commands, whatever the application's own checks say.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_SOCKETS = frozenset({"socket.socket", "socket.create_connection"})
_STARTS = frozenset({
    "pty.spawn", "os.system", "os.popen", "subprocess.Popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
    "subprocess.check_output",
})  # fmt: skip
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh"})
_STREAMS = frozenset({"stdin", "stdout"})


def look(seen: Seen) -> Iterator[Flow]:
    """Shells of one module whose input and output are a connection that the same function has."""
    if not seen.imports("socket"):
        return
    told = set[tuple[str, int]]()
    for call, scope in seen.of(ir.Call):
        if not _is_joined(seen, call) or not _has(seen, scope):
            continue
        made = sum(one.at <= call.at for one, there in seen.of(ir.Call) if there is scope and seen.name(one.function) in _SOCKETS)
        if (scope.qualname, made) not in told:  # once for each connection, whose three streams are joined one by one
            told.add((scope.qualname, made))
            detail = "A shell is joined to a network connection: whoever is at its other end runs commands. Take it out."
            yield seen.flow(
                "back-door", call.at, strength=STRONG, sink=seen.name(call.function), detail=detail, scope=scope, said="shell joined"
            )


def _is_joined(seen: Seen, call: ir.Call) -> bool:
    """os.dup2(connection.fileno(), 0), or a process that is given a connection for its standard input and output."""
    name = seen.name(call.function)
    if name == "os.dup2" and call.arguments:
        return any(last(part.function) == "fileno" for part in calls(call.arguments[0]))
    streams = [value for keyword, value in call.keywords if keyword in _STREAMS]
    return name in _STARTS and len(streams) == len(_STREAMS) and all(set(names(value)) & _connections(seen) for value in streams)


def _connections(seen: Seen) -> set[str]:
    """Names that are given a socket anywhere in the module."""
    return {
        target.id
        for statement, _ in seen.of(ir.Assign)
        if isinstance(statement.value, ir.Call) and seen.name(statement.value.function) in _SOCKETS
        for target in statement.targets
        if isinstance(target, ir.Name)
    }


def _has(seen: Seen, scope: Scope) -> bool:
    """Whether a function makes a socket and starts a shell."""
    near = [call for call, there in seen.of(ir.Call) if there.qualname == scope.qualname]
    called = {seen.name(call.function) for call in near}
    return bool(called & _SOCKETS) and any(_is_shell(seen, call) for call in near)


def _is_shell(seen: Seen, call: ir.Call) -> bool:
    name = seen.name(call.function)
    said = {str(text_of(part)).rpartition("/")[2] for part in walk(call) if isinstance(part, ir.Constant) and text_of(part)}
    return (name in _STARTS or name.startswith("os.exec")) and bool(said & _SHELLS)
