-- Messages follow their originals: corrections, deletions, reactions and replies, from either side to the other.

ALTER TABLE entry ADD COLUMN source TEXT;                        -- the network's id of the message that it is
CREATE INDEX entry_of_source ON entry (source) WHERE source IS NOT NULL;
UPDATE entry SET source = (SELECT receipt FROM outbox o WHERE o.entry = entry.id) WHERE role = 'agent'
    AND audience = 'customer';

CREATE TABLE outbox_anew (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL UNIQUE,
    lane         TEXT NOT NULL,
    audience     TEXT NOT NULL CHECK (audience IN ('customer', 'agents')),
    verb         TEXT NOT NULL CHECK (verb IN ('say', 'say_in_room', 'card', 'edit_card', 'react', 'amend', 'redact')),
    conversation INTEGER REFERENCES conversation (id),
    ticket       INTEGER REFERENCES ticket (number),
    team         TEXT,
    entry        INTEGER,
    content      TEXT,           -- JSON list of blocks; only for agents
    target       TEXT,           -- the message reacted to or answered
    symbol       TEXT,
    receipt      TEXT,           -- the agent's message whose delivery this is
    created_at   TEXT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dead')),
    tries        INTEGER NOT NULL DEFAULT 0,
    due_at       TEXT,           -- not before, NULL is at once
    sent_at      TEXT,
    ref          TEXT,           -- its reference on the network, once sent
    why          TEXT,           -- the last refusal
    refusals     INTEGER NOT NULL DEFAULT 0,
    again        INTEGER NOT NULL DEFAULT 0,
    noticed_at   TEXT,
    dropped_at   TEXT,
    sent_after   INTEGER,
    amends       INTEGER REFERENCES outbox (id),  -- what is shown anew as it is now, or taken back
    FOREIGN KEY (ticket, conversation) REFERENCES ticket (number, conversation),
    FOREIGN KEY (entry, conversation, audience) REFERENCES entry (id, conversation, audience),
    CHECK ((verb IN ('amend', 'redact')) = (amends IS NOT NULL)),
    CHECK (audience = 'agents' OR (
        conversation IS NOT NULL AND lane = 'c' || conversation AND content IS NULL AND team IS NULL AND (
            (verb IN ('say', 'amend') AND entry IS NOT NULL AND symbol IS NULL)
            OR (verb = 'react' AND entry IS NULL AND length(symbol) <= 12) OR verb = 'redact'))),
    CHECK (audience = 'customer' OR (
        entry IS NULL AND conversation IS NULL AND team IS NOT NULL AND receipt IS NULL
        AND lane = coalesce('t' || ticket || ' ' || team, 'r' || team))),
    CHECK ((state = 'sent') = (ref IS NOT NULL))
) STRICT;
INSERT INTO outbox_anew (id, key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol,
    receipt, created_at, state, tries, due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after)
    SELECT id, key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol, receipt,
    created_at, state, tries, due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_anew RENAME TO outbox;
CREATE INDEX outbox_queued ON outbox (lane, id) WHERE state = 'queued';
CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX outbox_card ON outbox (ticket, team) WHERE verb = 'card';
CREATE INDEX outbox_ref ON outbox (ref) WHERE ref IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead' AND dropped_at IS NULL;
CREATE INDEX outbox_sent_to_customer ON outbox (conversation, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_sent_to_team ON outbox (team, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_of_ticket ON outbox (ticket, id) WHERE ticket IS NOT NULL;
CREATE INDEX outbox_amends ON outbox (amends) WHERE amends IS NOT NULL;

CREATE TABLE shown (             -- which rows of the outbox show a message of a person, or carry a reaction
    source TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox (id),
    PRIMARY KEY (source, outbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_in ON shown (outbox);
INSERT INTO shown SELECT e.source, o.id FROM outbox o JOIN entry e ON e.id = o.entry WHERE e.source IS NOT NULL;
CREATE INDEX inbox_of_correction ON inbox (json_extract(payload, '$.edits'))
    WHERE json_extract(payload, '$.edits') IS NOT NULL;
