"""A bundle directory, changed the way an operator would change it: by editing its files."""

import copy

import yaml


class _Loader(yaml.SafeLoader):
    """Reads times as the text they are written as."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Bundle:
    """The files of one bundle."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, name):
        """A file's content, e.g. `routes`."""
        return yaml.load((self.folder / f"{name}.yaml").read_text(), _Loader)

    def write(self, name, content):
        """Replaces a file's content."""
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def route(self, model, endpoint):
        """The id of the route that serves a model by an endpoint."""
        return next(
            route["id"]
            for route in self.read("routes")
            if (route["model"], route["endpoint"]) == (model, endpoint)
        )

    def recertify(self, route, change):
        """Gives a route a certificate of its own, changed by `change(certificate)`."""
        certificates = self.read("certificates")
        old = next(one for one in certificates if route in one["routes"])
        new = {**copy.deepcopy(old), "id": f"changed-{route}", "routes": [route]}
        old["routes"].remove(route)
        change(new)
        self.write("certificates", [one for one in certificates if one["routes"]] + [new])
