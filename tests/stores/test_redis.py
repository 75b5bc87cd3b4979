"""State on a real Redis server: over TLS with a password, shared by processes, through an outage and back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringwork.enforce.guard import Allowance, Rate, require_counting
from ringwork.errors import ExtraMissing, StoreDown
from ringwork.stores import redis as stores_redis
from ringwork.stores.redis import REST_SECONDS, RedisCounters, RedisServer, RedisSpentTokens, faults_of
from tests.stores import redis_server

NOW = 1_800_000_000.0
TEN = Allowance(name="notes by address", rates=(Rate(limit=10, seconds=86_400.0), Rate(limit=20, seconds=86_400.0)))

WORKER = """
import sys
from ringwork.enforce.guard import Allowance, Rate
from ringwork.stores.redis import RedisCounters, RedisServer, RedisSpentTokens

server = RedisServer(sys.argv[1], about="https://clinic.example", wait_seconds=5)
counters, spent = RedisCounters(server), RedisSpentTokens(server)
shared = Allowance(name="login by account", rates=(Rate(limit=100, seconds=86400.0), Rate(limit=70, seconds=86400.0)))
counters.take([(shared, "somebody else")], now=0)
print("ready", flush=True)
sys.stdin.readline()
granted = sum(counters.take([(shared, "ada")], now=0) == 0.0 for _ in range(100))
won = sum(spent.claim(b"token %d" % i, now=1.0, until=100.0) for i in range(50))
print(granted, won)
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redis_server.Server]:
    """A server of this test alone, which it may stop."""
    if not redis_server.is_installed():
        pytest.skip("redis-server is not installed; ./run setup-system")
    with redis_server.running(tmp_path) as server:
        yield server


@pytest.mark.real
def test_two_worker_processes_share_one_limit_exactly(redis: redis_server.Server) -> None:
    """Guesses spread over the workers are one guesser's: of two hundred at once the seventy pass that the limit has room for."""
    command = [sys.executable, "-c", WORKER, redis.url]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [[int(number) for number in worker.communicate(timeout=60)[0].split()] for worker in workers]
    assert [sum(numbers) for numbers in zip(*told, strict=True)] == [70, 50]


@pytest.mark.real
def test_is_down_and_comes_back(redis: redis_server.Server) -> None:
    """An outage is told as one, costs no further request any time, and is over when the server is back."""
    now = [0.0]
    server = RedisServer(redis.url, wait_seconds=5, monotonic=lambda: now[0])
    counters = RedisCounters(server)
    assert counters.take([(TEN, "a")], now=NOW) == 0.0
    redis.stop()
    with pytest.raises(StoreDown, match="cannot be used"):
        counters.take([(TEN, "a")], now=NOW)
    redis.start()
    with pytest.raises(StoreDown, match="a moment ago"):
        counters.take([(TEN, "a")], now=NOW)
    now[0] += REST_SECONDS
    assert counters.take([(TEN, "a")], now=NOW) == 0.0
    server.close()
    server.close()


@pytest.mark.real
@pytest.mark.parametrize("wrong", ["password", "authority", "name"])
def test_speaks_to_nobody_who_is_not_the_server(redis: redis_server.Server, tmp_path: Path, wrong: str) -> None:
    """A wrong password, another authority or another name is an outage; nothing is sent in the clear, and no secret is told."""
    other = tmp_path / "other"
    other.mkdir()
    urls = {
        "password": redis.url.replace(redis_server.PASSWORD, "sesame"),
        "authority": redis.url.replace(str(redis.authority), str(redis_server.certificates(other))),
        "name": redis.url.replace("127.0.0.1", "localhost"),
    }
    server = RedisServer(urls[wrong], wait_seconds=5)
    with pytest.raises(StoreDown) as caught:
        RedisCounters(server).take([(TEN, "a")], now=NOW)
    assert "sesame" not in str(caught.value)
    assert redis_server.PASSWORD not in str(caught.value)
    server.close()


