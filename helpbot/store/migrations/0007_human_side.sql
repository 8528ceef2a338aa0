-- Teams with hours, transfers, promises, reminders, figures.

ALTER TABLE ticket ADD COLUMN escalated_at TEXT;
ALTER TABLE ticket ADD COLUMN first_word_at TEXT;
ALTER TABLE ticket ADD COLUMN waits_since TEXT;                  -- since when she waits for a human word
ALTER TABLE ticket ADD COLUMN ladder_from TEXT;                  -- from when the reminders count
ALTER TABLE ticket ADD COLUMN rung INTEGER NOT NULL DEFAULT 0;   -- how many of them were sent
ALTER TABLE ticket ADD COLUMN answered_at TEXT;                  -- the last human word, while hers is the next
ALTER TABLE ticket ADD COLUMN warned_at TEXT;
ALTER TABLE ticket ADD COLUMN snoozed_until TEXT;
ALTER TABLE ticket ADD COLUMN promise TEXT;                      -- JSON; the open one
ALTER TABLE ticket ADD COLUMN transfer TEXT;                     -- JSON; offered to another team, not taken yet
ALTER TABLE ticket ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN held_back TEXT;                    -- JSON; an agent's words that wait for a yes
ALTER TABLE ticket ADD COLUMN asked_rating INTEGER NOT NULL DEFAULT 0 CHECK (asked_rating IN (0, 1));
ALTER TABLE ticket ADD COLUMN rating INTEGER CHECK (rating BETWEEN 1 AND 5);
CREATE INDEX ticket_by_status ON ticket (status, team, waits_since);
ALTER TABLE conversation ADD COLUMN zone TEXT;                   -- the customer's time zone, as far as it is known
CREATE INDEX ticket_of_owner ON ticket (owner) WHERE owner IS NOT NULL;
CREATE INDEX conversation_of_customer ON conversation (customer);

-- Whoever waits already is reminded of from now on, and whoever was answered is not for ever: the reminders and the
-- silence count from the update, not from the years before it.
UPDATE ticket SET answered_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now') WHERE status = 'held' AND
    (SELECT role FROM entry WHERE ticket = number AND audience = 'customer' AND role <> 'bot'
    ORDER BY id DESC LIMIT 1) = 'agent';
UPDATE ticket SET ladder_from = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), waits_since = coalesce(
    (SELECT min(at) FROM entry e WHERE e.ticket = number AND e.audience = 'customer' AND e.role = 'customer' AND e.id >
        coalesce((SELECT max(id) FROM entry a WHERE a.ticket = number AND a.audience = 'customer' AND a.role = 'agent'), 0)),
    opened_at) WHERE status = 'waiting' OR (status = 'held' AND answered_at IS NULL);
INSERT INTO timer SELECT number, 'ladder', ladder_from FROM ticket WHERE ladder_from IS NOT NULL;
INSERT INTO timer SELECT number, 'silent', answered_at FROM ticket WHERE answered_at IS NOT NULL;

CREATE TABLE card (              -- the ticket's card in the room of each team that has or had it
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    team   TEXT NOT NULL,
    ref    TEXT NOT NULL,
    PRIMARY KEY (ticket, team)
) STRICT, WITHOUT ROWID;
INSERT INTO card SELECT number, team, card FROM ticket WHERE card IS NOT NULL;
ALTER TABLE ticket DROP COLUMN card;

ALTER TABLE reference ADD COLUMN team TEXT;                      -- in whose thread of the ticket it stands
UPDATE reference SET team = (SELECT team FROM ticket WHERE number = reference.ticket);
CREATE INDEX reference_of_ticket ON reference (ticket, ref);
ALTER TABLE question ADD COLUMN team TEXT;                       -- whose the ticket was when it was asked
UPDATE question SET team = (SELECT team FROM ticket WHERE number = question.ticket);
CREATE INDEX question_of_time ON question (at);

CREATE TABLE figure (            -- what is counted, each where and when it happened
    id     INTEGER PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    team   TEXT NOT NULL,
    at     TEXT NOT NULL,
    kind   TEXT NOT NULL,
    value  REAL,
    label  TEXT NOT NULL
) STRICT;
CREATE INDEX figure_of_kind ON figure (kind, at);
CREATE INDEX figure_of_ticket ON figure (ticket, kind, at);

CREATE TABLE away (              -- agents who said that they are away
    agent TEXT PRIMARY KEY,
    name  TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A ticket may be in the threads of two teams at once, and the one must not wait for the other: a lane for each.
CREATE TABLE outbox_anew (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL UNIQUE,
    lane         TEXT NOT NULL,
    audience     TEXT NOT NULL CHECK (audience IN ('customer', 'agents')),
    verb         TEXT NOT NULL CHECK (verb IN ('say', 'say_in_room', 'card', 'edit_card', 'react')),
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
    FOREIGN KEY (ticket, conversation) REFERENCES ticket (number, conversation),
    FOREIGN KEY (entry, conversation, audience) REFERENCES entry (id, conversation, audience),
    CHECK (audience = 'agents' OR (
        verb = 'say' AND entry IS NOT NULL AND conversation IS NOT NULL AND lane = 'c' || conversation
        AND content IS NULL AND target IS NULL AND symbol IS NULL AND team IS NULL)),
    CHECK (audience = 'customer' OR (
        entry IS NULL AND conversation IS NULL AND team IS NOT NULL AND receipt IS NULL
        AND lane = coalesce('t' || ticket || ' ' || team, 'r' || team))),
    CHECK ((state = 'sent') = (ref IS NOT NULL))
) STRICT;
INSERT INTO outbox_anew (id, key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol,
    receipt, created_at, state, tries, due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after)
    SELECT id, key, CASE WHEN audience = 'agents' AND ticket IS NOT NULL THEN lane || ' ' || team ELSE lane END,
    audience, verb, conversation, ticket, team, entry, content, target, symbol, receipt, created_at, state, tries,
    due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_anew RENAME TO outbox;
CREATE INDEX outbox_queued ON outbox (lane, id) WHERE state = 'queued';
CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX outbox_card ON outbox (ticket, team) WHERE verb = 'card';
CREATE INDEX outbox_ref ON outbox (ref) WHERE ref IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead' AND dropped_at IS NULL;
CREATE INDEX outbox_sent_to_customer ON outbox (conversation, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_sent_to_team ON outbox (team, sent_after) WHERE state = 'sent';
