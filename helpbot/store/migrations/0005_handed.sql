-- Whether somebody has the words of an event that failed: then deciding it anew would repeat them.

ALTER TABLE inbox ADD COLUMN handed INTEGER NOT NULL DEFAULT 0 CHECK (handed IN (0, 1));
