"""Sign-in by the agency's identity provider: OpenID Connect, authorization code with PKCE (RFC 6749, RFC 7636)."""
