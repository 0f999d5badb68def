"""Keeps up with `configs/avatar.yaml` while the show runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from libs.contracts.health import ErrorCategory
from libs.settings.avatar import AvatarFile
from libs.settings.followed_file import FollowedFile

log = logging.getLogger("kitsu.avatar_controller")

#: Between two looks at the file's date.
LOOK_SECONDS = 2.0


async def keep_up_with(
    file: FollowedFile[AvatarFile],
    taken_up: Callable[[AvatarFile], None],
    changed: Callable[[], None],
    report: Callable[[str, str, ErrorCategory], Awaitable[None]],
) -> None:
    """For ever. What is saved counts a few seconds later; a file that is wrong is reported once,
    and what counted before it goes on counting, untouched. `changed`: what counts or what is wrong
    is another."""
    said = ""
    while True:
        if file.trouble != said:
            said = file.trouble
            if said:
                await report("avatar_file_wrong", said, ErrorCategory.CONFIGURATION)
        await asyncio.sleep(LOOK_SECONDS)
        before = file.content
        if file.changed and await asyncio.to_thread(file.look):
            log.info("the avatar file has changed")
            if file.content != before:
                taken_up(file.content)
            changed()
