"""The second factor of local accounts: the codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

The app's secret is kept sealed by the installation's key; a code is taken once.
"""

import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256
from string import digits

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.database import Connection
from models.errors import Unavailable
from models.settings import settings
from workflows.bodies.text import canonical
from workflows.intake.receipts import in_alphabet
from workflows.staff.passwords import new_password

ISSUER = "Sijil"
NONCE = 12  # bytes
SECRET = re.compile("[A-Z2-7]{32}")
STEPS = (-1, 0, 1)  # of 30 seconds: clocks of phones differ
CODES = 8  # for recovery
USE_STEP = "update staff_account set app_step = %s where id = %s and app_step < %s returning id"
USE_RECOVERY = """
    update staff_account set recovery = array_remove(recovery, %(digest)s)
    where id = %(id)s and %(digest)s = any(recovery) returning id
"""
ENROL = "update staff_account set app_secret = %s, app_step = %s, recovery = %s where id = %s"


def new_app_secret() -> str:
    """A secret for an authenticator app, in base 32."""
    return pyotp.random_base32()


def app_address(secret: str, name: str) -> str:
    """The address that an authenticator app reads, by hand or as a picture."""
    return pyotp.TOTP(secret, name=name, issuer=ISSUER).provisioning_uri()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time whose code this is; None where it is none of now, and for a text that is no secret."""
    if not SECRET.fullmatch(secret):
        return None
    app, typed = pyotp.TOTP(secret), "".join(each for each in canonical(code) if each in digits)
    step = int(now.timestamp()) // app.interval
    return next((step + each for each in STEPS if hmac.compare_digest(app.at(now, counter_offset=each), typed)), None)


def use_code(connection: Connection, account_id: int, sealed: bytes, code: str, now: datetime) -> bool:
    """Whether this code, of the app or for recovery, lets the account in now; then it never does again."""
    step = step_of(unseal(account_id, sealed), code, now)
    if step is not None:
        return bool(connection.execute(USE_STEP, [step, account_id, step]).fetchone())
    parameters = {"id": account_id, "digest": digest_of(account_id, code)}
    return bool(connection.execute(USE_RECOVERY, parameters).fetchone())


def enrol_app(connection: Connection, account_id: int, secret: str, step: int) -> list[str]:
    """Keeps the app's secret, whose code of this step was shown; returns new recovery codes, shown once."""
    codes = [new_password() for _ in range(CODES)]
    digests = [digest_of(account_id, code) for code in codes]
    connection.execute(ENROL, [seal(account_id, secret), step, digests, account_id])
    return codes


def digest_of(account_id: int, code: str) -> bytes:
    """What is kept of a recovery code: it has 80 random bits, so a keyed digest is enough."""
    return hmac.digest(key_for("recovery"), f"{account_id}\0{in_alphabet(code)}".encode(), sha256)


def seal(account_id: int, secret: str) -> bytes:
    """The secret as it is kept, of use with this account alone."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key_for("app")).encrypt(nonce, secret.encode(), str(account_id).encode())


def unseal(account_id: int, sealed: bytes) -> str:
    """The secret of an app. Raises Unavailable where the installation's key is another than when it was sealed."""
    try:
        return AESGCM(key_for("app")).decrypt(sealed[:NONCE], sealed[NONCE:], str(account_id).encode()).decode()
    except InvalidTag:
        text = "The secret of an authenticator app was sealed by another SIJIL_SECRET_KEY. Restore the key, or reset."
        raise Unavailable(text) from None


def key_for(use: str) -> bytes:
    """A key of 256 bits for one use, derived from the installation's."""
    return hmac.digest(settings().key(), f"staff.{use}".encode(), sha256)
