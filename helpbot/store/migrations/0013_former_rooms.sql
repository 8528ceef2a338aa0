-- Rooms that a conversation was in before it went on in another: what is said there still belongs to it.

CREATE TABLE former_room (
    transport    TEXT NOT NULL,
    room         TEXT NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    PRIMARY KEY (transport, room)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_room_of ON former_room (conversation);

-- How many marks of people a message has got on the other side: more than a few are not passed on.

CREATE INDEX outbox_marks ON outbox (target) WHERE verb = 'react';
