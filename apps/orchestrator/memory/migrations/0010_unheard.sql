-- What she would have gone on to say where she was cut off: nobody heard it.
ALTER TABLE turn ADD COLUMN unheard_text TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN unheard TEXT NOT NULL DEFAULT '';
