"""Pages that stand alone: Jinja templates rendered on the server, one look for all reports."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str) -> Template:
    """Give a template of `rcu/services/templates`; values are escaped, and a name it misses is an error."""
    environment = Environment(
        loader=PackageLoader("rcu.services", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
