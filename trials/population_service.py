"""The population register as a service of its own, for proofs and measurements: database, partner and process."""

import json
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from models import clock
from models.database import transaction
from models.errors import Unavailable
from models.settings import private_file
from sijil.processes import set_settings, start, stop
from trials.servers import ProofServers
from workflows.population import partners
from workflows.population.partners import MOST_RATE, Key
from workflows.population.policies import POLICIES
from workflows.population.signatures import new_key, public_key

DATABASE, PARTNER = "population", "social-register"
START_SECONDS = 60.0


@dataclass
class PopulationService:
    """The register's process, which may be killed and started again on the same port."""

    servers: ProofServers
    port: int = field(default_factory=lambda: free_port())
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """The address of its database."""
        return self.servers.postgres.url_of(DATABASE)

    @property
    def key(self) -> Path:
        """The file of the social register's private key."""
        return self.servers.folder / "partner.key"

    def prepare(self) -> None:
        """Makes its database, which is in use afterwards, and makes us a partner."""
        self.servers.create(DATABASE)
        made, now = new_key(), clock.now()
        private_file(self.key, json.dumps(made.as_dict(private=True))).replace(self.key)
        kid, x = public_key(json.dumps(made.as_dict(private=False)))
        with transaction() as connection:
            partner = partners.add(connection, PARTNER, POLICIES[PARTNER], MOST_RATE, now)
            partners.add_key(connection, partner, Key(kid, x, now))

    def begin(self) -> None:
        """Starts the process, and waits until it answers. Raises Unavailable where it does not."""
        set_settings(population_database_url=self.database)
        with (self.servers.folder / "population.log").open("ab") as log:
            command = ("serve", "--only", "population", "--port", str(self.port))
            self.process = start("sijil", *command, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if time.monotonic() > until or self.process.poll() is not None:
                raise Unavailable(f"The population register did not start; see {self.servers.folder}/population.log.")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """Ends the process at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Stops the process."""
        if self.process is not None:
            stop([self.process])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
