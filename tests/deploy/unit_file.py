# SPDX-License-Identifier: Apache-2.0
"""The systemd unit as {setting: [values in the order in which they stand]}."""

import metric_catalogue

FILE = metric_catalogue.TOP / "deploy" / "oomtrace.service"


def read(path=FILE):
    settings = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings
