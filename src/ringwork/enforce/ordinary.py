"""What an ordinary request keeps to, as each guard says it of its own check before routing, and one look that is asked for all of them.

Against a second copy of the rules: a guard declares its bounds out of the very values that its check compares with, and what
is out of bounds goes to the checks themselves. A guard that is left out takes its bounds along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringwork.exchange import Exchange
from ringwork.frozen import Frozen


class Bounds(Frozen):
    """The `arrive` of whoever says these lets every plain request (`Exchange.is_plain`) within them go on, and changes nothing of it.

    hosts, schemes: its own is among them, as it came. elsewhere: its path is none of these, and begins with a slash.
    headers, header_bytes, url_bytes: it has at most so many. None: any will do.
    """

    hosts: frozenset[bytes] | None = None
    schemes: frozenset[str] | None = None
    elsewhere: frozenset[str] = frozenset()
    headers: int | None = None
    header_bytes: int | None = None
    url_bytes: int | None = None


Within = Callable[[Exchange], bool]


def within(all_bounds: Sequence[Bounds]) -> Within | None:
    """Whether a plain request keeps to all of them. None where hosts, schemes or sizes are bounded by nobody: that is no usual policy."""
    hosts = [b.hosts for b in all_bounds if b.hosts is not None]
    schemes = [b.schemes for b in all_bounds if b.schemes is not None]
    counts = [b.headers for b in all_bounds if b.headers is not None]
    sizes = [b.header_bytes for b in all_bounds if b.header_bytes is not None]
    urls = [b.url_bytes for b in all_bounds if b.url_bytes is not None]
    if not (hosts and schemes and counts and sizes and urls):
        return None
    served, spoken = frozenset.intersection(*hosts), frozenset.intersection(*schemes)
    elsewhere = frozenset[str]().union(*(b.elsewhere for b in all_bounds))
    most, most_bytes, most_url = min(counts), min(sizes), min(urls)

    def is_within(exchange: Exchange) -> bool:
        path = exchange.path
        return (
            exchange.host in served
            and exchange.scheme in spoken
            and path[:1] == "/"
            and path not in elsewhere
            and exchange.header_count <= most
            and exchange.header_bytes <= most_bytes
            and len(path) + len(exchange.query) <= most_url
        )

    return is_within
