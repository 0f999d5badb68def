-- What a fact or message is about, as an embedding model sees it: float32, little-endian, of length
-- one. `kind` is fact or message, `model` what made it: vectors of two models are not comparable.
-- A vector goes with its row, and is made anew when the text of its row changes.
CREATE TABLE vector (
    kind TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    model TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (kind, row_id)
) STRICT;

CREATE TRIGGER message_is_gone AFTER DELETE ON message BEGIN
    DELETE FROM vector WHERE kind = 'message' AND row_id = old.message_id;
END;
CREATE TRIGGER message_says_otherwise AFTER UPDATE OF text ON message BEGIN
    DELETE FROM vector WHERE kind = 'message' AND row_id = old.message_id;
END;
CREATE TRIGGER fact_is_gone AFTER DELETE ON fact BEGIN
    DELETE FROM vector WHERE kind = 'fact' AND row_id = old.fact_id;
END;
CREATE TRIGGER fact_says_otherwise AFTER UPDATE OF topic, text ON fact BEGIN
    DELETE FROM vector WHERE kind = 'fact' AND row_id = old.fact_id;
END;
