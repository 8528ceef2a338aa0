-- The entries that the bot answered with last, for one message may ask several things.

ALTER TABLE ticket ADD COLUMN answered TEXT NOT NULL DEFAULT '[]';  -- JSON list of entry ids
UPDATE ticket SET answered = json_array(entry) WHERE entry IS NOT NULL AND status = 'bot';
