"""The bucket's state is that of its last check; a health probe sends no request."""

from oslira_analysis.infrastructure.media.bucket_state import BucketState


class Bucket:
    """As much of boto3's client as is asked."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked: list[str] = []

    def head_bucket(self, *, Bucket: str) -> None:  # noqa: N803  # boto3's own name
        self.asked.append(Bucket)
        if not self.is_there:
            raise ConnectionError("https://key:secret@bucket")


async def test_the_state_is_that_of_the_last_check() -> None:
    bucket = Bucket()
    state = BucketState(lambda: bucket, bucket="media")
    assert await state() == "not checked yet"
    await state.look()
    bucket.is_there = False
    assert await state() == "ok"
    await state.look()
    assert await state() == "failing: ConnectionError"
    assert bucket.asked == ["media", "media"]
