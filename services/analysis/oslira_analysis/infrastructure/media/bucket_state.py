"""Whether the bucket answers, for /health/ready. Checked periodically, because a health probe must not wait."""

from collections.abc import Callable
from typing import Any

from oslira_shared.bucket import CALL_LIMIT_S
from oslira_shared.deadline import BlockingCalls


class BucketState:
    """`client` returns the bucket's client. It blocks, so it is called in a thread."""

    def __init__(self, client: Callable[[], Any], *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._state = "not checked yet"
        self._calls = BlockingCalls("s3_state", most=2)

    async def look(self) -> None:
        """Check the bucket."""
        try:
            await self._calls.run(
                lambda: self._client().head_bucket(Bucket=self._bucket), limit_s=CALL_LIMIT_S
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, that is its state
            self._state = f"failing: {type(error).__name__}"
        else:
            self._state = "ok"

    async def __call__(self) -> str:
        """`ok`, or the error of the last check."""
        return self._state
