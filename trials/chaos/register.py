"""The population register of `sijil chaos --remote-population`: a service of its own, behind a proxy that fails."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from models.errors import Unavailable
from sijil.processes import set_settings, start, stop
from trials.faulty_proxy import COUNTS
from trials.population_service import PARTNER, PopulationService
from trials.servers import ProofServers

SHARE = 0.3  # of the calls fail
TIMEOUT_SECONDS = 1.0  # of a call
LATE_SECONDS = 1.5  # after which a late answer comes
REGISTER = "trials.chaos.poison:PoisonedRemote"


@dataclass
class FaultyRegister:
    """The service with its proxy."""

    servers: ProofServers
    service: PopulationService = field(init=False)
    proxy: "subprocess.Popen[bytes] | None" = None
    url: str = ""

    def __post_init__(self) -> None:
        self.service = PopulationService(self.servers)

    def begin(self) -> None:
        """Starts both, and points the settings at the proxy. Raises Unavailable where the proxy does not start."""
        self.service.begin()
        options = ("--to", self.service.url, "--share", str(SHARE), "--late", str(LATE_SECONDS))
        self.proxy = start("trials.faulty_proxy", *options, stdout=subprocess.PIPE)
        assert self.proxy.stdout is not None
        self.url = self.proxy.stdout.readline().decode().strip()
        if not self.url:
            raise Unavailable("The proxy before the population register did not start; its error is printed above.")
        set_settings(
            population_url=self.url,
            population_partner=PARTNER,
            population_key=self.service.key,
            population_timeout=TIMEOUT_SECONDS,
            population_register=REGISTER,
        )

    def counts(self) -> dict[str, Any]:
        """How many calls were answered, and how many met which fault."""
        with suppress(httpx.HTTPError):
            return dict(sorted(httpx.get(f"{self.url}{COUNTS}", timeout=5.0).json().items()))
        return {}

    def close(self) -> None:
        """Stops both."""
        stop([each for each in (self.proxy, self.service.process) if each is not None])
