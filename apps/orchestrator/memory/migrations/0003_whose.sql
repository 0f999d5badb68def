-- Whose memory went with a turn: when they want to be forgotten, the answer that used it goes too.
ALTER TABLE recalled ADD COLUMN viewer_id TEXT NOT NULL DEFAULT '';
CREATE INDEX recalled_viewer ON recalled (viewer_id) WHERE viewer_id <> '';
CREATE INDEX turn_viewer ON turn (viewer_id);
ALTER TABLE input ADD COLUMN viewer_id TEXT
    AS (json_extract(candidate, '$.input.author.viewer_id')) VIRTUAL;
CREATE INDEX input_viewer ON input (viewer_id);
-- Built anew at the next opening: words are folded otherwise, and facts carry what they are about.
DROP TABLE IF EXISTS fact_words;
DROP TABLE IF EXISTS message_words;
