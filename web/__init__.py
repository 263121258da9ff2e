"""What people and programmes see: the portal in Arabic and French, the API, health and metrics.

Litestar is known here alone.
"""
