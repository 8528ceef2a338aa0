-- Lines that wait for their answer, answers that can be withdrawn, and what each message of the bot offered.

ALTER TABLE ticket ADD COLUMN pending TEXT;                      -- JSON list; what she wrote and is not answered yet
ALTER TABLE ticket ADD COLUMN undo TEXT;                         -- JSON; how it was before the bot's last answer
ALTER TABLE ticket ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;   -- how often the bot spoke before a person was called
ALTER TABLE outbox ADD COLUMN turn INTEGER;                      -- in which turn of the ticket the bot said it
ALTER TABLE outbox ADD COLUMN offered TEXT;                      -- JSON list of the entries to choose from in it
ALTER TABLE question ADD COLUMN turn INTEGER;                    -- in which turn of the ticket it was answered
CREATE INDEX outbox_of_turn ON outbox (ticket, turn) WHERE turn IS NOT NULL;

-- The offers that stand are known; of those before them nothing tells what they offered.
UPDATE outbox SET offered = (SELECT offer FROM ticket WHERE number = outbox.ticket), turn = 0 WHERE id IN
    (SELECT (SELECT max(o.id) FROM outbox o WHERE o.ticket = t.number AND o.audience = 'customer' AND o.verb = 'say')
    FROM ticket t WHERE t.status = 'offered');
