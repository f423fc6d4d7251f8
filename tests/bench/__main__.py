"""Run every measurement on a scratch database of its own, of the engine the environment names."""

import sys

import django
from django.db import connection
from django.test.utils import setup_test_environment


def main(names: list[str]) -> int:
    django.setup()
    setup_test_environment()
    from tests.bench import board, confirming, dashboard, handbook, rating, scale, storm

    measurements = {
        "confirming": confirming.run,
        "board": board.run,
        "dashboard": dashboard.run,
        "handbook": handbook.run,
        "storm": storm.run,
        "rating": rating.run,
        "scale": scale.run,
    }
    unknown = set(names) - set(measurements)
    if unknown:
        sys.stderr.write(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(measurements)}\n")
        return 2
    sys.stdout.write(f"\n== {connection.vendor} ==\n")
    scratch = connection.settings_dict["NAME"]
    for name, run in measurements.items():
        if names and name not in names:
            continue
        connection.creation.create_test_db(verbosity=0, autoclobber=True)  # one finds nothing that another left
        try:
            run()
        finally:
            connection.creation.destroy_test_db(scratch, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
