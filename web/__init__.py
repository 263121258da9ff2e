"""The web: the portal for citizens, the console, the API, health and metrics. Only this package imports Litestar."""
