-- What of a customer's room is not decided yet: it is asked for with each word that is sent to her.

CREATE INDEX inbox_undecided ON inbox (transport, json_extract(payload, '$.room')) WHERE done_at IS NULL;
