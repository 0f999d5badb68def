"""Errors for people: problem documents over HTTP (RFC 9457), and the reason a process ends."""

from starlette.responses import JSONResponse


class CannotRun(Exception):
    """This process must end; the message is for people and says what to do."""


class Problem(Exception):
    """An error to be answered over HTTP: a status, a short title, and the step that mends it."""

    def __init__(self, status: int, title: str, detail: str = "", code: str = "") -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.title = title
        self.detail = detail
        self.code = code

    def response(self) -> JSONResponse:
        body = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.code:
            body["code"] = self.code
        return JSONResponse(body, self.status, media_type="application/problem+json")
