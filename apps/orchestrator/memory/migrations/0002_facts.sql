-- What people told of themselves, and what the host wants remembered of the show (viewer_id '').
-- `topic` is what a fact is about ("name", "favourite game"): a newer one of the same topic replaces
-- the older. `source_turn_id` says where it was learned.
CREATE TABLE fact (
    fact_id INTEGER PRIMARY KEY,
    viewer_id TEXT NOT NULL,
    name TEXT NOT NULL,
    topic TEXT NOT NULL,
    text TEXT NOT NULL,
    importance REAL NOT NULL,
    source_turn_id TEXT NOT NULL,
    learned_at REAL NOT NULL,
    last_used_at REAL NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    UNIQUE (viewer_id, topic, text)
) STRICT;
CREATE INDEX fact_viewer ON fact (viewer_id);

-- `until_message_id` is the last message that the summary covers.
CREATE TABLE summary (
    summary_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    until_message_id INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    engine TEXT NOT NULL,
    written_at REAL NOT NULL
) STRICT;

-- Which memories went with a turn, and why.
CREATE TABLE recalled (
    turn_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (turn_id, position)
) STRICT;
CREATE INDEX message_at ON message (at);
