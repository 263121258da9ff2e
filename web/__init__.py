"""The web: the portal in Arabic and French, the API, health and metrics. Only this package imports Litestar."""
