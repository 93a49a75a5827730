"""What an application wraps itself in: every answer says which version gave it, and every version is measured.

`asgi` and `wsgi` are thin adapters over `core`; `metrics` keeps the figures with prometheus_client; `scrape` reads them
back, `comparison` and `quantiles` (pure) say what they mean. docs/middleware.md shows how it is used.
"""
