CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Everything that asked to be answered. `state`: waiting, taken, skipped.
CREATE TABLE input (
    input_id TEXT PRIMARY KEY,
    candidate TEXT NOT NULL,
    arrived_at REAL NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX input_state ON input (state, arrived_at);

-- `request` is the committed turn as it was (or will be) published; `outcome` NULL: still open.
CREATE TABLE turn (
    turn_id TEXT PRIMARY KEY,
    utterance_id TEXT NOT NULL,
    input_id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    author TEXT NOT NULL,
    input TEXT NOT NULL,
    request TEXT NOT NULL,
    published INTEGER NOT NULL DEFAULT 0,
    opened_at REAL NOT NULL,
    reply TEXT NOT NULL DEFAULT '',
    heard_text TEXT NOT NULL DEFAULT '',
    outcome TEXT,
    reason TEXT NOT NULL DEFAULT '',
    stages TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX turn_opened ON turn (opened_at);
CREATE INDEX turn_open ON turn (outcome) WHERE outcome IS NULL;

-- The conversation as it was: what was said to her, and what was heard from her.
CREATE TABLE message (
    message_id INTEGER PRIMARY KEY,
    turn_id TEXT NOT NULL,
    speaker TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    at REAL NOT NULL,
    UNIQUE (turn_id, speaker)
) STRICT;
CREATE INDEX message_viewer ON message (viewer_id);

CREATE TABLE incident (
    incident_id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    by TEXT NOT NULL DEFAULT ''
) STRICT;
