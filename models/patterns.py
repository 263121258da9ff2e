"""Regular expressions that more than one layer uses."""

HTTP_ADDRESS = r"^https?://([^/?#]*@)?([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^?#]*)?$"
# An address to which browsers carry what lets somebody in: encrypted, or of this same host; '' for none.
PROVIDER_ADDRESS = (
    r"^$|^(https://([\w.-]+|\[[0-9A-Fa-f:.]+\])|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[^?#\s]*)?$"
)
LONGEST_TEXT = 2000  # characters that a person may say in their own words
