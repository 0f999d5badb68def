-- The code in the reply of a turn, for screens.
CREATE TABLE code (
    code_id INTEGER PRIMARY KEY,
    turn_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    at REAL NOT NULL,
    UNIQUE (turn_id, position)
) STRICT;
