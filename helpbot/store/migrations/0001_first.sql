-- The desk's whole state. Times are UTC in ISO 8601 with microseconds, so that they sort as text.

CREATE TABLE cursor (            -- how far each network has been taken in
    transport TEXT PRIMARY KEY,
    value     TEXT NOT NULL
) STRICT;

CREATE TABLE notebook (          -- what a transport keeps beside its messages: logins, flags
    transport TEXT NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (transport, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (      -- a customer's room with the bot
    id            INTEGER PRIMARY KEY,
    transport     TEXT NOT NULL,
    room          TEXT NOT NULL,
    customer      TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    language      TEXT,
    gone          INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    UNIQUE (transport, room)
) STRICT;

CREATE TABLE ticket (
    number       INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    team         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('bot', 'offered', 'waiting', 'held', 'closed')),
    language     TEXT,
    owner        TEXT,
    owner_name   TEXT,
    reason       TEXT,
    entry        TEXT,
    offer        TEXT NOT NULL,  -- JSON list of entry ids
    refused      TEXT NOT NULL,  -- JSON list of entry ids
    refusals     INTEGER NOT NULL,
    question     TEXT NOT NULL,
    carded       INTEGER NOT NULL CHECK (carded IN (0, 1)),
    card         TEXT,           -- the card's reference on its network, once posted
    opened_at    TEXT NOT NULL,
    closed_at    TEXT,
    CHECK ((owner IS NULL) = (owner_name IS NULL)),
    CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    UNIQUE (number, conversation)
) STRICT;
CREATE INDEX ticket_of_conversation ON ticket (conversation, number);

CREATE TABLE entry (             -- the transcript: what was said, and who may read it
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    ticket       INTEGER,        -- NULL for the greeting
    audience     TEXT NOT NULL CHECK (audience IN ('customer', 'agents')),
    role         TEXT NOT NULL CHECK (role IN ('customer', 'bot', 'agent')),
    author       TEXT NOT NULL,
    content      TEXT NOT NULL,  -- JSON list of blocks
    at           TEXT NOT NULL,
    UNIQUE (id, conversation, audience),
    FOREIGN KEY (ticket, conversation) REFERENCES ticket (number, conversation)
) STRICT;
CREATE INDEX entry_of_ticket ON entry (ticket, id);

CREATE TABLE inbox (             -- what happened, in the order in which it is decided
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    transport TEXT NOT NULL,
    event     TEXT NOT NULL,     -- the network's own id: the same event counts once
    payload   TEXT NOT NULL,     -- JSON
    at        TEXT NOT NULL,
    done_at   TEXT,
    fault     TEXT,              -- what the bot raised over it, if it did
    UNIQUE (transport, event)
) STRICT;
CREATE INDEX inbox_open ON inbox (id) WHERE done_at IS NULL;

-- What is to be sent. A customer's lane carries rows of the transcript that a customer may read, of her own
-- conversation, and nothing else: inside words are another kind of row, which the foreign key cannot point at.
CREATE TABLE outbox (
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
    FOREIGN KEY (ticket, conversation) REFERENCES ticket (number, conversation),
    FOREIGN KEY (entry, conversation, audience) REFERENCES entry (id, conversation, audience),
    CHECK (audience = 'agents' OR (
        verb = 'say' AND entry IS NOT NULL AND conversation IS NOT NULL AND lane = 'c' || conversation
        AND content IS NULL AND target IS NULL AND symbol IS NULL AND team IS NULL)),
    CHECK (audience = 'customer' OR (
        entry IS NULL AND conversation IS NULL AND team IS NOT NULL AND receipt IS NULL
        AND lane = coalesce('t' || ticket, 'r' || team))),
    CHECK ((state = 'sent') = (ref IS NOT NULL))
) STRICT;
CREATE INDEX outbox_queued ON outbox (lane, id) WHERE state = 'queued';
CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX outbox_sent_conversation ON outbox (conversation, id) WHERE state = 'sent';
CREATE INDEX outbox_sent_team ON outbox (team, id) WHERE state = 'sent';

CREATE TABLE reference (         -- which ticket a message in an agents' room belongs to
    transport TEXT NOT NULL,
    ref       TEXT NOT NULL,
    ticket    INTEGER NOT NULL REFERENCES ticket (number),
    PRIMARY KEY (transport, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    name   TEXT NOT NULL,
    due    TEXT NOT NULL,
    PRIMARY KEY (ticket, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due);
