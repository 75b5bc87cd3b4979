"""State on a Redis server, shared by the worker processes of many machines.

Against guessing and token replay that are spread over the workers: both are decided in one atomic step on the server, by its own
clock. Keys are hashes of length-prefixed parts, so that no name can be made to look like another's, or be read from the keys.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from ringwork.crypto.mac import hmac_sha256
from ringwork.enforce.guard import Allowance, TakeOne, Taking
from ringwork.errors import ExtraMissing, StoreDown

T = TypeVar("T")

REST_SECONDS = 1.0
"""How long nothing is tried after a failure."""

# One use of every rate, or of none. KEYS: one for each rate. ARGV: step and window of each, in microseconds.
# Returns the microseconds to wait, 0 when granted.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait, back = 0, {}
for i, key in ipairs(KEYS) do
  local step, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = tonumber(redis.call('GET', key) or '') or now
  back[i] = math.min(math.max(kept, now), now + window) + step
  wait = math.max(wait, back[i] - now - window)
end
if wait >= 1 then
  return math.ceil(wait)
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', back[i]), 'PX', math.max(1, math.ceil((back[i] - now) / 1000)))
end
return 0
"""

_PURPOSE = b"ringwork store key 1"


class RedisServer:
    """One server and its pool of connections; opened at the first use, and anew after a fork.

    is_private: whether nobody on the way can read along: TLS, or this machine.
    """

    __slots__ = ("_url", "_about", "_wait_seconds", "_monotonic", "_lock", "_client", "_rest_until", "is_private")

    def __init__(self, url: str, *, about: str = "", wait_seconds: float = 0.25, monotonic: Callable[[], float] = time.monotonic) -> None:
        """url: checked by faults_of; a secret when it holds a password. about: keeps applications apart. wait_seconds: for each answer."""
        parts = urlsplit(url)
        self._url, self._about, self._wait_seconds, self._monotonic = url, about, wait_seconds, monotonic
        self._lock = threading.Lock()
        self._client: Any = None
        self._rest_until = 0.0
        self.is_private = parts.scheme == "rediss" or _is_here(parts.hostname or "")

    def key(self, *parts: str) -> str:
        """The server's key for something that is known by `parts`, in this order, in this application."""
        # Against ("a", "bc") and ("ab", "c") under one key, and against names of people in a dump.
        framed = [part.encode("utf-8", "surrogatepass") for part in (self._about, *parts)]
        return "ringwork:1:" + hmac_sha256(_PURPOSE, b"".join(len(part).to_bytes(8, "big") + part for part in framed)).hex()

    def ask(self, question: Callable[[Any], T]) -> T:
        """What `question` gets from the client. Raises StoreDown when the server does not answer, and for a second after that."""
        if self._monotonic() < self._rest_until:
            # Against an outage that makes every request wait for it.
            raise StoreDown("store: the Redis server did not answer a moment ago; it is asked again within a second")
        client = self._open()
        try:
            return question(client)
        except (_errors(), OSError) as error:
            self._rest_until = self._monotonic() + REST_SECONDS
            # Against a password in a log: the kind of the error, never its text or the address.
            problem = f"store: the Redis server cannot be used ({type(error).__name__})"
            raise StoreDown(f"{problem}; check its address, password and certificate, and that it runs") from error

    def close(self) -> None:
        """Close the connections; a later question opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self._url, self._wait_seconds)
            return self._client


class RedisSpentTokens:
    """Spent tokens on a server; it forgets each when it has expired. An evicting server is no store: give it `noeviction`."""

    __slots__ = ("_server",)

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        """True for the first caller with this id; see SpentTokens. Raises StoreDown."""
        if until <= now:
            return False
        key = self._server.key("spent", token_id.hex())
        # An id is kept longer than it lasts, for workers whose clocks differ.
        lasting = math.ceil((until - now + _SKEW_SECONDS) * 1000)
        return bool(self._server.ask(lambda client: client.set(key, b"1", nx=True, px=lasting)))


_SKEW_SECONDS = 300.0


class RedisCounters:
    """Uses counted on a server, by the generic cell rate algorithm: one script, one round trip for all rates of a request.

    The server's clock decides, so that workers whose clocks differ count alike; `now` is not used. Needs Redis 5 or later, or
    Valkey, not as a cluster. An answer that was lost on the way may count one use twice.
    """

    __slots__ = ("_server", "_script")

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._script: Any = None

    def take(self, takings: Sequence[Taking], *, now: float) -> float:
        """0.0 when granted, else the seconds to wait; see Counters. Raises StoreDown."""
        keys, given = [], []
        for allowance, subject in takings:
            for i, rate in enumerate(allowance.rates):
                keys.append(self._server.key("rate", allowance.key, str(i), subject))
                given += [rate.step * 1e6, rate.seconds * 1e6]
        if not keys:
            return 0.0
        return float(self._server.ask(lambda client: self._run(client, keys, given))) / 1e6

    def _run(self, client: Any, keys: list[str], given: list[float]) -> int:
        if self._script is None:
            self._script = client.register_script(_TAKE)
        waiting: int = self._script(keys=keys, args=given, client=client)  # by its hash; sent whole to a server that has lost it
        return waiting

    def single(self, allowance: Allowance) -> TakeOne:
        """The same for one allowance; see Counters."""
        return lambda subject, now: self.take(((allowance, subject),), now=now)


def faults_of(url: str) -> list[str]:
    """What is wrong with a server's address, told without its password."""
    parts = urlsplit(url)
    try:
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    options = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if not named or not (parts.path.strip("/") or "0").isdigit() or parts.fragment:
        return ['store: the Redis address is incomplete; write "rediss://host:6379/0", with :password@ before the host if it has one']
    if set(options) - {"ca"} or (options and parts.scheme != "rediss"):
        # Against ssl_cert_reqs=none and its like: whether a certificate is checked is no option.
        return ['store: the Redis address takes one option, the file of the authority: "rediss://host:6379/0?ca=/etc/ssl/redis.pem"']
    return []


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_library() -> None:
    """Raises ExtraMissing where redis-py is not installed, so that this is told before anybody is served."""
    try:
        import redis  # noqa: F401  # whether it is there is the question
    except ImportError as error:
        raise ExtraMissing(feature="store = redis", package="redis", extra="redis") from error


def _client(url: str, wait_seconds: float) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    parts = urlsplit(url)
    secured: dict[str, Any] = {}
    if parts.scheme == "rediss":
        authority = dict(parse_qsl(parts.query)).get("ca")
        secured = {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": authority}
    return redis.Redis(
        host=parts.hostname or "",
        port=parts.port or 6379,
        db=int(parts.path.strip("/") or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        socket_timeout=wait_seconds,
        socket_connect_timeout=wait_seconds,
        # Once more on a new connection, because a kept one may have been closed by the server in the meantime.
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
        **secured,
    )


def _errors() -> type[Exception]:
    from redis.exceptions import RedisError

    return RedisError
