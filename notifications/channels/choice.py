"""Which gateway the settings name for each channel."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from models.settings import Settings
from notifications.channels.email_smtp import Encryption, MailServer, SmtpGateway
from notifications.channels.printer import PrinterGateway
from notifications.channels.smpp import Account, SmppGateway
from notifications.channels.sms_http import HttpGateway
from notifications.deliver import Gateway
from notifications.leases import EMAIL, LETTER, SMS

SMPP_PORT = 2775
SUBMISSION_PORTS = {"smtp": 587, "smtps": 465}  # RFC 8314


def gateways(chosen: Settings) -> Mapping[str, Gateway]:
    """The gateway of each channel. Each has a deliverer and a connection of its own."""
    return {
        SMS: gateway_of(chosen),
        LETTER: PrinterGateway() if by_printer(chosen) else gateway_of(chosen),
        EMAIL: mail_gateway(chosen) or gateway_of(chosen),
    }


def by_printer(chosen: Settings) -> bool:
    """Whether letters wait for batches: no operator's message centre prints any."""
    return chosen.letters == "printer" or urlsplit(chosen.gateway_url).scheme == "smpp"


def mail_gateway(chosen: Settings) -> Gateway | None:
    """The mail server at `smtp_url`; None where the settings name none."""
    address = urlsplit(chosen.smtp_url)
    if not address.hostname:
        return None
    encryption: Encryption = "tls" if address.scheme == "smtps" else "starttls"
    return SmtpGateway(
        MailServer(
            address.hostname,
            address.port or SUBMISSION_PORTS[address.scheme],
            "none" if chosen.smtp_encryption == "off" else encryption,
            chosen.smtp_user,
            chosen.smtp_password or SecretStr(""),
            chosen.smtp_sender,
        )
    )


def gateway_of(chosen: Settings) -> Gateway:
    """The gateway of text messages at `gateway_url`: by SMPP or by HTTP, as its address begins."""
    address = urlsplit(chosen.gateway_url)
    if address.scheme != "smpp":
        return HttpGateway(chosen.gateway_url)
    password = chosen.smpp_password or SecretStr("")
    return SmppGateway(
        Account(address.hostname or "", address.port or SMPP_PORT, chosen.smpp_system_id, password, chosen.smpp_sender)
    )
