-- Which lines of chat an input is made of, so that it is found when one of them is deleted.
CREATE TABLE input_line (
    message_id TEXT NOT NULL,
    input_id TEXT NOT NULL,
    PRIMARY KEY (message_id, input_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX input_line_input ON input_line (input_id);
CREATE INDEX input_arrived ON input (arrived_at);
INSERT OR IGNORE INTO input_line
    SELECT line.value, input_id FROM input, json_each(input.candidate, '$.input.message_ids') AS line;

CREATE TRIGGER input_came AFTER INSERT ON input BEGIN
    INSERT OR IGNORE INTO input_line
        SELECT value, new.input_id FROM json_each(new.candidate, '$.input.message_ids');
END;
CREATE TRIGGER input_is_gone AFTER DELETE ON input BEGIN
    DELETE FROM input_line WHERE input_id = old.input_id;
END;
CREATE TRIGGER input_is_of_other_lines AFTER UPDATE OF candidate ON input BEGIN
    DELETE FROM input_line WHERE input_id = old.input_id;
    INSERT OR IGNORE INTO input_line
        SELECT value, new.input_id FROM json_each(new.candidate, '$.input.message_ids');
END;
