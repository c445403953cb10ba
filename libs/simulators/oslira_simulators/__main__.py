"""`python -m oslira_simulators --port P`."""

import argparse
from contextlib import suppress
from pathlib import Path

from oslira_simulators.config import SimulatorConfig, default_latencies
from oslira_simulators.latency import parse_distribution
from oslira_simulators.serve import server_for


def main() -> None:
    options = _options()
    latencies = default_latencies() | {
        name: parse_distribution(shape)
        for name, shape in (("scrape", options.scrape), ("model", options.model))
        if shape is not None
    }
    config = SimulatorConfig(
        speed=options.speed, seed=options.seed, profiles=options.profiles, latencies=latencies
    )
    with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends, not a failure
        server_for(config, host=options.host, port=options.port).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simulators", description="Apify, OpenAI, Anthropic and Stripe, simulated"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--speed", type=float, default=1.0, help="divides every latency")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profiles", type=Path, help="folder of scraped items, one JSON object a file")
    parser.add_argument("--scrape", help="latency of a scrape, as uniform:6:12, lognormal:8:0.4 or fixed:3")
    parser.add_argument("--model", help="latency of a model call")
    return parser.parse_args()


if __name__ == "__main__":
    main()
