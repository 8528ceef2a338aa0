-- What the admin's workshop reads: the questions that the FAQ was asked, and what agents propose for it.

CREATE TABLE question (
    id         INTEGER PRIMARY KEY,
    ticket     INTEGER NOT NULL REFERENCES ticket (number),
    at         TEXT NOT NULL,
    text       TEXT NOT NULL,
    before     TEXT,             -- the question before it, which it may have been joined to
    language   TEXT,
    zone       TEXT NOT NULL CHECK (zone IN ('answer', 'suggest', 'escalate')),
    entry      TEXT,             -- the nearest one
    confidence REAL NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('answered', 'offered', 'escalated', 'refused', 'chosen')),
    chosen     TEXT              -- the entry that she chose
) STRICT;
CREATE INDEX question_of_ticket ON question (ticket, id);

CREATE TABLE proposal (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket   INTEGER NOT NULL REFERENCES ticket (number),
    entry    TEXT,               -- NULL proposes a new one
    question TEXT NOT NULL,
    language TEXT,
    answer   TEXT,               -- what agents wrote to the customer, for a new entry
    agent    TEXT NOT NULL,
    at       TEXT NOT NULL,
    written  INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1))
) STRICT;
