"""Hear what happens in Oslira from outside. NATS_URL and NATS_NKEY_SEED (the observer's) say where and as whom."""

import asyncio
import os

import nats


async def main() -> None:
    bus = await nats.connect(os.environ["NATS_URL"], nkeys_seed_str=os.environ["NATS_NKEY_SEED"])
    events = await bus.subscribe("*.evt.>")
    print("listening", flush=True)
    async for event in events.messages:
        print(event.subject, event.data.decode(), flush=True)


asyncio.run(main())
