"""Reading the body of a request into a model; what is wrong is said with the field's name."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from libs.worker.problems import Problem

Body = TypeVar("Body", bound=BaseModel)


async def body_of(request: Request, model: type[Body], maximum_bytes: int = 100_000) -> Body:
    """Raises `Problem` 413 or 422."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > maximum_bytes:
            raise Problem(413, "Too large", f"at most {maximum_bytes} bytes", "too_large")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        item = error.errors()[0]
        field = ".".join(str(part) for part in item["loc"]) or "the body"
        message = str(item["msg"]).removeprefix("Value error, ")
        raise Problem(422, "Wrong input", f"{field}: {message}", "input") from None