@pytest.mark.real
def test_applications_on_one_server_share_nothing(redis: redis_server.Server) -> None:
    """Two sites with a user of the same name count apart."""
    servers = [RedisServer(redis.url, about=about, wait_seconds=5) for about in ("https://a.example", "https://b.example")]
    for server in servers:
        assert [RedisCounters(server).take([(TEN, "ada")], now=NOW) for _ in range(10)] == [0.0] * 10
        assert RedisSpentTokens(server).claim(b"token", now=NOW, until=NOW + 60)
        server.close()


@pytest.mark.real
def test_keeps_no_name_and_nothing_for_ever(redis: redis_server.Server) -> None:
    """Keys are hashes, and each of them ends."""
    server = RedisServer(redis.url, wait_seconds=5)
    RedisCounters(server).take([(TEN, "ada@clinic.example")], now=NOW)
    RedisSpentTokens(server).claim(b"token", now=NOW, until=NOW + 60)
    keys = server.ask(lambda client: client.keys("*"))
    assert len(keys) == 3
    assert all(len(key) == len(b"ringwork:1:") + 64 for key in keys)
    assert all(server.ask(lambda client, key=key: client.pttl(key)) > 0 for key in keys)
    server.close()


@pytest.mark.real
def test_survives_what_somebody_else_wrote_under_its_key(redis: redis_server.Server) -> None:
    """A value that is no number counts as none."""
    server = RedisServer(redis.url, wait_seconds=5)
    counters = RedisCounters(server)
    counters.take([(TEN, "a")], now=NOW)
    for key in server.ask(lambda client: client.keys("*")):
        server.ask(lambda client, key=key: client.set(key, "garbage"))
    assert counters.take([(TEN, "a")], now=NOW) == 0.0
    server.close()


@pytest.mark.real
def test_serves_a_server_without_tls_on_this_machine(redis: redis_server.Server) -> None:
    """A development server on loopback needs no certificate."""
    server = RedisServer(redis.plain, wait_seconds=5)
    require_counting(RedisSpentTokens(server))
    assert server.is_private
    server.close()


def test_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis-py the message names what to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[redis\]"):
        stores_redis.require_library()


def test_never_grants_an_expired_token() -> None:
    """What is over is refused without asking the server."""
    assert not RedisSpentTokens(RedisServer("redis://localhost:1/0")).claim(b"token", now=NOW, until=NOW)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("rediss://cache.example/0", True),
        ("redis://localhost:6379", True),
        ("redis://127.0.0.9", True),
        ("redis://[::1]:6379/2", True),
        ("redis://cache.example", False),
        ("redis://10.0.0.5:6379/0", False),
    ],
)
def test_knows_where_others_can_read_along(url: str, private: bool) -> None:
    """Plain text leaves this machine only over TLS."""
    assert not faults_of(url)
    assert RedisServer(url).is_private is private


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "rediss://:sesame@/0",
        "redis://host:port/0",
        "redis://host:99999/0",
        "redis://host/notes",
        "redis://host/0#x",
        "redis://host/0?ca=/etc/ca.pem",
        "rediss://:sesame@host/0?ssl_cert_reqs=none",
        "rediss://host/0?ca=/etc/ca.pem&ssl_check_hostname=false",
    ],
)
def test_tells_a_wrong_address_without_its_password(url: str) -> None:
    """Options that would switch the certificate's check off are no options; what is told holds no secret."""
    faults = faults_of(url)
    assert len(faults) == 1
    assert "sesame" not in faults[0]


def test_frames_what_a_key_is_made_of() -> None:
    """Moving a letter from one part to the next, or a part from one application to another, makes another key."""
    server, other = RedisServer("redis://localhost"), RedisServer("redis://localhost", about="a")
    keys = {
        server.key("a", "bc"),
        server.key("ab", "c"),
        server.key("abc"),
        server.key("a", "b", "c"),
        other.key("bc"),
        other.key("b", "c"),
    }
    assert len(keys) == 6
    assert stores_redis.RedisServer("redis://localhost", about="x").key("a") == RedisServer("redis://other", about="x").key("a")
