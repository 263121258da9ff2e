"""Regular expressions that more than one layer uses."""

HTTP_ADDRESS = r"^https?://([^/?#]*@)?([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^?#]*)?$"
LONGEST_TEXT = 2000  # characters that a person may say in their own words
