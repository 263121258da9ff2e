"""The API: JSON in, JSON out, errors as problem details (RFC 9457)."""
