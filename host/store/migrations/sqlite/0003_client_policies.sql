-- Client policies: the two documents of a realm, as administrators sent them.
CREATE TABLE client_policies (
    realm_id TEXT NOT NULL PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    profiles TEXT NOT NULL,
    policies TEXT NOT NULL
) STRICT, WITHOUT ROWID;
