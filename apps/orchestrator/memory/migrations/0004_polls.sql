-- `outcome` NULL: it runs. Its votes go when it ends.
CREATE TABLE poll (
    poll_id TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    options TEXT NOT NULL,
    ends_at REAL NOT NULL,
    outcome TEXT
) STRICT;
CREATE TABLE vote (
    poll_id TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    choice INTEGER NOT NULL,
    PRIMARY KEY (poll_id, viewer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX vote_viewer ON vote (viewer_id);
