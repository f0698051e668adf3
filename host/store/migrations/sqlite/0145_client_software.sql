-- Clients of anonymous callers by their software, where a realm counts them (store/client_software.rs).
CREATE TABLE client_software (
    realm_id TEXT NOT NULL,
    -- Digest of what makes it the same software.
    software TEXT NOT NULL,
    -- Internal id.
    client TEXT NOT NULL,
    -- When it was registered, Unix milliseconds.
    made_ms INTEGER NOT NULL,
    -- It does not hibernate.
    awake INTEGER NOT NULL,
    -- It was used some time.
    used INTEGER NOT NULL,
    PRIMARY KEY (realm_id, client),
    FOREIGN KEY (client, realm_id) REFERENCES clients (id, realm_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX client_software_awake ON client_software (realm_id, software) WHERE awake;
CREATE INDEX client_software_unused ON client_software (realm_id, software, made_ms) WHERE awake AND NOT used;
