-- Several promises of a ticket, several words that wait for a yes, and how often she was told how it stands.

ALTER TABLE ticket RENAME COLUMN promise TO promises;            -- JSON list
UPDATE ticket SET promises = json_array(json_set(promises, '$.broken', json('false'), '$.alarmed', json('false'),
    '$.number', 1, '$.ref', '')) WHERE promises IS NOT NULL;
UPDATE ticket SET transfer = json_set(transfer, '$.called', json_extract(transfer, '$.called') + 0)
    WHERE transfer IS NOT NULL;
UPDATE ticket SET held_back = json_array(json_set(json_remove(held_back, '$.closes'), '$.way',
    CASE WHEN json_extract(held_back, '$.closes') THEN 'closed' ELSE 'said' END)) WHERE held_back IS NOT NULL;
ALTER TABLE ticket ADD COLUMN told_status INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN told_status_at TEXT;
ALTER TABLE conversation ADD COLUMN zone_said INTEGER NOT NULL DEFAULT 0;  -- the zone: by the customer, or by her profile
UPDATE conversation SET zone_said = 1 WHERE zone IS NOT NULL;
