-- What could not be decided or delivered, kept where an admin sees it; and what a read-back starts from.

ALTER TABLE inbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;   -- starts at which it was the first to be decided
ALTER TABLE inbox ADD COLUMN again INTEGER NOT NULL DEFAULT 0;   -- how often an admin had it decided anew
ALTER TABLE inbox ADD COLUMN noticed_at TEXT;                    -- when its agents were told that it failed
ALTER TABLE inbox ADD COLUMN dropped_at TEXT;                    -- when an admin let go of it
CREATE INDEX inbox_failed ON inbox (id) WHERE fault IS NOT NULL AND dropped_at IS NULL;

ALTER TABLE outbox ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;  -- how often the network said no for good
ALTER TABLE outbox ADD COLUMN again INTEGER NOT NULL DEFAULT 0;     -- how often an admin had it sent anew
ALTER TABLE outbox ADD COLUMN noticed_at TEXT;
ALTER TABLE outbox ADD COLUMN dropped_at TEXT;
-- The newest row when this one was known to be sent: a row that is newer still was sent after it, whatever clocks say.
ALTER TABLE outbox ADD COLUMN sent_after INTEGER;
UPDATE outbox SET sent_after = (SELECT max(id) FROM outbox) WHERE state = 'sent';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead' AND dropped_at IS NULL;
DROP INDEX outbox_sent_conversation;
DROP INDEX outbox_sent_team;
CREATE INDEX outbox_sent_to_customer ON outbox (conversation, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_sent_to_team ON outbox (team, sent_after) WHERE state = 'sent';

-- What agents already hear of in the ticket itself, or what was over before, needs no notice.
UPDATE outbox SET noticed_at = created_at WHERE state = 'dead';
UPDATE inbox SET noticed_at = at WHERE fault IS NOT NULL;

ALTER TABLE ticket ADD COLUMN undeliverable INTEGER NOT NULL DEFAULT 0 CHECK (undeliverable IN (0, 1));
ALTER TABLE ticket ADD COLUMN reassured_at TEXT;                 -- when she was last told that a person will come
ALTER TABLE conversation ADD COLUMN crowded INTEGER NOT NULL DEFAULT 0 CHECK (crowded IN (0, 1));
