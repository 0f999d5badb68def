"""Problem documents (RFC 9457): the one form in which every process answers with an error."""

from starlette.responses import JSONResponse


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
