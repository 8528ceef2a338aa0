-- Help rooms, where many people read; and help that is offered by itself.

CREATE TABLE public_talk (       -- what the bot said in a help room, because of what; swept after a while
    id          INTEGER PRIMARY KEY,
    inbox       INTEGER NOT NULL UNIQUE REFERENCES inbox (id),
    place       TEXT NOT NULL,
    transport   TEXT NOT NULL,
    room        TEXT NOT NULL,
    person      TEXT NOT NULL,
    name        TEXT NOT NULL,
    word        TEXT NOT NULL CHECK (word IN ('answered', 'offered', 'only', 'enough', 'joined')),
    event       TEXT NOT NULL,   -- what was answered
    thread      TEXT,            -- the root of the thread in which
    at          TEXT NOT NULL,
    accepted_at TEXT,            -- when this person wanted to go on in private
    direct      TEXT,            -- the room that was opened for that
    brought_at  TEXT,
    CHECK (place = transport || ' ' || room),
    UNIQUE (id, place)
) STRICT;
CREATE INDEX public_talk_in ON public_talk (place, at);
CREATE INDEX public_talk_at ON public_talk (at);
CREATE INDEX public_talk_about ON public_talk (event);
CREATE INDEX public_talk_thread ON public_talk (thread) WHERE thread IS NOT NULL;
CREATE INDEX public_talk_to_bring ON public_talk (direct) WHERE direct IS NOT NULL;

CREATE TABLE offered (           -- whom help was offered by itself, and who wants no more of that
    transport   TEXT NOT NULL,
    person      TEXT NOT NULL,
    at          TEXT NOT NULL,
    declined_at TEXT,
    PRIMARY KEY (transport, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE silence (           -- customers who have said nothing since the greeting
    conversation INTEGER PRIMARY KEY REFERENCES conversation (id),
    due          TEXT,           -- when to look; NULL once that was done
    offered_at   TEXT
) STRICT;
CREATE INDEX silence_due ON silence (due) WHERE due IS NOT NULL;

CREATE INDEX inbox_public ON inbox (at) WHERE json_extract(payload, '$.public') IS NOT NULL;
CREATE INDEX inbox_public_thread ON inbox (json_extract(payload, '$.thread'))
    WHERE json_extract(payload, '$.public') IS NOT NULL;

-- A row for a help room has no conversation, ticket, entry or receipt, and quotes nobody: it cannot hold what was said
-- in private. It goes to the room of what it answers, which is a row of the inbox.
CREATE TABLE shown_kept AS SELECT * FROM shown;
DELETE FROM shown;
CREATE TABLE outbox_anew (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL UNIQUE,
    lane         TEXT NOT NULL,
    audience     TEXT NOT NULL CHECK (audience IN ('customer', 'agents', 'public')),
    verb         TEXT NOT NULL CHECK (
        verb IN ('say', 'say_in_room', 'card', 'edit_card', 'react', 'amend', 'redact', 'open')),
    conversation INTEGER REFERENCES conversation (id),
    ticket       INTEGER REFERENCES ticket (number),
    team         TEXT,
    entry        INTEGER,
    content      TEXT,           -- JSON list of blocks; not for customers
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
    amends       INTEGER REFERENCES outbox_anew (id),  -- what is shown anew as it is now, or taken back
    turn         INTEGER,        -- in which turn of the ticket the bot said it
    offered      TEXT,           -- JSON list of the entries to choose from in it
    talk         INTEGER,        -- what was said in a help room
    place        TEXT,
    FOREIGN KEY (ticket, conversation) REFERENCES ticket (number, conversation),
    FOREIGN KEY (entry, conversation, audience) REFERENCES entry (id, conversation, audience),
    FOREIGN KEY (talk, place) REFERENCES public_talk (id, place),
    CHECK ((verb IN ('amend', 'redact')) = (amends IS NOT NULL)),
    CHECK (audience = 'public' OR (talk IS NULL AND place IS NULL AND verb <> 'open')),
    CHECK (audience <> 'customer' OR (
        conversation IS NOT NULL AND lane = 'c' || conversation AND content IS NULL AND team IS NULL AND (
            (verb IN ('say', 'amend') AND entry IS NOT NULL AND symbol IS NULL)
            OR (verb = 'react' AND entry IS NULL AND length(symbol) <= 12) OR verb = 'redact'))),
    CHECK (audience <> 'agents' OR (
        entry IS NULL AND conversation IS NULL AND team IS NOT NULL AND receipt IS NULL
        AND lane = coalesce('t' || ticket || ' ' || team, 'r' || team))),
    CHECK (audience <> 'public' OR (
        conversation IS NULL AND ticket IS NULL AND team IS NULL AND entry IS NULL AND receipt IS NULL
        AND symbol IS NULL AND talk IS NOT NULL AND place IS NOT NULL AND (
            (verb = 'say' AND lane = 'h' || place AND content IS NOT NULL AND instr(content, '"kind": "quoted"') = 0
                AND instr(content, '"kind": "attachment"') = 0)
            OR (verb = 'redact' AND lane = 'h' || place AND content IS NULL)
            OR (verb = 'open' AND lane = 'o' || talk AND content IS NULL AND target IS NULL)))),
    CHECK ((state = 'sent') = (ref IS NOT NULL))
) STRICT;
INSERT INTO outbox_anew (id, key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol,
    receipt, created_at, state, tries, due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after,
    amends, turn, offered)
    SELECT id, key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol, receipt,
    created_at, state, tries, due_at, sent_at, ref, why, refusals, again, noticed_at, dropped_at, sent_after, amends,
    turn, offered FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_anew RENAME TO outbox;
INSERT INTO shown SELECT * FROM shown_kept;
DROP TABLE shown_kept;
CREATE INDEX outbox_queued ON outbox (lane, id) WHERE state = 'queued';
CREATE INDEX outbox_receipt ON outbox (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX outbox_card ON outbox (ticket, team) WHERE verb = 'card';
CREATE INDEX outbox_ref ON outbox (ref) WHERE ref IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead' AND dropped_at IS NULL;
CREATE INDEX outbox_sent_to_customer ON outbox (conversation, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_sent_to_team ON outbox (team, sent_after) WHERE state = 'sent';
CREATE INDEX outbox_of_ticket ON outbox (ticket, id) WHERE ticket IS NOT NULL;
CREATE INDEX outbox_amends ON outbox (amends) WHERE amends IS NOT NULL;
CREATE INDEX outbox_of_turn ON outbox (ticket, turn) WHERE turn IS NOT NULL;
CREATE INDEX outbox_sent_to_place ON outbox (place, sent_after) WHERE state = 'sent' AND place IS NOT NULL;
CREATE INDEX outbox_of_talk ON outbox (talk) WHERE talk IS NOT NULL;
