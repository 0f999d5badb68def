-- Viewers whose lines are not answered, until a moderator lets them again.
CREATE TABLE muted (
    viewer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    by TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
-- Alerts that she is yet to be told of, together with those that come at the same time.
CREATE TABLE gathered_alert (
    alert_id TEXT PRIMARY KEY,
    viewer_id TEXT NOT NULL,
    event TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
