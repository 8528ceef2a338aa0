-- Tickets that are part of another, and in whose room its customer wrote last.

ALTER TABLE ticket ADD COLUMN merged_into INTEGER REFERENCES ticket (number)  -- never one that is part of another itself
    CHECK (merged_into IS NULL OR (merged_into <> number AND status = 'closed'));
ALTER TABLE ticket ADD COLUMN speaks_in INTEGER                  -- NULL: in its own; both are made in one commit
    REFERENCES ticket (number) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;
