"""One running example for all claims of a worker. A claim that breaks something has a model of its own: a
module names them in `GROUPS`, with the routes that serve each.
"""

import pytest

from lab import every_provider


@pytest.fixture(scope="session")
def every(request, tmp_path_factory):
    """The example, where every route has a model to itself, and so has every claim that needs one."""
    modules = {item.module.__name__: item.module for item in request.session.items}
    groups = {}
    for module in modules.values():
        groups |= getattr(module, "GROUPS", {})
    with every_provider.up(tmp_path_factory.mktemp("every"), groups) as running:
        yield running
