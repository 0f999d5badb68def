"""What can go wrong with a server of this kind, and in what it may differ from others."""

#: By name: what happens. A number is given as `name:number`.
FAULTS = {
    # refuses
    "401": "the key is wrong; the answer repeats part of it",
    "402": "no credit",
    "404": "no such model",
    "429": "too many requests; Retry-After so many seconds",
    "500": "an error of its own",
    "503": "overloaded",
    "redirect": "sent to another address",
    "html": "a web page, with status 200",
    # time
    "slow-first": "nothing for a long time",
    "stall": "after so many tokens nothing more comes",
    # transport
    "reset": "TCP reset after so many tokens",
    "fin": "closed after so many tokens",
    "half-event": "closed inside an event",
    "no-end": "the stream ends without a word, as if it were whole",
    # form
    "garbage": "an event that is not JSON",
    "not-an-object": "an event that is JSON, but no object",
    "endless-line": "a line without end",
    "stream-error": "an error inside the stream, with status 200",
    "listed-error": "the same, in a list",
    "finish-error": "finish_reason error",
    "content-filter": "stopped by the provider's filter, before anything was said",
    "filtered-later": "stopped by the provider's filter, after so many tokens",
    "empty": "a reply without text",
    # differences that are no errors
    "no-done": "finish_reason, then an open connection without [DONE]",
    "no-finish": "[DONE] without finish_reason",
    "length": "finish_reason length: closing tags are missing",
    "keep-alive": "comments between the events",
    "reasoning": "thoughts in reasoning_content",
    "openrouter-reasoning": "thoughts in reasoning",
    "parts": "content in parts, with thoughts among them",
    "null-deltas": "deltas that are null, and choices that are missing",
    "crlf": "other line endings",
    "bytes": "one byte at a time",
    "not-streamed": "one JSON document instead of a stream",
    "no-last-line": "no empty line behind the last event",
}
