"""A pooler between us and the server, a real one: by session all is well; by transaction nothing that a session says
would hold, and it is refused.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.database import close_pool
from models.errors import Unavailable
from models.migrate import require_session_pooling
from sijil.embedded.hosting import unprivileged
from tests.conftest import Servers, forget_settings
from tests.filing import Worker, drain_all, file_clean, stages
from tests.integration.running import Run

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(
    PGBOUNCER is None, reason="no PgBouncer here (apt-get install pgbouncer): that a pooler is noticed is NOT tested"
)
CONFIGURATION = """
[databases]
* = host={sockets} user=sijil
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 6543
auth_type = any
pool_mode = {mode}
server_round_robin = {round_robin}
logfile = {folder}/log
"""
Pooled = Callable[..., str]


@pytest.fixture
def pooled(
    database: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pooled]:
    """Starts a pooler of this mode; the settings name it from then on."""
    started: list[subprocess.Popen[bytes]] = []
    folder = Path(f"/tmp/sijil-pool-{id(monkeypatch):x}")  # a socket's path is short
    folder.mkdir(mode=0o700)

    def start(mode: str, round_robin: int = 0) -> str:
        (folder / "ini").write_text(
            CONFIGURATION.format(sockets=servers.postgres.sockets, folder=folder, mode=mode, round_robin=round_robin),
            "utf-8",
        )
        started.append(
            subprocess.Popen([*unprivileged(), str(PGBOUNCER), "-q", str(folder / "ini")], stdin=subprocess.DEVNULL)
        )
        end = time.monotonic() + 20
        while not (folder / ".s.PGSQL.6543").exists():
            assert time.monotonic() < end, "the pooler does not start"
            time.sleep(0.05)
        name = database.partition("?")[0].rpartition("/")[2]
        monkeypatch.setenv("SIJIL_DATABASE_URL", f"postgresql://sijil@/{name}?host={folder}&port=6543")
        forget_settings()
        return name

    yield start
    close_pool()
    for process in started:
        process.kill()
        process.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize("round_robin", [0, 1])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_by_transaction_is_refused_before_anything_is_done(
    pooled: Pooled, broker: str, sijil: Run, mode: str, round_robin: int
) -> None:
    pooled(mode, round_robin)

    ran = sijil("doctor")

    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "pool_mode = session" in ran.err or mode == "statement"


def test_a_pooler_by_session_is_as_good_as_none(pooled: Pooled, broker: str, worker: Worker) -> None:
    pooled("session")

    require_session_pooling()
    file_clean(3)
    drain_all(worker())

    assert stages() == {"notified": 3}


def test_a_server_without_a_pooler_is_not_taken_for_one(database: str) -> None:
    for _ in range(20):
        try:
            require_session_pooling()
        except Unavailable as error:
            pytest.fail(str(error))
