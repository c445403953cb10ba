"""Profile pictures in the form that analysis stores; the simulated profiles' own are at hosts that don't exist."""

import asyncio
import hashlib
from collections.abc import Sequence

import asyncpg
from oslira_devstack.access import access_to
from oslira_devstack.servers.s3 import s3_client
from oslira_devstack.stack import Stack

JPEG = b"\xff\xd8\xff\xe0 a picture of somebody"
_KEEP = """
insert into analysis.avatars (username, key, content_type) select name, $2, $3 from unnest($1::text[]) as name
on conflict (username) do update set key = excluded.key, content_type = excluded.content_type
"""


async def keep_picture(
    stack: Stack, usernames: Sequence[str], *, content: bytes = JPEG, content_type: str = "image/jpeg"
) -> str:
    """Give these profiles the picture; its key in the bucket."""
    key = f"media/avatars/{hashlib.sha256(content).hexdigest()}"
    client = s3_client(stack.servers.s3.endpoint_url, stack.credentials)
    await asyncio.to_thread(
        client.put_object,
        Bucket=stack.servers.s3.bucket,
        Key=key,
        Body=content,
        ContentType=content_type,
    )
    access = access_to(stack.describe(), stack.credentials)
    connection = await asyncpg.connect(access.database_url("analysis_service"))
    try:
        await connection.execute(_KEEP, list(usernames), key, content_type)
    finally:
        await connection.close()
    return key
