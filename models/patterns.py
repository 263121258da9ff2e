"""Regular expressions that more than one layer uses."""

HTTP_ADDRESS = r"^https?://([^/?#]*@)?([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^?#]*)?$"
# The message gateway: one that speaks HTTP, or an SMPP server. The password of the latter is a setting of its own.
GATEWAY_ADDRESS = HTTP_ADDRESS + r"|^smpp://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
# An address to which browsers carry what lets somebody in: encrypted, or of this same host; '' for none.
PROVIDER_ADDRESS = (
    r"^$|^(https://([\w.-]+|\[[0-9A-Fa-f:.]+\])|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[^?#\s]*)?$"
)
# A mail server, by STARTTLS or by TLS from the first octet on; '' for none. Its password is a setting of its own.
MAIL_SERVER = r"^$|^smtps?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
MAIL_SENDER = r"^$|^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
PRINTABLE = "^[!-~]*$"  # what an SMPP server takes as a name
SENDER_ID = "^$|^[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*$"  # of text messages; '' for none
LONGEST_TEXT = 2000  # characters that a person may say in their own words
# Hours of the day, the first before the second: 09:00-20:00; or none.
HOURS = r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$"
# Numbers with commas between them; or none.
NUMBERS = r"^([0-9]{2,9}(,[0-9]{2,9})*)?$"
# The name of a partner of the population register; '' for none.
PARTNER = r"^([a-z0-9][a-z0-9._-]{0,62})?$"
