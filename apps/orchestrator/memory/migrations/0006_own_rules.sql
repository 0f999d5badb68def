-- What the operator allows or blocks beside the shipped rules. `words` is the text as the gate
-- compares it: one rule for the same words.
CREATE TABLE own_rule (
    rule_id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    text TEXT NOT NULL,
    words TEXT NOT NULL UNIQUE,
    by TEXT NOT NULL,
    made_at REAL NOT NULL
) STRICT;
